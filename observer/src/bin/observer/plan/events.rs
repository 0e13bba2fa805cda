//! What `observer events` will do.

use std::time::Duration;

use nix::unistd::User;
use observer::{
    event::{EventKind, Kind},
    render::{Color, TimeStyle},
    source::{Options, Trial},
};

use super::{color, sourced, time_style};
use crate::{
    args::{EventsArgs, Filters},
    container::is_surely_an_id,
    exit::Failure,
    filter::Filter,
};

/// A stream of events.
#[derive(Debug)]
pub(crate) struct EventsPlan {
    pub(crate) source: Options,
    /// What to print of what the source tells.
    pub(crate) events: Vec<EventKind>,
    /// Whether these events need the process table (`reparent`, and the old cgroup).
    pub(crate) table: bool,
    pub(crate) filter: Filter,
    /// By name, id, or the id's beginning.
    pub(crate) containers: Vec<String>,
    pub(crate) tree: Option<u32>,
    pub(crate) format: Format,
    pub(crate) count: Option<u64>,
    pub(crate) duration: Option<Duration>,
    pub(crate) strict: bool,
    pub(crate) verbose: bool,
}

/// How events are printed.
#[derive(Clone, Debug)]
pub(crate) enum Format {
    Json,
    Plain,
    Text { time: TimeStyle, color: Color, header: bool },
}

/// # Errors
///
/// [`Failure::Usage`] where values do not go together or name nothing.
pub(crate) fn events(args: &EventsArgs) -> Result<EventsPlan, Failure> {
    let events = asked_for(args);
    let table = events.iter().any(|kind| kind.needs_table());
    Ok(EventsPlan {
        source: sourced(
            &args.source,
            Options {
                kinds: if table { Options::for_a_table().kinds } else { watched(&events, args) },
                args_max: args.args_max,
                walks: table,
                trial: Trial { linger: args.linger, single: args.single },
                ..Options::default()
            },
        ),
        events,
        table,
        filter: filter(&args.filters)?,
        containers: containers(&args.filters)?,
        tree: args.filters.tree,
        format: format(args),
        count: args.count,
        duration: args.duration,
        strict: args.strict,
        verbose: args.source.verbose,
    })
}

fn asked_for(args: &EventsArgs) -> Vec<EventKind> {
    if !args.events.is_empty() {
        let mut events = args.events.clone();
        events.sort_unstable();
        events.dedup();
        return events;
    }
    if args.plain { vec![EventKind::Exec] } else { vec![EventKind::Exec, EventKind::Exit] }
}

/// The kinds of record that these events need.
fn watched(events: &[EventKind], args: &EventsArgs) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = events.iter().filter_map(|kind| kind.record()).collect();
    if args.filters.tree.is_some() {
        // To know the descendants one has to see them come and go.
        kinds.extend([Kind::FORK, Kind::EXIT]);
    }
    if !args.filters.containers.iter().all(|typed| is_surely_an_id(typed)) {
        // A container is asked for as soon as it is seen: when its processes end it may be gone.
        kinds.push(Kind::EXEC);
    }
    kinds.sort_unstable_by_key(|kind| kind.0);
    kinds.dedup();
    kinds
}

fn format(args: &EventsArgs) -> Format {
    if args.json {
        return Format::Json;
    }
    if args.plain {
        return Format::Plain;
    }
    Format::Text { time: time_style(args.time), color: color(args.color), header: !args.no_headers }
}

fn filter(filters: &Filters) -> Result<Filter, Failure> {
    Ok(Filter {
        pids: filters.pids.clone(),
        parents: filters.parents.clone(),
        uids: filters.users.iter().map(|name| uid(name)).collect::<Result<_, _>>()?,
        comms: filters.comms.iter().map(|comm| comm.as_bytes().to_vec()).collect(),
    })
}

fn uid(name: &str) -> Result<u32, Failure> {
    if let Ok(uid) = name.parse() {
        return Ok(uid);
    }
    match User::from_name(name) {
        Ok(Some(user)) => Ok(user.uid.as_raw()),
        Ok(None) => Err(Failure::Usage(format!(
            "unknown user `{name}`: not in the user database; give the name or number of a user \
             who is"
        ))),
        Err(errno) => Err(Failure::Usage(format!(
            "cannot look up user `{name}`: {}; give the number",
            errno.desc()
        ))),
    }
}

fn containers(filters: &Filters) -> Result<Vec<String>, Failure> {
    if filters.containers.iter().any(String::is_empty) {
        return Err(Failure::Usage(
            "--container needs a name, but got an empty one; give a name, an id or the beginning \
             of an id"
                .to_owned(),
        ));
    }
    Ok(filters.containers.clone())
}
