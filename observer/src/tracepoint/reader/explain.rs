//! What was tried, what the kernel answered and what the machine says → why. Pure.

use std::path::Path;

use nix::errno::Errno;

use super::{Scope, circumstances::Circumstances};
use crate::error::perf::{PerfFault, in_words};

/// What the kernel was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Attempt<'a> {
    /// To open an event.
    Open { event: &'a str, scope: &'a Scope },
    /// To map a ring for each CPU.
    Map { bytes: usize, cpus: usize },
    /// To let only some of an event's records through.
    Filter { event: &'a str, filter: &'a str },
}

/// The reason for an answer.
pub(super) fn explain(attempt: Attempt<'_>, errno: Errno, here: &Circumstances) -> PerfFault {
    match attempt {
        Attempt::Open { event, scope } => not_opened(event, scope, errno, here),
        Attempt::Map { bytes, cpus } if errno == Errno::EPERM => PerfFault::LockedMemory {
            bytes,
            cpus,
            errno: in_words(errno),
            mlock_kib: here.mlock_kib,
            limit: here.memlock.clone(),
        },
        Attempt::Map { bytes, .. } => other(format!("map a ring of {bytes} bytes"), errno),
        Attempt::Filter { event, filter } if is_refusal(errno) || errno == Errno::EINVAL => {
            let (event, filter) = (event.to_owned(), filter.to_owned());
            PerfFault::Filter { event, filter, errno: in_words(errno) }
        }
        Attempt::Filter { event, .. } => other(format!("set a filter for `{event}`"), errno),
    }
}

fn not_opened(event: &str, scope: &Scope, errno: Errno, here: &Circumstances) -> PerfFault {
    let what = format!("`{event}` {scope}");
    let words = in_words(errno);
    if let Scope::Cgroup(path) = scope
        && let Some(fault) = not_of_cgroup(path, errno, here)
    {
        return fault;
    }
    match errno {
        Errno::ENOSYS if here.seccomp => PerfFault::Seccomp { what, errno: words },
        Errno::ENOSYS | Errno::ENOENT => PerfFault::NoPerf { what, errno: words },
        Errno::ESRCH => PerfFault::NoProcess { what },
        Errno::EPERM | Errno::EACCES => refused(event, scope, errno, here),
        Errno::EINVAL => PerfFault::Unwilling { what, errno: words, why: unfit(event) },
        _ => other(format!("open {what}"), errno),
    }
}

/// What only a cgroup can be the reason of.
fn not_of_cgroup(path: &Path, errno: Errno, here: &Circumstances) -> Option<PerfFault> {
    let path = path.to_owned();
    match errno {
        Errno::EBADF => Some(PerfFault::NotACgroup { path }),
        Errno::ENOENT => Some(PerfFault::Hierarchy { path, serving: here.perf_hierarchy.clone() }),
        Errno::EINVAL if !here.cgroup_perf => Some(PerfFault::NoCgroupPerf),
        _ => None,
    }
}

/// Permissions, the strongest rule first.
fn refused(event: &str, scope: &Scope, errno: Errno, here: &Circumstances) -> PerfFault {
    let what = format!("`{event}` {scope}");
    let why = unfit(event);
    let errno = in_words(errno);
    if here.confidential {
        return PerfFault::Lockdown { what, errno };
    }
    if here.seccomp && here.harmless.is_err() {
        return PerfFault::Seccomp { what, errno };
    }
    if !here.initial_user_namespace {
        return PerfFault::UserNamespace { what, errno };
    }
    match here.paranoid {
        _ if here.capable && here.harmless.is_err() => PerfFault::DespiteCapability { what, errno },
        _ if here.capable => PerfFault::Unwilling { what, errno, why },
        Some(-1) if matches!(scope, Scope::Process(_)) => PerfFault::NotYours { what, errno },
        Some(level) if level >= 0 && !here.root => PerfFault::Paranoid { what, errno, level },
        Some(level) if level >= 0 => PerfFault::NoCapability { what, errno },
        _ => PerfFault::Unwilling { what, errno, why },
    }
}

