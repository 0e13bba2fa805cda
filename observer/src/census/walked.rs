//! The look at all processes by the source's own walk, and through /proc at those few that a walk cannot
//! show.

use std::sync::Arc;

use super::{ArgumentsOf, Details, When, hidden::Hidden};
use crate::{
    Error,
    event::CgroupCache,
    facts::Facts,
    machine::{Machine, boot_ns},
    source::Walks,
    table::{Seen, Walk},
};

/// Looks by walks, as often as it is asked.
#[derive(Debug)]
pub(crate) struct Walker {
    hidden: Hidden,
    cgroups: CgroupCache,
}

/// What the table wants to know of each process.
const DESCRIPTION: Facts = Facts::IDS.and(Facts::ALL_NAMESPACES).and(Facts::CGROUP);

impl Walker {
    pub(crate) fn new(machine: Arc<Machine>) -> Self {
        Self { hidden: Hidden::new(machine), cgroups: CgroupCache::default() }
    }

    /// One look.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(super) fn look(&mut self, walks: &mut dyn Walks, when: When) -> Result<Walk, Error> {
        let began_ns = boot_ns()?;
        let all = walks.tasks(DESCRIPTION)?;
        let tasks = Vec::with_capacity(all.size_hint());
        let mut walk = Walk { began_ns, tasks, ..Walk::default() };
        for task in all.iter() {
            walk.dying.extend(task.is_dying().then(|| task.key()));
            walk.tasks.push(task.seen(&mut self.cgroups));
        }
        walk.ended_ns = boot_ns()?;
        if when == When::First {
            let walked: Vec<u32> = walk.tasks.iter().map(|seen| seen.process.key.pid).collect();
            self.hidden.find(&walked, walk.began_ns)?;
        }
        if when != When::NowAndThen {
            add_programs(walks, &mut walk.tasks)?;
        }
        self.add_hidden(&mut walk);
        Ok(walk)
    }

    /// What the wanted columns need of every process.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(super) fn details(
        &mut self,
        walks: &mut dyn Walks,
        wanted: Facts,
        arguments: ArgumentsOf,
    ) -> Result<Details, Error> {
        let mut details = Details::walked(walks, wanted, arguments)?;
        details.rows = self.hidden.rows(wanted);
        Ok(details)
    }

    /// What the wanted columns need of every process, without a table: the one look of a listing.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(crate) fn all(&mut self, walks: &mut dyn Walks, wanted: Facts) -> Result<Details, Error> {
        let began_ns = boot_ns()?;
        let mut details = Details::walked(walks, wanted, ArgumentsOf::Memory)?;
        self.hidden.find(&details.pids(), began_ns)?;
        details.rows = self.hidden.rows(wanted);
        Ok(details)
    }

    fn add_hidden(&mut self, walk: &mut Walk) {
        let found = self.hidden.seen(&walk.tasks);
        walk.hidden = found.iter().map(|seen| seen.process.key.pid).collect();
        walk.tasks.extend(found);
        walk.tasks.sort_by_key(|seen| seen.process.key.pid);
    }
}

fn add_programs(walks: &mut dyn Walks, tasks: &mut [Seen]) -> Result<(), Error> {
    // Both are by ascending pid.
    let mut tasks = tasks.iter_mut().peekable();
    for arguments in walks.arguments()?.iter() {
        let key = arguments.key();
        while tasks.next_if(|seen| seen.process.key.pid < key.pid).is_some() {}
        if let Some(seen) = tasks.next_if(|seen| seen.process.key == key) {
            seen.program = arguments.program();
        }
    }
    Ok(())
}
