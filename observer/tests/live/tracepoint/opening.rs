//! What opens, what does not, and why.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use observer::Error;
use observer::tracepoint::reader::{Counts, Options, Request, Scope};
use observer::tracepoint::{Fault, Name, PerfFault, Reader};

use super::{fault, name, reader, request, tracefs};
use crate::events::cgroup;
use crate::support::act::say;
use crate::support::child::{Actor, act};
use crate::support::harness::{Case, cases};
use crate::support::machine::{in_guest, patience, scaled};
use crate::support::need::perf;
use crate::support::sys;

pub(super) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [perf] {
            every_event_opens_or_says_why,
            a_filter_that_the_kernel_refuses_is_named,
            rings_are_halved_until_they_may_be_locked,
        }
        Host [perf] {
            what_is_no_cgroup_is_named,
            a_process_that_is_not_there_is_named,
            too_many_files_are_counted,
            a_ring_is_a_power_of_two,
            nothing_asked_for_is_an_error,
        }
        EveryKernel [perf, cgroup::v1] { a_hierarchy_without_perf_is_named }
    ]
}

fn perf_fault<T>(result: Result<T, Error>) -> PerfFault {
    match fault(result) {
        Fault::Perf(fault) => fault,
        other => panic!("{other:?}"),
    }
}

/// One of each system; all of them where there is time.
fn some_names() -> Vec<Name> {
    let names = tracefs().names().expect("names");
    if !in_guest() && scaled(1) > 1 {
        return names;
    }
    let systems: BTreeMap<_, _> = names.iter().rev().map(|name| (name.system(), name)).collect();
    let few = if in_guest() { 20 } else { systems.len() };
    let unwilling = ["ftrace:function", "irq_vectors:irq_work_exit"].map(name);
    let there = unwilling.into_iter().filter(|name| names.contains(name));
    systems.into_values().take(few).cloned().chain(there).collect()
}

fn every_event_opens_or_says_why() {
    let tracefs = tracefs();
    let options = Options { ring: 4096, ..Options::default() };
    let names = some_names();
    let began = Instant::now();
    let mut refusals = Vec::new();
    for name in &names {
        let request = request(&tracefs, &name.to_string());
        match Reader::open(&[request], &options) {
            Ok(mut reader) => drop(reader.drain(1, &mut |_| {}).expect("records")),
            Err(error) => refusals.push((name.to_string(), error.to_string())),
        }
    }
    eprintln!("{} events in {:?}, refused: {refusals:#?}", names.len(), began.elapsed());
    for (name, why) in refusals {
        let reason = match name.as_str() {
            "ftrace:function" => "every function",
            "irq_vectors:irq_work_exit" => "cause of the next one",
            _ => panic!("{name} does not open: {why}"),
        };
        assert!(why.contains(reason), "{name}: {why}");
    }
}

fn not_opened(cgroup: &Path) -> PerfFault {
    let options = Options { scope: Scope::Cgroup(cgroup.to_owned()), ..Options::default() };
    perf_fault(Reader::open(&[request(&tracefs(), "sched:sched_switch")], &options))
}

fn a_hierarchy_without_perf_is_named() {
    let folder = cgroup::folder_of_v1();
    let fault = not_opened(&folder);
    let PerfFault::Hierarchy { path, serving: None } = fault else { panic!("{fault:?}") };
    assert_eq!(path, folder);
}

fn what_is_no_cgroup_is_named() {
    let open = |path: &str| not_opened(Path::new(path));
    let missing = open("/sys/fs/cgroup/no-such-group");
    assert!(matches!(missing, PerfFault::NoCgroup { .. }), "{missing}");
    let folder = open("/proc");
    assert!(matches!(folder, PerfFault::NotACgroup { .. }), "{folder}");
    assert!(folder.to_string().contains("`/proc`"), "{folder}");
}

fn a_process_that_is_not_there_is_named() {
    let options = Options { scope: Scope::Process(0x7fff_fff0), ..Options::default() };
    let fault = perf_fault(Reader::open(&[request(&tracefs(), "sched:sched_switch")], &options));
    assert!(matches!(fault, PerfFault::NoProcess { .. }), "{fault}");
    assert!(fault.to_string().contains("process 2147483632"), "{fault}");
}

fn a_filter_that_the_kernel_refuses_is_named() {
    for filter in ["no_such_field == 1", "prev_pid ==", "prev_pid == 1 and prev_pid == 2"] {
        let text = Some(CString::new(filter).expect("no NUL"));
        let request = Request { filter: text, ..request(&tracefs(), "sched:sched_switch") };
        let fault = perf_fault(Reader::open(&[request], &Options::default()));
        assert!(matches!(fault, PerfFault::Filter { .. }), "{fault}");
        assert!(fault.to_string().contains(filter), "{fault}");
    }
}

/// In a process of its own: limits cannot be raised again.
pub(super) fn with_few_files() -> ExitCode {
    let tracefs = tracefs();
    let requests = vec![request(&tracefs, "sched:sched_switch"); 100];
    // Soft below hard: the one is raised to the other when it is needed.
    sys::limit(libc::RLIMIT_NOFILE, 30, 64).expect("a lower limit");
    Counts::open(&requests[..10], &Scope::Machine, &mut |_| {}).expect("room for ten");
    let fault = perf_fault(Counts::open(&requests, &Scope::Machine, &mut |_| {}));
    let PerfFault::OpenFiles { needed, limit: 64 } = fault else { panic!("{fault:?}") };
    assert!(needed > 100, "{fault}");
    say("fine");
    ExitCode::SUCCESS
}

fn too_many_files_are_counted() {
    assert_fine("few-files");
}

/// As a user whose memory may not be locked without end.
pub(super) fn with_little_memory() -> ExitCode {
    let tracefs = tracefs();
    let requests = [request(&tracefs, "sched:sched_switch")];
    // What all users' rings may have besides is perhaps in use already.
    sys::limit(libc::RLIMIT_MEMLOCK, 1 << 20, 1 << 20).expect("a lower limit");
    caps::drop(None, caps::CapSet::Effective, caps::Capability::CAP_IPC_LOCK).expect("one less");
    let options = Options { ring: 64 << 20, ..Options::default() };
    let reader = Reader::open(&requests, &options).expect("a reader");
    let ring = reader.ring();
    assert!((4096..64 << 20).contains(&ring), "{ring}");
    assert!(ring.is_power_of_two(), "{ring}");
    say("fine");
    ExitCode::SUCCESS
}

fn rings_are_halved_until_they_may_be_locked() {
    assert_fine("little-memory");
}

fn assert_fine(what: &str) {
    let actor = Actor::new(&mut act(&["tracepoint", what]));
    actor.hear_within("fine", patience(std::time::Duration::from_secs(3)));
}

fn a_ring_is_a_power_of_two() {
    let requests = [request(&tracefs(), "sched:sched_switch")];
    for ring in [0, 1, 2048, 5000, 3 << 20] {
        let opened = Reader::open(&requests, &Options { ring, ..Options::default() });
        assert!(matches!(opened, Err(Error::RingSize(size)) if size == ring as u64), "{opened:?}");
    }
    assert_eq!(reader(&["sched:sched_switch"], &Options::default()).ring(), 2 << 20);
}

fn nothing_asked_for_is_an_error() {
    assert_eq!(fault(Reader::open(&[], &Options::default())), Fault::Nothing);
}
