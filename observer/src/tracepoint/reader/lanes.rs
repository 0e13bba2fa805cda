//! The CPUs that are read, each with its ring and its events. They come and go.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use super::{
    Options, REFRESH, Request, Scope, Wake,
    lane::{Account, Lane},
    nanoseconds, now_ns,
    opening::{Opened, Opening},
    rings, unread,
    watch::Watch,
};
use crate::{
    Error,
    sys::perf::{self, Wakeup},
    tracepoint::cpus,
};

#[derive(Debug)]
pub(super) struct Lanes {
    // Before the lanes, whose descriptors it watches.
    watch: Watch,
    all: Vec<Lane>,
    requests: Vec<Request>,
    options: Options,
    counts_losses: bool,
    /// Of CPUs that have left.
    gone: Vec<Account>,
    next_refresh_ns: u64,
}

impl Lanes {
    /// Opens everything on every CPU that is online, and begins.
    pub(super) fn open(
        requests: &[Request],
        options: &Options,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Self, Error> {
        let mut lanes = Self {
            watch: Watch::new()?,
            all: Vec::new(),
            requests: requests.to_vec(),
            options: options.clone(),
            counts_losses: true,
            gone: Vec::new(),
            next_refresh_ns: now_ns()? + nanoseconds(REFRESH),
        };
        lanes.add(&cpus::online()?, options.ring, progress)?;
        Ok(lanes)
    }

    fn add(
        &mut self,
        cpus: &[u32],
        ring: usize,
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), Error> {
        let wakeup = match self.options.wake {
            Wake::Each => Wakeup::Each,
            Wake::Half => Wakeup::Half,
        };
        let mut opening = Opening {
            requests: &self.requests,
            scope: &self.options.scope,
            sampling: Some(wakeup),
            counts_losses: self.counts_losses,
        };
        let opened = opening.open(cpus, progress)?;
        self.counts_losses = opening.counts_losses;
        for lane in by_cpu(opened, ring)? {
            for event in lane.fds() {
                perf::enable(event).map_err(Error::system("cannot begin to read an event"))?;
            }
            self.watch.add(&lane)?;
            self.all.push(lane);
        }
        Ok(())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Lane> {
        self.all.iter()
    }

    /// In the order in which a merge numbers them.
    pub(super) fn all(&mut self) -> &mut [Lane] {
        &mut self.all
    }

    /// The time of the oldest record that waits.
    pub(super) fn oldest_ns(&self) -> Option<u64> {
        self.all.iter().filter_map(Lane::oldest_ns).min()
    }

    /// Bytes of each ring.
    pub(super) fn ring(&self) -> usize {
        self.all.first().map_or(self.options.ring, |lane| lane.ring.bytes())
    }

    /// Of all CPUs, those that have left included.
    pub(super) fn accounts(&self) -> Result<Vec<Account>, Error> {
        let mut accounts = self.gone.clone();
        for lane in &self.all {
            accounts.extend(lane.accounts().map_err(unread)?);
        }
        Ok(accounts)
    }

    pub(super) fn stop(&self) -> Result<(), Error> {
        for event in self.all.iter().flat_map(Lane::fds) {
            perf::disable(event).map_err(Error::system("cannot stop reading an event"))?;
        }
        Ok(())
    }

    /// Unmaps the rings.
    pub(super) fn into_events(self) -> Vec<OwnedFd> {
        self.all.into_iter().flat_map(Lane::into_events).collect()
    }

    /// Waits until a ring wakes, that long at most.
    pub(super) fn wait(&self, most: Duration) -> Result<(), Error> {
        self.watch.wait(most)
    }

    /// Takes note of what woke.
    pub(super) fn sweep(&mut self) -> Result<(), Error> {
        if self.watch.sweep(&mut self.all)? {
            self.next_refresh_ns = 0;
        }
        Ok(())
    }

    pub(super) fn is_over(&self) -> bool {
        self.watch.is_over()
    }

    /// Looks which CPUs there are, now and then, and when one may have gone. What it has left behind
    /// is handed on before it is let go. Not within a round: it changes the numbers of the lanes.
    pub(super) fn refresh(&mut self, now_ns: u64) -> Result<(), Error> {
        if now_ns < self.next_refresh_ns {
            return Ok(());
        }
        self.next_refresh_ns = now_ns + nanoseconds(REFRESH);
        self.watch.look_who_lives(&self.options.scope, &self.all);
        for lane in self.all.extract_if(.., |lane| lane.is_left()) {
            let accounts = lane.accounts().map_err(unread)?;
            self.gone.extend(accounts.into_iter().map(Account::of_drained));
        }
        let online = cpus::online()?;
        // The events of a thread are over when it ends; those of a CPU when that goes.
        let of_cpus = !matches!(self.options.scope, Scope::Process(_));
        for lane in &mut self.all {
            lane.leaving |= !online.contains(&lane.cpu) || of_cpus && lane.hung_up;
        }
        let known = |cpu: &u32| self.all.iter().any(|lane| lane.cpu == *cpu);
        let come: Vec<u32> = online.into_iter().filter(|cpu| !known(cpu)).collect();
        if come.is_empty() {
            return Ok(());
        }
        self.add(&come, self.ring(), &mut |_| {})
    }
}

/// Events by CPU, each CPU with its ring.
fn by_cpu(mut opened: Vec<Opened>, bytes: usize) -> Result<Vec<Lane>, Error> {
    // Stable: the first event of a CPU stays the first.
    opened.sort_by_key(|event| event.cpu);
    let mut groups: Vec<Vec<Opened>> = Vec::new();
    for event in opened {
        match groups.last_mut().filter(|same| same.iter().any(|other| other.cpu == event.cpu)) {
            Some(same) => same.push(event),
            None => groups.push(vec![event]),
        }
    }
    let first = groups.iter().filter_map(|events| Some(events.first()?.fd.as_fd()));
    let rings = rings::map(&first.collect::<Vec<_>>(), bytes)?;
    let mut lanes = Vec::with_capacity(rings.len());
    for (events, ring) in groups.into_iter().zip(rings) {
        let cpu = events.first().map_or(0, |event| event.cpu);
        let lane = Lane::new(cpu, ring, events);
        lanes.push(lane.map_err(Error::system("cannot lead events into one ring"))?);
    }
    Ok(lanes)
}

impl AsFd for Lanes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.watch.as_fd()
    }
}
