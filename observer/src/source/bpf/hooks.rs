//! The programs that sit on tracepoints: which there are, and which are attached now.

use std::{
    ffi::CStr,
    os::fd::{AsFd as _, OwnedFd},
};

use nix::errno::Errno;
use observer_common::Kind;

use super::{load::Prepared, skips::Watched};
use crate::{Error, error::Refusal, source::Options, sys::raw_tracepoint};

/// A program, the tracepoint that it sits on, and what it tells of.
#[derive(Debug)]
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

/// The programs of all kinds that were asked for, in the kernel.
#[derive(Debug)]
pub(super) struct Hooks(Vec<Loaded>);

/// The programs of one hook, attached or not.
#[derive(Debug)]
struct Loaded {
    hook: &'static Hook,
    first: OwnedFd,
    second: Option<OwnedFd>,
    /// They alone keep the programs running; closing one detaches its program. Behind the second copy
    /// of a program its first: who is called for twice is told twice.
    links: Vec<OwnedFd>,
}

impl Hooks {
    /// Loads the programs of each kind asked for, now or later, and attaches none.
    pub(super) fn load(prepared: &Prepared, options: &Options) -> Result<Self, Error> {
        let is_asked_for = |hook: &&Hook| {
            options.kinds.contains(&hook.kind) || options.on_demand.contains(&hook.kind)
        };
        let load = |hook: &'static Hook| {
            let second = hook.second.filter(|_| prepared.has_second_copies);
            Ok(Loaded {
                hook,
                first: prepared.load_program(hook.program)?,
                second: second.map(|name| prepared.load_program(name)).transpose()?,
                links: Vec::new(),
            })
        };
        HOOKS.iter().filter(is_asked_for).map(load).collect::<Result<_, _>>().map(Self)
    }

    /// Attaches the programs of these kinds, and detaches all others.
    pub(super) fn attach(&mut self, kinds: &[Kind]) -> Result<(), Error> {
        for loaded in &mut self.0 {
            match (kinds.contains(&loaded.hook.kind), loaded.links.is_empty()) {
                (true, true) => loaded.attach()?,
                (false, false) => loaded.links.clear(),
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn detach(&mut self) {
        for loaded in &mut self.0 {
            loaded.links.clear();
        }
    }

    /// The programs, for whoever counts skipped runs.
    pub(super) fn watched(&self) -> Result<Vec<Watched>, Error> {
        let clone = |program: &OwnedFd| {
            let failed = |source| Error::System { what: "cannot keep a program", source };
            program.try_clone().map_err(failed)
        };
        let watched = self.0.iter().map(|Loaded { hook, first, second, .. }| {
            let second = second.as_ref().map(clone).transpose()?;
            Ok(Watched { kind: hook.kind, first: clone(first)?, second })
        });
        watched.collect()
    }
}

impl Loaded {
    /// The kernel calls the programs of a tracepoint in the order in which they were attached.
    fn attach(&mut self) -> Result<(), Error> {
        let Self { hook, first, second, links } = self;
        let of_the_first = link(first, hook.program, hook.tracepoint)?;
        let name = hook.second.unwrap_or_default();
        let of_the_second =
            second.as_ref().map(|second| link(second, name, hook.tracepoint)).transpose()?;
        links.extend(of_the_second);
        links.push(of_the_first);
        Ok(())
    }
}

fn link(program: &OwnedFd, name: &str, tracepoint: &CStr) -> Result<OwnedFd, Error> {
    raw_tracepoint::attach(program.as_fd(), tracepoint).map_err(|errno| {
        if errno == Errno::EPERM {
            return Error::NotPermitted(Refusal::DespiteCapabilities);
        }
        let why = format!("cannot attach it: {}", errno.desc());
        Error::Refused { program: name.to_owned(), why }
    })
}
