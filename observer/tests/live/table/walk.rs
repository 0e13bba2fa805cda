//! Walks by the kernel's iterators, beside /proc.

use std::collections::{BTreeMap, BTreeSet};

use observer::event::Kind;
use observer::source::{Item, Source as _, items};
use observer::source::{Options, bpf::BpfSource};
use observer_common::{Record, portion};

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
    let mut records = Vec::new();
    source.walk(portion::STAT, &mut records).expect("a walk");
    for item in items(&records) {
        let Item::Record(_, Record::Task { facts, .. }) = item else {
            panic!("{item:?}");
        };
        assert!(walked.insert(facts.process.pid));
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
    let mut records = Vec::new();
    source.walk_arguments(&mut records).expect("a walk");
    for item in items(&records) {
        let Item::Record(_, Record::TaskArgs { facts, bytes }) = item else {
            panic!("{item:?}");
        };
        let unchanged = of_proc(&facts.pid);
        if before.get(&facts.pid) == Some(&unchanged) && !unchanged.is_empty() {
            assert_eq!(facts.failed, 0, "process {}", facts.pid);
            assert_eq!(bytes, unchanged, "process {}", facts.pid);
            compared += 1;
        }
    }
    assert!(compared > 1, "{compared} compared");
}
