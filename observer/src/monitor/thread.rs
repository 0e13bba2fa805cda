//! The thread that drives an engine and answers questions.

use std::{
    os::fd::AsFd as _,
    sync::{Arc, mpsc},
    thread::JoinHandle,
};

use super::{Statistics, hub::Hub};
use crate::{
    Error,
    census::ArgumentsOf,
    doorbell::Doorbell,
    engine::{Engine, Look},
    event::ProcessKey,
    facts::Facts,
    field::Instant,
    machine::WallClock,
    pace::wait_for,
    snapshot::{Parts, Snapshot, Token},
    source::{AnySource, Source as _},
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
    /// To end.
    End,
}

/// Takes an answer to whoever asked.
pub(super) type Give<T> = Box<dyn FnOnce(Result<T, Error>) + Send>;

pub(super) struct Worker {
    pub(super) engine: Engine<AnySource>,
    pub(super) hub: Arc<Hub>,
    pub(super) bell: Arc<Doorbell>,
    pub(super) requests: mpsc::Receiver<Request>,
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
            let hub = &self.hub;
            let wait = self.engine.step(&mut |change| hub.gather(change))?;
            self.hub.publish();
            loop {
                match self.requests.try_recv() {
                    Ok(Request::Snapshot { details, give }) => give(self.snapshot(details)),
                    Ok(Request::Statistics { give }) => give(self.statistics()),
                    Ok(Request::Overhear { key, give }) => give(self.engine.overhear(key)),
                    Ok(Request::StopOverhearing { key, give }) => {
                        give(self.engine.stop_overhearing(key));
                    }
                    Ok(Request::End) | Err(mpsc::TryRecvError::Disconnected) => return Ok(()),
                    Err(mpsc::TryRecvError::Empty) => break,
                }
            }
            wait_for(&[self.engine.as_fd(), self.bell.as_fd()], wait)?;
            self.bell.silence();
        }
    }

    fn snapshot(&mut self, wanted: Option<(Facts, ArgumentsOf)>) -> Result<Snapshot, Error> {
        let hub = &self.hub;
        let look = self.engine.look(wanted, &mut |change| hub.gather(change))?;
        let Look { entries, details, boot_ns, lost, complete } = look;
        let machine = Arc::clone(self.engine.machine());
        let token = Token {
            boot_id: machine.boot_id.clone(),
            epoch: hub.epoch(),
            seq: hub.publish(),
            lost,
            complete,
        };
        let now = Instant { boot_ns, unix_ns: WallClock::read()?.unix_ns(boot_ns) };
        let origin = self.engine.source().origin();
        Ok(Snapshot::new(Parts { token, now, machine, origin, entries, details }))
    }

    fn statistics(&self) -> Result<Statistics, Error> {
        Ok(Statistics {
            totals: self.engine.totals()?,
            changes: self.hub.publish(),
            repairs: self.engine.repairs(),
            processes: self.engine.table().len(),
        })
    }
}
