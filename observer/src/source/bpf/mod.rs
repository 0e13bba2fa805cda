//! The eBPF source: programs on the kernel's tracepoints, records through a ring.
//!
//! Minimum kernel: 5.18 with BTF. Privileges: `CAP_BPF` and `CAP_PERFMON` while it is opened, none
//! afterwards. Its descriptors are the privilege then: they are close-on-exec.

mod load;
mod overhear;
mod ring;
mod walk;

use std::{
    fmt,
    os::fd::{AsFd as _, BorrowedFd},
};

use aya::{
    maps::{Array, MapData, MapError, PerCpuArray},
    programs::raw_trace_point::RawTracePointLink,
};
use observer_common::Counters;

pub use self::load::Object;
use self::{load::Loaded, overhear::Overhearing, ring::Ring, walk::Walks};
use super::{Item, Options, Origin, Source};
use crate::{
    Error,
    event::ProcessKey,
    facts::EventFacts,
    sys::{self, MapValue},
};

/// Programs that run until this is stopped or dropped.
pub struct BpfSource {
    /// Dropping a link detaches its program.
    links: Vec<RawTracePointLink>,
    ring: Ring,
    counters: PerCpuArray<MapData, MapValue<Counters>>,
    reader_sleeps: Array<MapData, u32>,
    walks: Option<Walks>,
    overhearing: Option<Overhearing>,
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
        let Loaded { mut programs, layout } = load::load(options)?;
        // The committed object has no log; one built for it does.
        #[cfg(feature = "log")]
        let log = aya_log::EbpfLogger::init(&mut programs).ok();
        let ring = load::take_map(&mut programs, "EVENTS", &options.object)?;
        let counters = load::take_map(&mut programs, "COUNTERS", &options.object)?;
        let sleeps = load::take_map(&mut programs, "READER_SLEEPS", &options.object)?;
        let links = load::attach(&mut programs, options)?;
        let walks = if options.walks { Some(load::walks(&mut programs, options)?) } else { None };
        let overhearing = load::overhearing(&mut programs, options, &layout)?;
        // What loading took is not needed any more; the ring is mapped into its place.
        drop(programs);
        sys::give_back_freed_memory();
        Ok(Self {
            ring: Ring::open(ring)?,
            counters: counters.try_into().map_err(map_error("cannot use the counters"))?,
            reader_sleeps: sleeps.try_into().map_err(map_error("cannot use the wake-up flag"))?,
            walks,
            overhearing,
            links,
            #[cfg(feature = "log")]
            log,
        })
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

    fn settle(&mut self) -> Result<(), Error> {
        // Records come in the order in which they were written.
        Ok(())
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ring.as_fd()
    }

    fn sleep(&mut self) -> Result<(), Error> {
        self.reader_sleeps.set(0, 1, 0).map_err(map_error("cannot set the wake-up flag"))
    }

    fn counters(&self) -> Result<Vec<Counters>, Error> {
        let counters = self.counters.get(&0, 0).map_err(map_error("cannot read the counters"))?;
        Ok(counters.iter().map(|value| value.0).collect())
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
        self.links.clear();
        self.overhearing = None;
    }
}

fn map_error(what: &'static str) -> impl FnOnce(MapError) -> Error {
    move |error| Error::System { what, source: std::io::Error::other(error) }
}
