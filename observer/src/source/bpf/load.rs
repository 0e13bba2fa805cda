//! Puts the programs into the kernel: finds the offsets they need, patches them in, loads and
//! attaches what was asked for.

use std::{
    borrow::Cow,
    fs, io,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::PathBuf,
};

use aya::{
    Ebpf, EbpfError, EbpfLoader, VerifierLogLevel,
    maps::Map,
    programs::{Iter, ProgramError, RawTracePoint, raw_trace_point::RawTracePointLink},
};
use observer_common::{Kind, Layout};

use super::{kernel::Kernel, overhear::Overhearing, skips::Watched, walk::Walks};
use crate::{Error, error::Refusal, privilege, source::Options, sys::MapValue};

/// The committed object, the same for every kernel.
static BUILT_IN: &[u8] =
    aya::include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/observer.bpf.o"));

/// Which eBPF object to load.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Object {
    /// The one in this library.
    #[default]
    BuiltIn,
    /// One from a file, for work on the programs.
    File(PathBuf),
}

impl Object {
    fn bytes(&self) -> Result<Cow<'static, [u8]>, Error> {
        match self {
            Self::BuiltIn => Ok(Cow::Borrowed(BUILT_IN)),
            Self::File(path) => {
                fs::read(path).map(Cow::Owned).map_err(|error| self.unusable(error.to_string()))
            }
        }
    }

    fn unusable(&self, why: String) -> Error {
        let object = match self {
            Self::BuiltIn => "in this program".to_owned(),
            Self::File(path) => format!("`{}`", path.display()),
        };
        Error::Object { object, why }
    }
}

/// A program, the tracepoint that it sits on, and what it tells of.
struct Hook {
    kind: Kind,
    program: &'static str,
    /// Another that does what the first was skipped for.
    second: Option<&'static str>,
    tracepoint: &'static str,
}

impl Hook {
    /// One that is always on. Its program is called like its tracepoint.
    const fn of(kind: Kind, tracepoint: &'static str, second: &'static str) -> Self {
        Self { kind, program: tracepoint, second: Some(second), tracepoint }
    }

    const fn of_namespaces(program: &'static str, tracepoint: &'static str) -> Self {
        Self { kind: Kind::NAMESPACE, program, second: None, tracepoint }
    }
}

/// In the order in which they are attached.
const HOOKS: [Hook; 8] = [
    Hook::of(Kind::FORK, "task_newtask", "task_newtask_second"),
    Hook::of(Kind::EXEC, "sched_process_exec", "sched_process_exec_second"),
    Hook::of(Kind::EXIT, "sched_process_exit", "sched_process_exit_second"),
    Hook::of(Kind::FREE, "sched_process_free", "sched_process_free_second"),
    Hook::of(Kind::RENAME, "task_rename", "task_rename_second"),
    Hook::of(Kind::CGROUP, "cgroup_attach_task", "cgroup_attach_task_second"),
    Hook::of_namespaces("namespace_call", "sys_exit"),
    Hook::of_namespaces("namespace_clone", "task_newtask"),
];

/// The object with its maps in the kernel, its programs not yet.
pub(super) struct Loaded {
    pub(super) programs: Ebpf,
    /// What its read-only data says of this kernel.
    pub(super) layout: Layout,
    /// Whether programs that are always on are to be attached twice.
    pub(super) has_second_copies: bool,
}

/// Loads the object's maps with the offsets of this kernel in its read-only data.
pub(super) fn load(options: &Options) -> Result<Loaded, Error> {
    privilege::check()?;
    let bytes = options.object.bytes()?;
    let kernel = Kernel::read()?;
    let layout = MapValue(kernel.layout);
    let config = MapValue(kernel.config(options));
    let has_second_copies = kernel.has_second_copies(options);
    // The loader parses the kernel's BTF for purposes of its own: 20 MB for as many milliseconds.
    // It could do so beside our scan, but not without ours on top of its peak.
    let mut loader = EbpfLoader::new();
    if !has_second_copies {
        for memory in MEMORY_OF_COPIES {
            loader.map_max_entries(memory, 1);
        }
    }
    let programs = loader
        // The programs have no relocations that it would be needed for.
        .btf(None)
        .override_global("LAYOUT", &layout, true)
        .override_global("CONFIG", &config, true)
        .map_max_entries("EVENTS", options.ring.bytes())
        .verifier_log_level(VerifierLogLevel::DEBUG)
        .load(&bytes)
        .map_err(|error| load_error(&error, options))?;
    Ok(Loaded { programs, layout: layout.0, has_second_copies })
}

/// Of each program that has a second copy the memory for records.
const MEMORY_OF_COPIES: [&str; 6] = ["FORK", "EXEC", "EXIT", "FREE", "RENAME", "CGROUP"];

/// The programs of the kinds asked for, at work.
pub(super) struct Attached {
    /// They alone keep the programs running. Behind the second copy of a program its first: who is
    /// called for twice is told twice.
    pub(super) links: Vec<RawTracePointLink>,
    pub(super) watched: Vec<Watched>,
}

