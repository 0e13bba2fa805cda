//! Source → events, with every loss told at its place. The only file that joins the two.
//!
//! No thread and no timer of its own: whoever drives it waits on [`Feed::as_fd`] for as long as
//! [`Feed::step`] says, then calls `step` again.

use std::{fmt, os::fd::BorrowedFd, time::Duration};

use observer_common::{CgroupNames, Counters, Header, TaskFacts};

use crate::{
    Error,
    event::{Event, Lift, Loss, Process, ProcessKey, What},
    pace::{Totals, Wait},
    source::{Item, Source, proc},
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
    lift: Lift,
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
        Self {
            source,
            lift: Lift::default(),
            told: Vec::new(),
            skipped: 0,
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

    /// See [`Source::overhear`].
    ///
    /// # Errors
    ///
    /// As [`Source::overhear`].
    pub fn overhear(&mut self, key: ProcessKey) -> Result<bool, Error> {
        self.source.overhear(key)
    }

    /// See [`Source::stop_overhearing`].
    ///
    /// # Errors
    ///
    /// As [`Source::stop_overhearing`].
    pub fn stop_overhearing(&mut self, key: ProcessKey) -> Result<(), Error> {
        self.source.stop_overhearing(key)
    }

    /// Walks over all processes; see [`Source::walk`].
    ///
    /// # Errors
    ///
    /// As [`Source::walk`].
    pub fn walk(&mut self, wanted: u32, records: &mut Vec<u8>) -> Result<(), Error> {
        self.source.walk(wanted, records)
    }

    /// Walks over the arguments of all processes; see [`Source::walk_arguments`].
    ///
    /// # Errors
    ///
    /// As [`Source::walk_arguments`].
    pub fn walk_arguments(&mut self, records: &mut Vec<u8>) -> Result<(), Error> {
        self.source.walk_arguments(records)
    }

    /// The process that a walk saw, as an event would tell it.
    pub fn process(
        &mut self,
        header: &Header,
        facts: &TaskFacts,
        cgroup: CgroupNames<'_>,
    ) -> Process {
        self.lift.seen(header, facts, cgroup)
    }

    fn drain(&mut self, each: &mut dyn FnMut(Event)) -> Result<usize, Error> {
        let Self { source, lift, told, skipped, delivered, malformed, looks_in_vain: _ } = self;
        let mut newly_skipped = 0;
        let drained = source.drain(STEP, &mut |item| match item {
            Item::Record(header, record) => {
                if let Some(lost) = newly_lost(told, header.cpu, header.lost_before) {
                    each(lost_event(header.boot_ns, header.cpu, lost));
                }
                if header.kind != observer_common::Kind::ARGS {
                    *delivered += 1;
                }
                if let Some(mut event) = lift.lift(&header, &record) {
                    complete(&mut event);
                    each(event);
                }
            }
            Item::Malformed(_) => {
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
        for (cpu, counters) in self.source.counters()?.iter().enumerate() {
            let cpu = u32::try_from(cpu).unwrap_or(u32::MAX);
            if let Some(lost) = newly_lost(&mut self.told, cpu, counters.events_lost()) {
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
        let counters = self.source.counters()?;
        Ok(Totals {
            produced: counters.iter().map(Counters::events_produced).sum::<u64>() + self.skipped,
            delivered: self.delivered,
            lost: counters.iter().map(Counters::events_lost).sum::<u64>() + self.skipped,
            malformed: self.malformed,
        })
    }
}

impl<S> fmt::Debug for Feed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("delivered", &self.delivered).finish_non_exhaustive()
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

    use observer_common::{ABI_VERSION, FreeFacts, Kind, Record};
    use zerocopy::FromZeros as _;

    use super::*;
    use crate::{facts::EventFacts, origin::Origin};

    /// A source of what a test wrote down.
    struct Script {
        items: VecDeque<(Header, u32)>,
        counters: Vec<Counters>,
        sleeps: u32,
        /// Given when the reader goes to sleep.
        late: Option<(Header, u32)>,
        /// Runs skipped by the time of each drain.
        skipped: VecDeque<u64>,
        fd: File,
    }

    impl Script {
        fn new(records: &[(u32, u64)], lost: &[u64]) -> Self {
            let mut counters: Vec<_> = lost.iter().map(|lost| counted(0, *lost)).collect();
            for (cpu, _) in records {
                counters[*cpu as usize].produced[Kind::FREE.index()] += 1;
            }
            Self {
                items: records.iter().map(|(cpu, lost)| (header(*cpu, *lost), *cpu)).collect(),
                counters,
                sleeps: 0,
                late: None,
                skipped: VecDeque::new(),
                fd: File::open("/dev/null").unwrap(),
            }
        }
    }

    fn header(cpu: u32, lost_before: u64) -> Header {
        let kind = Kind::FREE;
        Header { cpu, lost_before, kind, version: ABI_VERSION, ..Header::new_zeroed() }
    }

    fn counted(delivered: u64, lost: u64) -> Counters {
        let mut counters = Counters::default();
        counters.produced[Kind::FREE.index()] = delivered + lost;
        counters.lost[Kind::FREE.index()] = lost;
        counters
    }

    impl Source for Script {
        fn origin(&self) -> Origin {
            Origin::Proc
        }

        fn facts(&self) -> EventFacts {
            EventFacts::ALL
        }

        fn has_walk(&self) -> bool {
            true
        }

        fn settle(&mut self) -> Result<(), Error> {
            Ok(())
        }

        fn drain(&mut self, limit: usize, each: &mut dyn FnMut(Item<'_>)) -> Result<usize, Error> {
            let count = limit.min(self.items.len());
            for (header, pid) in self.items.drain(..count) {
                let facts = FreeFacts { pid, ..FreeFacts::new_zeroed() };
                each(Item::Record(header, Record::Free { facts }));
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

        fn counters(&self) -> Result<Vec<Counters>, Error> {
            Ok(self.counters.clone())
        }

        fn walk(&mut self, _: u32, _: &mut Vec<u8>) -> Result<(), Error> {
            Ok(())
        }

        fn walk_arguments(&mut self, _: &mut Vec<u8>) -> Result<(), Error> {
            Ok(())
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
        script.late = Some((header(0, 0), 7));
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
