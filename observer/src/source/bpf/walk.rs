//! Walks over all processes of the machine, by the kernel's own iterators.

use std::{
    io::{ErrorKind, Read as _},
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
};

use aya::maps::{Array, Map, MapData};

use super::{
    arguments::AllArguments,
    map_error,
    tasks::{Tasks, portions},
};
use crate::{Error, facts::Facts, source::Walks, sys::iterator};

/// Two iterators, ready to walk as often as one likes. One walk at a time.
pub(super) struct Iterators {
    tasks: OwnedFd,
    arguments: OwnedFd,
    wanted: Array<MapData, u32>,
}

/// The kernel hands out so much at a time.
const READ: usize = 32 << 10;

impl Iterators {
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
}

impl Walks for Iterators {
    fn tasks(&mut self, wanted: Facts) -> Result<Tasks, Error> {
        self.wanted
            .set(0, portions(wanted), 0)
            .map_err(map_error("cannot set what to walk for"))?;
        walk(self.tasks.as_fd()).map(Tasks)
    }

    fn arguments(&mut self) -> Result<AllArguments, Error> {
        walk(self.arguments.as_fd()).map(|records| AllArguments(records.into()))
    }
}

/// The records that an iterator hands out.
fn walk(link: BorrowedFd<'_>) -> Result<Vec<u8>, Error> {
    const WHAT: &str = "cannot walk over the processes";
    let mut output = iterator::begin(link).map_err(Error::system(WHAT))?;
    let (mut records, mut filled) = (Vec::new(), 0);
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
    Ok(records)
}
