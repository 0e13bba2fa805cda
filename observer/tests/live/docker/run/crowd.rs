//! Many processes in a container: none is missing, and all are told apart.

use std::collections::BTreeSet;

use super::{Observing, run};
use crate::support::engine::{Engine, busybox, engine};
use crate::support::harness::{Case, cases};
use crate::support::machine::scaled;
use crate::support::need::bpf;

pub(super) fn cases() -> Vec<Case> {
    cases![
        Host [bpf, engine, busybox] {
            a_chain_of_short_ones,
            a_bomb,
        }
    ]
}

/// Each tells its pid inside, which is the log to compare with.
fn a_chain_of_short_ones() {
    let engine = Engine::start();
    engine.import_image();
    let count = scaled(500);
    let script = format!(
        "i=0; while [ $i -lt {count} ]; do i=$((i+1)); /bin/sh -c 'echo $$; exec /bin/true step' ; \
         done"
    );
    let words = run(&["--rm"], &["/bin/sh", "-c", &script]);
    let told = Observing::client(&engine, "chain", &words).told();
    assert_eq!(told.code, Some(0), "{}", told.errors);
    told.report.assert_whole();
    let log: Vec<u64> = told.out.lines().map(|line| line.parse().expect("a pid")).collect();
    assert_eq!(log.len(), count, "the chain's own log");
    let rows = told.report.of_role("container process");
    let steps: Vec<_> = rows.iter().filter(|row| row.ran(&["/bin/true", "step"])).collect();
    let seen: Vec<_> = steps.iter().filter_map(|row| row.vpid()).collect();
    assert_eq!(seen, log, "pids in the container, in order");
    assert!(steps.iter().all(|row| row.exit_code() == Some(0) && row.execs().len() == 2));
}

fn a_bomb() {
    let engine = Engine::start();
    engine.import_image();
    let count = scaled(2000);
    let script = format!(
        "i=0; while [ $i -lt {count} ]; do i=$((i+1)); /bin/sleep 1000 & echo $!; done; kill $(jobs -p); wait"
    );
    let words = run(&["--rm"], &["/bin/sh", "-c", &script]);
    let told = Observing::client(&engine, "bomb", &words).told();
    assert_eq!(told.code, Some(0), "{}", told.errors);
    told.report.assert_whole();
    let log: BTreeSet<u64> = told.out.lines().map(|line| line.parse().expect("a pid")).collect();
    assert_eq!(log.len(), count, "the bomb's own log");
    let rows = told.report.of_role("container process");
    let seen: BTreeSet<_> = rows.iter().filter_map(|row| row.vpid()).collect();
    let missing: Vec<_> = log.difference(&seen).collect();
    assert!(missing.is_empty(), "pids in the container: {missing:?}");
    // The shell itself forks for `$(jobs -p)`.
    assert_eq!(seen.difference(&log).count(), 1, "{:?}", seen.difference(&log));
    let sleepers = rows.iter().filter(|row| row.ran(&["/bin/sleep", "1000"])).count();
    assert!(sleepers > count / 2, "{sleepers} of {count} came to run what they were forked for");
}
