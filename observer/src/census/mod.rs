//! One look at all processes: by the source's own walk, and through /proc at those few that a walk
//! cannot show; at all of them through /proc where the source has no walk.
//!
//! It tells what it saw; what that means for the table is the table's business.

mod account;
mod detail;
#[cfg(feature = "ebpf")]
mod hidden;
mod listed;
#[cfg(feature = "ebpf")]
mod walked;

use std::sync::Arc;

pub(crate) use self::detail::Details;
#[cfg(feature = "ebpf")]
pub(crate) use self::walked::Walker;
use crate::{
    Error,
    facts::Facts,
    machine::Machine,
    source::Source,
    table::{Table, Walk},
};

/// Looks at all processes, as often as it is asked.
#[derive(Debug)]
pub(crate) struct Census {
    machine: Arc<Machine>,
    #[cfg(feature = "ebpf")]
    walker: Walker,
}

/// What a look is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// To fill the table. Finds out which processes a walk cannot show, too.
    First,
    /// To check a table that should have missed nothing.
    NowAndThen,
    /// To mend a table that has missed something: which programs run is looked at as well.
    AfterALoss,
}

/// Which arguments of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArgumentsOf {
    /// Those of its exec, which the table knows.
    Exec,
    /// Those that are in its memory now.
    Memory,
}

impl Census {
    pub(crate) fn new(machine: Arc<Machine>) -> Self {
        Self {
            #[cfg(feature = "ebpf")]
            walker: Walker::new(Arc::clone(&machine)),
            machine,
        }
    }

    /// One look.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(crate) fn look<S: Source>(&mut self, source: &mut S, when: When) -> Result<Walk, Error> {
        #[cfg(feature = "ebpf")]
        if let Some(walks) = source.walks() {
            return self.walker.look(walks, when);
        }
        let _ = source;
        let programs = if when == When::NowAndThen { Facts::NONE } else { Facts::ARGUMENTS };
        listed::look(&self.machine, programs)
    }

    /// Drops processes that ended while /proc was being listed. Call it once the table has taken in all
    /// events until the look's end. A walk of the source's own is quick enough to need none of that.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(crate) fn make_sure<S: Source>(
        &self,
        source: &mut S,
        walk: &mut Walk,
        table: &Table,
    ) -> Result<(), Error> {
        #[cfg(feature = "ebpf")]
        if source.walks().is_some() {
            return Ok(());
        }
        let _ = source;
        listed::make_sure(walk, table, &self.machine)
    }

    /// What the wanted columns need beyond the table, of every process.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(crate) fn details<S: Source>(
        &mut self,
        source: &mut S,
        wanted: Facts,
        arguments: ArgumentsOf,
    ) -> Result<Details, Error> {
        #[cfg(feature = "ebpf")]
        if let Some(walks) = source.walks() {
            return self.walker.details(walks, wanted, arguments);
        }
        let _ = source;
        listed::details(&self.machine, wanted, arguments)
    }
}
