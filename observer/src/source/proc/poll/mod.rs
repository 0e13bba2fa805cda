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
mod told;

#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    fmt,
    os::fd::{AsFd as _, BorrowedFd},
    time::{Duration, Instant},
};

use hashbrown::HashMap;
use nix::{
    errno::Errno,
    sys::{
        time::TimeSpec,
        timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags},
    },
};
use observer_common::{Counters, Kind};

use self::{
    difference::{Deed, Happened, Moment},
    listing::{Lister, Shown},
    told::Told,
};
use super::scan::read_all;
use crate::{
    Error,
    event::ProcessKey,
    facts::{EventFacts, Facts, Surety},
    field::Row,
    machine::{Machine, boot_ns},
    source::{Item, Options, Origin, Source},
};

/// From the beginning of one listing to that of the next.
const INTERVAL: Duration = Duration::from_millis(100);

/// Listings take no more than this part of a core: where there are very many processes they come
/// less often.
const SHARE: u32 = 4;

/// Of a process that is older than [`YOUNG_NS`] users and cgroup are read again every so many
/// listings.
const LISTINGS: usize = 16;

/// Who is younger is often still on the way into its cgroup.
const YOUNG_NS: u64 = 1_000_000_000;

/// What can change without a trace in a listing.
const CHANGING: Facts = Facts::IDENTITY.and(Facts::IDS).and(Facts::PIDS).and(Facts::CGROUP);

/// What is read of whoever is new, and again after its exec.
const DESCRIPTION: Facts = CHANGING.and(Facts::ALL_NAMESPACES);

/// What an exec tells.
const OF_AN_EXEC: Facts = Facts::ARGUMENTS.and(Facts::EXECUTABLE);

/// Listings of /proc by a timer.
pub struct ProcSource {
    lister: Lister,
    machine: Machine,
    timer: TimerFd,
    kinds: Vec<Kind>,
    args_max: Option<u64>,
    before: Vec<Shown>,
    /// What /proc said of those processes, by pid.
    rows: HashMap<u32, Row>,
    /// What happened and was not handed on yet.
    told: VecDeque<Told>,
    counters: Counters,
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
            machine,
            timer,
            kinds: options.kinds.clone(),
            args_max: options.args_max,
            before: Vec::new(),
            rows: HashMap::new(),
            told: VecDeque::new(),
            counters: Counters::default(),
            listings: 0,
            asked: false,
            stopped: false,
        };
        let began = Instant::now();
        source.before = source.lister.list(&[])?;
        let pids: Vec<u32> = source.before.iter().map(|shown| shown.key.pid).collect();
        source.rows = source.read(&pids, DESCRIPTION);
        source.wait_for_the_next(began)?;
        Ok(source)
    }

    /// Lists, and queues what must have happened since the last listing.
    fn look(&mut self) -> Result<(), Error> {
        let began = Instant::now();
        let mut after = self.lister.list(&self.before)?;
        difference::keep_parents(&self.before, &mut after);
        let all = difference::between(&self.before, &after);
        self.read_those_who_did_something(&all);
        let boot_ns = boot_ns()?;
        for happened in &all {
            self.tell(happened, boot_ns);
        }
        let gone = all.iter().filter(|happened| matches!(happened.what, Deed::Gone));
        for pid in gone.map(|happened| happened.process.key.pid) {
            self.rows.remove(&pid);
        }
        self.before = after;
        self.look_for_moves(boot_ns);
        self.listings += 1;
        self.wait_for_the_next(began)
    }

    fn read_those_who_did_something(&mut self, all: &[Happened]) {
        let pids = |wanted: fn(&Deed) -> bool| -> Vec<u32> {
            let wanted = all.iter().filter(|happened| wanted(&happened.what));
            wanted.map(|happened| happened.process.key.pid).collect()
        };
        let execed = pids(|deed| matches!(deed, Deed::Execed));
        let mut forked = pids(|deed| matches!(deed, Deed::Forked { .. }));
        forked.retain(|pid| !execed.contains(pid));
        let of_an_exec = if self.kinds.contains(&Kind::EXEC) { OF_AN_EXEC } else { Facts::NONE };
        let read = self.read(&forked, DESCRIPTION);
        self.rows.extend(read);
        let read = self.read(&execed, DESCRIPTION | of_an_exec);
        self.rows.extend(read);
    }

    fn read(&self, pids: &[u32], wanted: Facts) -> HashMap<u32, Row> {
        let rows = read_all(self.lister.proc(), pids, wanted, &self.machine).rows;
        rows.into_iter().map(|row| (row.pid, row)).collect()
    }

    fn tell(&mut self, happened: &Happened, boot_ns: u64) {
        // Ahead of the execs by its time as well: a child has the program of that time.
        let early = u64::from(happened.moment == Moment::BeforeExecs);
        let row = self.row(happened.process.key);
        let told = Told::new(happened, row, boot_ns - early, self.args_max);
        self.queue(told);
        if let Deed::Execed = happened.what
            && let Some(row) = self.rows.get_mut(&happened.process.key.pid)
        {
            // One list of arguments may be megabytes.
            row.arguments = None;
        }
    }

    fn queue(&mut self, told: Told) {
        if self.kinds.contains(&told.kind()) {
            self.told.push_back(told);
        }
    }

    /// What /proc said of this life.
    fn row(&self, key: ProcessKey) -> Option<&Row> {
        self.rows.get(&key.pid).filter(|row| row.key() == Some(key))
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
        for (pid, mut row) in self.read(&due, CHANGING) {
            let Some(known) = self.rows.get(&pid).filter(|known| known.key() == row.key()) else {
                continue;
            };
            row.namespaces = known.namespaces;
            if told::have_other_cgroups(known, &row) {
                self.tell_move(pid, &row, boot_ns);
            }
            self.rows.insert(pid, row);
        }
    }

    fn tell_move(&mut self, pid: u32, row: &Row, boot_ns: u64) {
        let by_pid = |pid: u32| self.before.binary_search_by_key(&pid, |shown| shown.key.pid).ok();
        let shown = |pid: u32| by_pid(pid).and_then(|at| self.before.get(at));
        if let Some(process) = shown(pid) {
            let parent = shown(process.parent).map(|parent| parent.key);
            let told = Told::moved(process, parent, row, boot_ns);
            self.queue(told);
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

    fn has_walk(&self) -> bool {
        false
    }

    fn drain(&mut self, limit: usize, each: &mut dyn FnMut(Item<'_>)) -> Result<usize, Error> {
        if self.told.is_empty() && self.is_due()? {
            self.look()?;
        }
        let count = limit.min(self.told.len());
        for told in self.told.drain(..count) {
            if let Some(produced) = self.counters.produced.get_mut(told.kind().index()) {
                *produced += 1;
            }
            each(told.item());
        }
        Ok(count)
    }

    fn settle(&mut self) -> Result<(), Error> {
        if self.told.is_empty() {
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

    fn counters(&self) -> Result<Vec<Counters>, Error> {
        Ok(vec![self.counters])
    }

    fn walk(&mut self, _wanted: u32, _records: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }

    fn walk_arguments(&mut self, _records: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
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
