//! The eBPF source: programs on the kernel's tracepoints, records through a ring, and the one place that
//! makes events of records.
//!
//! Minimum kernel: 5.18 with BTF. Privileges: `CAP_BPF` and `CAP_PERFMON` while it is opened, none
//! afterwards. Its descriptors are the privilege then: they are close-on-exec.

mod arguments;
pub mod btf;
mod hooks;
mod kernel;
mod lift;
mod load;
mod object;
mod overhear;
mod privilege;
mod records;
mod ring;
mod skips;
mod tasks;
mod walk;

use std::{
    fmt,
    os::fd::{AsFd as _, BorrowedFd},
};

use aya::maps::{Array, MapData, MapError, PerCpuArray};
use observer_common::{Counters, Header, Kind, Record};

pub use self::{
    arguments::{AllArguments, Arguments},
    object::Object,
    tasks::{Task, Tasks},
};
use self::{
    hooks::Hooks,
    lift::{Lift, Lifted},
    overhear::Overhearing,
    ring::Ring,
    skips::Skips,
    walk::Iterators,
};
use super::{CpuTotals, Item, Options, Origin, Overhears, Source, Walks, proc};
use crate::{
    Error,
    event::{Event, ProcessKey, What},
    facts::EventFacts,
    sys::{self, MapValue},
};

/// Programs that run until this is stopped or dropped.
pub struct BpfSource {
    hooks: Hooks,
    ring: Ring,
    lift: Lift,
    counters: CounterMap,
    reader_sleeps: Array<MapData, u32>,
    walks: Option<Iterators>,
    /// Not where it is not asked for, or the kernel's types do not show the way.
    overhearing: Option<Overhearing>,
    skips: Skips,
    /// Whether skipped runs are to be looked for at each look at the ring. Where the kernel preempts no
    /// programs a look before the reader sleeps, answers or ends is enough.
    skips_are_likely: bool,
    /// The next look at the ring is such a one.
    look_for_skips: bool,
    #[cfg(feature = "log")]
    log: Option<aya_log::EbpfLogger<&'static dyn log::Log>>,
}

impl BpfSource {
    /// Loads and attaches the programs. When it returns, nothing is missed any more.
    ///
    /// # Errors
    ///
    /// [`Error::NotPermitted`] when capabilities are missing or the kernel is locked down,
    /// [`Error::NoBtf`] and [`Error::MissingMember`] on kernels that are not supported,
    /// [`Error::Object`] when the object is damaged, [`Error::Refused`] when the kernel refuses a
    /// program.
    pub fn open(options: &Options) -> Result<Self, Error> {
        let mut prepared = load::prepare(options)?;
        let ring = prepared.loaded.take_map("EVENTS")?;
        let counters = prepared.loaded.take_map("COUNTERS")?;
        let sleeps = prepared.loaded.take_map("READER_SLEEPS")?;
        let mut hooks = Hooks::load(&prepared, options)?;
        hooks.attach(&options.kinds)?;
        let mut skips = Skips::new(hooks.watched()?);
        let walks = prepared.walks(options)?;
        let overhearing = prepared.overhearing(options)?;
        if let Some(overhearing) = &overhearing {
            skips.watch(overhearing.watched()?);
        }
        let skips_are_likely = prepared.has_second_copies || options.trial.single;
        // What loading took is not needed any more; the ring is mapped into its place.
        drop(prepared);
        sys::give_back_freed_memory();
        Ok(Self {
            ring: Ring::open(ring)?,
            lift: Lift::default(),
            counters: counters.try_into().map_err(map_error("cannot use the counters"))?,
            reader_sleeps: sleeps.try_into().map_err(map_error("cannot use the wake-up flag"))?,
            walks,
            overhearing,
            hooks,
            // The committed object has no log; one built for it does.
            #[cfg(feature = "log")]
            log: skips.first_program().and_then(|id| aya_log::EbpfLogger::init_from_id(id).ok()),
            skips,
            skips_are_likely,
            look_for_skips: false,
        })
    }
}

