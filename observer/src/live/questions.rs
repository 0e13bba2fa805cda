//! Wishes that only container engines can fulfil: asked off the hot path, where the feature is there.

use std::{os::fd::BorrowedFd, time::Duration};

#[cfg(feature = "engine")]
use crate::engines::{Asker, Question};
use crate::{
    Error,
    follow::{Follower, Wish},
};

/// Questions at once, at most: an engine with many containers is not stormed.
#[cfg(feature = "engine")]
const AT_ONCE: usize = 4;

/// What engines were asked and have not answered yet.
#[derive(Debug)]
pub(super) struct Questions {
    #[cfg(feature = "engine")]
    asker: Asker,
}

#[cfg(feature = "engine")]
impl Questions {
    pub(super) fn new() -> Result<Self, Error> {
        Asker::new(AT_ONCE).map(|asker| Self { asker })
    }

    /// Readable when an answer is there.
    pub(super) fn fds(&self) -> [BorrowedFd<'_>; 1] {
        [std::os::fd::AsFd::as_fd(&self.asker)]
    }

    pub(super) fn are_open(&self) -> bool {
        self.asker.is_waiting()
    }

    /// Asks, if engines can fulfil it.
    pub(super) fn ask(&mut self, wish: Wish) {
        if let Some(question) = Question::of(wish) {
            self.asker.ask(question);
        }
    }

    /// Hands on the answers that come within this time: the first and those that are there by then.
    pub(super) fn hear(&mut self, mut within: Duration, followers: &mut [&mut dyn Follower]) {
        while self.asker.is_waiting()
            && let Some(answer) = self.asker.answer(within)
        {
            answer.tell(&mut |answer| super::tell(answer, followers));
            within = Duration::ZERO;
        }
    }
}

#[cfg(not(feature = "engine"))]
#[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as with engines")]
impl Questions {
    pub(super) fn new() -> Result<Self, Error> {
        Ok(Self {})
    }

    pub(super) fn fds(&self) -> [BorrowedFd<'_>; 0] {
        []
    }

    pub(super) fn are_open(&self) -> bool {
        false
    }

    pub(super) fn ask(&mut self, _wish: Wish) {}

    pub(super) fn hear(&mut self, _within: Duration, _followers: &mut [&mut dyn Follower]) {}
}