/// Attaches the programs of each kind asked for.
pub(super) fn attach(loaded: &mut Loaded, options: &Options) -> Result<Attached, Error> {
    let Loaded { programs, has_second_copies, layout: _ } = loaded;
    let mut attached = Attached { links: Vec::new(), watched: Vec::new() };
    let asked = HOOKS.iter().filter(|hook| options.kinds.contains(&hook.kind));
    for hook in asked {
        // The kernel calls the programs of a tracepoint in the order in which they were attached.
        let (first, of_the_first) = attach_one(programs, hook.program, hook.tracepoint, options)?;
        let second = hook.second.filter(|_| *has_second_copies);
        let second = second
            .map(|second| attach_one(programs, second, hook.tracepoint, options))
            .transpose()?;
        let (second, of_the_second) = second.unzip();
        attached.links.extend(of_the_second);
        attached.links.push(of_the_first);
        attached.watched.push(Watched { kind: hook.kind, first, second });
    }
    Ok(attached)
}

fn attach_one(
    programs: &mut Ebpf,
    name: &str,
    tracepoint: &str,
    options: &Options,
) -> Result<(OwnedFd, RawTracePointLink), Error> {
    let program = load_program(programs, name, options)?;
    let link = program.attach(tracepoint).map_err(|error| program_error(name, &error))?;
    let link = program.take_link(link).map_err(|error| program_error(name, &error))?;
    let fd = program.fd().map_err(|error| program_error(name, &error))?;
    Ok((keep(fd.as_fd())?, link))
}

fn keep(program: BorrowedFd<'_>) -> Result<OwnedFd, Error> {
    let system = |source| Error::System { what: "cannot keep a program", source };
    program.try_clone_to_owned().map_err(system)
}

fn load_program<'a>(
    programs: &'a mut Ebpf,
    name: &str,
    options: &Options,
) -> Result<&'a mut RawTracePoint, Error> {
    let program: &mut RawTracePoint = programs
        .program_mut(name)
        .and_then(|program| program.try_into().ok())
        .ok_or_else(|| options.object.unusable(format!("it has no program `{name}`")))?;
    program.load().map_err(|error| program_error(name, &error))?;
    Ok(program)
}

/// Loads the program that tells requests, if they are asked for and this kernel shows the way to
/// them. Others attach it.
pub(super) fn overhearing(
    programs: &mut Ebpf,
    options: &Options,
    layout: &Layout,
) -> Result<Option<Overhearing>, Error> {
    const PROGRAM: &str = "request";
    if !options.kinds.contains(&Kind::REQUEST) || !layout.leads_to_unix_sockets() {
        return Ok(None);
    }
    let list = take_map(programs, "OVERHEARD", &options.object)?;
    let program = load_program(programs, PROGRAM, options)?;
    let fd = program.fd().map_err(|error| program_error(PROGRAM, &error))?;
    Overhearing::new(keep(fd.as_fd())?, list).map(Some)
}

/// Loads the programs that walk over all processes.
pub(super) fn walks(programs: &mut Ebpf, options: &Options) -> Result<Walks, Error> {
    let wanted = take_map(programs, "WALK", &options.object)?;
    // To find the kernel's function to stand for, the loader wants its own reading of the BTF.
    let btf =
        aya::Btf::from_sys_fs().map_err(|error| options.object.unusable(first_line(&error)))?;
    let mut load = |name: &str| -> Result<OwnedFd, Error> {
        let program: &mut Iter = programs
            .program_mut(name)
            .and_then(|program| program.try_into().ok())
            .ok_or_else(|| options.object.unusable(format!("it has no program `{name}`")))?;
        program.load("task", &btf).map_err(|error| program_error(name, &error))?;
        let fd = program.fd().map_err(|error| program_error(name, &error))?;
        keep(fd.as_fd())
    };
    let tasks = load("walk_tasks")?;
    let arguments = load("walk_arguments")?;
    Walks::new(tasks.as_fd(), arguments.as_fd(), wanted)
}

/// Takes a map out of the loaded object.
pub(super) fn take_map(programs: &mut Ebpf, name: &str, object: &Object) -> Result<Map, Error> {
    programs.take_map(name).ok_or_else(|| object.unusable(format!("it has no map `{name}`")))
}

fn load_error(error: &EbpfError, options: &Options) -> Error {
    match refusal(error) {
        Some(refusal) => Error::NotPermitted(refusal),
        None => options.object.unusable(first_line(error)),
    }
}

fn program_error(name: &str, error: &ProgramError) -> Error {
    if let Some(refusal) = refusal(error) {
        return Error::NotPermitted(refusal);
    }
    let why = match error {
        ProgramError::LoadError { io_error, verifier_log } => {
            let log = verifier_log.to_string();
            if log.contains("bpf_probe_read_kernel") && log.contains("unknown func") {
                return Error::NotPermitted(Refusal::Lockdown);
            }
            format!("{io_error}: {}", verdict(&log))
        }
        other => first_line(other),
    };
    Error::Refused { program: name.to_owned(), why }
}

/// The verifier's reason is the last line before its statistics; the log may be megabytes long.
fn verdict(log: &str) -> &str {
    log.lines()
        .rev()
        .map(str::trim)
        .find(|line| {
            !line.is_empty()
                && !line.starts_with("processed ")
                && !line.contains("verification time")
        })
        .unwrap_or("the verifier gave no reason")
}

fn first_line(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let words = error.to_string();
        let line = words.lines().next().unwrap_or_default();
        if !text.contains(line) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.extend(line.chars().take(200));
        }
        next = error.source();
    }
    text
}

/// The capabilities were checked before: a refusal that comes all the same has another reason. The
/// verifier's own refusals are EACCES.
fn refusal(error: &(dyn std::error::Error + 'static)) -> Option<Refusal> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>()
            && error.raw_os_error() == Some(libc::EPERM)
        {
            return Some(Refusal::DespiteCapabilities);
        }
        next = error.source();
    }
    None
}
