//! Open tracepoints: their records of all CPUs, in the order of time, with every loss told.
//!
//! One ring a CPU, into which all events of that CPU write. A round notes the time first and then
//! how far each ring is written, takes in what has come, and hands on what is older than that time
//! less [`Options::hold`]: a record that is still being written is older than it looks.
//!
//! No thread and no timer of its own: whoever drives it waits on [`Reader::as_fd`] for as long as
//! [`Reader::patience`] says, or calls [`Reader::wait`].
//!
//! Follows `perf_event_open(2)`.

mod circumstances;
mod count;
mod explain;
mod item;
mod lane;
mod lanes;
mod merge;
mod opening;
mod queue;
mod record;
mod rings;
mod scope;
mod watch;

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use nix::{
    errno::Errno,
    time::{ClockId, clock_gettime},
};

pub use self::{
    count::Counts,
    item::{Item, Lost, Options, Request, Sample, Wake},
    scope::Scope,
};
use self::{
    lane::{Account, Handed, Lane},
    lanes::Lanes,
    merge::Merge,
};
use crate::{
    Error,
    pace::{Totals, Wait, nanoseconds},
};

/// While something may wait, a reader looks this often by itself.
const FLUSH: Duration = Duration::from_millis(10);
/// How often it looks which CPUs there are.
const REFRESH: Duration = Duration::from_secs(1);
/// A ring that fills is emptied sooner; order is less than loss.
const RUSH: Duration = Duration::from_millis(1);
/// After so many records their room is given back.
const BATCH: usize = 1024;

/// Tracepoints that are being read. Dropped, they are closed and their rings unmapped.
///
/// Privileges: `CAP_PERFMON` in [`Reader::open`], or a `perf_event_paranoid` of -1; none
/// afterwards. A reader that is too slow loses records: [`Item::Lost`] stands in their place.
#[derive(Debug)]
pub struct Reader {
    lanes: Lanes,
    merge: Merge,
    hold: Duration,
    wake: Wake,
    own_pid: Option<u32>,
    /// What lies around the end of a ring is put together here.
    copy: Vec<u8>,
    late: u64,
    malformed: u64,
    drained: bool,
}

impl Reader {
    /// Opens the tracepoints on every CPU; when it returns, nothing is missed any more.
    ///
    /// The first event of a tracepoint takes the kernel some 30 ms.
    ///
    /// # Errors
    ///
    /// [`Error::Tracepoint`] with the reason; [`Error::RingSize`]. Nothing stays open then.
    pub fn open(requests: &[Request], options: &Options) -> Result<Self, Error> {
        Self::open_with(requests, options, &mut |_| {})
    }

    /// Opens the requests, and tells how many of them are open after each.
    ///
    /// # Errors
    ///
    /// As [`Reader::open`].
    pub fn open_with(
        requests: &[Request],
        options: &Options,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Self, Error> {
        Ok(Self {
            lanes: Lanes::open(requests, options, progress)?,
            merge: Merge::default(),
            hold: options.hold,
            wake: options.wake,
            own_pid: options.without_self.then(std::process::id),
            copy: Vec::new(),
            late: 0,
            malformed: 0,
            drained: false,
        })
    }

    /// Hands on what is there and old enough, `limit` records at most, in the order of time; says
    /// how many items that were. Does not block.
    ///
    /// # Errors
    ///
    /// [`Error::System`]; [`Error::Tracepoint`] when a CPU that came cannot be read.
    pub fn drain(&mut self, limit: usize, each: &mut dyn FnMut(Item<'_>)) -> Result<usize, Error> {
        let mut told = 0;
        if self.merge.is_over() {
            told = self.begin(self.hold, each)?;
        }
        Ok(told + self.hand_out(limit, each))
    }

    /// Hands on all that has happened up to now, hold or not: before a question is answered.
    ///
    /// # Errors
    ///
    /// As [`Reader::drain`].
    pub fn settle(&mut self, each: &mut dyn FnMut(Item<'_>)) -> Result<usize, Error> {
        let mut told = self.hand_out(usize::MAX, each);
        told += self.begin(Duration::ZERO, each)?;
        told += self.hand_out(usize::MAX, each);
        Ok(told)
    }

    /// Ends production, on every CPU when it returns. What was produced can still be drained.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub fn stop(&mut self) -> Result<(), Error> {
        self.lanes.stop()
    }

    /// Ends it all: hands on what is left, every loss included, and says what became of it.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub fn finish(&mut self, each: &mut dyn FnMut(Item<'_>)) -> Result<Totals, Error> {
        self.stop()?;
        self.settle(each)?;
        self.drained = true;
        let now_ns = now_ns()?;
        for lane in self.lanes.all() {
            lane.tell_rest(now_ns, each).map_err(unread)?;
        }
        self.totals()
    }

    /// Ends it without a look back: nothing is produced nor mapped any more when it returns. What
    /// is returned are the events: the kernel takes its time to close them.
    pub(crate) fn into_events(self) -> Result<Vec<OwnedFd>, Error> {
        self.lanes.stop()?;
        Ok(self.lanes.into_events())
    }

    /// How long to wait on the descriptor before the next [`Reader::drain`].
    pub fn patience(&self) -> Wait {
        if !self.merge.is_over() {
            return Wait::AtMost(Duration::ZERO);
        }
        let waiting = self.lanes.oldest_ns().is_some();
        match self.wake {
            Wake::Each if !waiting => Wait::AtMost(REFRESH),
            Wake::Each | Wake::Half => Wait::AtMost(FLUSH),
        }
    }

    /// Waits until there may be something to drain, `most` at most. A signal ends the wait early.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub fn wait(&mut self, most: Option<Duration>) -> Result<(), Error> {
        let Wait::AtMost(time) = self.patience() else { return Ok(()) };
        self.lanes.wait(most.map_or(time, |most| most.min(time)))
    }

