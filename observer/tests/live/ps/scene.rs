//! Processes to be looked at, each unlike the others. They pause until they are dropped.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{ExitCode, Stdio};

use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use super::calls;
use crate::support::act::pause;
use crate::support::child::{Actor, Started, act, program, quiet_act, unique};
use crate::support::proc::wait_for_state;
use crate::support::sys;

/// Pauses, after `step` in the new process. No folder is in the way of another user: the program
/// is found by a descriptor.
pub(super) fn paused(step: impl FnMut() -> io::Result<()> + Send + Sync + 'static) -> Actor {
    let file = File::open(program()).expect("this program");
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let mut command = quiet_act(Path::new(&path), "pause");
    sys::before_exec(command.arg0("paused").arg("for a test"), step);
    let actor = Actor::new(&mut command);
    actor.hear("ready");
    actor
}

/// Real, effective and saved ids, all different.
pub(crate) fn with_ids() -> Actor {
    let mut command = quiet_act(&program(), "ps ids");
    let actor = Actor::new(command.arg0("paused").arg("for a test"));
    actor.hear("ready");
    actor
}

/// The act of that: an exec would make the saved ids the effective ones.
pub(super) fn take_ids() -> ExitCode {
    let [real, effective, saved] = [1001, 1002, 1003].map(Gid::from_raw);
    setgroups(&[7, 4, 65_000].map(Gid::from_raw)).expect("groups");
    setresgid(real, effective, saved).expect("other groups");
    let [real, effective, saved] = [1, 2, 54_321].map(Uid::from_raw);
    setresuid(real, effective, saved).expect("other users");
    pause()
}

/// A process on a terminal of its own. The test holds the other side.
pub(super) struct OnTerminal {
    pub(super) process: Started,
    _master: OwnedFd,
}

impl OnTerminal {
    pub(super) fn new() -> Self {
        let (master, slave) = sys::terminal().expect("a terminal");
        let mut command = act(&["pause", &unique("tty")]);
        sys::before_exec(command.stdin(Stdio::from(slave)), calls::take_terminal);
        let process = Started::new(&mut command);
        // It has begun to wait, or will in the same state.
        wait_for_state(process.pid(), "S");
        Self { process, _master: master }
    }
}

/// A child that has ended and was not waited for.
pub(super) fn zombie() -> Started {
    let zombie = Started::new(&mut act(&["exit", "0", &unique("zombie")]));
    wait_for_state(zombie.pid(), "Z");
    zombie
}

pub(super) fn stopped() -> Actor {
    let actor = paused(|| Ok(()));
    actor.started.signal(Signal::SIGSTOP);
    wait_for_state(actor.pid(), "T");
    actor
}

/// Waits in vain for a child to execute a program: state D.
pub(super) fn uninterruptible() -> Actor {
    let actor = Actor::new(&mut act(&["ps", "vfork-hold"]));
    actor.hear("child");
    wait_for_state(actor.pid(), "D");
    actor
}

/// Some of each kind.
pub(crate) struct Variety {
    pub(super) actors: Vec<Actor>,
    pub(super) terminal: OnTerminal,
    pub(super) zombie: Started,
}

impl Variety {
    pub(crate) fn new() -> Self {
        let spaces = libc::CLONE_NEWNET | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC;
        Self {
            actors: vec![
                paused(|| Ok(())),
                paused(|| sys::nice(7)),
                paused(|| sys::nice(-5)),
                paused(|| sys::schedule(libc::SCHED_FIFO, 11)),
                paused(|| sys::schedule(libc::SCHED_RR, 3)),
                paused(|| sys::schedule(libc::SCHED_BATCH, 0)),
                paused(|| sys::schedule(libc::SCHED_IDLE, 0)),
                paused(move || sys::unshare(spaces)),
                paused(|| sys::unshare(libc::CLONE_NEWCGROUP | libc::CLONE_NEWNS)),
                with_ids(),
                stopped(),
                uninterruptible(),
            ],
            terminal: OnTerminal::new(),
            zombie: zombie(),
        }
    }

    pub(crate) fn pids(&self) -> Vec<u32> {
        let others = [self.terminal.process.pid(), self.zombie.pid()];
        self.actors.iter().map(Actor::pid).chain(others).collect()
    }
}
