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

/// A live table.
///
/// Minimum kernel: 5.18 with BTF. Privileges: `CAP_BPF` and `CAP_PERFMON` (or root) in
/// [`Builder::start`], none afterwards, but `CAP_SYS_PTRACE` to read what no event tells of
/// processes that were there before. Where that is not given, the table is kept by tracepoints and
/// /proc, or by /proc alone, and tells less: see [`Monitor::origin`].
///
/// After a loss the table mends itself from the kernel's own list within milliseconds; what it
/// concluded is marked, and a [`What::Repair`](crate::event::What::Repair) says how much it was.
///
/// Dropping it ends the thread, within 100 ms.
#[derive(Debug)]
pub struct Monitor {
    requests: mpsc::Sender<Request>,
    bell: Arc<Doorbell>,
    hub: Arc<Hub>,
    origin: Origin,
    refused: Vec<(Origin, Error)>,
    thread: Option<JoinHandle<()>>,
}

/// How a monitor is made.
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
    /// Changes told.
    pub changes: u64,
    /// Times that the table was mended after a loss.
    pub repairs: u64,
    /// Running processes and zombies.
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
    /// Which source; the best that works without it.
    #[must_use]
    pub fn backend(mut self, backend: Backend) -> Self {
        self.source.backend = backend;
        self
    }

    /// All options of the source at once; the kinds of record are always all that the table needs,
    /// and of [`Kind::NAMESPACE`] and [`Kind::REQUEST`] those that are among them.
    #[must_use]
    pub fn source(mut self, options: Options) -> Self {
        let Options { mut kinds, walks, .. } = Options::for_a_table();
        let on_request = |kind: &Kind| matches!(*kind, Kind::NAMESPACE | Kind::REQUEST);
        kinds.extend(options.kinds.into_iter().filter(on_request));
        self.source = Options { kinds, walks, ..options };
        self
    }

    /// Tells as well when threads get into other namespaces:
    /// [`What::Namespaces`](crate::event::What::Namespaces). Every system call of the machine takes
    /// some 25 ns longer while it runs.
    #[must_use]
    pub fn namespaces(self) -> Self {
        self.also(Kind::NAMESPACE)
    }

    /// Makes ready for [`Monitor::overhear`]. It costs no system call anything until that is called.
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

    /// Makes ready for followers that live on these kinds of event, see [`Follower::kinds`]. Their
    /// programs are loaded, and attached only while such a follower has joined.
    #[must_use]
    pub fn may_follow(mut self, kinds: &[Kind]) -> Self {
        self.source.on_demand.extend(kinds);
        self
    }

    /// Size of the ring between kernel and table.
    #[must_use]
    pub fn ring(mut self, ring: RingSize) -> Self {
        self.source.ring = ring;
        self
    }

    /// Bytes of arguments kept of one process, at most; all without it.
    #[must_use]
    pub fn args_max(mut self, bytes: u64) -> Self {
        self.source.args_max = Some(bytes);
        self
    }

    /// How long those are remembered that have ended and been waited for. 5 s without it.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.settings.grace = grace;
        self
    }

    /// How often the table is compared with the kernel's own list although nothing was lost. 30 s
    /// without it.
    #[must_use]
    pub fn check_every(mut self, interval: Duration) -> Self {
        self.settings.check_every = interval;
        self
    }

    /// So many changes are kept for [`Monitor::subscribe_from`], at about half a KiB each beside
    /// their arguments. 16,384 without it.
    #[must_use]
    pub fn history(mut self, changes: usize) -> Self {
        self.history = changes;
        self
    }

    /// So many changes wait for a slow subscriber, at most; then it misses some, and is told so.
    /// 65,536 without it.
    #[must_use]
    pub fn backlog(mut self, changes: usize) -> Self {
        self.backlog = changes;
        self
    }

    /// Loads other programs than the built-in ones; for work on them.
    #[cfg(feature = "ebpf")]
    #[must_use]
    pub fn object(mut self, object: Object) -> Self {
        self.source.object = object;
        self
    }

    /// Starts to observe. When it returns, every process is in the table and nothing is missed any
    /// more.
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
    /// What can be set.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Which kind of source keeps the table current.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Sources that would tell more, and what keeps them from working.
    pub fn refused(&self) -> &[(Origin, Error)] {
        &self.refused
    }

    /// All processes now, as fresh as asked for. Waits for the answer: microseconds for
    /// [`Freshness::Table`], a walk of the kernel's list for the others. Without eBPF a listing of
    /// /proc stands for that walk; with [`Backend::Proc`] every snapshot takes one.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when the source cannot be read any more.
    pub fn snapshot(&self, freshness: Freshness) -> Result<Snapshot, Error> {
        self.take(details(freshness, Facts::ALL))
    }

    /// All processes now, as fresh as these facts need; nothing is looked at that they do not.
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

    /// Events of other sources than eBPF leave out of some processes what /proc was asked for too
    /// late.
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

    /// Every change from here on.
    pub fn subscribe(&self) -> Subscription {
        self.hub.subscribe()
    }

    /// Every change since a snapshot, with neither gap nor duplicate.
    ///
    /// # Errors
    ///
    /// [`Error::StaleToken`] when the token is of another monitor or boot, or so old that the
    /// changes since are not kept any more: take a new snapshot.
    pub fn subscribe_from(&self, token: &Token) -> Result<Subscription, Error> {
        self.hub.subscribe_from(token)
    }

    /// Lets a follower take in every change from here on, in the monitor's thread. What it lives on is
    /// attached when this returns, if the monitor was built for it: [`Builder::may_follow`].
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

    /// What it has done so far.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when the thread has ended.
    pub fn statistics(&self) -> Result<Statistics, Error> {
        self.answer_to(|give| Request::Statistics { give })
    }

    /// From here on tells what this process writes to unix sockets that others listen on, each as a
    /// [`What::Request`](crate::event::What::Request), until it ends or
    /// [`Monitor::stop_overhearing`]. Returns whether it can: only eBPF does, and only where
    /// [`Builder::requests`] was called. See [`Overhears`](crate::source::Overhears)
    /// for what is told, what it costs, and which rights it takes.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when the thread has ended, or the kernel refuses.
    pub fn overhear(&self, key: ProcessKey) -> Result<bool, Error> {
        self.answer_to(|give| Request::Overhear { key, give })
    }

    /// Ends what [`Monitor::overhear`] began. Nothing happens if it did not. What was written before
    /// may still be told.
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
