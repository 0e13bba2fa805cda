//! The eBPF source: programs on the kernel's tracepoints, records through a ring.
//!
//! Minimum kernel: 5.18 with BTF. Privileges: `CAP_BPF` and `CAP_PERFMON` while it is opened, none
//! afterwards. Its descriptors are the privilege then: they are close-on-exec.

pub mod btf;
mod kernel;
mod load;
mod object;
mod overhear;
mod privilege;
mod ring;
mod skips;
mod walk;

use std::{
    fmt,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
};

use aya::maps::{Array, MapData, MapError, PerCpuArray};
use observer_common::Counters;

pub use self::object::Object;
use self::{load::Attached, overhear::Overhearing, ring::Ring, skips::Skips, walk::Walks};
use super::{Item, Options, Origin, Source};
use crate::{
    Error,
    event::ProcessKey,
    facts::EventFacts,
    sys::{self, MapValue},
};

/// Programs that run until this is stopped or dropped.
pub struct BpfSource {
    /// Closing one detaches its program.
    links: Vec<OwnedFd>,
    ring: Ring,
    counters: CounterMap,
    reader_sleeps: Array<MapData, u32>,
    walks: Option<Walks>,
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
        let Attached { links, watched } = load::attach(&prepared, options)?;
        let mut skips = Skips::new(watched);
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
            counters: counters.try_into().map_err(map_error("cannot use the counters"))?,
            reader_sleeps: sleeps.try_into().map_err(map_error("cannot use the wake-up flag"))?,
            walks,
            overhearing,
            links,
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
    fn drain_ring(&mut self, limit: usize, each: &mut dyn FnMut(Item<'_>)) -> Result<usize, Error> {
        let Self { ring, overhearing: Some(overhearing), .. } = self else {
            return Ok(self.ring.drain(limit, each));
        };
        let mut ended = Vec::new();
        let count = ring.drain(limit, &mut |item| {
            ended.extend(overhearing.ended(&item));
            each(item);
        });
        for key in ended {
            overhearing.end(key)?;
        }
        Ok(count)
    }
}

impl fmt::Debug for BpfSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BpfSource").field("links", &self.links).finish_non_exhaustive()
    }
}

impl Source for BpfSource {
    fn origin(&self) -> Origin {
        Origin::Bpf
    }

    fn facts(&self) -> EventFacts {
        EventFacts::ALL
    }

    fn has_walk(&self) -> bool {
        true
    }

    fn drain(&mut self, limit: usize, each: &mut dyn FnMut(Item<'_>)) -> Result<usize, Error> {
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

    fn counters(&self) -> Result<Vec<Counters>, Error> {
        read(&self.counters)
    }

    fn walk(&mut self, wanted: u32, records: &mut Vec<u8>) -> Result<(), Error> {
        self.walks.as_mut().map_or(Ok(()), |walks| walks.tasks(wanted, records))
    }

    fn walk_arguments(&mut self, records: &mut Vec<u8>) -> Result<(), Error> {
        self.walks.as_ref().map_or(Ok(()), |walks| walks.arguments(records))
    }

    fn overhear(&mut self, key: ProcessKey) -> Result<bool, Error> {
        match &mut self.overhearing {
            Some(overhearing) => overhearing.begin(key).map(|()| true),
            None => Ok(false),
        }
    }

    fn stop_overhearing(&mut self, key: ProcessKey) -> Result<(), Error> {
        self.overhearing.as_mut().map_or(Ok(()), |overhearing| overhearing.end(key))
    }

    fn stop(&mut self) {
        self.look_for_skips = true;
        self.links.clear();
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
