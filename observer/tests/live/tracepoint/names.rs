//! The names of the kernel's tracepoints, and how they are found.

use std::collections::BTreeSet;

use observer::tracepoint::{Fault, Name};

use super::{fault, kernel, name, tracefs};
use crate::support::harness::{Case, cases};
use crate::support::need::perf;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [perf] {
            are_those_of_the_kernel,
            of_what_cannot_be_opened,
        }
        Host [perf] {
            are_found_by_patterns,
            misspelled_are_corrected,
            without_a_system_are_completed,
        }
    ]
}

fn texts(names: &[Name]) -> Vec<String> {
    names.iter().map(Name::to_string).collect()
}

fn are_those_of_the_kernel() {
    let names = tracefs().names().expect("names");
    assert!(names.is_sorted(), "sorted");
    // Those of the kernel's own tracers are not switched on by name.
    let switchable = names.iter().filter(|name| name.system() != "ftrace").map(Name::to_string);
    assert_eq!(switchable.collect::<BTreeSet<_>>(), kernel::available());
}

fn are_found_by_patterns() {
    let tracefs = tracefs();
    let all = tracefs.names().expect("names");
    let found = |pattern: &str| texts(&tracefs.find(pattern).expect("matches"));
    let such = |fits: &dyn Fn(&Name) -> bool| {
        texts(&all.iter().filter(|name| fits(name)).cloned().collect::<Vec<_>>())
    };
    assert_eq!(found("*:*"), texts(&all));
    assert_eq!(found("sched:*"), such(&|name| name.system() == "sched"));
    assert_eq!(found("sched/*"), such(&|name| name.system() == "sched"));
    assert_eq!(found("*:*exit*"), such(&|name| name.event().contains("exit")));
    let processes = found("sched:sched_process_[ef]*");
    for event in ["exec", "exit", "fork", "free"] {
        let name = format!("sched:sched_process_{event}");
        assert!(processes.contains(&name), "{name} in {processes:?}");
    }
    assert!(!processes.contains(&"sched:sched_process_wait".to_owned()), "{processes:?}");
    assert_eq!(found("sched/sched_switch"), ["sched:sched_switch"]);
    assert_eq!(fault(tracefs.find("sched:*zzz*")), Fault::NoMatch("sched:*zzz*".to_owned()));
    assert!(matches!(fault(tracefs.find("sched:[a")), Fault::OpenBracket(_)));
}

fn misspelled_are_corrected() {
    let tracefs = tracefs();
    let nearest = |wrong: &str| match fault(tracefs.find(wrong)) {
        Fault::Unknown { nearest, .. } => nearest,
        other => panic!("{other}"),
    };
    assert_eq!(nearest("sched:sched_swich")[0], "sched:sched_switch");
    assert_eq!(nearest("shced:sched_switch")[0], "sched:sched_switch");
    assert_eq!(nearest("raw_syscall:sys_enter")[0], "raw_syscalls:sys_enter");
    assert_eq!(nearest("sched:zzz"), [""; 0]);
    let gone = fault(tracefs.format(&name("sched:sched_swich")));
    assert!(matches!(gone, Fault::Unknown { .. }), "{gone}");
}

fn without_a_system_are_completed() {
    let tracefs = tracefs();
    let meant = |text: &str| match fault(tracefs.find(text)) {
        Fault::NotAName { meant, .. } => meant,
        other => panic!("{other}"),
    };
    assert_eq!(meant("sched_switch"), ["sched:sched_switch"]);
    assert_eq!(meant("sched_swich")[0], "sched:sched_switch");
    assert!(meant("sched_process_f*").contains(&"sched:sched_process_fork".to_owned()));
}

fn of_what_cannot_be_opened() {
    let tracefs = tracefs();
    let openable: BTreeSet<_> = tracefs.names().expect("names").into_iter().collect();
    let described = tracefs.described().expect("names");
    let others: Vec<_> = described.iter().filter(|name| !openable.contains(name)).collect();
    assert!(others.contains(&&name("ftrace:bprint")), "{others:?}");
    for other in others {
        let fault = fault(tracefs.find(&other.to_string()));
        assert_eq!(fault, Fault::WithoutId(other.to_string()));
        tracefs.format(other).expect("its format all the same");
    }
}
