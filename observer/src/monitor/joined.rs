//! A follower at work in a monitor's thread.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::doorbell::Doorbell;

/// A follower that takes in a monitor's changes, in the monitor's thread. Dropping it ends that: what it
/// lived on alone is detached.
pub struct Joined<F> {
    follower: Option<Arc<Mutex<F>>>,
    bell: Arc<Doorbell>,
}

impl<F> Joined<F> {
    pub(super) fn new(follower: Arc<Mutex<F>>, bell: Arc<Doorbell>) -> Self {
        Self { follower: Some(follower), bell }
    }

    /// Looks into it. The monitor waits meanwhile: be quick. What it wishes for afterwards is fulfilled
    /// soon.
    pub fn with<R>(&self, look: impl FnOnce(&mut F) -> R) -> Option<R> {
        let follower = self.follower.as_ref()?;
        let answer = look(&mut follower.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.ring();
        Some(answer)
    }
}

impl<F> Drop for Joined<F> {
    fn drop(&mut self) {
        drop(self.follower.take());
        self.bell.ring();
    }
}

impl<F> fmt::Debug for Joined<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joined").finish_non_exhaustive()
    }
}
