//! A live table in a thread of its own: snapshots that cost microseconds, and the stream of what
//! changes.
//!
//! ```no_run
//! # fn main() -> Result<(), observer::Error> {
//! use observer::{Monitor, snapshot::Freshness};
//!
//! let monitor = Monitor::builder().start()?;
//! let snapshot = monitor.snapshot(Freshness::Table)?;
//! println!("{} processes", snapshot.processes().len());
//! for told in monitor.subscribe_from(snapshot.token())? {
//!     println!("{:?}", told?);
//! }
//! # Ok(())
//! # }
//! ```

mod hub;
mod joined;
mod subscription;
mod thread;

use std::{
    sync::{Arc, Mutex, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use self::subscription::ended;
use self::{
    hub::Hub,
    thread::{Give, Request, Worker},
};
pub use self::{
    joined::Joined,
    subscription::{Subscription, Told, Update},
};
#[cfg(feature = "ebpf")]
use crate::source::bpf::Object;
use crate::{
    Error,
    census::ArgumentsOf,
    doorbell::Doorbell,
    engine::Settings,
    event::{Kind, ProcessKey},
    facts::Facts,
    follow::Follower,
    live,
    machine::boot_ns,
    origin::Origin,
    pace::Totals,
    snapshot::{Freshness, Snapshot, Token},
    source::{Backend, Options, RingSize},
};

/// A live table of all processes, kept current in a thread of its own.
///
/// It needs Linux 5.18 or later with BTF, and `CAP_BPF` and `CAP_PERFMON` (or root) in
/// [`Builder::start`]. Afterwards it needs no privileges, except `CAP_SYS_PTRACE` to read what no
/// event reports about processes that were there before. Without these, the table is kept current
/// by tracepoints and /proc, or by /proc alone, and knows less: see [`Monitor::origin`].
///
/// After a loss the table repairs itself from the kernel's own list within milliseconds. Changes
/// that it inferred are marked, and a [`What::Repair`](crate::event::What::Repair) says how many
/// they were.
///
/// Dropping the monitor ends the thread, within 100 ms.
#[derive(Debug)]
pub struct Monitor {
    requests: mpsc::Sender<Request>,
    bell: Arc<Doorbell>,
    hub: Arc<Hub>,
    origin: Origin,
    refused: Vec<(Origin, Error)>,
    thread: Option<JoinHandle<()>>,
}

/// Settings for a monitor that is to be started.
#[derive(Clone, Debug)]
pub struct Builder {
    settings: Settings,
    source: Options,
    history: usize,
    backlog: usize,
}

/// What a monitor has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// What became of the kernel's events.
    pub totals: Totals,
    /// How many changes there were.
    pub changes: u64,
    /// How often the table was repaired after a loss.
    pub repairs: u64,
    /// How many running processes and zombies there are.
    pub processes: usize,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            source: Options::for_a_table(),
            history: 16 << 10,
            backlog: 64 << 10,
        }
    }
}

impl Builder {
    /// Chooses the source of events. The default is the best one that works.
    #[must_use]
    pub fn backend(mut self, backend: Backend) -> Self {
        self.source.backend = backend;
        self
    }

    /// Sets all options of the source at once. Of the kinds of event, only [`Kind::NAMESPACE`] and
    /// [`Kind::REQUEST`] can be chosen: those that the table needs are always included.
    #[must_use]
    pub fn source(mut self, options: Options) -> Self {
        let Options { mut kinds, walks, .. } = Options::for_a_table();
        let on_request = |kind: &Kind| matches!(*kind, Kind::NAMESPACE | Kind::REQUEST);
        kinds.extend(options.kinds.into_iter().filter(on_request));
        self.source = Options { kinds, walks, ..options };
        self
    }

    /// Also reports when threads enter other namespaces, as
    /// [`What::Namespaces`](crate::event::What::Namespaces). While the monitor runs, every system
    /// call on the machine takes some 25 ns longer.
    #[must_use]
    pub fn namespaces(self) -> Self {
        self.also(Kind::NAMESPACE)
    }

    /// Prepares for [`Monitor::overhear`]. System calls become no slower until that is called.
    #[must_use]
    pub fn requests(self) -> Self {
        self.also(Kind::REQUEST)
    }

    fn also(mut self, kind: Kind) -> Self {
        if !self.source.kinds.contains(&kind) {
            self.source.kinds.push(kind);
        }
        self
    }

