//! The feed for programs: events as a blocking iterator, or as a `Stream` under feature `tokio`.
//!
//! ```no_run
//! # fn main() -> Result<(), observer::Error> {
//! let mut events = observer::Events::open(&observer::source::Options::default())?;
//! loop {
//!     println!("{:?}", events.recv()?);
//! }
//! # }
//! ```

use std::{collections::VecDeque, fmt};

use crate::{
    Error, Event,
    feed::Feed,
    origin::Origin,
    pace::{Totals, Wait, wait_for},
    source::{self, AnySource, Options, Source as _},
};

/// The events asked for, from the moment of opening on, one after the other.
///
/// With eBPF every fact about every process is known; the other sources know what
/// [`EventFacts`](crate::facts::EventFacts) declares. eBPF needs `CAP_BPF` and `CAP_PERFMON` in
/// [`Events::open`], and Linux 5.18 or later with BTF; tracepoints need `CAP_PERFMON` and a
/// readable tracefs; listings of /proc need no privileges. A reader that is too slow loses events,
/// and [`What::Lost`](crate::event::What::Lost) stands in their place.
pub struct Events {
    feed: Feed<AnySource>,
    refused: Vec<(Origin, Error)>,
    ready: VecDeque<Event>,
    /// It cannot be read any more, which was told.
    failed: bool,
}

impl Events {
    /// Starts to observe. No event after its return is missed.
    ///
    /// # Errors
    ///
    /// As [`source::open`].
    pub fn open(options: &Options) -> Result<Self, Error> {
        let source::Opened { source, refused } = source::open(options)?;
        Ok(Self { feed: Feed::new(source), refused, ready: VecDeque::new(), failed: false })
    }

    /// Which kind of source the events come from.
    pub fn origin(&self) -> Origin {
        self.feed.source().origin()
    }

    /// The better sources that do not work here, each with the reason.
    pub fn refused(&self) -> &[(Origin, Error)] {
        &self.refused
    }

    /// The next event. Blocks until there is one.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when the ring cannot be read any more.
    pub fn recv(&mut self) -> Result<Event, Error> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            let wait = self.step()?;
            if self.ready.is_empty() {
                wait_for(&[self.feed.as_fd()], wait)?;
            }
        }
    }

    /// Ends the observation.
    ///
    /// # Errors
    ///
    /// As [`Feed::finish`].
    pub fn finish(self) -> Result<Totals, Error> {
        self.feed.finish(&mut |_| {})
    }

    fn step(&mut self) -> Result<Wait, Error> {
        let Self { feed, ready, .. } = self;
        feed.step(&mut |event| ready.push_back(event))
    }
}

/// Blocks for each event. Ends behind the error that keeps the ring from being read.
impl Iterator for Events {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let event = self.recv();
        self.failed = event.is_err();
        Some(event)
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("origin", &self.origin()).finish_non_exhaustive()
    }
}

#[cfg(feature = "tokio")]
pub use self::stream::EventStream;

#[cfg(feature = "tokio")]
mod stream {
    use std::{
        future::poll_fn,
        os::fd::OwnedFd,
        pin::Pin,
        task::{Context, Poll},
    };

    use futures_core::Stream;
    use tokio::{
        io::unix::AsyncFd,
        time::{Instant, Sleep, sleep_until},
    };

    use super::{Event, Events};
    use crate::{
        Error,
        pace::{Totals, Wait},
        sys,
    };

    /// The events as a stream. Runs in a tokio runtime with I/O and time enabled.
    #[derive(Debug)]
    pub struct EventStream {
        events: Events,
        readable: AsyncFd<OwnedFd>,
        timer: Pin<Box<Sleep>>,
        wait: Wait,
    }

    impl Events {
        /// Turns this into a [`Stream`] that never ends; dropping it ends the observation.
        ///
        /// # Errors
        ///
        /// [`Error::System`] outside a runtime or when it has no room for another descriptor.
        pub fn into_stream(self) -> Result<EventStream, Error> {
            let system = |source| Error::System { what: "cannot watch the ring", source };
            let fd = self.feed.as_fd().try_clone_to_owned().map_err(system)?;
            let readable = sys::watch_readable(fd).map_err(system)?;
            let timer = Box::pin(sleep_until(Instant::now()));
            Ok(EventStream { events: self, readable, timer, wait: Wait::ForEvent })
        }
    }

    impl EventStream {
        /// The next event. Giving up waiting for it loses none.
        pub async fn next(&mut self) -> Option<Result<Event, Error>> {
            poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
        }

        /// Ends the observation.
        ///
        /// # Errors
        ///
        /// As [`Feed::finish`](crate::feed::Feed::finish).
        pub fn finish(self) -> Result<Totals, Error> {
            self.events.finish()
        }

        /// Whether it is time for another step.
        fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
            if let Poll::Ready(guard) = self.readable.poll_read_ready(context) {
                let system = |source| Error::System { what: "cannot wait for events", source };
                guard.map_err(system)?.clear_ready();
                return Poll::Ready(Ok(()));
            }
            match self.wait {
                Wait::ForEvent => Poll::Pending,
                Wait::AtMost(_) => self.timer.as_mut().poll(context).map(Ok),
            }
        }
    }

    impl Stream for EventStream {
        type Item = Result<Event, Error>;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            loop {
                if let Some(event) = self.events.ready.pop_front() {
                    return Poll::Ready(Some(Ok(event)));
                }
                self.wait = self.events.step()?;
                if let Wait::AtMost(time) = self.wait {
                    self.timer.as_mut().reset(Instant::now() + time);
                }
                if !self.events.ready.is_empty() {
                    continue;
                }
                std::task::ready!(self.poll_due(cx))?;
            }
        }
    }
}
