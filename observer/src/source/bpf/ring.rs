//! The ring's reader: takes records out and hands them on without a copy.

use std::os::fd::{AsFd, BorrowedFd};

use aya::maps::{Map, MapData, RingBuf};
use observer_common::{Header, Malformed, Record, decode};

use super::map_error;
use crate::Error;

/// A record, or what could not be decoded.
pub(super) type Decoded<'a> = Result<(Header, Record<'a>), Malformed>;

pub(super) struct Ring(RingBuf<MapData>);

impl Ring {
    pub(super) fn open(map: Map) -> Result<Self, Error> {
        RingBuf::try_from(map).map(Self).map_err(map_error("cannot map the ring"))
    }

    /// Takes out `limit` records at most; says how many.
    pub(super) fn drain(&mut self, limit: usize, each: &mut dyn FnMut(Decoded<'_>)) -> usize {
        let mut count = 0;
        while count < limit
            && let Some(bytes) = self.0.next()
        {
            each(decode(&bytes));
            count += 1;
        }
        count
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
