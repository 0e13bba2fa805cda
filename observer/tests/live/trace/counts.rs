//! `--count`: how often, without a record of each.

use std::time::Duration;

use super::{trace, traced};
use crate::support::child::{Started, act};
use crate::support::event::Event;
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled};
use crate::support::need::perf;
use crate::support::program::output;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [perf] {
            every_firing_is_counted,
            sums_of_time_are_no_counts,
        }
        Host [perf] { a_table_each_second }
    ]
}

fn every_firing_is_counted() {
    const NAME: &str = "live-count";
    const EVENTS: [&str; 2] = ["sched:sched_process_fork", "sched:sched_process_exit"];
    let execs = scaled(300);
    let filter = format!("comm == \"{NAME}\"");
    let mut arguments = EVENTS.to_vec();
    arguments.extend(["--count", "--filter", &filter]);
    let observed = traced(&arguments);
    for _ in 0..execs {
        Started::new(&mut act(&["trace", "end-as", NAME])).reap();
    }
    let stream = observed.stop();
    stream.assert_code(0);
    let sum = |name: &str| -> u64 {
        let lines = stream.of_kind("counts").filter_map(|line| line.field("/events")?.as_array());
        let counted = lines.flatten().map(|value| Event(value.clone()));
        let counted = counted.filter(|counted| counted.is(name));
        counted.map(|counted| counted.expect_number("/count")).sum()
    };
    assert_eq!(sum("sched:sched_process_exit"), execs as u64, "exits of that name");
    let bye = stream.bye();
    assert_eq!(bye.number("/produced"), Some(sum(EVENTS[0]) + sum(EVENTS[1])), "{bye:?}");
}

fn a_table_each_second() {
    let mut command = trace(&["sched:sched_switch", "sched:sched_process_hang", "--count", "-n2"]);
    let (status, out, errors) = output(&mut command, patience(Duration::from_secs(4)));
    assert_eq!(status.code(), Some(0), "{errors}");
    let blocks: Vec<_> = out.split("\n\n").collect();
    assert_eq!(blocks.len(), 2, "{out}");
    for block in blocks {
        let lines: Vec<_> =
            block.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
        assert_eq!(lines[0], ["EVENTS/S", "TOTAL", "EVENT"], "{block}");
        assert_eq!(lines[1][2], "sched:sched_switch", "what does not happen is left out: {block}");
        assert_eq!(lines.len(), 2, "{block}");
    }
}

fn sums_of_time_are_no_counts() {
    let mut command = trace(&["sched:sched_stat_runtime", "--count"]);
    let (status, _, errors) = output(&mut command, patience(Duration::from_secs(2)));
    assert_eq!(status.code(), Some(2), "{errors}");
    assert!(errors.contains("nanoseconds"), "{errors}");
    let mut command = trace(&["sched:sched_stat_*", "sched:sched_switch", "--count", "-n1"]);
    let (status, out, errors) = output(&mut command, patience(Duration::from_secs(4)));
    assert_eq!(status.code(), Some(0), "{errors}");
    assert!(errors.contains("`sched:sched_stat_runtime` is left out"), "{errors}");
    assert!(!out.contains("sched_stat_runtime"), "{out}");
}