    /// What found no room so far: exact, by event and CPU, those left out that lost nothing. On
    /// kernels before 6.0, known only after [`Reader::finish`].
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub fn lost(&self) -> Result<Vec<Lost>, Error> {
        let accounts = self.accounts()?.into_iter();
        let lost = accounts.map(|Account { request, cpu, lost, .. }| Lost {
            request,
            cpu,
            count: lost.unwrap_or(0),
        });
        Ok(lost.filter(|lost| lost.count > 0).collect())
    }

    /// What became of all records so far. Until [`Reader::finish`], some are still in the rings.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub fn totals(&self) -> Result<Totals, Error> {
        let mut totals = Totals { malformed: self.malformed, ..Totals::default() };
        totals.delivered = self.malformed;
        for account in self.accounts()? {
            totals.produced += account.produced;
            totals.delivered += account.delivered;
            totals.lost += account.lost.unwrap_or(0);
        }
        Ok(totals)
    }

    /// How many samples came later than younger ones; see [`Sample::late_ns`].
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Bytes of each CPU's ring, which may be less than was asked for.
    pub fn ring(&self) -> usize {
        self.lanes.ring()
    }

    /// The CPUs that it reads, ascending but for those that came later.
    pub fn cpus(&self) -> impl Iterator<Item = u32> {
        self.lanes.iter().map(|lane| lane.cpu)
    }

    /// Whether all whom it watches have ended, as of the last second. Never so for the whole
    /// machine.
    pub fn is_over(&self) -> bool {
        self.lanes.is_over()
    }

    fn accounts(&self) -> Result<Vec<Account>, Error> {
        let accounts = self.lanes.accounts()?;
        if self.drained {
            return Ok(accounts.into_iter().map(Account::of_drained).collect());
        }
        Ok(accounts)
    }

    /// Begins a round; what is told by then are losses that no record tells of.
    fn begin(&mut self, hold: Duration, each: &mut dyn FnMut(Item<'_>)) -> Result<usize, Error> {
        self.lanes.sweep()?;
        // Before the rings are looked at: what is older than this is there, or held up.
        let now_ns = now_ns()?;
        self.lanes.refresh(now_ns)?;
        for lane in self.lanes.all() {
            self.malformed += lane.take_in();
        }
        // What is still to be told in this round may be older than now.
        let place_ns = self.merge.reached_ns().or(self.lanes.oldest_ns()).unwrap_or(now_ns);
        let told = self.tell_silent_losses(place_ns, each)?;
        let pressed = self.lanes.iter().any(Lane::is_pressed);
        let hold = if pressed { hold.min(RUSH) } else { hold };
        let before_ns = (now_ns + 1).saturating_sub(nanoseconds(hold));
        self.merge.begin(self.lanes.iter().map(Lane::oldest_ns), before_ns);
        Ok(told)
    }

    fn hand_out(&mut self, limit: usize, each: &mut dyn FnMut(Item<'_>)) -> usize {
        let mut left = limit;
        let mut told = 0;
        while left > 0 && !self.merge.is_over() {
            let batch = left.min(BATCH);
            told += self.hand_out_batch(batch, each);
            left -= batch;
            for lane in self.lanes.all() {
                lane.release();
            }
        }
        told
    }

    fn hand_out_batch(&mut self, limit: usize, each: &mut dyn FnMut(Item<'_>)) -> usize {
        let Self { lanes, merge, copy, own_pid, late, malformed, .. } = self;
        let lanes = lanes.all();
        let mut told = 0;
        for _ in 0..limit {
            let next = merge.next(|index| lanes.get_mut(index).map(|lane| &mut lane.queue));
            let Some(next) = next else { break };
            let Some(lane) = lanes.get_mut(next.queue) else { break };
            match lane.hand_on(&next, copy, *own_pid, each) {
                Handed::On => told += 1,
                Handed::Late => {
                    told += 1;
                    *late += 1;
                }
                Handed::Nothing => {}
                Handed::Malformed => *malformed += 1,
            }
        }
        told
    }

    /// A ring that was full and is empty now has lost something, perhaps, and no record may come
    /// to tell of it.
    fn tell_silent_losses(
        &mut self,
        place_ns: u64,
        each: &mut dyn FnMut(Item<'_>),
    ) -> Result<usize, Error> {
        let mut told = 0;
        for lane in self.lanes.all().iter_mut().filter(|lane| lane.may_have_lost()) {
            let mut counted = |item: Item<'_>| {
                told += 1;
                each(item);
            };
            lane.tell_counted(place_ns, &mut counted).map_err(unread)?;
        }
        Ok(told)
    }
}

fn unread(errno: Errno) -> Error {
    Error::system("cannot read the counters of an event")(errno)
}

/// The clock of the records.
fn now_ns() -> Result<u64, Error> {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC);
    Ok(nanoseconds(time.map_err(Error::system("cannot read the clock"))?.into()))
}

impl AsFd for Reader {
    /// Readable when there is something to drain; see [`Wake`].
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.lanes.as_fd()
    }
}
