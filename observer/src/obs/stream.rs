//! The events of an observer as a `Stream` of tokio.

use std::{
    os::fd::OwnedFd,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use tokio::{
    io::unix::AsyncFd,
    time::{Instant, Sleep, sleep_until},
};

use super::{Event, Observer, observer::Step};
use crate::{Error, pace::Wait, sys};

/// The events as a stream. Runs in a tokio runtime with I/O and time enabled.
#[derive(Debug)]
pub struct ObserverStream {
    observer: Observer,
    readable: AsyncFd<OwnedFd>,
    timer: Pin<Box<Sleep>>,
}

impl Observer {
    /// Turns an open observer into a [`Stream`]. It never ends by itself; dropped, it is closed.
    ///
    /// # Errors
    ///
    /// [`Fault::NotOpen`](crate::tracepoint::Fault::NotOpen),
    /// [`Fault::Closed`](crate::tracepoint::Fault::Closed);
    /// [`Error::System`] outside a runtime or when it has no room for another descriptor.
    pub fn into_stream(self) -> Result<ObserverStream, Error> {
        let system = |source| Error::System { what: "cannot watch the rings", source };
        let fd = self.readable()?.try_clone_to_owned().map_err(system)?;
        let readable = sys::watch_readable(fd).map_err(system)?;
        let timer = Box::pin(sleep_until(Instant::now()));
        Ok(ObserverStream { observer: self, readable, timer })
    }
}

impl ObserverStream {
    /// The observer, for what it tells of itself.
    pub fn observer(&self) -> &Observer {
        &self.observer
    }

    /// Whether it is time to look again.
    fn poll_due(&mut self, wait: Wait, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if let Poll::Ready(guard) = self.readable.poll_read_ready(context) {
            let system = |source| Error::System { what: "cannot wait for events", source };
            guard.map_err(system)?.clear_ready();
            return Poll::Ready(Ok(()));
        }
        match wait {
            Wait::ForEvent => Poll::Pending,
            Wait::AtMost(time) => {
                self.timer.as_mut().reset(Instant::now() + time);
                self.timer.as_mut().poll(context).map(Ok)
            }
        }
    }
}

impl Stream for ObserverStream {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let wait = match self.observer.try_read()? {
                Step::Event(event) => return Poll::Ready(Some(Ok(event))),
                Step::Wait(wait) => wait,
            };
            ready!(self.poll_due(wait, cx))?;
        }
    }
}
