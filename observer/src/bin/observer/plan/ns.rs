//! What `observer ns` will do.

use std::time::Duration;

use observer::{
    event::Kind,
    facts::Facts,
    namespace::{FACTS, NamespaceKind, Options, tree::Relation},
    render::{
        Color,
        namespace::{Column, MemberDetails, OF_DIFFERENCES, USUAL},
    },
    source::Options as SourceOptions,
};

use super::{Format, color, sourced, time_style};
use crate::{
    args::{BackendName, NsArgs, RelationName},
    exit::Failure,
};

/// A look at the namespaces.
#[derive(Debug)]
pub(crate) struct NsPlan {
    pub(crate) kinds: Vec<NamespaceKind>,
    pub(crate) of: Of,
    pub(crate) layout: Layout,
    pub(crate) columns: Vec<&'static Column>,
    pub(crate) members: MemberDetails,
    pub(crate) options: Options,
    /// What has to be known of each process.
    pub(crate) wanted: Facts,
    /// From the kernel's own list of tasks in place of /proc.
    pub(crate) from_kernel: Option<SourceOptions>,
    pub(crate) json: bool,
    pub(crate) header: bool,
    pub(crate) color: Color,
    pub(crate) verbose: bool,
}

/// Whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// Everybody's.
    All,
    /// Those that this process is in.
    Process(u32),
    /// Those that this very program is in.
    Ourselves,
}

/// What becomes of them, as it happens.
#[derive(Debug)]
pub(crate) struct FollowPlan {
    pub(crate) source: SourceOptions,
    pub(crate) kinds: Vec<NamespaceKind>,
    /// Of what this process does alone.
    pub(crate) pid: Option<u32>,
    pub(crate) format: Format,
    pub(crate) limit: Option<u64>,
    pub(crate) duration: Option<Duration>,
    pub(crate) strict: bool,
    pub(crate) verbose: bool,
}

/// How they are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Table,
    Tree(Relation),
}

/// # Errors
///
/// [`Failure::Usage`] where something has no such name.
pub(crate) fn ns(args: &NsArgs) -> Result<NsPlan, Failure> {
    let layout = layout(args);
    let mut wanted = FACTS;
    if args.members {
        wanted |= Facts::PIDS;
    }
    if layout == Layout::Tree(Relation::Process) {
        wanted |= Facts::ARGUMENTS | Facts::USER_NAMES;
    }
    Ok(NsPlan {
        kinds: kinds(&args.kinds)?,
        of: match args.pid {
            Some(pid) => Of::Process(pid),
            None if args.mine => Of::Ourselves,
            None => Of::All,
        },
        layout,
        columns: columns(args, layout)?,
        members: if args.members { MemberDetails::Yes } else { MemberDetails::No },
        options: Options { deep: args.deep },
        wanted,
        from_kernel: from_kernel(args)?,
        json: args.json,
        header: !args.no_headers,
        color: color(args.color),
        verbose: args.source.verbose,
    })
}

/// # Errors
///
/// [`Failure::Usage`] where something has no such name.
pub(crate) fn follow(args: &NsArgs) -> Result<FollowPlan, Failure> {
    let mut of_events = SourceOptions::for_a_table().kinds;
    of_events.push(Kind::NAMESPACE);
    Ok(FollowPlan {
        source: SourceOptions { kinds: of_events, walks: true, ..source(args) },
        kinds: kinds(&args.kinds)?,
        pid: args.pid,
        format: if args.json {
            Format::Json
        } else {
            Format::Text {
                time: time_style(args.time),
                color: color(args.color),
                header: !args.no_headers,
            }
        },
        limit: args.limit,
        duration: args.duration,
        strict: args.strict,
        verbose: args.source.verbose,
    })
}

fn layout(args: &NsArgs) -> Layout {
    let relation = match args.tree {
        Some(RelationName::Owner) => Relation::Owner,
        Some(RelationName::User) => Relation::User,
        Some(RelationName::Pid) => Relation::Pid,
        Some(RelationName::Process) => Relation::Process,
        None if args.columns.is_empty() && !args.mine => Relation::Owner,
        None => return Layout::Table,
    };
    Layout::Tree(relation)
}

/// # Errors
///
/// [`Failure::Usage`] for a name that is not a kind's.
fn kinds(names: &[String]) -> Result<Vec<NamespaceKind>, Failure> {
    let kind = |name: &String| {
        NamespaceKind::of_name(name.trim()).ok_or_else(|| {
            let known = NamespaceKind::ALL.map(NamespaceKind::name).join(", ");
            Failure::Usage(format!("unknown kind of namespace `{name}`; expected one of {known}"))
        })
    };
    if names.is_empty() {
        return Ok(NamespaceKind::ALL.into());
    }
    names.iter().map(kind).collect()
}

fn columns(args: &NsArgs, layout: Layout) -> Result<Vec<&'static Column>, Failure> {
    let default: &[&str] = match layout {
        _ if args.mine => &OF_DIFFERENCES,
        Layout::Table | Layout::Tree(_) => &USUAL,
    };
    let asked: Vec<&str> = args.columns.iter().flat_map(|list| list.split_whitespace()).collect();
    let names = if asked.is_empty() { default } else { &asked };
    names.iter().map(|name| column(name)).collect()
}

fn column(name: &str) -> Result<&'static Column, Failure> {
    Column::find(name).map_err(|nearest| {
        let advice = match nearest.split_first() {
            Some((first, rest)) => {
                let others = rest.iter().map(|name| format!(" or `{name}`"));
                format!("did you mean `{first}`{}?", others.collect::<String>())
            }
            None => "`observer ns --list` shows all columns".to_owned(),
        };
        Failure::Usage(format!("unknown column `{name}`; {advice}"))
    })
}

fn from_kernel(args: &NsArgs) -> Result<Option<SourceOptions>, Failure> {
    match args.source.backend {
        BackendName::Auto | BackendName::Proc => Ok(None),
        BackendName::Bpf => Ok(Some(source(args))),
        BackendName::Perf => Err(Failure::Usage(
            "--backend perf only works together with --follow; add --follow, or use --backend bpf \
             or proc"
                .to_owned(),
        )),
    }
}

fn source(args: &NsArgs) -> SourceOptions {
    sourced(&args.source, SourceOptions::default())
}
