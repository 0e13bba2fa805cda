//! Rights to trace: nobody by `perf_event_paranoid`, by capabilities, root of a user namespace. The
//! setting and the permissions of tracefs are the whole machine's, so most of this is for guests.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::support::child::act;
use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::need::perf;
use crate::support::program::{observer, output};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [perf] { root_of_a_user_namespace_may_not }
        Guest [perf] {
            nobody_by_the_level,
            a_capability_is_not_enough,
            two_capabilities_are_enough,
        }
    ]
}

const TRACE: [&str; 6] = ["trace", "sched:sched_switch", "--json", "-n", "1", "--strict"];
/// tracefs as the kernel mounts it, and for nobody's group too.
const CLOSED: &str = "mode=700,gid=0";
const OPEN: &str = "mode=750,gid=65534";

/// The setting, put back when this is dropped.
struct Level(String);

impl Level {
    const PATH: &str = "/proc/sys/kernel/perf_event_paranoid";

    fn set(level: &str) -> Self {
        let before = fs::read_to_string(Self::PATH).expect("a level");
        fs::write(Self::PATH, level).expect("another level");
        Self(before)
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        fs::write(Self::PATH, &self.0).expect("the level as it was");
    }
}

/// Nobody's exit status and errors, with these capabilities.
fn told(capabilities: &str, tracefs: &str) -> (Option<i32>, String) {
    answer(&mut act(&["trace", "with-rights", capabilities, tracefs]))
}

fn answer(command: &mut Command) -> (Option<i32>, String) {
    let (status, _, errors) =
        output(command.arg(observer()).args(TRACE), patience(Duration::from_secs(3)));
    (status.code(), errors)
}

#[track_caller]
fn assert_refused((code, errors): (Option<i32>, String), words: &[&str]) {
    assert_eq!(code, Some(4), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    for word in words {
        assert!(errors.contains(word), "`{word}` is not in: {errors}");
    }
}

#[track_caller]
fn assert_works((code, errors): (Option<i32>, String)) {
    assert_eq!(code, Some(0), "{errors}");
}

fn nobody_by_the_level() {
    let _level = Level::set("-1");
    assert_works(told("-", OPEN));
    for level in ["0", "1", "2"] {
        let _level = Level::set(level);
        let value = format!("perf_event_paranoid is {level}");
        assert_refused(told("-", OPEN), &[&value, "CAP_PERFMON", "sudo"]);
    }
    let unreadable = ["/sys/kernel/tracing", "0700", "uid 65534", "cap_dac_read_search"];
    assert_refused(told("-", CLOSED), &unreadable);
}

fn a_capability_is_not_enough() {
    let _level = Level::set("2");
    assert_refused(told("CAP_PERFMON", CLOSED), &["/sys/kernel/tracing", "cap_dac_read_search"]);
    let value = "perf_event_paranoid is 2";
    assert_refused(told("CAP_DAC_READ_SEARCH", CLOSED), &[value, "CAP_PERFMON"]);
}

fn two_capabilities_are_enough() {
    let _level = Level::set("2");
    assert_works(told("CAP_PERFMON,CAP_DAC_READ_SEARCH", CLOSED));
    assert_works(told("CAP_PERFMON", OPEN));
}

fn root_of_a_user_namespace_may_not() {
    let told = answer(&mut act(&["trace", "in-user-namespace"]));
    assert_refused(told, &["user namespace", "sched:sched_switch"]);
}
