//! Puts the programs into the kernel: finds the offsets they need, patches them in, loads and
//! attaches what was asked for.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::CStr,
    os::fd::{AsFd as _, OwnedFd},
};

use nix::errno::Errno;
use observer_common::{Kind, Layout};
use zerocopy::IntoBytes as _;

use super::{
    kernel::Kernel,
    object::{Loaded, Settings},
    overhear::Overhearing,
    privilege,
    skips::Watched,
    walk::Iterators,
};
use crate::{Error, error::Refusal, source::Options, sys::raw_tracepoint};

/// A program, the tracepoint that it sits on, and what it tells of.
struct Hook {
    kind: Kind,
    program: &'static str,
    /// Another that does what the first was skipped for.
    second: Option<&'static str>,
    tracepoint: &'static CStr,
}

impl Hook {
    /// One that is always on.
    const fn of(
        kind: Kind,
        tracepoint: &'static CStr,
        program: &'static str,
        second: &'static str,
    ) -> Self {
        Self { kind, program, second: Some(second), tracepoint }
    }

    const fn of_namespaces(program: &'static str, tracepoint: &'static CStr) -> Self {
        Self { kind: Kind::NAMESPACE, program, second: None, tracepoint }
    }
}

/// In the order in which they are attached.
const HOOKS: [Hook; 8] = [
    Hook::of(Kind::FORK, c"task_newtask", "task_newtask", "task_newtask_second"),
    Hook::of(Kind::EXEC, c"sched_process_exec", "sched_process_exec", "sched_process_exec_second"),
    Hook::of(Kind::EXIT, c"sched_process_exit", "sched_process_exit", "sched_process_exit_second"),
    Hook::of(Kind::FREE, c"sched_process_free", "sched_process_free", "sched_process_free_second"),
    Hook::of(Kind::RENAME, c"task_rename", "task_rename", "task_rename_second"),
    Hook::of(
        Kind::CGROUP,
        c"cgroup_attach_task",
        "cgroup_attach_task",
        "cgroup_attach_task_second",
    ),
    Hook::of_namespaces("namespace_call", c"sys_exit"),
    Hook::of_namespaces("namespace_clone", c"task_newtask"),
];

/// Of each program that has a second copy the memory for records.
const MEMORY_OF_COPIES: [&str; 6] = ["FORK", "EXEC", "EXIT", "FREE", "RENAME", "CGROUP"];

/// The object with its maps in the kernel, its programs not yet, and the kernel for which they are.
pub(super) struct Prepared {
    pub(super) loaded: Loaded,
    /// What its read-only data says of this kernel.
    layout: Layout,
    /// Whether programs that are always on are to be attached twice.
    pub(super) has_second_copies: bool,
    /// The kernel's function that calls the iterators.
    iterates: u32,
}

/// Makes the object's maps, with the offsets of this kernel in its read-only data.
pub(super) fn prepare(options: &Options) -> Result<Prepared, Error> {
    privilege::check()?;
    let kernel = Kernel::read()?;
    let config = kernel.config(options);
    let has_second_copies = kernel.has_second_copies(options);
    let mut entries = BTreeMap::from([("EVENTS", options.ring.bytes())]);
    if !has_second_copies {
        entries.extend(MEMORY_OF_COPIES.map(|memory| (memory, 1)));
    }
    let data = HashMap::from([("LAYOUT", kernel.layout.as_bytes()), ("CONFIG", config.as_bytes())]);
    let loaded = Loaded::load(&options.object, &Settings { data, entries })?;
    let Kernel { layout, iterates, .. } = kernel;
    Ok(Prepared { loaded, layout, has_second_copies, iterates })
}

/// The programs of the kinds asked for, at work.
pub(super) struct Attached {
    /// They alone keep the programs running; closing one detaches its program. Behind the second copy
    /// of a program its first: who is called for twice is told twice.
    pub(super) links: Vec<OwnedFd>,
    pub(super) watched: Vec<Watched>,
}

/// Attaches the programs of each kind asked for.
pub(super) fn attach(prepared: &Prepared, options: &Options) -> Result<Attached, Error> {
    let mut attached = Attached { links: Vec::new(), watched: Vec::new() };
    for hook in HOOKS.iter().filter(|hook| options.kinds.contains(&hook.kind)) {
        // The kernel calls the programs of a tracepoint in the order in which they were attached.
        let (first, of_the_first) = attach_one(prepared, hook.program, hook.tracepoint)?;
        let second = hook.second.filter(|_| prepared.has_second_copies);
        let second = second.map(|name| attach_one(prepared, name, hook.tracepoint)).transpose()?;
        let (second, of_the_second) = second.unzip();
        attached.links.extend(of_the_second);
        attached.links.push(of_the_first);
        attached.watched.push(Watched { kind: hook.kind, first, second });
    }
    Ok(attached)
}

/// The program and its link.
fn attach_one(
    prepared: &Prepared,
    name: &str,
    tracepoint: &CStr,
) -> Result<(OwnedFd, OwnedFd), Error> {
    let program = prepared.load_program(name)?;
    let link = raw_tracepoint::attach(program.as_fd(), tracepoint).map_err(|errno| {
        if errno == Errno::EPERM {
            return Error::NotPermitted(Refusal::DespiteCapabilities);
        }
        let why = format!("cannot attach it: {}", errno.desc());
        Error::Refused { program: name.to_owned(), why }
    })?;
    Ok((program, link))
}

impl Prepared {
    fn load_program(&self, name: &str) -> Result<OwnedFd, Error> {
        self.loaded.load_program(name, self.iterates)
    }

    /// Loads the program that tells requests, if they are asked for and this kernel shows the way to
    /// them. Others attach it.
    pub(super) fn overhearing(&mut self, options: &Options) -> Result<Option<Overhearing>, Error> {
        if !options.kinds.contains(&Kind::REQUEST) || !self.layout.leads_to_unix_sockets() {
            return Ok(None);
        }
        let list = self.loaded.take_map("OVERHEARD")?;
        Overhearing::new(self.load_program("request")?, list).map(Some)
    }

    /// Loads the programs that walk over all processes, if they are asked for.
    pub(super) fn walks(&mut self, options: &Options) -> Result<Option<Iterators>, Error> {
        if !options.walks {
            return Ok(None);
        }
        let wanted = self.loaded.take_map("WALK")?;
        let tasks = self.load_program("walk_tasks")?;
        let arguments = self.load_program("walk_arguments")?;
        Iterators::new(tasks.as_fd(), arguments.as_fd(), wanted).map(Some)
    }
}
