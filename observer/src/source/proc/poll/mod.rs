//! The source that needs no rights: listings of /proc, one after the other, and what must have
//! happened between two of them.
//!
//! It tells of what lives longer than the time between two listings, about a tenth of a second: of
//! shorter lives some, by chance. Times are those of the listing that noticed; what only a right
//! shows, or what was over before it was read, is left out. It never guesses.
//!
//! Privileges: none. Without `CAP_SYS_PTRACE` (or root) it knows neither how other users' processes
//! ended nor their namespaces, and sees a second exec of theirs only when it changes the name.

mod difference;
mod listing;
mod rows;
mod told;

#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    fmt,
    os::fd::{AsFd as _, BorrowedFd},
    time::{Duration, Instant},
};

use self::{
    difference::{Deed, Happened, Moment},
    listing::{Lister, Shown},
    rows::Rows,
};
use super::Directory;
use crate::{
    Error,
    event::{Event, Kind},
    facts::{EventFacts, Facts, Surety},
    machine::{Machine, boot_ns},
    source::{CpuTotals, Item, Options, Origin, Source},
};
use nix::{
    errno::Errno,
    sys::{
        time::TimeSpec,
        timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags},
    },
};

/// From the beginning of one listing to that of the next.
const INTERVAL: Duration = Duration::from_millis(100);

/// Listings take no more than this part of a core: where there are very many processes they come
/// less often.
const SHARE: u32 = 4;

/// Of a process that is older than [`YOUNG_NS`] users and cgroup are read again every so many
/// listings.
const LISTINGS: usize = 16;

/// A process younger than this is often still on the way into its cgroup.
const YOUNG_NS: u64 = 1_000_000_000;

/// What an exec tells.
const OF_AN_EXEC: Facts = Facts::ARGUMENTS.and(Facts::EXECUTABLE);

/// Listings of /proc by a timer.
pub struct ProcSource {
    lister: Lister,
    timer: TimerFd,
    kinds: Vec<Kind>,
    args_max: Option<u64>,
    before: Vec<Shown>,
    rows: Rows,
    /// What happened and was not handed on yet.
    news: VecDeque<Event>,
    /// How many events were handed on.
    produced: u64,
    listings: usize,
    /// A listing is due although the timer does not say so.
    asked: bool,
    stopped: bool,
}

