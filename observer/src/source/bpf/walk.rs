//! Walks over all processes of the machine, by the kernel's own iterators.

use std::{
    io::{ErrorKind, Read as _},
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
};

use aya::maps::{Array, Map, MapData};

use super::map_error;
use crate::{Error, sys::iterator};

/// Two iterators, ready to walk as often as one likes. One walk at a time.
pub(super) struct Walks {
    tasks: OwnedFd,
    arguments: OwnedFd,
    wanted: Array<MapData, u32>,
}

/// The kernel hands out so much at a time.
const READ: usize = 32 << 10;

impl Walks {
    /// `tasks` and `arguments` are loaded iterator programs.
    pub(super) fn new(
        tasks: BorrowedFd<'_>,
        arguments: BorrowedFd<'_>,
        wanted: Map,
    ) -> Result<Self, Error> {
        let link = |program| {
            iterator::link(program).map_err(Error::system("cannot bind an iterator program"))
        };
        Ok(Self {
            tasks: link(tasks)?,
            arguments: link(arguments)?,
            wanted: wanted.try_into().map_err(map_error("cannot use the walk's settings"))?,
        })
    }

    /// Appends what is wanted of each process: bits of [`observer_common::portion`].
    pub(super) fn tasks(&mut self, wanted: u32, records: &mut Vec<u8>) -> Result<(), Error> {
        self.wanted.set(0, wanted, 0).map_err(map_error("cannot set what to walk for"))?;
        walk(self.tasks.as_fd(), records)
    }

    /// Appends the arguments of each process that has memory.
    pub(super) fn arguments(&self, records: &mut Vec<u8>) -> Result<(), Error> {
        walk(self.arguments.as_fd(), records)
    }
}

fn walk(link: BorrowedFd<'_>, records: &mut Vec<u8>) -> Result<(), Error> {
    const WHAT: &str = "cannot walk over the processes";
    let mut output = iterator::begin(link).map_err(Error::system(WHAT))?;
    let mut filled = records.len();
    loop {
        records.resize(records.len().max(filled + READ), 0);
        let room = records.get_mut(filled..).unwrap_or_default();
        match output.read(room) {
            Ok(0) => break,
            Ok(count) => filled += count,
            // Nothing is there yet for this task.
            Err(error)
                if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            Err(source) => return Err(Error::System { what: WHAT, source }),
        }
    }
    records.truncate(filled);
    Ok(())
}
