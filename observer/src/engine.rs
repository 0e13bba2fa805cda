//! Source → events, with every loss told at its place. The only file that joins the two.
//!
//! No thread and no timer of its own: whoever drives it waits on [`Engine::as_fd`] for as long as
//! [`Engine::step`] says, then calls `step` again.

use std::{os::fd::BorrowedFd, time::Duration};

use observer_common::Counters;

use crate::{
    Error,
    event::{Event, Lift, What},
    source::{Item, Source},
};

/// How long to wait on the descriptor before the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until it is readable, this long at most. Zero: more is there already.
    AtMost(Duration),
    /// Until it is readable: the next event makes it so at once.
    ForEvent,
}

/// What became of the events of a stream: `produced = delivered + lost`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Events that the kernel side tried to send.
    pub produced: u64,
    /// Events that arrived.
    pub delivered: u64,
    /// Events that found no room in the ring.
    pub lost: u64,
    /// Of those that arrived, what could not be understood.
    pub malformed: u64,
}

/// Records looked at in one step, so that its caller gets to print them.
const STEP: usize = 1024;

/// While events come, the reader looks for more this often by itself: waking it for each would
/// slow the observed processes down.
const BUSY_WAIT: Duration = Duration::from_millis(4);

/// After this many looks in vain it sleeps until the next event.
const PATIENCE: u32 = 5;

/// A running observation.
#[derive(Debug)]
pub struct Engine<S> {
    source: S,
    lift: Lift,
    /// Losses told so far, by CPU.
    told: Vec<u64>,
    delivered: u64,
    malformed: u64,
    looks_in_vain: u32,
}

impl<S: Source> Engine<S> {
    /// Reads from a source that is already running.
    pub fn new(source: S) -> Self {
        Self {
            source,
            lift: Lift::default(),
            told: Vec::new(),
            delivered: 0,
            malformed: 0,
            looks_in_vain: 0,
        }
    }

    /// Readable when there is something to do.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }

    /// Hands on the events that are there and says how long to wait for more.
    ///
    /// # Errors
    ///
    /// What keeps the source from being read.
    pub fn step(&mut self, each: &mut dyn FnMut(Event)) -> Result<Wait, Error> {
        match self.drain(each)? {
            0 => self.looks_in_vain += 1,
            count => {
                self.looks_in_vain = 0;
                let full = count >= STEP;
                return Ok(Wait::AtMost(if full { Duration::ZERO } else { BUSY_WAIT }));
            }
        }
        if self.looks_in_vain < PATIENCE {
            return Ok(Wait::AtMost(BUSY_WAIT));
        }
        // The ring is empty: what the counters say was lost by now has no later event to tell it.
        self.tell_counted_losses(each)?;
        self.source.sleep()?;
        // What came before that was understood woke nobody.
        let missed = self.drain(each)?;
        Ok(if missed == 0 {
            Wait::ForEvent
        } else {
            Wait::AtMost(BUSY_WAIT)
        })
    }

    /// Ends the observation: hands on what is left and says what became of it all.
    ///
    /// # Errors
    ///
    /// As [`Engine::step`].
    pub fn finish(mut self, each: &mut dyn FnMut(Event)) -> Result<Totals, Error> {
        self.source.stop();
        loop {
            while self.drain(each)? > 0 {}
            let totals = self.totals()?;
            let settled = totals.produced == totals.delivered + totals.lost;
            self.looks_in_vain += 1;
            if settled || self.looks_in_vain > 100 * PATIENCE {
                self.tell_counted_losses(each)?;
                return Ok(totals);
            }
            // A hook that was running when the programs were detached has yet to send its record.
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    fn drain(&mut self, each: &mut dyn FnMut(Event)) -> Result<usize, Error> {
        let Self {
            source,
            lift,
            told,
            delivered,
            malformed,
            looks_in_vain: _,
        } = self;
        source.drain(STEP, &mut |item| match item {
            Item::Record(header, record) => {
                if let Some(lost) = newly_lost(told, header.cpu, header.lost_before) {
                    each(lost_event(header.boot_ns, header.cpu, lost));
                }
                if header.kind != observer_common::Kind::ARGS {
                    *delivered += 1;
                }
                if let Some(event) = lift.lift(&header, &record) {
                    each(event);
                }
            }
            Item::Malformed(_) => {
                *delivered += 1;
                *malformed += 1;
            }
        })
    }

    fn tell_counted_losses(&mut self, each: &mut dyn FnMut(Event)) -> Result<(), Error> {
        for (cpu, counters) in self.source.counters()?.iter().enumerate() {
            let cpu = u32::try_from(cpu).unwrap_or(u32::MAX);
            if let Some(lost) = newly_lost(&mut self.told, cpu, counters.events_lost()) {
                each(lost_event(crate::machine::boot_ns()?, cpu, lost));
            }
        }
        Ok(())
    }

    fn totals(&self) -> Result<Totals, Error> {
        let counters = self.source.counters()?;
        Ok(Totals {
            produced: counters.iter().map(Counters::events_produced).sum(),
            delivered: self.delivered,
            lost: counters.iter().map(Counters::events_lost).sum(),
            malformed: self.malformed,
        })
    }
}

/// How many of a CPU's losses have not been told, if any; they count as told from here on.
fn newly_lost(told: &mut Vec<u64>, cpu: u32, lost: u64) -> Option<u64> {
    let cpu = cpu as usize;
    if told.len() <= cpu {
        told.resize(cpu + 1, 0);
    }
    let told = told.get_mut(cpu)?;
    let news = lost.checked_sub(*told).filter(|news| *news > 0)?;
    *told = lost;
    Some(news)
}

fn lost_event(boot_ns: u64, cpu: u32, count: u64) -> Event {
    Event {
        boot_ns,
        cpu,
        what: What::Lost { count },
    }
}
