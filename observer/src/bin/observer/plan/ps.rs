//! What `observer ps` will do.

use std::time::Duration;

use observer::{
    Error,
    facts::Facts,
    field::{Column, Filter, SortKey, Times, parse_columns},
    listing::HostMaps,
    render::{Color, JsonSnapshot},
    source::Options,
};

use super::{color, sourced};
use crate::{
    args::{BackendName, PsArgs, TimeStyleName},
    exit::{Failure, describe},
};

/// A listing.
#[derive(Debug)]
pub(crate) struct PsPlan {
    pub(crate) processes: Processes,
    pub(crate) columns: Vec<Column>,
    /// What has to be known of each process.
    pub(crate) wanted: Facts,
    pub(crate) filter: Filter,
    /// By name, id, or the id's beginning.
    pub(crate) container: Option<String>,
    pub(crate) sort: Vec<SortKey>,
    pub(crate) times: Times,
    pub(crate) from: From,
    /// Of a live table and of the kernel's list.
    pub(crate) source: Options,
    pub(crate) every: Option<Every>,
    pub(crate) json: bool,
    pub(crate) header: bool,
    pub(crate) color: Color,
    pub(crate) verbose: bool,
}

/// Which processes, and whose view of them.
#[derive(Debug)]
pub(crate) enum Processes {
    All,
    These(Vec<u32>),
    /// All in the pid namespaces of these; if these are empty, of the container's processes.
    Joined {
        pids: Vec<u32>,
        maps: HostMaps,
    },
}

/// Where listings are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Proc,
    /// One pass over the kernel's own list of tasks.
    Kernel,
    /// A live table.
    Table,
    /// A live table, or /proc where no source of events works.
    TableOrProc,
}

/// One listing after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Every {
    pub(crate) interval: Duration,
    pub(crate) count: Option<u64>,
}

/// # Errors
///
/// [`Failure::Usage`] where values do not go together or name nothing.
pub(crate) fn ps(args: &PsArgs) -> Result<PsPlan, Failure> {
    let columns = parse_columns(&args.format.join(",")).map_err(|error| wrong(&error))?;
    let filter = filter(&args.filters)?;
    let sort = SortKey::parse_list(&args.sort.join(",")).map_err(|error| wrong(&error))?;
    let fields = columns.iter().map(|column| column.field);
    let fields = fields.chain(filter.fields()).chain(sort.iter().map(|key| key.field));
    let mut wanted: Facts = fields.map(|field| field.needs).collect();
    if args.container.is_some() {
        wanted |= Facts::CGROUP;
    }
    if args.json {
        wanted |= JsonSnapshot::FACTS;
    }
    Ok(PsPlan {
        processes: processes(args)?,
        columns,
        wanted,
        filter,
        container: args.container.clone().map(container).transpose()?,
        sort,
        times: match args.time_style {
            TimeStyleName::Psgo => Times::Psgo,
            TimeStyleName::Ps => Times::Ps,
        },
        from: from(args)?,
        source: sourced(&args.source, Options::default()),
        every: every(args)?,
        json: args.json,
        header: !args.no_headers,
        color: color(args.color),
        verbose: args.source.verbose,
    })
}

fn processes(args: &PsArgs) -> Result<Processes, Failure> {
    let pids = pids(&args.pids)?;
    let PsArgs { join, fill_mappings, container, .. } = args;
    if *join && args.pids.is_empty() && container.is_none() {
        let why = "--join needs processes whose pid namespaces it shows";
        return Err(usage(format!("{why}; name them with -p PID,… or --container")));
    }
    if *fill_mappings && !join {
        let why = "--fill-mappings only works together with --join";
        return Err(usage(format!("{why}; add --join, or leave it out")));
    }
    Ok(match (join, args.pids.is_empty()) {
        (true, _) => {
            let maps = if *fill_mappings { HostMaps::of_caller()? } else { HostMaps::default() };
            Processes::Joined { pids, maps }
        }
        (false, false) => Processes::These(pids),
        (false, true) => Processes::All,
    })
}

/// A live table pays for more than one listing only.
fn from(args: &PsArgs) -> Result<From, Failure> {
    match (args.source.backend, args.every) {
        (BackendName::Bpf | BackendName::Perf, _) if args.join => {
            let why = "--join only works by reading /proc";
            Err(usage(format!("{why}; leave out --backend, or use --backend proc")))
        }
        (BackendName::Perf, None) => {
            let why = "--backend perf only works together with --every";
            Err(usage(format!("{why}; add --every, or use --backend bpf or proc")))
        }
        (BackendName::Bpf, None) => Ok(From::Kernel),
        (BackendName::Bpf | BackendName::Perf, Some(_)) => Ok(From::Table),
        (BackendName::Auto, Some(_)) if !args.join => Ok(From::TableOrProc),
        (BackendName::Auto | BackendName::Proc, _) => Ok(From::Proc),
    }
}

fn every(args: &PsArgs) -> Result<Option<Every>, Failure> {
    match args.every {
        Some(Duration::ZERO) => {
            let why = "--every needs an interval longer than 0";
            Err(usage(format!("{why}; give a time such as 500ms, 10s or 5m")))
        }
        interval => Ok(interval.map(|interval| Every { interval, count: args.count })),
    }
}

fn pids(lists: &[String]) -> Result<Vec<u32>, Failure> {
    let items = lists.iter().flat_map(|list| list.split([',', ' ', '\t', '\n']));
    let pid = |item: &str| {
        item.parse().map_err(|_not_a_number| {
            usage(format!("`{item}` is not a process id; expected numbers separated by commas"))
        })
    };
    items.filter(|item| !item.is_empty()).map(pid).collect()
}

fn filter(conditions: &[String]) -> Result<Filter, Failure> {
    let mut filter = Filter::default();
    for condition in conditions {
        let (column, value) = condition.split_once('=').ok_or_else(|| {
            usage(format!(
                "`{condition}` is not a filter; expected COLUMN=VALUE, for example user=root"
            ))
        })?;
        filter.require(column.trim(), value).map_err(|error| wrong(&error))?;
    }
    Ok(filter)
}

fn container(name: String) -> Result<String, Failure> {
    if name.is_empty() {
        let why = "--container needs a name, but got an empty one";
        return Err(usage(format!("{why}; give a name, an id or the beginning of an id")));
    }
    Ok(name)
}

fn usage(line: String) -> Failure {
    Failure::Usage(line)
}

/// What was typed names nothing.
fn wrong(error: &Error) -> Failure {
    Failure::Usage(describe(error))
}
