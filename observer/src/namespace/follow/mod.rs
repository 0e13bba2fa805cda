//! What becomes of namespaces, as it happens: made, entered and left by the events of a live table,
//! gone by a look at all of them every second.
//!
//! `follower` is pure; here are the table and the clock. No thread: whoever drives it waits on
//! [`Follow::as_fd`] for as long as [`Follow::step`] says.

mod event;
mod follower;
#[cfg(test)]
mod tests;

use std::{os::fd::BorrowedFd, sync::Arc, time::Duration};

pub use self::{
    event::{Actor, Fate, NamespaceEvent},
    follower::Follower,
};
use super::{FACTS, Namespaces, Options};
use crate::{
    Error, Listing,
    census::ArgumentsOf,
    engine::{Engine, Settings},
    event::{Kind, Loss, What},
    machine::{Machine, boot_ns},
    origin::Origin,
    pace::{Totals, Wait, nanoseconds},
    source::{self, AnySource, Options as SourceOptions, Source as _, proc::now},
    table::Change,
};

/// How often to look for those that have gone.
const LOOK: Duration = Duration::from_secs(1);

/// Follows all namespaces of the machine.
///
/// With eBPF nothing is missed, however short: `CAP_BPF` and `CAP_PERFMON`, a kernel from 5.18 with
/// BTF. Tracepoints tell of the calls, and of the namespaces of those that live long enough to be
/// asked; listings of /proc find what is there each second. To look at other users' processes takes
/// `CAP_SYS_PTRACE`. While it runs, every system call of the machine takes some 25 ns longer.
#[derive(Debug)]
pub struct Follow {
    engine: Engine<AnySource>,
    follower: Follower,
    refused: Vec<(Origin, Error)>,
    next_look_ns: u64,
}

impl Follow {
    /// Starts to follow. When it returns, nothing is missed any more.
    ///
    /// # Errors
    ///
    /// As [`source::open`]; [`Error::System`] where /proc is not mounted.
    pub fn open(options: &SourceOptions) -> Result<Self, Error> {
        let SourceOptions { mut kinds, walks, .. } = SourceOptions::for_a_table();
        kinds.push(Kind::NAMESPACE);
        let options = SourceOptions { kinds, walks, ..options.clone() };
        let source::Opened { source, refused } = source::open(&options)?;
        let machine = Arc::new(Machine::read()?);
        let mut changes = Vec::new();
        let mut engine = Engine::start(source, machine, Settings::default(), &mut |change| {
            changes.push(change);
        })?;
        let mut follower = Follower::new(engine.source().origin());
        let began_ns = boot_ns()?;
        let namespaces = look(&mut engine, &mut |change| changes.push(change))?;
        // What there is, and what has happened while it was looked at, is no news.
        follower.compare(&namespaces, (began_ns, boot_ns()?), &mut |_| {});
        for change in &changes {
            follower.hear(change, &mut |_| {});
        }
        let next_look_ns = began_ns + nanoseconds(LOOK);
        Ok(Self { engine, follower, refused, next_look_ns })
    }

    /// Which kind of source tells the events.
    pub fn origin(&self) -> Origin {
        self.engine.source().origin()
    }

    /// Sources that would tell more, and what keeps them from working.
    pub fn refused(&self) -> &[(Origin, Error)] {
        &self.refused
    }

    /// The running machine.
    pub fn machine(&self) -> &Machine {
        self.engine.machine()
    }

    /// Readable when there is something to do.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.engine.as_fd()
    }

    /// Hands on what has become of namespaces since, and says how long to wait for more.
    ///
    /// # Errors
    ///
    /// What keeps the source or /proc from being read.
    pub fn step(&mut self, each: &mut dyn FnMut(Told<'_>)) -> Result<Wait, Error> {
        let Self { engine, follower, .. } = self;
        let wait = engine.step(&mut |change| hear(follower, &change, each))?;
        let now_ns = boot_ns()?;
        if now_ns >= self.next_look_ns {
            self.look(each)?;
            // A look at very many takes its time.
            let took_ns = boot_ns()?.saturating_sub(now_ns);
            self.next_look_ns = now_ns + nanoseconds(LOOK).max(4 * took_ns);
        }
        let left = Duration::from_nanos(self.next_look_ns.saturating_sub(boot_ns()?));
        Ok(match wait {
            Wait::AtMost(time) => Wait::AtMost(time.min(left)),
            Wait::ForEvent => Wait::AtMost(left),
        })
    }

    /// Ends it: hands on what is left, looks once more, and says what became of the kernel's events.
    ///
    /// # Errors
    ///
    /// As [`Follow::step`].
    pub fn finish(mut self, each: &mut dyn FnMut(Told<'_>)) -> Result<Totals, Error> {
        self.look(each)?;
        let Self { engine, mut follower, .. } = self;
        engine.finish(&mut |change| hear(&mut follower, &change, each))
    }

    fn look(&mut self, each: &mut dyn FnMut(Told<'_>)) -> Result<(), Error> {
        let Self { engine, follower, .. } = self;
        let began_ns = boot_ns()?;
        let namespaces = look(engine, &mut |change| hear(follower, &change, each))?;
        let mut tell = |event: NamespaceEvent| each(Told::Event(&event));
        let mut missing = follower.compare(&namespaces, (began_ns, boot_ns()?), &mut tell);
        if missing.is_empty() {
            return Ok(());
        }
        // An open file or a thread may keep them.
        let deep = Namespaces::of(namespaces.listing, Options { deep: true })?;
        missing.retain(|inode| deep.get(*inode).is_none());
        follower.gone(&missing, boot_ns()?, &mut tell);
        Ok(())
    }
}

/// What is handed on.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// What became of a namespace.
    Event(&'a NamespaceEvent),
    /// So many events of the kernel were lost here: what they told is found by the next look.
    Lost {
        /// How many.
        count: u64,
        /// Why.
        loss: Loss,
        /// The CPU that lost them, if they found no room.
        cpu: u32,
        /// When, in nanoseconds since boot.
        boot_ns: u64,
    },
}

fn hear(follower: &mut Follower, change: &Change, each: &mut dyn FnMut(Told<'_>)) {
    if let What::Lost { count, loss } = change.event.what {
        let (cpu, boot_ns) = (change.event.cpu, change.event.boot_ns);
        each(Told::Lost { count, loss, cpu, boot_ns });
    }
    follower.hear(change, &mut |event| each(Told::Event(&event)));
}

/// The namespaces of the processes that are in the table now.
fn look(engine: &mut Engine<AnySource>, each: &mut dyn FnMut(Change)) -> Result<Namespaces, Error> {
    let look = engine.look(Some((FACTS, ArgumentsOf::Exec)), each)?;
    let machine = engine.machine();
    let rows = look.details.map(|details| details.rows(&look.entries, FACTS, machine));
    let machine = Machine::clone(machine);
    let origin = engine.source().origin();
    let listing = Listing::of_rows(rows.unwrap_or_default(), now()?, FACTS, machine, origin);
    Namespaces::of(listing, Options::default())
}
