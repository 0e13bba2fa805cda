//! A driver in a thread of its own: its sink is the hub, and it answers questions.

use std::{
    os::fd::AsFd as _,
    sync::{Arc, Mutex, PoisonError, Weak, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use super::{Statistics, hub::Hub};
use crate::{
    Error,
    census::ArgumentsOf,
    doorbell::Doorbell,
    engine::Look,
    event::ProcessKey,
    facts::Facts,
    field::Instant,
    follow::Follower,
    live::Live,
    machine::WallClock,
    pace::{Wait, wait_for},
    snapshot::{Parts, Snapshot, Token},
    table::Table,
};

/// What the thread is asked.
pub(super) enum Request {
    /// A snapshot, with these facts beyond the table's.
    Snapshot { details: Option<(Facts, ArgumentsOf)>, give: Give<Snapshot> },
    /// What it has done.
    Statistics { give: Give<Statistics> },
    /// To tell what this process writes to its servers.
    Overhear { key: ProcessKey, give: Give<bool> },
    /// To tell it no more.
    StopOverhearing { key: ProcessKey, give: Give<()> },
    /// To let this one follow the changes, until nobody holds it any more.
    Join { follower: Weak<Mutex<dyn Follower + Send>>, give: Give<()> },
    /// To end.
    End,
}

/// Takes an answer to whoever asked.
pub(super) type Give<T> = Box<dyn FnOnce(Result<T, Error>) + Send>;

pub(super) struct Worker {
    pub(super) live: Live,
    pub(super) hub: Arc<Hub>,
    pub(super) bell: Arc<Doorbell>,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) followers: Vec<Weak<Mutex<dyn Follower + Send>>>,
}

impl Worker {
    pub(super) fn spawn(mut self) -> Result<JoinHandle<()>, Error> {
        let work = move || {
            let result = self.run();
            self.hub.close(result.err());
        };
        let failed = |source| Error::System { what: "cannot start the monitor's thread", source };
        std::thread::Builder::new().name("observer".to_owned()).spawn(work).map_err(failed)
    }

    fn run(&mut self) -> Result<(), Error> {
        loop {
            let Self { live, hub, followers, .. } = self;
            let mut wait =
                with_all(followers, |all| live.step(all, &mut |change| hub.gather(change)))?;
            hub.publish();
            loop {
                match self.requests.try_recv() {
                    Ok(Request::Snapshot { details, give }) => give(self.snapshot(details)),
                    Ok(Request::Statistics { give }) => give(self.statistics()),
                    Ok(Request::Overhear { key, give }) => give(self.live.overhear(key)),
                    Ok(Request::StopOverhearing { key, give }) => {
                        give(self.live.stop_overhearing(key));
                    }
                    Ok(Request::Join { follower, give }) => {
                        give(self.join(follower));
                        // What it wishes for at once is not left waiting for an event.
                        wait = Wait::AtMost(Duration::ZERO);
                    }
                    Ok(Request::End) | Err(mpsc::TryRecvError::Disconnected) => return Ok(()),
                    Err(mpsc::TryRecvError::Empty) => break,
                }
            }
            wait_for(&[self.live.as_fd(), self.bell.as_fd()], wait)?;
            self.bell.silence();
        }
    }

    fn snapshot(&mut self, wanted: Option<(Facts, ArgumentsOf)>) -> Result<Snapshot, Error> {
        let Self { live, hub, followers, .. } = self;
        let look =
            with_all(followers, |all| live.look(wanted, all, &mut |change| hub.gather(change)))?;
        let Look { entries, details, boot_ns, lost, complete } = look;
        let machine = Arc::clone(self.live.machine());
        let token = Token {
            boot_id: machine.boot_id.clone(),
            epoch: hub.epoch(),
            seq: hub.publish(),
            lost,
            complete,
        };
        let now = Instant { boot_ns, unix_ns: WallClock::read()?.unix_ns(boot_ns) };
        let origin = self.live.origin();
        Ok(Snapshot::new(Parts { token, now, machine, origin, entries, details }))
    }

    fn statistics(&self) -> Result<Statistics, Error> {
        Ok(Statistics {
            totals: self.live.totals()?,
            changes: self.hub.publish(),
            repairs: self.live.repairs(),
            processes: self.live.table().map_or(0, Table::len),
        })
    }

    /// What it lives on is attached when this returns.
    fn join(&mut self, follower: Weak<Mutex<dyn Follower + Send>>) -> Result<(), Error> {
        let Self { live, followers, .. } = self;
        followers.push(follower);
        let attached = with_all(followers, |all| live.attach_for(all));
        if attached.is_err() {
            followers.pop();
        }
        attached
    }
}

/// Does some work with all followers that somebody still holds.
fn with_all<R>(
    followers: &mut Vec<Weak<Mutex<dyn Follower + Send>>>,
    work: impl FnOnce(&mut [&mut dyn Follower]) -> R,
) -> R {
    followers.retain(|follower| follower.strong_count() > 0);
    let held: Vec<_> = followers.iter().filter_map(Weak::upgrade).collect();
    let lock = |follower| Mutex::lock(follower).unwrap_or_else(PoisonError::into_inner);
    let mut guards: Vec<_> = held.iter().map(|follower| lock(&**follower)).collect();
    let mut all: Vec<&mut dyn Follower> =
        guards.iter_mut().map(|guard| &mut **guard as &mut dyn Follower).collect();
    work(&mut all)
}
