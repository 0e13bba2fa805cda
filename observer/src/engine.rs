//! Source, order and table, joined: what the events and walks of one source make of the machine.
//!
//! No thread and no timer of its own: whoever drives it waits on [`Engine::as_fd`] for as long as
//! [`Engine::step`] says, then calls `step` again.

use std::{fmt, os::fd::BorrowedFd, sync::Arc, time::Duration};

use nix::{errno::Errno, sys::signal::kill, unistd::Pid};

use crate::{
    Error,
    census::{ArgumentsOf, Census, Details, When},
    event::{Event, ProcessKey, What},
    facts::Facts,
    feed::Feed,
    machine::{Machine, boot_ns},
    pace::{Totals, Wait, nanoseconds},
    source::Source,
    table::{Change, Entry, Mended, State, Table, Walk},
};

/// How the table is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long those are remembered that have ended and been waited for.
    pub grace: Duration,
    /// How often the table is compared with the kernel's own list, although nothing was lost.
    pub check_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { grace: Duration::from_secs(5), check_every: Duration::from_secs(30) }
    }
}

/// A table that follows its source.
pub struct Engine<S> {
    feed: Feed<S>,
    table: Table,
    census: Census,
    machine: Arc<Machine>,
    check_ns: u64,
    next_check_ns: u64,
    /// How soon to look again at those whose end may have been missed.
    recheck_ns: u64,
    gaps: Gaps,
    repairs: u64,
}

/// What the events so far have left open.
#[derive(Debug, Default)]
struct Gaps {
    /// Losses told so far.
    lost: u64,
    /// Since when the table waits for its repair.
    torn_ns: Option<u64>,
    /// Whether somebody has ended, and nobody is known to have taken the children.
    unadopted: bool,
}

/// The table at one instant, and what a walk told beyond it.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) entries: Arc<[Arc<Entry>]>,
    pub(crate) details: Option<Details>,
    pub(crate) boot_ns: u64,
    pub(crate) lost: u64,
    pub(crate) complete: bool,
}

impl Look {
    /// Where no table is kept.
    pub(crate) fn of_nothing(boot_ns: u64) -> Self {
        Self { entries: Arc::default(), details: None, boot_ns, lost: 0, complete: true }
    }
}

/// A storm that never lets the ring run empty delays a repair this long at most.
const PATIENCE_NS: u64 = 50_000_000;

/// Most of those on their way out are gone by then.
const FIRST_RECHECK_NS: u64 = 50_000_000;

impl<S: Source> Engine<S> {
    /// Fills the table from a source that is already running, so that nothing falls between. The
    /// events since then are handed on as changes, those of processes found without as
    /// [`What::Found`].
    ///
    /// # Errors
    ///
    /// [`Error::System`] where /proc is not mounted or the source cannot be read.
    pub fn start(
        source: S,
        machine: Arc<Machine>,
        settings: Settings,
        each: &mut dyn FnMut(Change),
    ) -> Result<Self, Error> {
        let mut engine = Self::empty(source, machine, settings);
        engine.seed(each)?;
        Ok(engine)
    }

    /// A table that knows nobody yet, of a source that is already running. Events can be taken in before
    /// [`Engine::seed`].
    pub(crate) fn empty(source: S, machine: Arc<Machine>, settings: Settings) -> Self {
        Self {
            feed: Feed::new(source),
            table: Table::new(machine.tick_ns(), nanoseconds(settings.grace)),
            census: Census::new(Arc::clone(&machine)),
            machine,
            check_ns: nanoseconds(settings.check_every),
            next_check_ns: 0,
            recheck_ns: FIRST_RECHECK_NS,
            gaps: Gaps::default(),
            repairs: 0,
        }
    }

    /// Looks who is there, once: as [`Engine::start`] does.
    pub(crate) fn seed(&mut self, each: &mut dyn FnMut(Change)) -> Result<(), Error> {
        let mut walk = self.census.look(self.feed.source_mut(), When::First)?;
        // The programs begin one after another: a fork may have been told, and not its exit.
        self.settle(each)?;
        self.census.make_sure(self.feed.source_mut(), &mut walk, &self.table)?;
        self.table.reconcile(&walk, each);
        self.plan_the_next_check(&walk);
        Ok(())
    }

