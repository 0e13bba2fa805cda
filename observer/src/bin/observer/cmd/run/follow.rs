//! How long the command, and what it left, is followed.

use std::{
    io::{IsTerminal as _, stderr},
    os::fd::AsFd as _,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};
use observer::{Error, cause::Caused, pace::Wait, render::Escaped};

use super::{child::Child, signals::Signals, watch::Watch};
use crate::{
    plan::{Following, RunPlan},
    signals::poll_timeout,
};

/// The kernel lets go of a process some milliseconds after it was waited for, and says then what it
/// used in all; its exit told nearly as much. For the last ones of all this is worth a short wait:
/// whoever called us waits as well, and a process that nobody waits for the kernel keeps.
const BURIAL: Duration = Duration::from_millis(20);

/// When the last process of a container has ended, its engine still has something to do.
const LAST_HELPERS: Duration = Duration::from_millis(200);

/// An engine that hangs is not waited for beyond the time that was asked for, or hardly.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

/// What ends together with the command is not worth a word.
const UNTOLD: Duration = Duration::from_millis(500);

/// How soon to look again while only time is waited for.
const SOON: Duration = Duration::from_millis(5);

/// Names of those that are waited for.
const NAMED: usize = 3;

#[derive(Debug)]
pub(super) struct Follower {
    following: Following,
    begin: Instant,
    /// When the command had ended.
    alone: Option<Instant>,
    /// Whether it was told who is waited for.
    told: bool,
}

impl Follower {
    /// Time begins then.
    pub(super) fn new(plan: &RunPlan, begin: Instant) -> Self {
        Self { following: plan.following, begin, alone: None, told: !stderr().is_terminal() }
    }

    /// Returns when it is over.
    pub(super) fn follow(
        &mut self,
        watch: &mut Watch,
        child: &mut Child,
        signals: &mut Signals,
    ) -> Result<(), Error> {
        loop {
            let wait = watch.step()?;
            let asked = signals.hand_on(child);
            if self.alone.is_none() && child.has_ended() {
                self.alone = Some(Instant::now());
                // What it did last may not have been told yet.
                watch.settle()?;
            }
            if asked || self.is_over(watch) {
                watch.conclude()?;
                if asked || self.is_over(watch) {
                    return Ok(());
                }
            }
            self.tell(watch);
            wait_for_more(watch, signals, self.timeout(watch, wait))?;
        }
    }

    fn is_over(&self, watch: &Watch) -> bool {
        let Some(alone) = self.alone else { return false };
        if let Some(end) = self.end(alone) {
            // Others may come and go for ever.
            let late = Instant::now().saturating_duration_since(end);
            let is_told = !watch.is_told_more() || late >= LAST_ANSWERS;
            if Instant::now() >= end && is_told && (watch.is_buried() || late >= BURIAL) {
                return true;
            }
        }
        let rest = watch.rest().min(alone.elapsed());
        let has_containers = watch.set().containers().next().is_some();
        watch.set().running() == 0
            && (!watch.is_told_more() || rest >= LAST_ANSWERS)
            && (watch.is_buried() || rest >= BURIAL)
            && (!has_containers || rest >= LAST_HELPERS)
    }

    /// When it is over, whoever still runs.
    fn end(&self, alone: Instant) -> Option<Instant> {
        match self.following {
            Following::All => None,
            Following::AtMost(duration) => Some(alone.max(self.begin + duration)),
            Following::No => Some(alone),
        }
    }

    fn timeout(&self, watch: &Watch, wait: Wait) -> PollTimeout {
        let wait = match wait {
            Wait::AtMost(time) => Some(time),
            Wait::ForEvent => None,
        };
        let look = self.alone.and_then(|alone| self.next_look(watch, alone));
        [wait, look].into_iter().flatten().min().map_or(PollTimeout::NONE, poll_timeout)
    }

    /// Until then nothing but an event can end it, or make it worth a word.
    fn next_look(&self, watch: &Watch, alone: Instant) -> Option<Duration> {
        if watch.set().running() == 0 {
            return Some(SOON);
        }
        let end = self.end(alone).map(|end| end.saturating_duration_since(Instant::now()));
        let word = (!self.told).then(|| UNTOLD.saturating_sub(alone.elapsed()));
        [end, word].into_iter().flatten().min().map(|time| time.max(SOON))
    }

    /// Once, who is still waited for, and what to do about it.
    #[expect(clippy::print_stderr, reason = "what is not part of the report")]
    fn tell(&mut self, watch: &Watch) {
        let is_late = self.alone.is_some_and(|alone| alone.elapsed() >= UNTOLD);
        if self.told || !is_late || watch.set().running() == 0 {
            return;
        }
        self.told = true;
        let running: Vec<_> =
            watch.set().processes().filter(|caused| caused.end.is_none()).collect();
        let verb = if running.len() == 1 { "is" } else { "are" };
        eprintln!(
            "observer: the command has ended, but {} {verb} still running; press Ctrl-C to stop \
             watching",
            list(&running)
        );
    }
}

fn list(running: &[&Caused]) -> String {
    let name = |caused: &&Caused| {
        let process = &caused.process;
        format!("{} ({})", Escaped(process.comm.as_bytes()), process.key.pid)
    };
    let named = running.iter().take(NAMED).map(name).collect::<Vec<_>>().join(", ");
    match running.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn wait_for_more(watch: &Watch, signals: &Signals, timeout: PollTimeout) -> Result<(), Error> {
    let fds = [watch.as_fd(), signals.as_fd()];
    let mut fds = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN));
    match poll(&mut fds, timeout) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(Error::System { what: "cannot wait for events", source: errno.into() }),
    }
}
