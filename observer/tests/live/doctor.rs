//! `observer doctor`: what it says is what really works.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::need::{bpf, root};
use crate::support::program::{observer_by_descriptor, output};
use crate::support::sys;
use crate::support::sys::become_nobody;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] {
            as_root,
            as_nobody,
        }
        Host [bpf] {
            without_btf,
            without_the_capability,
        }
        EveryKernel [root] { in_a_user_namespace }
        Host [] { text_is_for_people }
    ]
}

/// How the program is started.
type Circumstances = fn(&mut Command);

fn run(arguments: &[&str], circumstances: Circumstances) -> (Option<i32>, String, String) {
    let (mut command, _program) = observer_by_descriptor(arguments);
    circumstances(&mut command);
    let (status, out, errors) = output(&mut command, patience(Duration::from_secs(5)));
    (status.code(), out, errors)
}

fn diagnosis(circumstances: Circumstances) -> Value {
    let (code, out, errors) = run(&["doctor", "--json"], circumstances);
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{out}");
    serde_json::from_str(&out).expect("one document")
}

fn backend<'a>(diagnosis: &'a Value, name: &str) -> &'a Value {
    let all = diagnosis["backends"].as_array().expect("backends");
    all.iter().find(|backend| backend["name"] == name).expect("the backend")
}

/// Each source beside what it says of it.
fn truth_of(circumstances: Circumstances) -> Value {
    let diagnosis = diagnosis(circumstances);
    for name in ["bpf", "perf", "proc"] {
        let arguments = ["events", "--json", "--for", "10ms", "--backend", name];
        let (code, out, errors) = run(&arguments, circumstances);
        let works = code == Some(0) && out.contains("{\"event\":\"ready\"}");
        let told = backend(&diagnosis, name);
        assert_eq!(told["usable"], works, "{told} but {errors}");
        assert_eq!(told.get("why").is_none(), works, "{told}");
        if !works {
            let why = told["why"].as_str().expect("a reason");
            assert!(errors.contains(why), "`{why}` is not why: {errors}");
            assert!(told["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{told}");
        }
    }
    let (code, _, errors) = run(&["events", "--json", "--for", "10ms"], circumstances);
    assert_eq!(diagnosis.get("auto").is_some(), code == Some(0), "{diagnosis} but {errors}");
    diagnosis
}

fn as_root() {
    let diagnosis = truth_of(|_| {});
    assert_eq!(diagnosis["auto"], "bpf");
    assert_eq!(diagnosis["v"], 1);
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("a release");
    assert_eq!(diagnosis["kernel"], release.trim());
    assert!(backend(&diagnosis, "bpf")["knows"].as_array().expect("facts").len() > 8);
    assert_eq!(diagnosis["btf"]["usable"], true);
    assert_eq!(diagnosis["tracefs"]["usable"], true, "{diagnosis}");
    assert_eq!(diagnosis["missing_capabilities"], serde_json::json!([]));
}

fn as_nobody() {
    let diagnosis = truth_of(|command| sys::before_exec(command, become_nobody));
    let told = backend(&diagnosis, "bpf");
    assert_eq!(told["usable"], false);
    let fix = told["fix"].as_str().expect("a command");
    assert!(fix.starts_with("sudo setcap cap_bpf,cap_perfmon+ep /"), "{fix}");
    assert_eq!(backend(&diagnosis, "proc")["usable"], true);
    assert_eq!(diagnosis["capabilities"], serde_json::json!([]));
    let works = self::diagnosis(|_| {});
    for name in ["bpf", "perf", "proc"] {
        let (here, there) = (backend(&diagnosis, name), backend(&works, name));
        for facts in ["knows", "knows_in_time"] {
            assert_eq!(here[facts], there[facts], "what {name} would tell is what it tells");
        }
    }
    assert_eq!(diagnosis.get("auto"), None, "listings are never taken by themselves");
}

fn without_btf() {
    let diagnosis = truth_of(|command| {
        sys::before_exec(command, || {
            sys::private_mounts()?;
            sys::mount(c"none", c"/sys/kernel/btf", Some(c"tmpfs"), 0)
        });
    });
    let told = backend(&diagnosis, "bpf");
    assert!(told["why"].as_str().expect("a reason").contains("BTF"), "{told}");
    assert_eq!(diagnosis["btf"]["usable"], false);
    assert_eq!(backend(&diagnosis, "perf")["usable"], true, "tracepoints need no BTF");
    assert_eq!(diagnosis["auto"], "perf");
}

fn without_the_capability() {
    const CAP_SYS_ADMIN: libc::c_ulong = 21;
    const CAP_BPF: libc::c_ulong = 39;
    let diagnosis = truth_of(|command| {
        sys::before_exec(command, || {
            [CAP_SYS_ADMIN, CAP_BPF].into_iter().try_for_each(sys::forbid_capability)
        });
    });
    let told = backend(&diagnosis, "bpf");
    assert!(told["why"].as_str().expect("a reason").contains("CAP_BPF is missing"), "{told}");
    let missing = diagnosis["missing_capabilities"].as_array().expect("names");
    assert_eq!(missing, &["CAP_SYS_ADMIN", "CAP_BPF"]);
}

/// Where root has every capability, and none of them counts.
fn in_a_user_namespace() {
    let diagnosis = truth_of(|command| {
        sys::before_exec(command, || sys::unshare(libc::CLONE_NEWUSER));
    });
    assert_eq!(diagnosis["initial_user_namespace"], false);
    assert_eq!(backend(&diagnosis, "bpf")["usable"], false);
    assert_eq!(backend(&diagnosis, "perf")["usable"], false);
    assert_eq!(backend(&diagnosis, "proc")["usable"], true);
}

fn text_is_for_people() {
    let (code, out, errors) = run(&["doctor"], |_| {});
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    for word in
        ["bpf ", "perf ", "proc ", "kernel ", "capabilities ", "BTF ", "tracefs ", "cgroups "]
    {
        assert!(out.lines().any(|line| line.starts_with(word)), "`{word}` is missing: {out}");
    }
    let is_plain = |character: char| character == '\n' || !character.is_control();
    assert!(out.chars().all(is_plain), "{out:?}");
    assert!(out.lines().all(|line| line == line.trim_end()), "{out}");
}
