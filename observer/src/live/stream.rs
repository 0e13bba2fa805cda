//! A feed with a table behind it or without one: what a driver steps.

use std::{fmt, os::fd::BorrowedFd};

use crate::{Error, engine::Engine, feed::Feed, pace::Wait, source::AnySource, table::Change};

/// Events as the kernel told them, or as a table did: with what they changed.
pub(super) enum Stream {
    Events(Box<Feed<AnySource>>),
    Table(Box<Engine<AnySource>>),
}

impl Stream {
    pub(super) fn step(&mut self, each: &mut dyn FnMut(Change)) -> Result<Wait, Error> {
        match self {
            Self::Events(feed) => feed.step(&mut |event| each(Change::of_event(event))),
            Self::Table(engine) => engine.step(each),
        }
    }

    pub(super) fn settle(&mut self, each: &mut dyn FnMut(Change)) -> Result<(), Error> {
        match self {
            Self::Events(feed) => feed.settle(&mut |event| each(Change::of_event(event))),
            Self::Table(engine) => engine.settle(each),
        }
    }

    pub(super) fn engine(&self) -> Option<&Engine<AnySource>> {
        match self {
            Self::Events(_) => None,
            Self::Table(engine) => Some(engine),
        }
    }

    pub(super) fn source(&self) -> &AnySource {
        match self {
            Self::Events(feed) => feed.source(),
            Self::Table(engine) => engine.source(),
        }
    }

    pub(super) fn source_mut(&mut self) -> &mut AnySource {
        match self {
            Self::Events(feed) => feed.source_mut(),
            Self::Table(engine) => engine.source_mut(),
        }
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Events(feed) => feed.as_fd(),
            Self::Table(engine) => engine.as_fd(),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Events(_) => "Events",
            Self::Table(_) => "Table",
        })
    }
}