    /// Prepares for followers that need these kinds of event, see [`Follower::kinds`]. The programs
    /// for them are loaded, but attached only while such a follower has joined.
    #[must_use]
    pub fn may_follow(mut self, kinds: &[Kind]) -> Self {
        self.source.on_demand.extend(kinds);
        self
    }

    /// Sets the size of the ring buffer between the kernel and the table.
    #[must_use]
    pub fn ring(mut self, ring: RingSize) -> Self {
        self.source.ring = ring;
        self
    }

    /// Keeps at most so many bytes of each process's arguments. The default is to keep all.
    #[must_use]
    pub fn args_max(mut self, bytes: u64) -> Self {
        self.source.args_max = Some(bytes);
        self
    }

    /// Sets how long processes are remembered after they were reaped. The default is 5 s.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.settings.grace = grace;
        self
    }

    /// Sets how often the table is compared with the kernel's own list even if nothing was lost.
    /// The default is 30 s.
    #[must_use]
    pub fn check_every(mut self, interval: Duration) -> Self {
        self.settings.check_every = interval;
        self
    }

    /// Sets how many changes are kept for [`Monitor::subscribe_from`]. Each takes about half a KiB,
    /// plus its arguments. The default is 16,384.
    #[must_use]
    pub fn history(mut self, changes: usize) -> Self {
        self.history = changes;
        self
    }

    /// Sets how many changes can wait for a slow subscriber before it misses some, which it then
    /// learns. The default is 65,536.
    #[must_use]
    pub fn backlog(mut self, changes: usize) -> Self {
        self.backlog = changes;
        self
    }

    /// Loads other eBPF programs than the built-in ones (for development).
    #[cfg(feature = "ebpf")]
    #[must_use]
    pub fn object(mut self, object: Object) -> Self {
        self.source.object = object;
        self
    }

    /// Starts to observe. When it returns, every process is in the table, and no later event is
    /// missed.
    ///
    /// # Errors
    ///
    /// As [`live::attach`]; [`Error::System`] where /proc is not mounted.
    pub fn start(self) -> Result<Monitor, Error> {
        let attached = live::attach(&self.source)?;
        let mut live = attached.with_a_table(self.settings, &mut [], &mut |_| {})?;
        let (origin, refused) = (live.origin(), live.take_refused());
        let hub = Arc::new(Hub::new(boot_ns()?, self.history, self.backlog));
        let bell = Arc::new(Doorbell::hang()?);
        let (sender, receiver) = mpsc::channel();
        let worker = Worker {
            live,
            hub: Arc::clone(&hub),
            bell: Arc::clone(&bell),
            requests: receiver,
            followers: Vec::new(),
        };
        let thread = worker.spawn()?;
        Ok(Monitor { requests: sender, bell, hub, origin, refused, thread: Some(thread) })
    }
}

impl Monitor {
    /// The settings for a monitor, to be changed before it starts.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Which kind of source keeps the table current.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The better sources that do not work here, each with the reason.
    pub fn refused(&self) -> &[(Origin, Error)] {
        &self.refused
    }

    /// Takes a snapshot of all processes, as fresh as asked for. [`Freshness::Table`] takes
    /// microseconds, the others wait for a walk over the kernel's list. Without eBPF, a listing of
    /// /proc takes the place of that walk; with [`Backend::Proc`], every snapshot takes one.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when the source cannot be read any more.
    pub fn snapshot(&self, freshness: Freshness) -> Result<Snapshot, Error> {
        self.take(details(freshness, Facts::ALL))
    }

    /// Takes a snapshot of all processes, as fresh as these facts require and no fresher.
    ///
    /// # Errors
    ///
    /// As [`Monitor::snapshot`].
    pub fn snapshot_for(&self, wanted: Facts) -> Result<Snapshot, Error> {
        self.take(details(self.sufficient_for(wanted), wanted))
    }

    /// As [`Monitor::snapshot_for`], with the arguments of each process's exec, which cost nothing
    /// and show no title that a program has given itself since.
    ///
    /// # Errors
    ///
    /// As [`Monitor::snapshot`].
    pub fn snapshot_with_exec_arguments(&self, wanted: Facts) -> Result<Snapshot, Error> {
        let freshness = self.sufficient_for(wanted.without(Facts::ARGUMENTS));
        self.take(details(freshness, wanted))
    }

    /// Sources other than eBPF may know less about some processes, where /proc was asked too late.
    fn sufficient_for(&self, wanted: Facts) -> Freshness {
        const IN_TIME: Facts = Facts::PIDS.and(Facts::CGROUP);
        match Freshness::sufficient_for(wanted) {
            Freshness::Table if self.origin != Origin::Bpf && wanted.have(IN_TIME) => {
                Freshness::Refreshed
            }
            freshness => freshness,
        }
    }

