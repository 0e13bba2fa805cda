//! One look at all processes: by the source's own walk, and through /proc at those few that a walk
//! cannot show.
//!
//! It tells what it saw; what that means for the table is the table's business.

mod detail;
mod hidden;

use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;
use observer_common::{TaskArgsFacts, portion};

pub(crate) use self::detail::Details;
use self::{detail::Detail, hidden::Hidden};
use crate::{
    Error,
    event::{Args, ProcessKey, Status},
    facts::Facts,
    feed::{Feed, Walked},
    machine::{Machine, boot_ns},
    source::{Source, proc},
    table::{Program, Seen, Walk},
};

/// Looks at all processes, as often as it is asked.
#[derive(Debug)]
pub(crate) struct Census {
    hidden: Hidden,
}

/// What the table wants to know of each process.
const DESCRIPTION: u32 = portion::IDS | portion::NAMESPACES | portion::CGROUP;

impl Census {
    pub(crate) fn new(machine: Arc<Machine>) -> Self {
        Self { hidden: Hidden::new(machine) }
    }

    /// The first look: finds out which processes a walk cannot show, too.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(crate) fn first<S: Source>(&mut self, feed: &mut Feed<S>) -> Result<Walk, Error> {
        let mut walk = look(feed)?;
        let walked: Vec<u32> = walk.tasks.iter().map(|seen| seen.process.key.pid).collect();
        self.hidden.find(&walked, walk.began_ns)?;
        self.add_hidden(&mut walk);
        add_programs(feed, &mut walk)?;
        Ok(walk)
    }

    /// Another look, for a table that may have missed something: with every program if `programs`.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(crate) fn again<S: Source>(
        &mut self,
        feed: &mut Feed<S>,
        programs: bool,
    ) -> Result<Walk, Error> {
        let mut walk = look(feed)?;
        self.add_hidden(&mut walk);
        if programs {
            add_programs(feed, &mut walk)?;
        }
        Ok(walk)
    }

    /// What the wanted columns need beyond the table, of every process; the arguments as they are
    /// now if `arguments`.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(crate) fn details<S: Source>(
        &mut self,
        feed: &mut Feed<S>,
        wanted: Facts,
        arguments: bool,
    ) -> Result<Details, Error> {
        let mut tasks = Vec::with_capacity(1024);
        let portions = detail::portions(wanted);
        feed.walk(portions, &mut |walked| tasks.push(Detail::of(walked, portions)))?;
        let hidden = self.hidden.rows(wanted);
        let arguments = if arguments { Some(all_arguments(feed)?) } else { None };
        Ok(Details { tasks, hidden, arguments })
    }

    /// What the wanted columns need of every process, without a table: the one look of a listing.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(crate) fn all<S: Source>(
        &mut self,
        feed: &mut Feed<S>,
        wanted: Facts,
        arguments: bool,
    ) -> Result<Details, Error> {
        let began_ns = boot_ns()?;
        let mut details = self.details(feed, wanted, arguments)?;
        let walked: Vec<u32> = details.pids().collect();
        self.hidden.find(&walked, began_ns)?;
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
    let mut tasks = Vec::with_capacity(1024);
    feed.walk(DESCRIPTION, &mut |walked| tasks.push(seen(walked)))?;
    Ok(Walk { began_ns, ended_ns: boot_ns()?, tasks, hidden: Vec::new() })
}

fn add_programs<S: Source>(feed: &mut Feed<S>, walk: &mut Walk) -> Result<(), Error> {
    let mut programs = HashMap::new();
    feed.walk_arguments(&mut |boot_ns, facts, bytes| {
        if let Some(program) = program(boot_ns, facts, bytes) {
            programs.insert(key_of(facts), program);
        }
    })?;
    for seen in &mut walk.tasks {
        if let Some(program) = programs.remove(&seen.process.key) {
            seen.program = Some(program);
        }
    }
    Ok(())
}

fn seen(mut walked: Walked<'_>) -> Seen {
    Seen {
        process: walked.process(),
        boot_ns: walked.boot_ns,
        zombie: (walked.facts.exit_state != 0).then(|| Status::from_wait(walked.facts.status)),
        program: None,
        start_is_exact: true,
    }
}

/// What a process runs, as far as its memory tells; `None` where that could not be read.
fn program(boot_ns: u64, facts: &TaskArgsFacts, bytes: &[u8]) -> Option<Program> {
    let args = arguments(facts, bytes)?;
    let size = if facts.is_title == 1 { args.len() as u64 } else { facts.args_size };
    Some(Program {
        filename: None,
        args: Args::new(args, size, size),
        exec_id: facts.exec_id,
        exec_ns: boot_ns,
    })
}

fn key_of(facts: &TaskArgsFacts) -> ProcessKey {
    ProcessKey { pid: facts.pid, start_ns: facts.start_ns }
}

/// What a process runs of which only /proc tells.
fn program_of(arguments: Bytes) -> Program {
    let size = arguments.len() as u64;
    Program { filename: None, args: Args::new(arguments, size, size), exec_id: 0, exec_ns: 0 }
}

/// The arguments that a walk told: all of them, or what a walk can tell of a very long list.
fn arguments(facts: &TaskArgsFacts, bytes: &[u8]) -> Option<Bytes> {
    if facts.failed == 1 {
        return None;
    }
    if facts.is_title == 1 {
        // A title ends at its first NUL, wherever the area ends.
        let end = bytes.iter().position(|byte| *byte == 0).map_or(bytes.len(), |nul| nul + 1);
        return Some(Bytes::copy_from_slice(bytes.get(..end).unwrap_or_default()));
    }
    if facts.args_size > bytes.len() as u64
        && let Some(whole) = proc::arguments(key_of(facts))
    {
        return Some(whole);
    }
    Some(Bytes::copy_from_slice(bytes))
}

fn all_arguments<S: Source>(
    feed: &mut Feed<S>,
) -> Result<HashMap<ProcessKey, Option<Bytes>>, Error> {
    let mut found = HashMap::new();
    feed.walk_arguments(&mut |_, facts, bytes| {
        found.insert(key_of(facts), arguments(facts, bytes));
    })?;
    Ok(found)
}