impl BpfSource {
    fn drain_ring(&mut self, limit: usize, each: &mut dyn FnMut(Item)) -> Result<usize, Error> {
        let Self { ring, lift, overhearing, .. } = self;
        let mut ended = Vec::new();
        let count = ring.drain(limit, &mut |record| {
            let Some(item) = record
                .map_or(Some(Item::Malformed), |(header, record)| item_of(lift, &header, &record))
            else {
                return;
            };
            if let (Some(overhearing), Item::Event { event, .. }) = (&*overhearing, &item) {
                ended.extend(overhearing.ended(event));
            }
            each(item);
        });
        self.end_to_overhear(&ended)?;
        Ok(count)
    }

    fn end_to_overhear(&mut self, ended: &[ProcessKey]) -> Result<(), Error> {
        let Some(overhearing) = &mut self.overhearing else { return Ok(()) };
        ended.iter().try_for_each(|key| overhearing.end(*key))
    }
}

/// `None` for a piece of an event that follows.
fn item_of(lift: &mut Lift, header: &Header, record: &Record<'_>) -> Option<Item> {
    match lift.lift(header, record) {
        Lifted::Event(mut event) => {
            complete(&mut event);
            Some(Item::Event { event, lost_before: header.lost_before })
        }
        Lifted::Piece => None,
        Lifted::Unknown => Some(Item::Malformed),
    }
}

/// A piece of a long argument list may have found no room. The process may still be there to ask.
fn complete(event: &mut Event) {
    if let What::Exec { process, args: Some(args), .. } = &mut event.what
        && args.captured_size() < args.wanted_size()
        && let Some(whole) = proc::complete(process.key, args)
    {
        *args = whole;
    }
}

impl fmt::Debug for BpfSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BpfSource").field("hooks", &self.hooks).finish_non_exhaustive()
    }
}

impl Source for BpfSource {
    fn origin(&self) -> Origin {
        Origin::Bpf
    }

    fn facts(&self) -> EventFacts {
        EventFacts::ALL
    }

    fn attach(&mut self, kinds: &[Kind]) -> Result<(), Error> {
        self.hooks.attach(kinds)
    }

    fn drain(&mut self, limit: usize, each: &mut dyn FnMut(Item)) -> Result<usize, Error> {
        #[cfg(feature = "log")]
        if let Some(log) = &mut self.log {
            log.flush();
        }
        // Looked at before what is in the ring, and told behind it: all that was there when the runs
        // were skipped has been handed on then.
        let Self { skips, counters, .. } = self;
        let is_due = self.skips_are_likely || std::mem::take(&mut self.look_for_skips);
        let skipped = if is_due { skips.news(|| read(counters))? } else { 0 };
        let count = self.drain_ring(limit, each)?;
        if skipped > 0 {
            each(Item::Skipped { count: skipped });
        }
        Ok(count)
    }

    fn settle(&mut self) -> Result<(), Error> {
        // Records come in the order in which they were written.
        self.look_for_skips = true;
        Ok(())
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ring.as_fd()
    }

    fn sleep(&mut self) -> Result<(), Error> {
        self.look_for_skips = true;
        self.reader_sleeps.set(0, 1, 0).map_err(map_error("cannot set the wake-up flag"))
    }

    fn totals(&self) -> Result<Vec<CpuTotals>, Error> {
        let totals = |counters: &Counters| CpuTotals {
            produced: counters.events_produced(),
            lost: counters.events_lost(),
        };
        Ok(read(&self.counters)?.iter().map(totals).collect())
    }

    fn walks(&mut self) -> Option<&mut dyn Walks> {
        Some(self.walks.as_mut()?)
    }

    fn overhears(&mut self) -> Option<&mut dyn Overhears> {
        Some(self.overhearing.as_mut()?)
    }

    fn stop(&mut self) {
        self.look_for_skips = true;
        self.hooks.detach();
        self.overhearing = None;
    }
}

type CounterMap = PerCpuArray<MapData, MapValue<Counters>>;

/// What all copies of the programs counted, by CPU.
fn read(counters: &CounterMap) -> Result<Vec<Counters>, Error> {
    let of = |copy| counters.get(&copy, 0).map_err(map_error("cannot read the counters"));
    let (first, second) = (of(0)?, of(1)?);
    Ok(first.iter().zip(second.iter()).map(|(first, second)| first.0.plus(&second.0)).collect())
}

fn map_error(what: &'static str) -> impl FnOnce(MapError) -> Error {
    move |error| Error::System { what, source: std::io::Error::other(error) }
}
