//! The observer as programs use it: its life from `new` to `close`.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use observer::Error;
use observer::tracepoint::reader::Options;
use observer::tracepoint::{Event, EventSource, Fault, Observer, TracepointEvent, Value};

use super::{fault, load};
use crate::support::child::{Ended, Started, act, unique};
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled};
use crate::support::need::perf;

pub(super) fn cases() -> Vec<Case> {
    let blocking = cases![
        Host [perf] {
            fields_are_read_by_name,
            two_tracepoints_are_told_apart,
            an_unknown_field_names_those_that_there_are,
            an_unknown_tracepoint_is_refused_when_it_is_added,
            the_order_of_calls_is_checked,
            a_failed_open_leaves_nothing_open,
            closing_wakes_who_waits,
            closing_is_quick_at_full_rate,
            losses_are_events,
            dropped_means_closed_and_unmapped,
        }
    ];
    blocking.into_iter().chain(cases_of_streams()).collect()
}

#[cfg(feature = "tokio")]
fn cases_of_streams() -> Vec<Case> {
    cases![
        Host [perf] { stream }
    ]
}

#[cfg(not(feature = "tokio"))]
fn cases_of_streams() -> Vec<Case> {
    Vec::new()
}

const EXEC: &str = "sched:sched_process_exec";
const EXIT: &str = "sched:sched_process_exit";
const SWITCH: &str = "sched:sched_switch";

fn open(name: &str, options: Options) -> (Observer, EventSource) {
    let mut observer = Observer::with_options(options);
    let source = observer.add_tracepoint(name).expect("a tracepoint");
    observer.open().expect("an open observer");
    (observer, source)
}

fn child() -> Ended {
    Started::new(&mut act(&["exit", "0", &unique("tracepoint")])).reap()
}

/// The next event of that process.
fn event_of(observer: &Observer, pid: u32) -> TracepointEvent {
    let deadline = Instant::now() + patience(Duration::from_secs(2));
    loop {
        assert!(Instant::now() < deadline, "no event of process {pid}");
        match observer.read_event().expect("an event") {
            Event::Tracepoint(event) if event.pid() == pid => return event,
            _ => {}
        }
    }
}

fn fields_are_read_by_name() {
    let (observer, exec) = open(EXEC, Options::default());
    let before = monotonic_ns();
    let ended = child();
    let event = event_of(&observer, ended.pid);
    assert_eq!(event.source(), exec);
    assert_eq!(event.format().name.to_string(), EXEC);
    assert!((before..monotonic_ns()).contains(&event.time_ns()), "{}", event.time_ns());
    assert_eq!(event.tid(), ended.pid);
    assert_eq!(event.get_int("pid").expect("a number"), i64::from(ended.pid));
    assert_eq!(event.get_u64("pid").expect("a number"), u64::from(ended.pid));
    let program = crate::support::child::program();
    let filename = event.get_string("filename").expect("a text");
    assert_eq!(filename, program.to_str().expect("UTF-8"));
    assert_eq!(event.get("filename").expect("a value"), Value::Text(filename.as_bytes()));
    let data = event.data();
    assert!(data.windows(filename.len()).any(|part| part == filename.as_bytes()), "{data:?}");
}

fn monotonic_ns() -> u64 {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).expect("a clock");
    u64::try_from(Duration::from(now).as_nanos()).expect("less than 500 years")
}

fn two_tracepoints_are_told_apart() {
    let mut observer = Observer::new();
    let exec = observer.add_tracepoint(EXEC).expect("a tracepoint");
    let exit = observer.add_tracepoint("sched/sched_process_exit").expect("the other spelling");
    assert_ne!(exec, exit);
    observer.open().expect("an open observer");
    let pid = child().pid;
    assert_eq!(event_of(&observer, pid).source(), exec);
    let last = event_of(&observer, pid);
    assert_eq!((last.source(), last.format().name.to_string().as_str()), (exit, EXIT));
    // A fixed array of characters is text as well.
    assert!(program_name().starts_with(&last.get_string("comm").expect("a text")));
}

fn program_name() -> String {
    let program = crate::support::child::program();
    program.file_name().expect("a name").to_str().expect("UTF-8").to_owned()
}

fn an_unknown_field_names_those_that_there_are() {
    let (observer, _) = open(EXEC, Options::default());
    let event = event_of(&observer, child().pid);
    let error = event.get_int("filenam").expect_err("no such field");
    assert!(error.to_string().contains("`filenam`"), "{error}");
    let remedy = error.remedy().expect("a remedy");
    for field in ["filename", "pid", "old_pid", "common_pid"] {
        assert!(remedy.contains(&format!("`{field}`")), "{remedy}");
    }
    assert!(event.get_int("filename").is_err(), "a text is no number");
    assert!(event.get_string("pid").is_err(), "a number is no text");
}

fn an_unknown_tracepoint_is_refused_when_it_is_added() {
    let mut observer = Observer::new();
    let error = observer.add_tracepoint("sched:sched_process_exek").expect_err("none");
    let remedy = error.remedy().unwrap_or_default();
    assert!(remedy.contains(EXEC), "{error}; {remedy}");
    assert!(observer.add_tracepoint("sched_process_exec").is_err(), "a name has a system");
    // And the observer is as good as before.
    observer.add_tracepoint(EXEC).expect("a tracepoint");
    observer.open().expect("an open observer");
    event_of(&observer, child().pid);
}

