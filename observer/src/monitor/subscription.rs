//! One reader of a monitor's changes, at its own pace.

use std::{
    collections::VecDeque,
    fmt, io,
    os::fd::{AsFd as _, BorrowedFd},
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    task::Waker,
};

use crate::{Error, doorbell::Doorbell, table::Change};

/// A change with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Its number in the monitor's stream: one more than the last.
    pub seq: u64,
    /// What happened, and to whom.
    pub change: Change,
}

/// What a subscriber receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A change.
    Update(Arc<Update>),
    /// The subscriber was too slow: so many changes are missing here. A copy of the table that it
    /// keeps is no longer exact; start again from a new snapshot.
    Missed(u64),
}

/// The changes of a monitor, in order. Dropping it ends the subscription.
pub struct Subscription {
    mailbox: Arc<Mailbox>,
    /// Whether the end was reported.
    ended: bool,
}

/// Where changes wait for their reader.
#[derive(Debug)]
pub(super) struct Mailbox {
    limit: usize,
    state: Mutex<State>,
    arrival: Condvar,
    /// Rung while there is something to take, once somebody has asked for it.
    bell: OnceLock<Doorbell>,
}

#[derive(Debug)]
struct State {
    waiting: VecDeque<Arc<Update>>,
    /// Left out behind those that wait.
    missed: u64,
    closed: bool,
    why: Option<Arc<Error>>,
    waker: Option<Waker>,
}

impl Subscription {
    pub(super) fn new(mailbox: Arc<Mailbox>) -> Self {
        Self { mailbox, ended: false }
    }

    /// Returns the next change. Blocks until there is one.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when the monitor has ended.
    pub fn recv(&mut self) -> Result<Told, Error> {
        let mut state = self.mailbox.state();
        loop {
            if let Some(told) = self.mailbox.take(&mut state) {
                return told;
            }
            state = self.mailbox.arrival.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Returns the next change if one is there already.
    ///
    /// # Errors
    ///
    /// As [`Subscription::recv`].
    pub fn try_recv(&mut self) -> Result<Option<Told>, Error> {
        self.mailbox.take(&mut self.mailbox.state()).transpose()
    }

    /// A descriptor that polls readable when there is something to take: when
    /// [`Subscription::try_recv`] would return something. For loops that wait for more than this.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when there is no room for another descriptor.
    pub fn as_fd(&self) -> Result<BorrowedFd<'_>, Error> {
        let Mailbox { bell, .. } = &*self.mailbox;
        if bell.get().is_none() {
            let state = self.mailbox.state();
            let new = Doorbell::hang()?;
            if state.has_something() {
                new.ring();
            }
            // Under the lock of the state: nothing comes in between.
            let _already = bell.set(new);
        }
        match bell.get() {
            Some(bell) => Ok(bell.as_fd()),
            None => Err(ended()),
        }
    }
}

impl Mailbox {
    pub(super) fn new(limit: usize, since: Vec<Arc<Update>>) -> Self {
        let waiting = since.into();
        let state = State { waiting, missed: 0, closed: false, why: None, waker: None };
        Self { limit, state: Mutex::new(state), arrival: Condvar::new(), bell: OnceLock::new() }
    }

    pub(super) fn put(&self, updates: &[Arc<Update>]) {
        let mut state = self.state();
        for update in updates {
            // Once something is left out, so is all behind it, until the reader has caught up.
            if state.missed > 0 || state.waiting.len() >= self.limit {
                state.missed += 1;
            } else {
                state.waiting.push_back(Arc::clone(update));
            }
        }
        self.wake(state);
    }

    pub(super) fn close(&self, why: Option<Arc<Error>>) {
        let mut state = self.state();
        state.closed = true;
        state.why = why;
        self.wake(state);
    }

    fn take(&self, state: &mut State) -> Option<Result<Told, Error>> {
        let told = state.take();
        if let Some(bell) = self.bell.get().filter(|_| !state.has_something()) {
            bell.silence();
        }
        told
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let waker = state.waker.take();
        if let Some(bell) = self.bell.get() {
            bell.ring();
        }
        drop(state);
        self.arrival.notify_one();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_something(&self) -> bool {
        !self.waiting.is_empty() || self.missed > 0 || self.closed
    }

    /// `None` when there is nothing yet.
    fn take(&mut self) -> Option<Result<Told, Error>> {
        if let Some(update) = self.waiting.pop_front() {
            return Some(Ok(Told::Update(update)));
        }
        if self.missed > 0 {
            return Some(Ok(Told::Missed(std::mem::take(&mut self.missed))));
        }
        self.closed.then(|| Err(self.why.as_deref().map_or_else(ended, again)))
    }
}

/// What whoever asks a monitor that has ended is answered.
pub(super) fn ended() -> Error {
    let source = io::Error::from(io::ErrorKind::BrokenPipe);
    Error::System { what: "the monitor has ended", source }
}

/// The error once more, for another subscriber.
fn again(error: &Error) -> Error {
    let source = io::Error::other(error.to_string());
    Error::System { what: "the monitor has ended", source }
}

impl Iterator for Subscription {
    type Item = Result<Told, Error>;

    /// Ends behind the error that tells of the monitor's end.
    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let told = self.recv();
        self.ended = told.is_err();
        Some(told)
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

#[cfg(feature = "tokio")]
mod stream {
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    use futures_core::Stream;

    use super::{Subscription, Told};
    use crate::Error;

    impl Stream for Subscription {
        type Item = Result<Told, Error>;

        /// Ends behind the error that tells of the monitor's end.
        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            if self.ended {
                return Poll::Ready(None);
            }
            let mut state = self.mailbox.state();
            let Some(told) = self.mailbox.take(&mut state) else {
                state.waker = Some(cx.waker().clone());
                return Poll::Pending;
            };
            drop(state);
            self.ended = told.is_err();
            Poll::Ready(Some(told))
        }
    }
}
