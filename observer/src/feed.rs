//! Source → a stream of events with every loss at its place, and how long to wait for more.
//!
//! No thread and no timer of its own: whoever drives it waits on [`Feed::as_fd`] for as long as
//! [`Feed::step`] says, then calls `step` again.

use std::{fmt, os::fd::BorrowedFd, time::Duration};

use crate::{
    Error,
    event::{Event, Loss, What},
    pace::{Totals, Wait},
    source::{Item, Source},
};

/// Records looked at in one step, so that its caller gets to print them.
const STEP: usize = 1024;

/// Drains before a question is answered, at most: more than any ring holds.
const SETTLE: usize = 1024;

/// While events come, the reader looks for more this often by itself: waking it for each would
/// slow the observed processes down.
const BUSY_WAIT: Duration = Duration::from_millis(4);

/// After this many looks in vain it sleeps until the next event.
const PATIENCE: u32 = 5;

/// A running observation.
pub struct Feed<S> {
    source: S,
    /// Losses told so far, by CPU.
    told: Vec<u64>,
    /// Skipped runs told so far.
    skipped: u64,
    delivered: u64,
    malformed: u64,
    looks_in_vain: u32,
}

impl<S: Source> Feed<S> {
    /// Reads from a source that is already running.
    pub fn new(source: S) -> Self {
        Self { source, told: Vec::new(), skipped: 0, delivered: 0, malformed: 0, looks_in_vain: 0 }
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
        Ok(if missed == 0 { Wait::ForEvent } else { Wait::AtMost(BUSY_WAIT) })
    }

    /// Ends the observation: hands on what is left and says what became of it all.
    ///
    /// # Errors
    ///
    /// As [`Feed::step`].
    pub fn finish(mut self, each: &mut dyn FnMut(Event)) -> Result<Totals, Error> {
        self.source.stop();
        loop {
            while self.drain(each)? > 0 {}
            // What the last hooks to end did is counted by now, and was skipped no more.
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

    /// Hands on all that is there now, however much, and every loss so far: before a question is
    /// answered.
    ///
    /// # Errors
    ///
    /// As [`Feed::step`].
    pub fn settle(&mut self, each: &mut dyn FnMut(Event)) -> Result<(), Error> {
        self.source.settle()?;
        // A storm may never let the ring run empty; what it holds by now is all that is asked for.
        for _ in 0..SETTLE {
            if self.drain(each)? < STEP {
                break;
            }
        }
        // No event may have come since the last loss to tell it.
        self.tell_counted_losses(each)
    }

    /// The source.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// The source, to walk or to overhear by.
    pub fn source_mut(&mut self) -> &mut S {
        &mut self.source
    }

    fn drain(&mut self, each: &mut dyn FnMut(Event)) -> Result<usize, Error> {
        let Self { source, told, skipped, delivered, malformed, looks_in_vain: _ } = self;
        let mut newly_skipped = 0;
        let drained = source.drain(STEP, &mut |item| match item {
            Item::Event { event, lost_before } => {
                if let Some(lost) = newly_lost(told, event.cpu, lost_before) {
                    each(lost_event(event.boot_ns, event.cpu, lost));
                }
                *delivered += 1;
                each(event);
            }
            Item::Malformed => {
                *delivered += 1;
                *malformed += 1;
            }
            Item::Skipped { count } => newly_skipped += count,
        })?;
        if newly_skipped > 0 {
            *skipped += newly_skipped;
            each(skipped_event(crate::machine::boot_ns()?, newly_skipped));
        }
        Ok(drained)
    }

    fn tell_counted_losses(&mut self, each: &mut dyn FnMut(Event)) -> Result<(), Error> {
        for (cpu, totals) in self.source.totals()?.iter().enumerate() {
            let cpu = u32::try_from(cpu).unwrap_or(u32::MAX);
            if let Some(lost) = newly_lost(&mut self.told, cpu, totals.lost) {
                each(lost_event(crate::machine::boot_ns()?, cpu, lost));
            }
        }
        Ok(())
    }

    /// What became of the events so far.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when the counters cannot be read.
    pub fn totals(&self) -> Result<Totals, Error> {
        let cpus = self.source.totals()?;
        Ok(Totals {
            produced: cpus.iter().map(|cpu| cpu.produced).sum::<u64>() + self.skipped,
            delivered: self.delivered,
            lost: cpus.iter().map(|cpu| cpu.lost).sum::<u64>() + self.skipped,
            malformed: self.malformed,
        })
    }
}

impl<S> fmt::Debug for Feed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("delivered", &self.delivered).finish_non_exhaustive()
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
    Event { boot_ns, cpu, what: What::Lost { count, loss: Loss::NoRoom } }
}

/// On which CPU they were skipped is not known.
fn skipped_event(boot_ns: u64, count: u64) -> Event {
    Event { boot_ns, cpu: 0, what: What::Lost { count, loss: Loss::Skipped } }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, fs::File, os::fd::AsFd as _};

    use super::*;
    use crate::{
        event::{Kind, ProcessKey},
        facts::EventFacts,
        origin::Origin,
        source::CpuTotals,
    };

    /// A source of what a test wrote down.
    struct Script {
        items: VecDeque<(Event, u64)>,
        totals: Vec<CpuTotals>,
        sleeps: u32,
        /// Given when the reader goes to sleep.
        late: Option<(Event, u64)>,
        /// Runs skipped by the time of each drain.
        skipped: VecDeque<u64>,
        fd: File,
    }