/// What is known about events that do not take part.
fn unfit(event: &str) -> String {
    let why = match event {
        "ftrace:function" => "it fires at every function of the kernel, and is for ftrace alone",
        "irq_vectors:irq_work_exit" => {
            "each of its records would be the cause of the next one, so it can only be counted"
        }
        _ => "the event does not serve perf, or was removed meanwhile",
    };
    why.to_owned()
}

fn is_refusal(errno: Errno) -> bool {
    matches!(errno, Errno::EPERM | Errno::EACCES)
}

fn other(what: String, errno: Errno) -> PerfFault {
    PerfFault::Other { what, errno: in_words(errno) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine on which nothing stands against it.
    fn open_house() -> Circumstances {
        Circumstances {
            paranoid: Some(2),
            capable: true,
            root: true,
            initial_user_namespace: true,
            confidential: false,
            seccomp: false,
            harmless: Ok(()),
            mlock_kib: 516,
            memlock: "8388608 bytes".to_owned(),
            cgroup_perf: true,
            perf_hierarchy: None,
        }
    }

    fn opened(event: &str, scope: &Scope, errno: Errno, here: &Circumstances) -> String {
        let fault = explain(Attempt::Open { event, scope }, errno, here);
        format!("{fault}; {}", fault.remedy().unwrap_or_default())
    }

    fn exec(errno: Errno, here: &Circumstances) -> String {
        opened("sched:sched_process_exec", &Scope::Machine, errno, here)
    }

    #[track_caller]
    fn assert_says(text: &str, words: &[&str]) {
        for word in words {
            assert!(text.contains(word), "`{word}` is not in: {text}");
        }
    }

    #[test]
    fn a_user_without_the_capability_is_told_of_both_ways() {
        for (level, errno) in [(0, Errno::EPERM), (1, Errno::EPERM), (2, Errno::EACCES)] {
            let paranoid = Some(level);
            let here = Circumstances { paranoid, capable: false, root: false, ..open_house() };
            let text = exec(errno, &here);
            let value = format!("perf_event_paranoid is {level}");
            assert_says(&text, &["`sched:sched_process_exec`", "whole machine", &value, "sudo"]);
            assert_says(&text, &["CAP_PERFMON", "kernel.perf_event_paranoid=-1"]);
        }
    }

    #[test]
    fn a_user_where_even_the_harmless_is_refused_is_told_of_the_level() {
        let harmless = Err(Errno::EACCES);
        let here = Circumstances {
            paranoid: Some(3),
            capable: false,
            root: false,
            harmless,
            ..open_house()
        };
        assert_says(&exec(Errno::EACCES, &here), &["perf_event_paranoid is 3"]);
    }

    #[test]
    fn root_without_the_capability_is_told_so() {
        let here = Circumstances { capable: false, ..open_house() };
        assert_says(&exec(Errno::EACCES, &here), &["CAP_PERFMON is missing", "--cap-add PERFMON"]);
    }

    #[test]
    fn the_process_of_another_user_is_named_as_such() {
        let here =
            Circumstances { paranoid: Some(-1), capable: false, root: false, ..open_house() };
        let text = opened("sched:sched_switch", &Scope::Process(42), Errno::EACCES, &here);
        assert_says(&text, &["process 42", "another user's"]);
    }

    #[test]
    fn lockdown_is_the_strongest_reason() {
        let here = Circumstances { confidential: true, seccomp: true, ..open_house() };
        assert_says(&exec(Errno::EPERM, &here), &["lockdown"]);
    }

    #[test]
    fn a_filter_of_system_calls_shows_by_what_it_refuses() {
        for errno in [Errno::EPERM, Errno::EACCES, Errno::ENOSYS] {
            let here = Circumstances { seccomp: true, harmless: Err(errno), ..open_house() };
            assert_says(&exec(errno, &here), &["seccomp"]);
        }
        let here = Circumstances { seccomp: true, capable: false, ..open_house() };
        assert!(!exec(Errno::EPERM, &here).contains("seccomp"), "it let the harmless one through");
    }

    #[test]
    fn capabilities_of_a_user_namespace_do_not_count() {
        let here = Circumstances { initial_user_namespace: false, ..open_house() };
        assert_says(&exec(Errno::EACCES, &here), &["user namespace"]);
    }

    #[test]
    fn a_security_module_is_the_last_suspect() {
        let here = Circumstances { harmless: Err(Errno::EACCES), ..open_house() };
        assert_says(&exec(Errno::EACCES, &here), &["although this process has CAP_PERFMON"]);
    }

    #[test]
    fn a_kernel_without_perf_is_named() {
        let here = Circumstances { paranoid: None, ..open_house() };
        assert_says(&exec(Errno::ENOSYS, &here), &["without perf events", "CONFIG_PERF_EVENTS"]);
    }

    #[test]
    fn events_that_refuse_are_explained() {
        let here = open_house();
        let event = "irq_vectors:irq_work_exit";
        let text = opened(event, &Scope::Machine, Errno::EPERM, &here);
        assert_says(&text, &[event, "cause of the next one", "EPERM", "--count"]);
        let text = opened("ftrace:function", &Scope::Machine, Errno::EINVAL, &here);
        assert_says(&text, &["every function", "EINVAL"]);
        assert_says(&exec(Errno::EINVAL, &here), &["removed meanwhile"]);
    }

    #[test]
    fn a_process_that_is_gone_is_named() {
        let text = opened("sched:sched_switch", &Scope::Process(42), Errno::ESRCH, &open_house());
        assert_says(&text, &["process 42", "no such process"]);
    }

    #[test]
    fn cgroups_have_reasons_of_their_own() {
        let scope = Scope::Cgroup("/sys/fs/cgroup/x".into());
        let here = open_house();
        let exec = |errno, here: &Circumstances| opened("sched:sched_switch", &scope, errno, here);
        assert_says(&exec(Errno::EBADF, &here), &["`/sys/fs/cgroup/x` is not a cgroup"]);
        assert_says(&exec(Errno::ENOENT, &here), &["does not have the controller perf_event"]);
        let perf_hierarchy = Some("perf_event,net_cls".to_owned());
        let served = Circumstances { perf_hierarchy, ..open_house() };
        assert_says(&exec(Errno::ENOENT, &served), &["hierarchy `perf_event,net_cls`"]);
        let without = Circumstances { cgroup_perf: false, ..open_house() };
        assert_says(&exec(Errno::EINVAL, &without), &["CONFIG_CGROUP_PERF"]);
        assert_says(&exec(Errno::EINVAL, &here), &["does not serve perf"]);
    }

    #[test]
    fn memory_that_may_not_be_locked_has_its_numbers() {
        let attempt = Attempt::Map { bytes: 4096, cpus: 8 };
        let text = explain(attempt, Errno::EPERM, &open_house()).to_string();
        assert_says(&text, &["4096 bytes", "8 CPUs", "516", "8388608 bytes", "EPERM"]);
        let text = explain(attempt, Errno::ENOMEM, &open_house()).to_string();
        assert_says(&text, &["cannot map a ring of 4096 bytes", "ENOMEM"]);
    }

    #[test]
    fn a_filter_that_the_kernel_refuses_is_quoted() {
        let attempt = Attempt::Filter { event: "sched:sched_switch", filter: "pid ==" };
        for errno in [Errno::EINVAL, Errno::EPERM] {
            let text = explain(attempt, errno, &open_house()).to_string();
            assert_says(&text, &["`pid ==`", "`sched:sched_switch`"]);
        }
        let text = explain(attempt, Errno::EEXIST, &open_house()).to_string();
        assert_says(&text, &["cannot set a filter", "EEXIST"]);
    }
}