fn the_order_of_calls_is_checked() {
    let mut observer = Observer::new();
    assert_eq!(fault(observer.open()), Fault::Nothing);
    assert_eq!(fault(observer.read_event()), Fault::NotOpen);
    observer.add_tracepoint(EXEC).expect("a tracepoint");
    observer.open().expect("an open observer");
    assert_eq!(fault(observer.open()), Fault::AlreadyOpen);
    assert_eq!(fault(observer.add_tracepoint(SWITCH)), Fault::AlreadyOpen);
    observer.totals().expect("totals");
    observer.close();
    observer.close();
    assert_eq!(fault(observer.read_event()), Fault::Closed);
    assert_eq!(fault(observer.totals()), Fault::Closed);
    assert_eq!(fault(observer.open()), Fault::Closed);
    assert_eq!(fault(observer.add_tracepoint(EXEC)), Fault::Closed);
    let unopened = Observer::new();
    unopened.close();
    assert_eq!(fault(unopened.read_event()), Fault::Closed);
}

/// Descriptors and mappings of this process that are of events.
fn held() -> (usize, usize) {
    let fds = fs::read_dir("/proc/self/fd").expect("descriptors");
    let links = fds.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
    let events = links.filter(|link| {
        let link = link.to_string_lossy();
        link.contains("[perf_event]") || link.contains("[eventpoll]") || link.contains("[eventfd]")
    });
    let maps = fs::read_to_string("/proc/self/maps").expect("mappings");
    (events.count(), maps.lines().filter(|line| line.contains("[perf_event]")).count())
}

fn a_failed_open_leaves_nothing_open() {
    let before = held();
    let mut observer = Observer::with_options(Options { ring: 5000, ..Options::default() });
    observer.add_tracepoint(EXEC).expect("a tracepoint");
    for _ in 0..2 {
        assert!(matches!(observer.open(), Err(Error::RingSize(5000))));
        assert_eq!(held(), before);
    }
    observer.close();
}

fn dropped_means_closed_and_unmapped() {
    let before = held();
    for close in [false, true] {
        let (observer, _) = open(SWITCH, Options::default());
        observer.read_event().expect("an event");
        let (fds, maps) = held();
        assert!(fds > before.0 && maps > before.1, "{fds} and {maps} while it is open");
        if close {
            observer.close();
            let (fds, maps) = held();
            assert_eq!(maps, before.1, "mappings when closed, with {fds} descriptors");
        }
        drop(observer);
        assert_eq!(held(), before);
    }
}

fn closing_wakes_who_waits() {
    // An event that does not happen here.
    let (observer, _) = open("sched:sched_process_hang", Options::default());
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..2).map(|_| scope.spawn(|| observer.read_event())).collect();
        thread::sleep(Duration::from_millis(100));
        let began = Instant::now();
        observer.close();
        for reading in waiting {
            assert_eq!(fault(reading.join().expect("a reader")), Fault::Closed);
        }
        let took = began.elapsed();
        assert!(took < patience(Duration::from_millis(100)), "{took:?}");
    });
}

fn closing_is_quick_at_full_rate() {
    let mut longest = Duration::ZERO;
    for _ in 0..scaled(3) {
        let (observer, _) = open(SWITCH, Options::default());
        let took = load::beside(|| {
            thread::scope(|scope| {
                let reading = scope.spawn(|| while observer.read_event().is_ok() {});
                thread::sleep(Duration::from_millis(200));
                let began = Instant::now();
                observer.close();
                let took = began.elapsed();
                reading.join().expect("a reader");
                took
            })
        });
        longest = longest.max(took);
    }
    eprintln!("closed in {longest:?} at most");
    assert!(longest < patience(Duration::from_millis(100)), "{longest:?}");
}

fn losses_are_events() {
    let (observer, _) = open(SWITCH, Options { ring: 4096, ..Options::default() });
    load::beside(|| thread::sleep(Duration::from_millis(300)));
    let mut last_ns = 0;
    let deadline = Instant::now() + patience(Duration::from_secs(2));
    loop {
        assert!(Instant::now() < deadline, "no loss in rings of a page");
        let event = observer.read_event().expect("an event");
        assert!(event.time_ns() >= last_ns, "{event:?} after {last_ns}");
        last_ns = event.time_ns();
        if let Event::Lost(lost) = event {
            assert!(lost.count > 0, "{lost:?}");
            assert_eq!(event.source(), None);
            break;
        }
    }
    assert!(observer.totals().expect("totals").lost > 0);
}

#[cfg(feature = "tokio")]
fn stream() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let (observer, exec) = open(EXEC, Options::default());
        let mut stream = std::pin::pin!(observer.into_stream().expect("a stream"));
        for _ in 0..2 {
            let pid = child().pid;
            let wanted = async {
                loop {
                    let next = std::future::poll_fn(|context| {
                        futures_core::Stream::poll_next(stream.as_mut(), context)
                    });
                    let event = next.await.expect("no end").expect("an event");
                    assert_eq!(event.source(), Some(exec));
                    if matches!(event, Event::Tracepoint(event) if event.pid() == pid) {
                        break;
                    }
                }
            };
            let timely = tokio::time::timeout(patience(Duration::from_secs(2)), wanted).await;
            assert!(timely.is_ok(), "no exec of process {pid}");
            // Also after a silence.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        stream.observer().close();
        let next = std::future::poll_fn(|context| {
            futures_core::Stream::poll_next(stream.as_mut(), context)
        });
        assert_eq!(fault(next.await.expect("an error")), Fault::Closed);
    });
}