    fn take(&self, details: Option<(Facts, ArgumentsOf)>) -> Result<Snapshot, Error> {
        self.answer_to(|give| Request::Snapshot { details, give })
    }

    /// As [`Monitor::snapshot`], for asynchronous code: the thread that polls does not wait.
    ///
    /// # Errors
    ///
    /// As [`Monitor::snapshot`].
    #[cfg(feature = "tokio")]
    pub async fn snapshot_async(&self, freshness: Freshness) -> Result<Snapshot, Error> {
        let details = details(freshness, Facts::ALL);
        let (reply, answer) = tokio::sync::oneshot::channel();
        let give = move |snapshot| {
            let _gone = reply.send(snapshot);
        };
        self.ask(Request::Snapshot { details, give: Box::new(give) })?;
        answer.await.map_err(|_ended| ended())?
    }

    /// Subscribes to every change from now on.
    pub fn subscribe(&self) -> Subscription {
        self.hub.subscribe()
    }

    /// Subscribes to every change since a snapshot, without gaps or duplicates.
    ///
    /// # Errors
    ///
    /// [`Error::StaleToken`] when the token belongs to another monitor or boot, or is so old that
    /// the changes since then are no longer kept: take a new snapshot.
    pub fn subscribe_from(&self, token: &Token) -> Result<Subscription, Error> {
        self.hub.subscribe_from(token)
    }

    /// Lets a follower take in every change from now on, in the monitor's thread. When this
    /// returns, the kinds of event that it needs are attached, if the monitor was built with
    /// [`Builder::may_follow`].
    ///
    /// # Errors
    ///
    /// [`Error::System`] when the thread has ended, or the kernel refuses to attach a program.
    pub fn join<F: Follower + Send + 'static>(&self, follower: F) -> Result<Joined<F>, Error> {
        let follower = Arc::new(Mutex::new(follower));
        let weak = Arc::downgrade(&follower);
        self.answer_to(|give| Request::Join { follower: weak, give })?;
        Ok(Joined::new(follower, Arc::clone(&self.bell)))
    }

    /// What the monitor has done so far.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when the thread has ended.
    pub fn statistics(&self) -> Result<Statistics, Error> {
        self.answer_to(|give| Request::Statistics { give })
    }

    /// Reports from now on what this process writes to unix sockets that others listen on, each as
    /// a [`What::Request`](crate::event::What::Request), until the process ends or
    /// [`Monitor::stop_overhearing`] is called. Returns whether that is possible: it takes eBPF and
    /// [`Builder::requests`]. See [`Overhears`](crate::source::Overhears) for what is reported,
    /// what it costs, and which privileges it needs.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when the thread has ended, or the kernel refuses.
    pub fn overhear(&self, key: ProcessKey) -> Result<bool, Error> {
        self.answer_to(|give| Request::Overhear { key, give })
    }

    /// Ends what [`Monitor::overhear`] began, if it did. What was written before may still be
    /// reported.
    ///
    /// # Errors
    ///
    /// As [`Monitor::overhear`].
    pub fn stop_overhearing(&self, key: ProcessKey) -> Result<(), Error> {
        self.answer_to(|give| Request::StopOverhearing { key, give })
    }

    /// Asks the thread, and waits for what it says.
    fn answer_to<T: Send + 'static>(
        &self,
        question: impl FnOnce(Give<T>) -> Request,
    ) -> Result<T, Error> {
        let (reply, answer) = mpsc::sync_channel(1);
        let give = move |answer| {
            // Whoever asked may have gone.
            let _gone = reply.send(answer);
        };
        self.ask(question(Box::new(give)))?;
        answer.recv().map_err(|_ended| ended())?
    }

    fn ask(&self, request: Request) -> Result<(), Error> {
        self.requests.send(request).map_err(|_ended| ended())?;
        self.bell.ring();
        Ok(())
    }
}

/// What a walk is to tell beyond the table.
fn details(freshness: Freshness, wanted: Facts) -> Option<(Facts, ArgumentsOf)> {
    match freshness {
        Freshness::Table => None,
        Freshness::Refreshed => Some((wanted, ArgumentsOf::Exec)),
        Freshness::Reread => Some((wanted, ArgumentsOf::Memory)),
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        let _ended = self.ask(Request::End);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been told where it happened.
            let _panicked = thread.join();
        }
    }
}
