//! One look at all processes: by the source's own walk, and through /proc at those few that a walk
//! cannot show; at all of them through /proc where the source has no walk.
//!
//! It tells what it saw; what that means for the table is the table's business.

mod account;
mod arguments;
mod detail;
mod hidden;
mod listed;

use std::sync::Arc;

use bytes::Bytes;
use observer_common::{Record, portion};

pub(crate) use self::detail::Details;
use self::{arguments::Arguments, hidden::Hidden};
use crate::{
    Error,
    event::Status,
    facts::Facts,
    feed::Feed,
    machine::{Machine, boot_ns},
    source::{Item, Source, items},
    table::{Seen, Table, Walk},
};

/// Looks at all processes, as often as it is asked.
#[derive(Debug)]
pub(crate) struct Census {
    machine: Arc<Machine>,
    hidden: Hidden,
}

/// Which arguments of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArgumentsOf {
    /// Those of its exec, which the table knows.
    Exec,
    /// Those that are in its memory now.
    Memory,
}

/// A task that has begun to exit, which zombies keep: the kernel's `PF_EXITING`.
const EXITING: u32 = 0x4;

/// What the table wants to know of each process.
const DESCRIPTION: u32 = portion::IDS | portion::NAMESPACES | portion::CGROUP;

impl Census {
    pub(crate) fn new(machine: Arc<Machine>) -> Self {
        Self { hidden: Hidden::new(Arc::clone(&machine)), machine }
    }

    /// The first look: finds out which processes a walk cannot show, too.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(crate) fn first<S: Source>(&mut self, feed: &mut Feed<S>) -> Result<Walk, Error> {
        if !feed.source().has_walk() {
            return listed::look(&self.machine, Facts::ARGUMENTS);
        }
        let mut walk = look(feed)?;
        let walked: Vec<u32> = walk.tasks.iter().map(|seen| seen.process.key.pid).collect();
        self.hidden.find(&walked, walk.began_ns)?;
        add_programs(feed, &mut walk)?;
        self.add_hidden(&mut walk);
        Ok(walk)
    }

    /// Another look, for a table that should have missed nothing.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(crate) fn again<S: Source>(&mut self, feed: &mut Feed<S>) -> Result<Walk, Error> {
        if !feed.source().has_walk() {
            return listed::look(&self.machine, Facts::NONE);
        }
        let mut walk = look(feed)?;
        self.add_hidden(&mut walk);
        Ok(walk)
    }

    /// Another look, with every program, for a table that has missed something.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(crate) fn after_a_loss<S: Source>(&mut self, feed: &mut Feed<S>) -> Result<Walk, Error> {
        if !feed.source().has_walk() {
            return listed::look(&self.machine, Facts::ARGUMENTS);
        }
        let mut walk = look(feed)?;
        add_programs(feed, &mut walk)?;
        self.add_hidden(&mut walk);
        Ok(walk)
    }

    /// Takes out of a look what was over before its end, once the table has taken in all events
    /// until then; a walk of the source's own is quick enough to need none of that.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(crate) fn make_sure<S: Source>(
        &self,
        feed: &Feed<S>,
        walk: &mut Walk,
        table: &Table,
    ) -> Result<(), Error> {
        if feed.source().has_walk() {
            return Ok(());
        }
        listed::make_sure(walk, table, &self.machine)
    }

    /// What the wanted columns need beyond the table, of every process.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(crate) fn details<S: Source>(
        &mut self,
        feed: &mut Feed<S>,
        wanted: Facts,
        arguments: ArgumentsOf,
    ) -> Result<Details, Error> {
        if !feed.source().has_walk() {
            return listed::details(&self.machine, wanted, arguments);
        }
        let mut tasks = Vec::new();
        feed.walk(detail::portions(wanted), &mut tasks)?;
        let arguments = match arguments {
            ArgumentsOf::Memory if wanted.have(Facts::ARGUMENTS) => Some(all_arguments(feed)?),
            _ => None,
        };
        Ok(Details { tasks, arguments, hidden: self.hidden.rows(wanted) })
    }

    /// What the wanted columns need of every process, without a table: the one look of a listing.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    #[cfg(feature = "ebpf")]
    pub(crate) fn all<S: Source>(
        &mut self,
        feed: &mut Feed<S>,
        wanted: Facts,
    ) -> Result<Details, Error> {
        let began_ns = boot_ns()?;
        let mut details = self.details(feed, wanted, ArgumentsOf::Memory)?;
        self.hidden.find(&details.pids(), began_ns)?;
        details.hidden = self.hidden.rows(wanted);
        Ok(details)
    }

    fn add_hidden(&mut self, walk: &mut Walk) {
        let found = self.hidden.seen(&walk.tasks);
        walk.hidden = found.iter().map(|seen| seen.process.key.pid).collect();
        walk.tasks.extend(found);
        walk.tasks.sort_by_key(|seen| seen.process.key.pid);
    }
}

fn look<S: Source>(feed: &mut Feed<S>) -> Result<Walk, Error> {
    let began_ns = boot_ns()?;
    let mut records = Vec::new();
    feed.walk(DESCRIPTION, &mut records)?;
    let mut tasks = Vec::with_capacity(records.len() / size_of::<Seen>());
    let mut dying = Vec::new();
    for item in items(&records) {
        if let Item::Record(header, Record::Task { facts, cgroup, .. }) = item {
            let process = feed.process(&header, &facts, cgroup);
            dying.extend((facts.flags & EXITING != 0).then_some(process.key));
            tasks.push(Seen {
                process,
                boot_ns: header.boot_ns,
                zombie: facts.exit_state != 0,
                status: (facts.exit_state != 0).then(|| Status::from_wait(facts.status)),
                program: None,
                start_is_exact: true,
            });
        }
    }
    Ok(Walk { began_ns, ended_ns: boot_ns()?, tasks, hidden: Vec::new(), dying })
}

fn add_programs<S: Source>(feed: &mut Feed<S>, walk: &mut Walk) -> Result<(), Error> {
    let records = all_arguments(feed)?;
    // Both are by ascending pid.
    let mut tasks = walk.tasks.iter_mut().peekable();
    for arguments in Arguments::all(&records) {
        let key = arguments.key();
        while tasks.next_if(|seen| seen.process.key.pid < key.pid).is_some() {}
        if let Some(seen) = tasks.next_if(|seen| seen.process.key == key) {
            seen.program = arguments.program(&records);
        }
    }
    Ok(())
}

fn all_arguments<S: Source>(feed: &mut Feed<S>) -> Result<Bytes, Error> {
    let mut records = Vec::new();
    feed.walk_arguments(&mut records)?;
    Ok(records.into())
}
