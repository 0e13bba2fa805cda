//! What all three forms of a report have in common: the tree, and where on the time axis things
//! stand.

use hashbrown::HashMap;

use super::Setting;
use crate::{
    cause::{Account, Branch, Caused, CausedContainer, Item},
    event::ProcessKey,
};

/// An account on its way to be shown.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) account: &'a Account<'a>,
    pub(super) setting: Setting<'a>,
    /// The lines of the tree.
    pub(super) branches: Vec<Branch<'a>>,
    processes: HashMap<ProcessKey, &'a Caused>,
    containers: HashMap<&'a str, &'a CausedContainer>,
    /// What the time axis spans, from the command's start: all lives, up to the last end.
    pub(super) span_ns: u64,
}

impl<'a> Report<'a> {
    pub(super) fn new(account: &'a Account<'a>, setting: Setting<'a>) -> Self {
        Self::of_tree(account, setting, account.set.tree())
    }

    pub(super) fn of_tree(
        account: &'a Account<'a>,
        setting: Setting<'a>,
        branches: Vec<Branch<'a>>,
    ) -> Self {
        let (processes, containers) = (HashMap::new(), HashMap::new());
        let mut report = Self { account, setting, branches, processes, containers, span_ns: 1 };
        report.processes = report.processes().map(|it| (it.process.key, it)).collect();
        report.containers = report.containers().map(|it| (it.id.as_str(), it)).collect();
        let ends = report.processes().map(|caused| report.end_ns(caused));
        report.span_ns = ends.fold(report.duration_ns().max(1), u64::max);
        report
    }

    /// The processes of the tree, in its order.
    pub(super) fn processes(&self) -> impl Iterator<Item = &'a Caused> {
        self.branches.iter().filter_map(|branch| match branch.item {
            Item::Process(caused) => Some(caused),
            Item::Container(_) => None,
        })
    }

    /// The containers of the tree, in its order.
    pub(super) fn containers(&self) -> impl Iterator<Item = &'a CausedContainer> {
        self.branches.iter().filter_map(|branch| match branch.item {
            Item::Container(container) => Some(container),
            Item::Process(_) => None,
        })
    }

    pub(super) fn process_of(&self, key: ProcessKey) -> Option<&'a Caused> {
        self.processes.get(&key).copied()
    }

    pub(super) fn container_of(&self, id: &str) -> Option<&'a CausedContainer> {
        self.containers.get(id).copied()
    }

    /// How long the command ran, or has been running.
    pub(super) fn duration_ns(&self) -> u64 {
        let end = self.account.set.command().and_then(|command| command.end);
        let end_ns = end.map_or(self.account.end_ns, |end| end.boot_ns);
        end_ns.saturating_sub(self.account.begin_ns)
    }

    /// A moment as it is told: after the command's start.
    pub(super) fn offset_ns(&self, boot_ns: u64) -> u64 {
        boot_ns.saturating_sub(self.account.begin_ns)
    }

    pub(super) fn start_ns(&self, caused: &Caused) -> u64 {
        self.offset_ns(caused.process.key.start_ns)
    }

    /// How long a process lived, or has lived.
    pub(super) fn lived_ns(&self, caused: &Caused) -> u64 {
        caused.duration_ns(self.account.end_ns)
    }

    fn end_ns(&self, caused: &Caused) -> u64 {
        self.start_ns(caused).saturating_add(self.lived_ns(caused))
    }

    /// What readers know a process by.
    pub(super) fn id(&self, key: ProcessKey) -> String {
        let life = self.process_of(key).map_or(1, |caused| caused.life);
        self.setting.machine.life_id(key, life)
    }
}