    impl Script {
        fn new(records: &[(u32, u64)], lost: &[u64]) -> Self {
            let counted = |lost: &u64| CpuTotals { produced: *lost, lost: *lost };
            let mut totals: Vec<_> = lost.iter().map(counted).collect();
            for (cpu, _) in records {
                totals[*cpu as usize].produced += 1;
            }
            Self {
                items: records.iter().map(|(cpu, lost)| (event(*cpu), *lost)).collect(),
                totals,
                sleeps: 0,
                late: None,
                skipped: VecDeque::new(),
                fd: File::open("/dev/null").unwrap(),
            }
        }
    }

    fn event(cpu: u32) -> Event {
        let key = ProcessKey { pid: 7, start_ns: 0 };
        Event { boot_ns: 0, cpu, what: What::Free { key, status: None, usage: None } }
    }

    impl Source for Script {
        fn origin(&self) -> Origin {
            Origin::Proc
        }

        fn facts(&self) -> EventFacts {
            EventFacts::ALL
        }

        fn attach(&mut self, _: &[Kind]) -> Result<(), Error> {
            Ok(())
        }

        fn settle(&mut self) -> Result<(), Error> {
            Ok(())
        }

        fn drain(&mut self, limit: usize, each: &mut dyn FnMut(Item)) -> Result<usize, Error> {
            let count = limit.min(self.items.len());
            for (event, lost_before) in self.items.drain(..count) {
                each(Item::Event { event, lost_before });
            }
            if let Some(count) = self.skipped.pop_front().filter(|count| *count > 0) {
                each(Item::Skipped { count });
            }
            Ok(count)
        }

        fn as_fd(&self) -> BorrowedFd<'_> {
            self.fd.as_fd()
        }

        fn sleep(&mut self) -> Result<(), Error> {
            self.sleeps += 1;
            self.items.extend(self.late.take());
            Ok(())
        }

        fn totals(&self) -> Result<Vec<CpuTotals>, Error> {
            Ok(self.totals.clone())
        }

        fn stop(&mut self) {}
    }

    /// `c0` for an event of CPU 0, `-3@1` for three lost on CPU 1.
    fn told(event: &Event) -> String {
        match event.what {
            What::Lost { count, loss: Loss::Skipped } => format!("-{count}"),
            What::Lost { count, .. } => format!("-{count}@{}", event.cpu),
            _ => format!("c{}", event.cpu),
        }
    }

    fn run(script: Script) -> (Vec<String>, Totals) {
        let mut events = Vec::new();
        let mut feed = Feed::new(script);
        feed.step(&mut |event| events.push(told(&event))).unwrap();
        let totals = feed.finish(&mut |event| events.push(told(&event))).unwrap();
        (events, totals)
    }

    #[test]
    fn losses_stand_at_their_place() {
        let records = [(0, 0), (1, 0), (0, 3), (1, 0), (0, 3), (1, 2), (0, 4)];
        let (events, totals) = run(Script::new(&records, &[9, 2]));
        let expected = ["c0", "c1", "-3@0", "c0", "c1", "c0", "-2@1", "c1", "-1@0", "c0", "-5@0"];
        assert_eq!(events, expected);
        assert_eq!(totals, Totals { produced: 18, delivered: 7, lost: 11, malformed: 0 });
    }

    #[test]
    fn a_loss_is_told_once_even_when_records_come_out_of_turn() {
        // A softirq's record may overtake the one that it interrupted.
        let (events, _) = run(Script::new(&[(0, 2), (0, 1), (0, 2)], &[2]));
        assert_eq!(events, ["-2@0", "c0", "c0", "c0"]);
    }

    #[test]
    fn skipped_runs_are_told_behind_what_was_there_and_counted_as_lost() {
        let mut script = Script::new(&[(0, 0), (1, 0)], &[0, 0]);
        script.skipped = [3, 2].into();
        let (events, totals) = run(script);
        assert_eq!(events, ["c0", "c1", "-3", "-2"]);
        assert_eq!(totals, Totals { produced: 7, delivered: 2, lost: 5, malformed: 0 });
    }

    #[test]
    fn a_quiet_reader_goes_to_sleep_and_tells_what_was_lost_by_then() {
        let mut events = Vec::new();
        let mut feed = Feed::new(Script::new(&[(0, 0)], &[5]));
        let mut step =
            |feed: &mut Feed<Script>| feed.step(&mut |event| events.push(told(&event))).unwrap();
        for _ in 0..PATIENCE {
            assert_eq!(step(&mut feed), Wait::AtMost(BUSY_WAIT));
        }
        assert_eq!(step(&mut feed), Wait::ForEvent);
        assert_eq!(feed.source.sleeps, 1);
        assert_eq!(events, ["c0", "-5@0"]);
    }

    #[test]
    fn before_an_answer_every_loss_is_told() {
        let mut events = Vec::new();
        let mut feed = Feed::new(Script::new(&[(0, 0), (0, 2)], &[5, 1]));
        feed.settle(&mut |event| events.push(told(&event))).unwrap();
        assert_eq!(events, ["c0", "-2@0", "c0", "-3@0", "-1@1"]);
    }

    #[test]
    fn what_comes_while_the_reader_lies_down_is_not_left_lying() {
        let mut script = Script::new(&[], &[0]);
        script.late = Some((event(0), 0));
        let mut feed = Feed::new(script);
        let mut events = 0;
        let mut wait = Wait::AtMost(Duration::ZERO);
        for _ in 0..PATIENCE {
            wait = feed.step(&mut |_| events += 1).unwrap();
        }
        assert_eq!(events, 1);
        assert_eq!(wait, Wait::AtMost(BUSY_WAIT));
    }
}