    /// Readable when there is something to do.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.feed.as_fd()
    }

    /// The source.
    pub fn source(&self) -> &S {
        self.feed.source()
    }

    /// The source, to attach or to overhear by.
    pub(crate) fn source_mut(&mut self) -> &mut S {
        self.feed.source_mut()
    }

    /// The running machine.
    pub fn machine(&self) -> &Arc<Machine> {
        &self.machine
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// How often the table was mended after a loss.
    pub fn repairs(&self) -> u64 {
        self.repairs
    }

    /// What became of the events so far.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub fn totals(&self) -> Result<Totals, Error> {
        self.feed.totals()
    }

    /// Makes the source tell what this process asks servers for; whether it can. See
    /// [`Overhears`](crate::source::Overhears). Nothing stays attached for one that the table knows
    /// to have ended.
    ///
    /// # Errors
    ///
    /// As [`Overhears::begin`](crate::source::Overhears::begin).
    pub fn overhear(&mut self, key: ProcessKey) -> Result<bool, Error> {
        let Some(overhears) = self.feed.source_mut().overhears() else { return Ok(false) };
        overhears.begin(key)?;
        // Its end will not be told a second time.
        if self.table.find(key).is_some_and(|entry| entry.state.end().is_some()) {
            overhears.end(key)?;
        }
        Ok(true)
    }

    /// Ends what [`Engine::overhear`] began. Nothing happens if it did not.
    ///
    /// # Errors
    ///
    /// As [`Engine::overhear`].
    pub fn stop_overhearing(&mut self, key: ProcessKey) -> Result<(), Error> {
        self.feed.source_mut().overhears().map_or(Ok(()), |overhears| overhears.end(key))
    }

    /// Takes in the events that are there, mends the table if some were lost, and says how long to
    /// wait for more.
    ///
    /// # Errors
    ///
    /// What keeps the source from being read.
    pub fn step(&mut self, each: &mut dyn FnMut(Change)) -> Result<Wait, Error> {
        let Self { feed, table, gaps, .. } = self;
        let wait = feed.step(&mut |event| take_in(event, table, gaps, each))?;
        let now_ns = boot_ns()?;
        if std::mem::take(&mut self.gaps.unadopted) {
            self.next_check_ns = self.next_check_ns.min(now_ns.saturating_add(FIRST_RECHECK_NS));
        }
        self.table.forget(now_ns);
        let drained = wait != Wait::AtMost(Duration::ZERO);
        if self.gaps.torn_ns.is_some_and(|since| drained || now_ns > since + PATIENCE_NS) {
            self.repair(each)?;
        } else if drained && now_ns >= self.next_check_ns {
            self.check(each)?;
        }
        Ok(self.no_longer_than_the_next_check(wait, now_ns))
    }

    /// Takes in all that is there now, before a question is answered.
    ///
    /// # Errors
    ///
    /// What keeps the source from being read.
    pub fn settle(&mut self, each: &mut dyn FnMut(Change)) -> Result<(), Error> {
        let Self { feed, table, gaps, .. } = self;
        feed.settle(&mut |event| take_in(event, table, gaps, each))
    }

    /// The table as it is now, with what a walk tells beyond it if something is `wanted`.
    ///
    /// # Errors
    ///
    /// What keeps the source from being read.
    pub(crate) fn look(
        &mut self,
        wanted: Option<(Facts, ArgumentsOf)>,
        each: &mut dyn FnMut(Change),
    ) -> Result<Look, Error> {
        self.settle(each)?;
        if self.gaps.torn_ns.is_some() {
            self.repair(each)?;
        }
        let details = match wanted {
            Some((facts, arguments)) => {
                Some(self.census.details(self.feed.source_mut(), facts, arguments)?)
            }
            None => None,
        };
        if details.is_some() {
            self.settle(each)?;
        }
        self.let_go_of_the_waited_for(each)?;
        Ok(Look {
            entries: self.table.living().map(Arc::clone).collect(),
            details,
            boot_ns: boot_ns()?,
            lost: self.gaps.lost,
            complete: self.gaps.torn_ns.is_none(),
        })
    }

    /// Ends the observation: takes in what is left and says what became of it all.
    ///
    /// # Errors
    ///
    /// As [`Engine::step`].
    pub fn finish(self, each: &mut dyn FnMut(Change)) -> Result<Totals, Error> {
        let Self { feed, mut table, mut gaps, .. } = self;
        feed.finish(&mut |event| take_in(event, &mut table, &mut gaps, each))
    }

    /// After a loss: compares with the kernel's own list, and says what was wrong.
    fn repair(&mut self, each: &mut dyn FnMut(Change)) -> Result<(), Error> {
        // Cleared first: what is lost from here on wants another one.
        self.gaps.torn_ns = None;
        let walk = self.census.look(self.feed.source_mut(), When::AfterALoss)?;
        let mended = self.compare(walk, each)?;
        self.repairs += 1;
        tell(mended, boot_ns()?, each);
        Ok(())
    }

    /// Now and then: says something only if something was wrong.
    fn check(&mut self, each: &mut dyn FnMut(Change)) -> Result<(), Error> {
        let walk = self.census.look(self.feed.source_mut(), When::NowAndThen)?;
        let mended = self.compare(walk, each)?;
        if mended.added + mended.removed > 0 {
            tell(mended, boot_ns()?, each);
        }
        Ok(())
    }

    fn compare(&mut self, mut walk: Walk, each: &mut dyn FnMut(Change)) -> Result<Mended, Error> {
        // What happened meanwhile comes first: it is newer than what the walk saw.
        self.settle(each)?;
        self.census.make_sure(self.feed.source_mut(), &mut walk, &self.table)?;
        let mended = self.table.reconcile(&walk, each);
        self.plan_the_next_check(&walk);
        Ok(mended)
    }

    /// A process tells its end when it begins to exit. One that had begun before the source
    /// reported ends never will: soon a walk does not find it any more.
    fn plan_the_next_check(&mut self, walk: &Walk) {
        let runs = |key: &ProcessKey| {
            let entry = self.table.get(key.pid);
            entry.is_some_and(|entry| entry.state == State::Running)
        };
        let in_ns = if walk.dying.iter().any(runs) {
            let soon = self.recheck_ns.min(self.check_ns);
            // Some are stuck there for hours.
            self.recheck_ns = soon.saturating_mul(2);
            soon
        } else {
            self.recheck_ns = FIRST_RECHECK_NS;
            self.check_ns
        };
        self.next_check_ns = walk.ended_ns.saturating_add(in_ns);
    }

    /// A zombie leaves with its parent's wait, which is no event; the kernel tells so only some
    /// milliseconds later.
    fn let_go_of_the_waited_for(&mut self, each: &mut dyn FnMut(Change)) -> Result<(), Error> {
        let zombies = self.table.zombies().map(|entry| entry.process.key);
        let gone: Vec<_> = zombies.filter(|key| is_gone(key.pid)).collect();
        if gone.is_empty() {
            return Ok(());
        }
        let now_ns = boot_ns()?;
        for key in gone {
            self.table.gone(key, now_ns, each);
        }
        Ok(())
    }

    fn no_longer_than_the_next_check(&self, wait: Wait, now_ns: u64) -> Wait {
        let left = Duration::from_nanos(self.next_check_ns.saturating_sub(now_ns));
        match wait {
            Wait::AtMost(time) => Wait::AtMost(time.min(left)),
            Wait::ForEvent => Wait::AtMost(left),
        }
    }
}

