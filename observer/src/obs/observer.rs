//! Tracepoints for programs: add them by name, open, read one event after the other, close.
//!
//! The job and the names of the Go package obs. What is different: events come in the order of
//! time, losses are events, an unknown field is an error, and so is reading what was closed.
//!
//! ```no_run
//! # fn main() -> Result<(), observer::Error> {
//! use observer::tracepoint::{Event, Observer};
//!
//! let mut observer = Observer::new();
//! observer.add_tracepoint("sched:sched_process_exec")?;
//! observer.open()?;
//! loop {
//!     if let Event::Tracepoint(exec) = observer.read_event()? {
//!         println!("{} {}", exec.get_int("pid")?, exec.get_string("filename")?);
//!     }
//! }
//! # }
//! ```

use std::{
    collections::VecDeque,
    os::fd::{AsFd as _, OwnedFd},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use super::{Event, EventSource};
use crate::{
    Error,
    doorbell::Doorbell,
    pace::{Totals, Wait, wait_for},
    tracepoint::{
        Fault, Format, Name, Tracefs,
        reader::{Options, Reader, Request},
    },
};

/// A set of tracepoints, read together. Dropped, it is closed.
///
/// Privileges: those of [`Tracefs::open`] in [`Observer::add_tracepoint`] and those of
/// [`Reader::open`] in [`Observer::open`]; none afterwards. Who reads too slowly loses events:
/// [`Event::Lost`] stands in their place.
///
/// After [`Observer::open`] everything works by `&self`: threads may share it, each event goes to
/// one of them, and any of them may close it.
#[derive(Debug, Default)]
pub struct Observer {
    options: Options,
    tracefs: Option<Tracefs>,
    formats: Vec<Arc<Format>>,
    opened: Option<Opened>,
    closed: AtomicBool,
}

#[derive(Debug)]
struct Opened {
    /// `None` once it is closed.
    reading: Mutex<Option<Reading>>,
    /// Readable when the reader has something to do.
    readable: OwnedFd,
    /// Rings when it is closed.
    bell: Doorbell,
    /// Closes the events.
    closing: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Reading {
    reader: Reader,
    ready: VecDeque<Event>,
}

/// Events taken out of the rings in one go.
const STEP: usize = 1024;

impl Observer {
    /// An observer of nothing yet. Events of this very process are left out.
    pub fn new() -> Self {
        Self::default()
    }

    /// An observer of nothing yet, with rings, scope and so on as wanted.
    pub fn with_options(options: Options) -> Self {
        let mut observer = Self::default();
        observer.options = options;
        observer
    }

    /// Adds a tracepoint, `sched:sched_process_exec` for example; `sched/sched_process_exec` will
    /// do. What it returns tells its events from those of others.
    ///
    /// # Errors
    ///
    /// [`Error::Tracepoint`]: no such tracepoint, tracefs cannot be read, [`Fault::AlreadyOpen`]
    /// after [`Observer::open`].
    pub fn add_tracepoint(&mut self, name: &str) -> Result<EventSource, Error> {
        self.check_not_opened()?;
        let name: Name = name.parse()?;
        let tracefs = match self.tracefs.take() {
            Some(tracefs) => tracefs,
            None => Tracefs::open()?,
        };
        let format = tracefs.format(&name);
        self.tracefs = Some(tracefs);
        self.formats.push(Arc::new(format?));
        Ok(EventSource::new(self.formats.len() - 1))
    }

    /// Begins. When it returns, nothing is missed any more. Takes the kernel some 30 ms for each
    /// tracepoint.
    ///
    /// # Errors
    ///
    /// [`Error::Tracepoint`] with the reason; nothing is open then, and it may be tried again.
    /// [`Error::System`].
    pub fn open(&mut self) -> Result<(), Error> {
        self.check_not_opened()?;
        let requests: Vec<_> = self.formats.iter().map(|format| request(format)).collect();
        let reader = Reader::open(&requests, &self.options)?;
        let readable = reader.as_fd().try_clone_to_owned();
        let failed = |source| Error::System { what: "cannot make a descriptor to wait on", source };
        let readable = readable.map_err(failed)?;
        let bell = Doorbell::hang()?;
        let reading = Mutex::new(Some(Reading { reader, ready: VecDeque::new() }));
        self.opened = Some(Opened { reading, readable, bell, closing: Mutex::new(None) });
        // The formats are known; tracefs is not needed any more.
        self.tracefs = None;
        Ok(())
    }

    /// The next event. Blocks until there is one, or until the observer is closed.
    ///
    /// # Errors
    ///
    /// [`Fault::NotOpen`] before [`Observer::open`], [`Fault::Closed`] after [`Observer::close`];
    /// [`Error::System`] when the rings cannot be read any more.
    pub fn read_event(&self) -> Result<Event, Error> {
        loop {
            let wait = match self.try_read()? {
                Step::Event(event) => return Ok(event),
                Step::Wait(wait) => wait,
            };
            let opened = self.opened()?;
            wait_for(&[opened.readable.as_fd(), opened.bell.as_fd()], wait)?;
        }
    }

    /// An event that is there, or how long to wait on [`Observer::readable`] before the next try.
    pub(super) fn try_read(&self) -> Result<Step, Error> {
        let mut reading = self.opened()?.lock();
        let Some(Reading { reader, ready }) = reading.as_mut() else {
            return Err(Fault::Closed.into());
        };
        if ready.is_empty() {
            let formats = &self.formats;
            reader.drain(STEP, &mut |item| ready.extend(Event::of(item, formats)))?;
        }
        Ok(match ready.pop_front() {
            Some(event) => Step::Event(event),
            None => Step::Wait(reader.patience()),
        })
    }

    /// What became of all events so far; some may still be in the rings.
    ///
    /// # Errors
    ///
    /// As [`Observer::read_event`].
    pub fn totals(&self) -> Result<Totals, Error> {
        match self.opened()?.lock().as_ref() {
            Some(reading) => reading.reader.totals(),
            None => Err(Fault::Closed.into()),
        }
    }

    /// Ends it: nothing is produced nor mapped any more when this returns, and whoever waits in
    /// [`Observer::read_event`] gets [`Fault::Closed`]. What was not read by then is dropped.
    /// Closing again does nothing.
    ///
    /// The kernel takes some 30 ms, and more under load, to let go of each tracepoint that nobody
    /// else reads. A thread waits for that; dropping the observer waits for the thread.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let Some(opened) = &self.opened else { return };
        opened.bell.ring();
        let Some(reading) = opened.lock().take() else { return };
        let Ok(events) = reading.reader.into_events() else { return };
        let thread = thread::Builder::new().name("observer-close".to_owned());
        // Without a thread they are closed right here.
        let closing = thread.spawn(move || drop(events)).ok();
        *opened.closing.lock().unwrap_or_else(PoisonError::into_inner) = closing;
    }

    /// Readable when [`Observer::try_read`] may have something.
    #[cfg(feature = "tokio")]
    pub(super) fn readable(&self) -> Result<std::os::fd::BorrowedFd<'_>, Error> {
        Ok(self.opened()?.readable.as_fd())
    }

    fn opened(&self) -> Result<&Opened, Error> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Fault::Closed.into());
        }
        Ok(self.opened.as_ref().ok_or(Fault::NotOpen)?)
    }

    fn check_not_opened(&self) -> Result<(), Fault> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Fault::Closed);
        }
        if self.opened.is_some() { Err(Fault::AlreadyOpen) } else { Ok(()) }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.close();
        let closing = self.opened.as_mut().map(|opened| &mut opened.closing);
        let closing =
            closing.map(|closing| closing.get_mut().unwrap_or_else(PoisonError::into_inner));
        if let Some(thread) = closing.and_then(Option::take) {
            // It only closes; there is nothing to hear from it.
            let _closed = thread.join();
        }
    }
}

/// What a try to read came to.
pub(super) enum Step {
    Event(Event),
    Wait(Wait),
}

impl Opened {
    /// A reader that has panicked leaves no event half done.
    fn lock(&self) -> MutexGuard<'_, Option<Reading>> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn request(format: &Format) -> Request {
    Request { id: format.id, filter: None, name: format.name.clone() }
}
