//! Puts the programs into the kernel: finds the offsets they need, patches them in, loads and
//! attaches what was asked for.

use std::{
    borrow::Cow,
    fs, io,
    os::fd::{AsFd as _, OwnedFd},
    path::PathBuf,
};

use aya::{
    Ebpf, EbpfError, EbpfLoader, VerifierLogLevel,
    maps::Map,
    programs::{Iter, ProgramError, RawTracePoint, raw_trace_point::RawTracePointLink},
};
use observer_common::{Config, Kind, Layout, limits};

use super::{overhear::Overhearing, walk::Walks};
use crate::{
    Error,
    btf::Btf,
    error::Refusal,
    privilege,
    source::{Options, RingSize},
    sys::MapValue,
};

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
    tracepoint: &'static str,
}

impl Hook {
    /// A program that is called like its tracepoint.
    const fn of(kind: Kind, tracepoint: &'static str) -> Self {
        Self { kind, program: tracepoint, tracepoint }
    }

    const fn of_namespaces(program: &'static str, tracepoint: &'static str) -> Self {
        Self { kind: Kind::NAMESPACE, program, tracepoint }
    }
}

/// In the order in which they are attached.
const HOOKS: [Hook; 8] = [
    Hook::of(Kind::FORK, "task_newtask"),
    Hook::of(Kind::EXEC, "sched_process_exec"),
    Hook::of(Kind::EXIT, EXIT),
    Hook::of(Kind::FREE, "sched_process_free"),
    Hook::of(Kind::RENAME, "task_rename"),
    Hook::of(Kind::CGROUP, "cgroup_attach_task"),
    Hook::of_namespaces("namespace_call", "sys_exit"),
    Hook::of_namespaces("namespace_clone", "task_newtask"),
];

const EXIT: &str = "sched_process_exit";

/// The object with its maps in the kernel, its programs not yet.
pub(super) struct Loaded {
    pub(super) programs: Ebpf,
    /// What its read-only data says of this kernel.
    pub(super) layout: Layout,
}

/// Loads the object's maps with the offsets of this kernel in its read-only data.
pub(super) fn load(options: &Options) -> Result<Loaded, Error> {
    privilege::check()?;
    let bytes = options.object.bytes()?;
    let kernel = Kernel::read()?;
    let layout = MapValue(kernel.layout);
    let config = MapValue(kernel.config(options));
    // The loader parses the kernel's BTF for purposes of its own: 20 MB for as many milliseconds.
    // It could do so beside our scan, but not without ours on top of its peak.
    let programs = EbpfLoader::new()
        // The programs have no relocations that it would be needed for.
        .btf(None)
        .override_global("LAYOUT", &layout, true)
        .override_global("CONFIG", &config, true)
        .map_max_entries("EVENTS", options.ring.bytes())
        .verifier_log_level(VerifierLogLevel::DEBUG)
        .load(&bytes)
        .map_err(|error| load_error(&error, options))?;
    Ok(Loaded { programs, layout: layout.0 })
}

/// What the programs must know of the running kernel.
struct Kernel {
    layout: Layout,
    has_group_dead: bool,
}

impl Kernel {
    fn read() -> Result<Self, Error> {
        let btf = Btf::from_kernel()?;
        let layout = btf.layout()?;
        if !has_ids_together(&layout) {
            return Err(Error::DamagedBtf("the ids in `cred` are not neighbours"));
        }
        Ok(Self {
            layout,
            has_group_dead: btf.tracepoint_arguments(EXIT).is_some_and(|count| count >= 2),
        })
    }

    fn config(&self, options: &Options) -> Config {
        let ring = options.ring.bytes();
        Config {
            args_max: options.args_max.unwrap_or(u64::MAX),
            args_inline: inline_limit(options.ring),
            args_chunk: chunk_limit(options.ring),
            args_room: ring / 4 * 3 - chunk_limit(options.ring),
            wake_bytes: WAKE_BYTES.min(ring / 4),
            has_group_dead: u32::from(self.has_group_dead),
            reserved: 0,
        }
    }
}

/// The programs take the ids of a process with one read of this many bytes.
fn has_ids_together(layout: &Layout) -> bool {
    const READ: u32 = 32;
    let ids = [layout.cred_gid, layout.cred_euid, layout.cred_egid];
    ids.iter().all(|id| id.wrapping_sub(layout.cred_uid) < READ)
}

/// At 10,000 execs a second with their exits this much gathers in a few milliseconds.
const WAKE_BYTES: u32 = 32 * 1024;

/// A small ring takes small pieces: one that does not fit is always lost.
fn inline_limit(ring: RingSize) -> u32 {
    limits::ARGS_INLINE.min(ring.bytes() / 4)
}

fn chunk_limit(ring: RingSize) -> u32 {
    limits::ARGS_CHUNK.min(ring.bytes() / 8)
}

/// Attaches the programs of each kind asked for. The links alone keep the programs running.
pub(super) fn attach(
    programs: &mut Ebpf,
    options: &Options,
) -> Result<Vec<RawTracePointLink>, Error> {
    let mut links = Vec::new();
    let asked = HOOKS.iter().filter(|hook| options.kinds.contains(&hook.kind));
    for Hook { program: name, tracepoint, .. } in asked {
        let program = load_program(programs, name, options)?;
        let link = program.attach(tracepoint).map_err(|error| program_error(name, &error))?;
        links.push(program.take_link(link).map_err(|error| program_error(name, &error))?);
    }
    Ok(links)
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
    let system = |source| Error::System { what: "cannot keep the program for requests", source };
    Overhearing::new(fd.as_fd().try_clone_to_owned().map_err(system)?, list).map(Some)
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
        let system = |source| Error::System { what: "cannot keep an iterator program", source };
        fd.as_fd().try_clone_to_owned().map_err(system)
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
