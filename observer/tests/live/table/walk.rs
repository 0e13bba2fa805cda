//! Walks by the kernel's iterators, beside /proc.

use std::collections::{BTreeMap, BTreeSet};

use observer::{
    event::Kind,
    facts::Facts,
    source::{Options, Source as _, bpf::BpfSource},
};

use crate::support::harness::{Case, cases};
use crate::support::need::bpf;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] {
            every_process_is_walked_over,
            arguments_are_those_of_proc,
        }
    ]
}

fn source() -> BpfSource {
    let options = Options { kinds: vec![Kind::FREE], walks: true, ..Options::default() };
    BpfSource::open(&options).expect("programs")
}

fn listed() -> BTreeSet<u32> {
    let pids = procfs::process::all_processes().expect("/proc").flatten();
    pids.map(|process| process.pid.cast_unsigned()).collect()
}

fn every_process_is_walked_over() {
    let mut source = source();
    let before = listed();
    let mut walked = BTreeSet::new();
    let walks = source.walks().expect("walks were asked for");
    for task in walks.tasks(Facts::TASK).expect("a walk").iter() {
        assert!(walked.insert(task.key().pid));
    }
    let after = listed();
    let through: BTreeSet<u32> = before.intersection(&after).copied().collect();
    let missing: Vec<&u32> = through.difference(&walked).collect();
    // Some kernels keep the first process, and nothing else, out of their iterators.
    assert!(missing.iter().all(|pid| **pid == 1), "not walked over: {missing:?}");
    assert!(walked.contains(&std::process::id()));
}

fn arguments_are_those_of_proc() {
    let mut source = source();
    let of_proc = |pid: &u32| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let before: BTreeMap<u32, Vec<u8>> =
        listed().into_iter().map(|pid| (pid, of_proc(&pid))).collect();
    let mut compared = 0;
    let walks = source.walks().expect("walks were asked for");
    for arguments in walks.arguments().expect("a walk").iter() {
        let pid = arguments.key().pid;
        let unchanged = of_proc(&pid);
        if before.get(&pid) == Some(&unchanged) && !unchanged.is_empty() {
            assert_eq!(arguments.take().as_deref(), Some(&*unchanged), "process {pid}");
            compared += 1;
        }
    }
    assert!(compared > 1, "{compared} compared");
}
