//! `observer verify`: on this machine the live table says what /proc says, whatever happens.

use std::fs;
use std::io;
use std::os::fd::AsRawFd as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use observer::Monitor;
use observer::source::bpf::{Object, RingSize};
use observer::verify::Report;
use serde_json::Value;

use crate::child::{Started, unique};
use crate::harness::{Case, btf, cases, patience, root, scaled, soon, unlocked};
use crate::observed::{observer, output};
use crate::ps::scene::{Variety, with_ids};
use crate::{storm, sys};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        this_machine_agrees: [root, unlocked, btf],
        processes_of_every_kind_agree: [root, unlocked, btf],
        short_lived_processes_agree: [root, unlocked, btf],
        within_a_second_after_a_loss_they_agree: [root, unlocked, btf],
        ctrl_c_ends_with_the_summary: [root, unlocked, btf],
        nobody_is_not_permitted: [root, unlocked, btf],
    ]
}

fn verify(arguments: &[&str]) -> Command {
    let mut command = Command::new(observer());
    command.arg("verify").args(arguments).stdin(Stdio::null());
    if let Some(object) = std::env::var_os("OBSERVER_BPF_OBJECT") {
        command.arg("--bpf-object").arg(object);
    }
    command
}

/// The document of a comparison that found nothing.
fn agreed(arguments: &[&str]) -> Value {
    let mut command = verify(&[&["--json"], arguments].concat());
    let (status, out, errors) = output(&mut command, patience(Duration::from_secs(6)));
    assert_eq!(status.code(), Some(0), "{errors}{out}");
    assert_eq!(errors, "", "stderr");
    let report: Value = serde_json::from_str(&out).expect("one document");
    assert_eq!(report["agree"], true, "{report}");
    report
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn this_machine_agrees() {
    let (status, out, errors) = output(&mut verify(&["--for", "1s"]), soon());
    assert_eq!(status.code(), Some(0), "{errors}{out}");
    let line = out.strip_suffix('\n').expect("a line");
    assert!(!line.contains('\n'), "one line, the summary: {out}");
    assert!(line.starts_with("observer: ") && line.ends_with(": all agree"), "{line}");
}

/// They come while it looks on, so that events tell of them; some become another user after that,
/// of which no event tells.
fn processes_of_every_kind_agree() {
    let looking = thread::spawn(|| agreed(&["--for", "3s"]));
    thread::sleep(Duration::from_millis(500));
    let kinds = Variety::new();
    let changed = [with_ids(), with_ids()];
    let report = looking.join().expect("a comparison");
    let columns = report["columns"].as_object().expect("columns");
    for (name, count) in columns {
        assert!(number(&count["checked"]) > 0, "{name} was never compared: {report}");
        assert_eq!(number(&count["differ"]), 0, "{name}");
    }
    for name in ["user", "ruid", "stat", "rss", "vsz", "time", "tty", "netns", "groups", "args"] {
        assert!(columns.contains_key(name), "{name} was not compared");
    }
    assert!(number(&report["processes"]) >= kinds.pids().len() as u64);
    drop(changed);
}

fn short_lived_processes_agree() {
    let report = agreed(&["--churn", "1000", "--for", "2s"]);
    assert!(number(&report["snapshots"]) > 0, "{report}");
}

/// A ring of one page in a storm: the table is torn, and mends itself.
fn within_a_second_after_a_loss_they_agree() {
    let object = std::env::var_os("OBSERVER_BPF_OBJECT");
    let object = object.map_or(Object::BuiltIn, |file| Object::File(file.into()));
    let ring = RingSize::new(4096).expect("one page");
    let monitor = Monitor::builder().ring(ring).object(object).start().expect("a monitor");
    storm::run(&storm::exits(&unique("verify"), scaled(5_000)), 4);
    let end = Instant::now() + Duration::from_secs(1);
    let lost = monitor.statistics().expect("statistics").totals.lost;
    assert!(lost > 0, "nothing was lost");
    thread::sleep(end.saturating_duration_since(Instant::now()));
    let mut report = Report::default();
    report.look(&monitor).expect("a comparison");
    assert!(report.agrees() && report.snapshots == 1, "{report:?}");
}

fn ctrl_c_ends_with_the_summary() {
    let mut command = verify(&["--for", "10m", "-v"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut started = Started::new(&mut command);
    let [out, errors]: [Box<dyn io::Read + Send>; 2] = [
        Box::new(started.child.stdout.take().expect("a pipe")),
        Box::new(started.child.stderr.take().expect("a pipe")),
    ];
    let errors = crate::child::Lines::of(errors);
    // It has begun to compare.
    let first = errors.next(soon());
    started.signal(Signal::SIGINT);
    let ended = started.reap();
    assert_eq!(ended.status, 0, "status; first line: {first:?}");
    let out = io::read_to_string(out).expect("text");
    let last = out.lines().last().unwrap_or_default();
    assert!(last.starts_with("observer: ") && last.ends_with(": all agree"), "{out}");
}

fn nobody_is_not_permitted() {
    let program = fs::File::open(observer()).expect("the program");
    // By its descriptor, so that no folder is in the way.
    let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
    command.arg("verify").stdin(Stdio::null());
    sys::before_exec(&mut command, || {
        let (user, group) = (Uid::from_raw(65_534), Gid::from_raw(65_534));
        setgroups(&[]).map_err(io::Error::from)?;
        setresgid(group, group, group)?;
        setresuid(user, user, user).map_err(io::Error::from)
    });
    let (status, out, errors) = output(&mut command, soon());
    assert_eq!((status.code(), out.as_str()), (Some(4), ""), "{errors}");
    assert!(errors.contains("CAP_BPF and CAP_PERFMON are missing"), "{errors}");
}
