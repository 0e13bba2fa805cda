//! A load alone, and beside a contestant.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::contestant::{Contestant, Rings};
use super::event::Event;
use super::load::{self, Load, Made};
use super::session::Session;
use crate::quiet::Patience;
use crate::stats::float;

/// Where it is measured.
#[derive(Clone, Copy)]
pub(crate) struct Arena<'a> {
    pub(crate) observer: &'a Path,
    pub(crate) folder: &'a Path,
    pub(crate) patience: Patience,
}

/// What one contestant did with one load.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) made: Made,
    /// Of these events.
    pub(crate) told: u64,
    /// Of the contestant, until it had worked off all.
    pub(crate) cpu: Duration,
}

impl Arena<'_> {
    pub(crate) fn alone(self, load: Load) -> Result<Made> {
        self.patience.undisturbed(|| load::run(load))
    }

    /// The contestant is started afresh.
    pub(crate) fn beside(
        self,
        contestant: Contestant,
        event: Event,
        rings: Rings,
        load: Load,
    ) -> Result<Outcome> {
        self.patience.undisturbed(|| {
            let place = (self.observer, self.folder);
            let session = Session::start(contestant, event, rings, place)?;
            let process = session.process();
            let cpu_before = process.cpu_time()?;
            let made = load::run(load)?;
            process.settle()?;
            let cpu = process.cpu_time()?.saturating_sub(cpu_before);
            let told = session.end(&made)?;
            Ok(Outcome { made, told: told.events, cpu: cpu + told.cpu_afterwards })
        })
    }
}

impl Outcome {
    pub(crate) fn lost(&self) -> u64 {
        self.made.events.saturating_sub(self.told)
    }

    /// Part of the load that was lost.
    pub(crate) fn lost_share(&self) -> f64 {
        float(self.lost()) / float(self.made.events.max(1))
    }

    /// CPU time for each event told, in microseconds.
    pub(crate) fn cpu_per_event(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / float(self.told.max(1))
    }
}
