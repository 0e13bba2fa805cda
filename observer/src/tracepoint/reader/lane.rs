//! One CPU: its ring, the events that write there, and what became of their records.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use nix::errno::Errno;

use super::{
    Item, Sample,
    merge::Next,
    opening::Opened,
    queue::{Kind, Queue},
    record::{Body, Found, Span, find},
};
use crate::sys::{PerfRing, perf};

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) cpu: u32,
    pub(super) ring: PerfRing,
    pub(super) queue: Queue,
    /// By id; the first one has the ring.
    events: Vec<Event>,
    /// Losses told so far.
    told: u64,
    /// Losses that records have reported.
    recorded: u64,
    /// The ring was so full that something may have been lost since.
    brimmed: bool,
    /// The CPU is not online any more.
    pub(super) leaving: bool,
    /// The event that has the ring is over.
    pub(super) hung_up: bool,
}

#[derive(Debug)]
struct Event {
    id: u64,
    request: usize,
    fd: OwnedFd,
    delivered: u64,
    /// Records of this very process that were left out.
    own: u64,
    /// A record weighed more than one: the kernel's count is a sum of something else.
    weighed: bool,
}

/// What became of the records of one event on one CPU.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    pub(super) request: usize,
    pub(super) cpu: u32,
    pub(super) produced: u64,
    pub(super) delivered: u64,
    /// `None` where the kernel does not tell.
    pub(super) lost: Option<u64>,
}

impl Account {
    /// Once all is drained, what did not arrive was lost.
    pub(super) fn of_drained(self) -> Self {
        let missing = self.produced.saturating_sub(self.delivered);
        Self { lost: self.lost.or(Some(missing)), ..self }
    }
}

/// What came of one record.
pub(super) enum Handed {
    /// It was handed on.
    On,
    /// It was handed on, later than its successors.
    Late,
    /// It is nothing to tell.
    Nothing,
    /// It cannot be understood.
    Malformed,
}

/// No record is longer.
const LONGEST: u64 = 1 << 16;

impl Lane {
    /// The events of one CPU, the first of which has the ring; the others are led into it.
    pub(super) fn new(cpu: u32, ring: PerfRing, opened: Vec<Opened>) -> Result<Self, Errno> {
        let mut events = Vec::with_capacity(opened.len());
        for Opened { request, fd, .. } in opened {
            let id = perf::id(fd.as_fd())?;
            events.push(Event { id, request, fd, delivered: 0, own: 0, weighed: false });
        }
        if let Some((first, others)) = events.split_first() {
            for event in others {
                perf::set_output(event.fd.as_fd(), first.fd.as_fd())?;
            }
        }
        // The kernel numbers them as it opens them, so the first one stays the first.
        events.sort_unstable_by_key(|event| event.id);
        let queue = Queue::default();
        Ok(Self {
            cpu,
            ring,
            queue,
            events,
            told: 0,
            recorded: 0,
            brimmed: false,
            leaving: false,
            hung_up: false,
        })
    }

