//! Requests → open events: each one on every CPU, for every thread of a process.

use std::{
    fs,
    os::fd::{AsFd as _, OwnedFd},
};

use nix::errno::Errno;

use super::{
    Request, Scope,
    circumstances::Circumstances,
    explain::{Attempt, explain},
    scope::{Members, has_ended},
};
use crate::{
    Error,
    sys::{
        self,
        perf::{self, Attributes, Target, Wakeup},
    },
    tracepoint::{Fault, PerfFault, cpus},
};

/// An open event; disabled at first.
#[derive(Debug)]
pub(super) struct Opened {
    /// The index of its request.
    pub(super) request: usize,
    pub(super) cpu: u32,
    pub(super) fd: OwnedFd,
}

/// What is to be opened.
#[derive(Debug)]
pub(super) struct Opening<'a> {
    pub(super) requests: &'a [Request],
    pub(super) scope: &'a Scope,
    /// `None` to count only.
    pub(super) sampling: Option<Wakeup>,
    /// Whether the kernel tells losses by read(2); found out by the first event.
    pub(super) counts_losses: bool,
}

/// A process may begin threads while the known ones are being opened. It is asked again this
/// often; one that never stops beginning more is watched as far as that.
const ATTEMPTS: usize = 5;

/// Descriptors that others of this process may need meanwhile.
const SPARE: u64 = 16;

impl Opening<'_> {
    /// Opens all on these CPUs, filters in place. Calls `progress` with the number of requests
    /// done after each: the first event of a tracepoint takes some 30 ms.
    pub(super) fn open(
        &mut self,
        cpus: &[u32],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Opened>, Error> {
        if self.requests.is_empty() {
            return Err(Fault::Nothing.into());
        }
        let mut members = Members::of(self.scope).map_err(Fault::from)?;
        let mut opened = self.open_for(&members, cpus, progress)?;
        for _ in 1..ATTEMPTS {
            if !members.has_grown(self.scope) {
                break;
            }
            members = Members::of(self.scope).map_err(Fault::from)?;
            // The earlier ones are closed behind this: tracepoints in use are opened at once.
            opened = self.open_for(&members, cpus, &mut |_| {})?;
        }
        if opened.is_empty() {
            let what = format!("an event {}", self.scope);
            return Err(Fault::from(PerfFault::NoProcess { what }).into());
        }
        Ok(opened)
    }

    fn open_for(
        &mut self,
        members: &Members,
        cpus: &[u32],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Opened>, Error> {
        let targets = members.targets();
        let wanted = self.requests.len() * cpus.len() * targets.len();
        make_room(wanted as u64)?;
        let mut opened = Vec::with_capacity(wanted);
        for (request, what) in self.requests.iter().enumerate() {
            for &cpu in cpus {
                for &target in &targets {
                    let fd = self.open_one(what, members, target, cpu)?;
                    opened.extend(fd.map(|fd| Opened { request, cpu, fd }));
                }
            }
            progress(request + 1);
        }
        Ok(opened)
    }

    /// `None` when the thread has ended or the CPU has gone since they were listed.
    fn open_one(
        &mut self,
        request: &Request,
        members: &Members,
        target: Target<'_>,
        cpu: u32,
    ) -> Result<Option<OwnedFd>, Error> {
        let mut attributes = Attributes {
            tracepoint: request.id.into(),
            sampling: self.sampling,
            inherit: members.inherit(),
            counts_losses: self.counts_losses,
        };
        let mut answer = perf::open(attributes, target, cpu);
        if self.counts_losses && matches!(answer, Err(Errno::EINVAL)) {
            attributes.counts_losses = false;
            answer = perf::open(attributes, target, cpu);
            self.counts_losses = answer.is_err();
        }
        match answer {
            Ok(fd) => filtered(request, fd).map(Some),
            Err(errno) if has_ended(target, errno) => Ok(None),
            Err(Errno::EMFILE | Errno::ENFILE) => Err(no_room()),
            Err(_) if cpus::online().is_ok_and(|online| !online.contains(&cpu)) => Ok(None),
            Err(errno) => {
                let event = request.name.to_string();
                let attempt = Attempt::Open { event: &event, scope: self.scope };
                Err(fault(attempt, errno))
            }
        }
    }
}

fn filtered(request: &Request, event: OwnedFd) -> Result<OwnedFd, Error> {
    let Some(filter) = &request.filter else { return Ok(event) };
    match perf::set_filter(event.as_fd(), filter) {
        Ok(()) => Ok(event),
        Err(errno) => {
            let name = request.name.to_string();
            let filter = filter.to_string_lossy();
            Err(fault(Attempt::Filter { event: &name, filter: &filter }, errno))
        }
    }
}

/// Says why, by what the machine says.
pub(super) fn fault(attempt: Attempt<'_>, errno: Errno) -> Error {
    Fault::from(explain(attempt, errno, &Circumstances::read())).into()
}

/// Raises the limit of open files if that many more would not fit.
fn make_room(wanted: u64) -> Result<(), Error> {
    let needed = open_files().saturating_add(wanted).saturating_add(SPARE);
    let limit = sys::raise_open_files(needed)
        .map_err(Error::system("cannot raise the limit of open files"))?;
    if limit < needed {
        return Err(Fault::from(PerfFault::OpenFiles { needed, limit }).into());
    }
    Ok(())
}

/// Another thread of this process was quicker, or the whole machine has no more.
fn no_room() -> Error {
    let needed = open_files().saturating_add(SPARE);
    let limit = sys::raise_open_files(needed).unwrap_or(needed);
    Fault::from(PerfFault::OpenFiles { needed, limit }).into()
}

fn open_files() -> u64 {
    fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64)
}