impl ProcSource {
    /// Takes the first listing. What happens from here on is told.
    ///
    /// # Errors
    ///
    /// [`Error::System`] where /proc is not mounted.
    pub fn open(options: &Options) -> Result<Self, Error> {
        let machine = Machine::read()?;
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags);
        let timer = timer.map_err(Error::system("cannot make a timer"))?;
        let mut source = Self {
            lister: Lister::open(machine.tick_ns())?,
            timer,
            kinds: options.kinds.clone(),
            args_max: options.args_max,
            before: Vec::new(),
            rows: Rows::new(machine),
            news: VecDeque::new(),
            produced: 0,
            listings: 0,
            asked: false,
            stopped: false,
        };
        let began = Instant::now();
        source.before = source.lister.list(&[])?;
        let pids: Vec<u32> = source.before.iter().map(|shown| shown.key.pid).collect();
        source.rows.describe(source.lister.proc(), &pids, Facts::NONE);
        source.wait_for_the_next(began)?;
        Ok(source)
    }

    /// Lists, and queues what must have happened since the last listing.
    fn look(&mut self) -> Result<(), Error> {
        let began = Instant::now();
        let mut after = self.lister.list(&self.before)?;
        difference::keep_parents(&self.before, &mut after);
        let all = difference::between(&self.before, &after);
        let moved = self.read_those_who_did_something(&all);
        let boot_ns = boot_ns()?;
        // Into its container first, then the program.
        for pid in moved {
            self.tell_move(pid, boot_ns - 1);
        }
        for happened in &all {
            self.tell(happened, boot_ns);
        }
        for gone in all.iter().filter(|happened| matches!(happened.what, Deed::Gone)) {
            self.rows.forget(gone.process.key);
        }
        self.before = after;
        self.look_for_moves(boot_ns);
        self.listings += 1;
        self.wait_for_the_next(began)
    }

    /// The pids of those that have moved as well.
    fn read_those_who_did_something(&mut self, all: &[Happened]) -> Vec<u32> {
        let pids = |wanted: fn(&Deed) -> bool| -> Vec<u32> {
            let wanted = all.iter().filter(|happened| wanted(&happened.what));
            wanted.map(|happened| happened.process.key.pid).collect()
        };
        let execed = pids(|deed| matches!(deed, Deed::Execed));
        let mut forked = pids(|deed| matches!(deed, Deed::Forked { .. }));
        forked.retain(|pid| !execed.contains(pid));
        let of_an_exec = if self.kinds.contains(&Kind::EXEC) { OF_AN_EXEC } else { Facts::NONE };
        self.rows.describe(self.lister.proc(), &forked, Facts::NONE);
        self.rows.describe(self.lister.proc(), &execed, of_an_exec)
    }

    fn tell(&mut self, happened: &Happened, boot_ns: u64) {
        // Ahead of the execs by its time as well: a child has the program of that time.
        let early = u64::from(happened.moment == Moment::BeforeExecs);
        if self.kinds.contains(&told::kind(&happened.what)) {
            let row = self.rows.of(happened.process.key);
            self.news.push_back(told::event(happened, row, boot_ns - early, self.args_max));
        }
        if let Deed::Execed = happened.what {
            self.rows.forget_arguments(happened.process.key.pid);
        }
    }

    /// Reads users and cgroup again: of some, so that everybody's turn comes.
    fn look_for_moves(&mut self, boot_ns: u64) {
        let turn = self.listings % LISTINGS;
        let is_due = |(at, shown): &(usize, &Shown)| {
            let young = boot_ns.saturating_sub(shown.key.start_ns) < YOUNG_NS;
            !shown.zombie && (young || at % LISTINGS == turn)
        };
        let due = self.before.iter().enumerate().filter(is_due);
        let due: Vec<u32> = due.map(|(_, shown)| shown.key.pid).collect();
        for pid in self.rows.renew(self.lister.proc(), &due) {
            self.tell_move(pid, boot_ns);
        }
    }

    fn tell_move(&mut self, pid: u32, boot_ns: u64) {
        let by_pid = |pid: u32| self.before.binary_search_by_key(&pid, |shown| shown.key.pid).ok();
        let shown = |pid: u32| by_pid(pid).and_then(|at| self.before.get(at));
        if self.kinds.contains(&Kind::CGROUP)
            && let Some(process) = shown(pid)
            && let Some(row) = self.rows.of(process.key)
        {
            let parent = shown(process.parent).map(|parent| parent.key);
            self.news.push_back(told::moved(process, parent, row, boot_ns));
        }
    }

    fn is_due(&mut self) -> Result<bool, Error> {
        let rang = match self.timer.wait() {
            Ok(()) => true,
            Err(Errno::EAGAIN) => false,
            Err(errno) => return Err(Error::system("cannot read a timer")(errno)),
        };
        Ok(std::mem::take(&mut self.asked) || (rang && !self.stopped))
    }

    fn wait_for_the_next(&self, began: Instant) -> Result<(), Error> {
        let took = began.elapsed();
        // A wait of nothing would disarm the timer.
        let wait =
            INTERVAL.saturating_sub(took).max(took * (SHARE - 1)).max(Duration::from_millis(1));
        let wait = Expiration::OneShot(TimeSpec::from_duration(wait));
        let set = self.timer.set(wait, TimerSetTimeFlags::empty());
        set.map_err(Error::system("cannot set a timer"))
    }
}

impl fmt::Debug for ProcSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcSource").field("listings", &self.listings).finish_non_exhaustive()
    }
}

impl Source for ProcSource {
    fn origin(&self) -> Origin {
        Origin::Proc
    }

    fn facts(&self) -> EventFacts {
        Self::FACTS
    }

    fn attach(&mut self, kinds: &[Kind]) -> Result<(), Error> {
        self.kinds = kinds.to_vec();
        Ok(())
    }

    fn drain(&mut self, limit: usize, each: &mut dyn FnMut(Item)) -> Result<usize, Error> {
        if self.news.is_empty() && self.is_due()? {
            self.look()?;
        }
        let count = limit.min(self.news.len());
        self.produced += count as u64;
        for event in self.news.drain(..count) {
            each(Item::Event { event, lost_before: 0 });
        }
        Ok(count)
    }

    fn settle(&mut self) -> Result<(), Error> {
        if self.news.is_empty() {
            self.asked = true;
            return Ok(());
        }
        // Behind what waits already: the listing's own comes in its order.
        self.look()
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }

    fn sleep(&mut self) -> Result<(), Error> {
        // The timer is always set.
        Ok(())
    }

    fn totals(&self) -> Result<Vec<CpuTotals>, Error> {
        Ok(vec![CpuTotals { produced: self.produced, lost: 0 }])
    }

    fn stop(&mut self) {
        // One more listing tells what happened until now.
        self.asked = true;
        self.stopped = true;
    }
}

impl ProcSource {
    /// What its events tell.
    pub const FACTS: EventFacts = EventFacts {
        lives: Surety::InTime,
        exact_start: Surety::Never,
        arguments: Surety::InTime,
        credentials: Surety::InTime,
        namespaces: Surety::InTime,
        cgroup: Surety::InTime,
        status: Surety::InTime,
        core_dumped: Surety::InTime,
        usage: Surety::Never,
    };
}
