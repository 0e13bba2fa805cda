//! What a process used, to the microsecond, once the kernel has let go of it.

use crate::events::storm;
use crate::support::child::unique;
use crate::support::event::none_of;
use crate::support::harness::{Case, cases};
use crate::support::machine::scaled;
use crate::support::need::bpf;
use crate::support::observed::Observed;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] {
            short_processes_are_exact_when_freed,
            processes_of_many_threads_are_exact_when_freed,
        }
    ]
}

/// `wait4` counts microseconds, of user and of system time.
const SLACK_NS: u64 = 10_000;

/// wait4(2) reads the CPU time of a process before it lets go of it, and its last thread may still be on
/// its last steps on another CPU: what it uses there, the kernel's last account has.
const LAST_STEPS_NS: u64 = 1_000_000;

fn short_processes_are_exact_when_freed() {
    assert_exact(&storm::exits(&unique("freed"), scaled(1_000)));
}

fn processes_of_many_threads_are_exact_when_freed() {
    let token = unique("freed-threads");
    let acts: Vec<_> = (0..scaled(200))
        .map(|i| ["threads", "race", &format!("{token}-{i}")].map(str::to_owned).to_vec())
        .collect();
    assert_exact(&acts);
}

fn assert_exact(acts: &[Vec<String>]) {
    let mut observed = Observed::start(&["-e", "exec,free"]);
    let lives = storm::run(acts, 2);
    // A CPU with nothing else to do may keep its last ones for a minute and more: most are told now.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let marker = storm::run(&storm::exits(&unique("marker"), 1), 1);
    let last = &marker[0].0[2];
    observed.wait_for("exec of the marker", |e| e.is("exec") && e.has_argument(last));
    let (mut kept, mut after_the_wait) = (0, 0);
    let execs = |word: &str| format!("exec of `{word}`");
    let mut found = Vec::new();
    for (words, ended) in &lives {
        let word = &words[2];
        let exec = observed.wait_for(&execs(word), |e| e.is("exec") && e.has_argument(word));
        let freed = observed.seen(|e| e.is("free") && e.id() == exec.id());
        let Some(freed) = freed.first() else {
            kept += 1;
            continue;
        };
        let cpu = freed.expect_number("/cpu_time_ns");
        let more = cpu.saturating_sub(ended.cpu_ns);
        if (SLACK_NS..LAST_STEPS_NS).contains(&more) {
            after_the_wait += 1;
        } else if cpu.abs_diff(ended.cpu_ns) > SLACK_NS {
            found.push(format!("{word}: cpu_time_ns is {cpu}, should be {}", ended.cpu_ns));
        }
        let parts = freed.expect_number("/user_time_ns") + freed.expect_number("/system_time_ns");
        if parts != cpu {
            found.push(format!("{word}: user and system time are {parts}, should be {cpu}"));
        }
        if freed.number("/max_rss") != Some(ended.max_rss) {
            found.push(format!("{word}: max_rss differs from {} in {freed:?}", ended.max_rss));
        }
        if freed.death().map(|death| format!("{death:?}"))
            != Some(format!("{:?}", crate::support::event::Death::of_status(ended.status)))
        {
            found.push(format!("{word}: exit differs from {:#x} in {freed:?}", ended.status));
        }
    }
    observed.stop().assert_nothing_lost();
    assert!(kept * 10 <= lives.len(), "{kept} of {} were not told to be freed", lives.len());
    let few = lives.len() / 50 + 1;
    assert!(after_the_wait <= few, "{after_the_wait} used more after they were waited for");
    none_of(&found);
}