impl<S> fmt::Debug for Engine<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("feed", &self.feed).finish_non_exhaustive()
    }
}

fn take_in(event: Event, table: &mut Table, gaps: &mut Gaps, each: &mut dyn FnMut(Change)) {
    match &event.what {
        What::Lost { count, loss: _ } => {
            gaps.lost += count;
            gaps.torn_ns.get_or_insert(event.boot_ns);
        }
        What::Exit { process, reaper, .. } => {
            bury_children(process.key, event.boot_ns, table, each);
            // A source that asks /proc may have come ahead of the kernel, or too late.
            gaps.unadopted |= reaper.is_none() && table.has_children(process.key);
        }
        _ => {}
    }
    table.apply(event, each);
}

/// Takes out the children that a process has reaped, before it ends itself: they must not be given
/// a new parent. A wait is not an event, and the kernel reports the reaped child too late.
fn bury_children(
    parent: ProcessKey,
    boot_ns: u64,
    table: &mut Table,
    each: &mut dyn FnMut(Change),
) {
    for zombie in table.zombies_of(parent) {
        if is_gone(zombie.pid) {
            table.gone(zombie, boot_ns, each);
        }
    }
}

fn is_gone(pid: u32) -> bool {
    i32::try_from(pid).is_ok_and(|pid| kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH))
}

fn tell(mended: Mended, boot_ns: u64, each: &mut dyn FnMut(Change)) {
    let Mended { added, removed, .. } = mended;
    let event = Event { boot_ns, cpu: 0, what: What::Repair { added, removed } };
    each(Change { event, entry: None, inferred: true });
}
