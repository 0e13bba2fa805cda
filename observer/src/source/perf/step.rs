//! What one drain does: takes records out of the rings, lets the tracker work, mends what a loss
//! has torn, and sets the bell.

use std::{os::fd::AsFd as _, time::Duration};

use super::{
    HOLD, PerfSource,
    hear::{Heard, hear, mark_the_overtaken},
    tracker::{Tracker, With},
};
use crate::{Error, event::Event, machine::boot_ns, pace::Wait, source::Item, tracepoint::reader};

/// Whether anything has come out of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rings {
    Silent,
    Heard,
}

/// What the reader announces within this is there already, and held.
const SOON: Duration = Duration::from_millis(100);

/// While there are records, but none that is news to anybody, it looks this often.
pub(super) const DOZE: Duration = Duration::from_millis(4);

/// Records taken out of the rings in one go.
const BATCH: usize = 1024;

/// After a loss all processes are looked at when nothing more comes, or after so long.
const PATIENCE_NS: u64 = 250_000_000;

/// So often records are taken out of the rings before others get to work.
const ROUNDS: u32 = 64;

impl PerfSource {
    /// Hands on about `limit` events; says how many, and whether anything came.
    pub(super) fn hand_on(
        &mut self,
        limit: usize,
        each: &mut dyn FnMut(Item),
    ) -> Result<(usize, Rings), Error> {
        let (mut given, mut rounds, mut rings) = (0, 0, Rings::Silent);
        while given < limit {
            // Threads that come and go for ever are no news to anybody.
            if self.heard.is_empty() && (rounds < ROUNDS || self.stopped) {
                rounds += 1;
                self.listen()?;
            }
            let Some(heard) = self.heard.pop_front() else {
                if rounds < ROUNDS || self.stopped {
                    given += self.rest(each)?;
                }
                break;
            };
            rings = Rings::Heard;
            given += self.understand(heard, each);
        }
        Ok((given, rings))
    }

    /// Takes out of the rings what is old enough, or all there is.
    pub(super) fn listen(&mut self) -> Result<(), Error> {
        self.clock.follow()?;
        let Self { reader, readings, clock, heard, .. } = self;
        let mut hear = |item: reader::Item<'_>| heard.extend(hear(&item, readings, *clock));
        if std::mem::take(&mut self.settles) || self.stopped {
            reader.settle(&mut hear)?;
        } else {
            reader.drain(BATCH, &mut hear)?;
        }
        mark_the_overtaken(heard);
        Ok(())
    }

    fn understand(&mut self, heard: Heard, each: &mut dyn FnMut(Item)) -> usize {
        match heard {
            Heard::Told(told) => {
                return self.track(each, |tracker, with| tracker.take(told, with));
            }
            Heard::Lost { cpu, count } => {
                self.tally.lose(cpu, count);
                self.tracker.doubt();
                self.torn_ns = self.torn_ns.or_else(|| boot_ns().ok());
            }
            Heard::Malformed { cpu } => {
                self.tally.give(cpu);
                each(Item::Malformed);
                return 1;
            }
        }
        0
    }

    /// Lets the tracker work and hands on the events that it gives; says how many.
    pub(super) fn track(
        &mut self,
        each: &mut dyn FnMut(Item),
        work: impl FnOnce(&mut Tracker, &mut With<'_>),
    ) -> usize {
        let Self { tracker, asked, tally, .. } = self;
        let (mut count, mut missed) = (0, Vec::new());
        let mut give = |event: Event| {
            count += 1;
            tally.give(event.cpu);
            let lost_before = tally.lost_before(event.cpu);
            each(Item::Event { event, lost_before });
        };
        let mut miss = |cpu| missed.push(cpu);
        work(tracker, &mut With { asked, give: &mut give, miss: &mut miss });
        for cpu in missed {
            tally.miss(cpu);
        }
        count
    }

    /// Nothing is left that was held long enough.
    fn rest(&mut self, each: &mut dyn FnMut(Item)) -> Result<usize, Error> {
        const LONG_AGO_NS: u64 = 50_000_000;
        let passed_ns = boot_ns()?.saturating_sub(LONG_AGO_NS);
        Ok(self.track(each, |tracker, with| tracker.pass_time(passed_ns, with)))
    }

    /// After a loss: looks at all processes when nothing more comes, or after some time. For a
    /// table at once, before that is compared with /proc: of whom it learns there, the end must be
    /// understood here.
    pub(super) fn mend(&mut self, rings: Rings) -> Result<(), Error> {
        let Some(since_ns) = self.torn_ns else { return Ok(()) };
        let is_time = self.for_a_table || rings == Rings::Silent;
        if is_time || boot_ns()? > since_ns + PATIENCE_NS {
            self.torn_ns = None;
            self.track(&mut |_| {}, Tracker::look_again);
        }
        Ok(())
    }

    /// Of a reader that sleeps: what it was handed wakes it; what is held in the rings announces
    /// itself no more, nor does a CPU that comes.
    pub(super) fn set_the_bell(&mut self, given: usize, rings: Rings) -> Result<(), Error> {
        if !self.bell.is_set() {
            return Ok(());
        }
        if given > 0 {
            return self.bell.take_off(self.reader.as_fd());
        }
        if rings == Rings::Heard {
            return self.bell.mute(self.reader.as_fd(), DOZE);
        }
        if self.bell.is_mute() {
            self.bell.set(self.reader.as_fd())?;
            // What came before that has rung for nobody.
            self.listen()?;
        }
        let held = !self.heard.is_empty();
        match self.reader.patience() {
            Wait::AtMost(time) if !held && time > SOON => self.bell.ring_in(time),
            _ => self.bell.ring_in(HOLD),
        }
    }
}
