//! What `observer trace` will do.

use std::time::Duration;

use observer::tracepoint::reader::{Options, Scope};

use super::{Format, color, time_style};
use crate::args::TraceArgs;

/// One of the jobs of `observer trace`.
#[derive(Debug)]
pub(crate) struct TracePlan {
    pub(crate) job: Job,
    pub(crate) format: Format,
}

#[derive(Debug)]
pub(crate) enum Job {
    /// The names that match.
    List(String),
    /// The fields of what matches.
    Show(String),
    /// What fires, as it fires.
    Stream(Stream),
    /// How often it fires.
    Count(Watched),
}

/// What is watched, and until when.
#[derive(Debug)]
pub(crate) struct Watched {
    /// Names and globs, as they were typed.
    pub(crate) events: Vec<String>,
    pub(crate) filter: Option<String>,
    pub(crate) scope: Scope,
    /// Events to print, or tables.
    pub(crate) limit: Option<u64>,
    pub(crate) duration: Option<Duration>,
    pub(crate) verbose: bool,
}

/// A stream of tracepoints.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) watched: Watched,
    /// Empty for all but the common ones.
    pub(crate) fields: Vec<String>,
    /// Bytes of each CPU's ring.
    pub(crate) ring: usize,
    pub(crate) strict: bool,
}

impl Stream {
    pub(crate) fn options(&self) -> Options {
        Options { ring: self.ring, scope: self.watched.scope.clone(), ..Options::default() }
    }
}

pub(crate) fn trace(args: &TraceArgs) -> TracePlan {
    let job = match (&args.list, &args.show) {
        (Some(pattern), _) => Job::List(pattern.clone()),
        (None, Some(event)) => Job::Show(event.clone()),
        (None, None) if args.count => Job::Count(watched(args)),
        (None, None) => Job::Stream(Stream {
            watched: watched(args),
            fields: args.fields.clone(),
            ring: usize::try_from(args.ring.bytes()).unwrap_or(usize::MAX),
            strict: args.strict,
        }),
    };
    let format = if args.json {
        Format::Json
    } else {
        Format::Text {
            time: time_style(args.time),
            color: color(args.color),
            header: !args.no_headers,
        }
    };
    TracePlan { job, format }
}

fn watched(args: &TraceArgs) -> Watched {
    let scope = match (args.pid, &args.cgroup) {
        (Some(pid), _) => Scope::Process(pid),
        (None, Some(path)) => Scope::Cgroup(path.clone()),
        (None, None) => Scope::Machine,
    };
    Watched {
        events: args.events.clone(),
        filter: args.filter.clone(),
        scope,
        limit: args.limit,
        duration: args.duration,
        verbose: args.verbose,
    }
}