    /// Readable when the ring has enough to be read; hung up when its event is over.
    pub(super) fn lead(&self) -> Option<BorrowedFd<'_>> {
        self.events.first().map(|event| event.fd.as_fd())
    }

    pub(super) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.events.iter().map(|event| event.fd.as_fd())
    }

    /// Unmaps the ring.
    pub(super) fn into_events(self) -> impl Iterator<Item = OwnedFd> {
        self.events.into_iter().map(|event| event.fd)
    }

    /// Takes in what the ring has got; says how many pieces of it are damaged.
    pub(super) fn take_in(&mut self) -> u64 {
        let head = self.ring.look();
        let waiting = self.ring.waiting();
        self.brimmed |= waiting > 0 && waiting + LONGEST > self.ring.bytes() as u64;
        self.queue.take_in(Span::new(self.ring.between(self.queue.seen(), head)))
    }

    /// The time of the oldest record that waits.
    pub(super) fn oldest_ns(&self) -> Option<u64> {
        self.queue.front().map(|entry| entry.time_ns)
    }

    /// Whether it is so full that there is no time to lose.
    pub(super) fn is_pressed(&self) -> bool {
        self.ring.waiting() > self.ring.bytes() as u64 / 4
    }

    /// Whether its CPU has gone and all that it left behind was handed on.
    pub(super) fn is_left(&self) -> bool {
        self.leaving && self.queue.front().is_none()
    }

    /// Gives back the room of all that was handed on.
    pub(super) fn release(&mut self) {
        self.ring.release(self.queue.done());
    }

    /// Hands on the record whose turn it is.
    pub(super) fn hand_on(
        &mut self,
        next: &Next,
        copy: &mut Vec<u8>,
        own_pid: Option<u32>,
        each: &mut dyn FnMut(Item<'_>),
    ) -> Handed {
        let Self { ring, events, .. } = self;
        let position = next.entry.position;
        let record = Span::new(ring.between(position, position + u64::from(next.entry.length)));
        if next.entry.kind == Kind::Loss {
            let Some(Found::Lost { count, .. }) = find(record, 0) else { return Handed::Malformed };
            return self.hand_on_loss(count, next.time_ns, each);
        }
        let Some(body) = Body::of(record.whole(copy)) else { return Handed::Malformed };
        let event = events.binary_search_by_key(&body.id, |event| event.id).ok();
        let Some(event) = event.and_then(|index| events.get_mut(index)) else {
            return Handed::Malformed;
        };
        event.weighed |= body.weight != 1;
        if own_pid == Some(body.pid) {
            event.own += 1;
            return Handed::Nothing;
        }
        event.delivered += 1;
        each(Item::Sample(Sample {
            request: event.request,
            time_ns: next.time_ns,
            late_ns: next.late_ns,
            cpu: body.cpu,
            pid: body.pid,
            tid: body.tid,
            raw: body.raw,
        }));
        if next.late_ns > 0 { Handed::Late } else { Handed::On }
    }

    fn hand_on_loss(&mut self, count: u64, time_ns: u64, each: &mut dyn FnMut(Item<'_>)) -> Handed {
        self.recorded += count;
        self.tell(self.recorded, time_ns, each)
    }

    /// Tells what was lost up to now, once the ring is empty: no later record may come to do so.
    /// A kernel that does not count losses leaves it to that record, or to [`Lane::tell_rest`].
    pub(super) fn tell_counted(
        &mut self,
        time_ns: u64,
        each: &mut dyn FnMut(Item<'_>),
    ) -> Result<(), Errno> {
        self.brimmed = false;
        let lost = self.accounts()?.iter().filter_map(|account| account.lost).sum();
        self.tell(lost, time_ns, each);
        Ok(())
    }

    /// Tells what was lost and never told, once all is over and drained.
    pub(super) fn tell_rest(
        &mut self,
        time_ns: u64,
        each: &mut dyn FnMut(Item<'_>),
    ) -> Result<(), Errno> {
        let accounts = self.accounts()?.into_iter().map(Account::of_drained);
        self.tell(accounts.filter_map(|account| account.lost).sum(), time_ns, each);
        Ok(())
    }

    /// Whether nothing waits, and something may have been lost without a record to tell of it.
    pub(super) fn may_have_lost(&self) -> bool {
        self.brimmed && self.queue.front().is_none()
    }

    fn tell(&mut self, lost: u64, time_ns: u64, each: &mut dyn FnMut(Item<'_>)) -> Handed {
        let Some(count) = lost.checked_sub(self.told).filter(|count| *count > 0) else {
            return Handed::Nothing;
        };
        self.told = lost;
        each(Item::Lost { cpu: self.cpu, count, time_ns });
        Handed::On
    }

    /// What became of each event's records.
    pub(super) fn accounts(&self) -> Result<Vec<Account>, Errno> {
        let account = |event: &Event| {
            let reading = perf::read(event.fd.as_fd())?;
            Ok(Account {
                request: event.request,
                cpu: self.cpu,
                produced: if event.weighed {
                    event.delivered + reading.lost.unwrap_or(0)
                } else {
                    reading.count.saturating_sub(event.own)
                },
                delivered: event.delivered,
                lost: reading.lost,
            })
        };
        self.events.iter().map(account).collect()
    }
}
