//! At full rate: in the order of time, and every record is delivered or told as lost.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use observer::tracepoint::Reader;
use observer::tracepoint::reader::{Counts, Item, Options, Request, Scope};

use super::{load, reader, request, tracefs};
use crate::events::cgroup::{self, Cgroup, container_id};
use crate::support::act::{say, wait_for_word};
use crate::support::child::{Actor, act};
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled};
use crate::support::need::perf;
use crate::support::sys::{self, RARE_CALL, own_cpu_ns};

pub(super) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [perf] {
            full_rate_is_in_order_and_adds_up,
            a_small_ring_loses_and_tells_exactly_what,
            calls_of_children_are_seen,
            counts_are_exact,
        }
        Host [perf] {
            small_rings_at_full_rate_keep_the_order,
            a_loss_is_told_although_nothing_follows,
            a_reader_does_not_see_itself,
            the_end_of_a_burst_comes_without_another_event,
        }
        EveryKernel [perf, cgroup::v2] { calls_of_a_cgroup_are_seen }
    ]
}

const CALLS: u64 = 20_000;

/// Makes the call that nobody else makes whenever it is told to; `fork` makes it in a child.
pub(super) fn call(count: &str) -> ExitCode {
    let count: u64 = count.parse().expect("a number");
    say("ready");
    while let Some(word) = wait_for_word() {
        match word.as_str() {
            "fork" => match crate::support::act::fork_here() {
                None => {
                    (0..count).for_each(|_| sys::rare_call());
                    sys::end_process(0)
                }
                Some(pid) => drop(crate::support::act::reap(pid)),
            },
            _ => (0..count).for_each(|_| sys::rare_call()),
        }
        say("done");
    }
    ExitCode::SUCCESS
}

fn caller() -> Actor {
    let caller = Actor::new(&mut act(&["tracepoint", "call", &CALLS.to_string()]));
    caller.hear_within("ready", patience(Duration::from_secs(3)));
    caller
}

fn ask(caller: &mut Actor, word: &str) {
    caller.tell(word);
    caller.hear_within("done", patience(Duration::from_secs(5)));
}

fn rare_calls() -> Request {
    let filter = CString::new(format!("id == {RARE_CALL}")).expect("no NUL");
    Request { filter: Some(filter), ..request(&tracefs(), "raw_syscalls:sys_enter") }
}

/// A reader of the calls of one process, in rings of one page or of enough.
fn reader_of(caller: &Actor, ring: usize) -> Reader {
    let scope = Scope::Process(caller.pid());
    let options = Options { ring, scope, ..Options::default() };
    Reader::open(&[rare_calls()], &options).expect("a reader")
}

/// What a reader handed on.
#[derive(Default)]
struct Seen {
    by_request: BTreeMap<usize, u64>,
    by_pid: BTreeMap<u32, u64>,
    lost: u64,
    last_ns: u64,
}

impl Seen {
    fn take(&mut self, item: Item<'_>) {
        let time_ns = match item {
            Item::Sample(sample) => {
                *self.by_request.entry(sample.request).or_default() += 1;
                *self.by_pid.entry(sample.pid).or_default() += 1;
                sample.time_ns
            }
            Item::Lost { count, time_ns, .. } => {
                self.lost += count;
                time_ns
            }
            other => panic!("{other:?}"),
        };
        assert!(time_ns >= self.last_ns, "{time_ns} after {}", self.last_ns);
        self.last_ns = time_ns;
    }

    fn delivered(&self) -> u64 {
        self.by_request.values().sum()
    }
}

/// Ends it, and compares what it says with what was seen.
fn assert_adds_up(reader: &mut Reader, seen: &mut Seen) {
    let totals = reader.finish(&mut |item| seen.take(item)).expect("an end in order");
    assert_eq!(totals.malformed, 0, "{totals:?}");
    assert_eq!(totals.delivered, seen.delivered(), "{totals:?}");
    assert_eq!(totals.lost, seen.lost, "the losses in the stream, and {totals:?}");
    assert_eq!(totals.produced, totals.delivered + totals.lost, "{totals:?}");
    let lost: u64 = reader.lost().expect("counters").iter().map(|lost| lost.count).sum();
    assert_eq!(lost, totals.lost, "what each event says that it lost");
}

fn full_rate_is_in_order_and_adds_up() {
    let names = ["sched:sched_switch", "raw_syscalls:sys_enter"];
    let mut reader = reader(&names, &Options::default());
    let mut caller = caller();
    let mut seen = Seen::default();
    let last = Duration::from_secs(scaled(2) as u64);
    caller.tell("call");
    read_under_load(&mut reader, &mut seen, last);
    caller.hear_within("done", patience(Duration::from_secs(5)));
    assert_adds_up(&mut reader, &mut seen);
    for (request, name) in names.iter().enumerate() {
        let count = seen.by_request.get(&request).copied().unwrap_or(0);
        assert!(count > 1_000, "{count} of {name} are no full rate");
    }
    let calls = seen.by_pid.get(&caller.pid()).copied().unwrap_or(0);
    assert!(calls + seen.lost >= CALLS, "{calls} of {CALLS} calls, {} lost", seen.lost);
    let (count, late) = (seen.delivered(), reader.late());
    eprintln!("{count} records in {last:?}, {} lost, {late} late", seen.lost);
    // Without waiting for each other's records, every tenth would be.
    assert!(late <= count / 100, "{late} of {count} came late");
}

/// Reads for a while; the order is looked at by `seen`.
fn read_under_load(reader: &mut Reader, seen: &mut Seen, last: Duration) {
    load::beside(|| {
        let end = Instant::now() + last;
        while Instant::now() < end {
            if reader.drain(4096, &mut |item| seen.take(item)).expect("records") == 0 {
                reader.wait(None).expect("a wait");
            }
        }
    });
}

fn small_rings_at_full_rate_keep_the_order() {
    let names = ["sched:sched_switch", "raw_syscalls:sys_enter"];
    let mut reader = reader(&names, &Options { ring: 16 << 10, ..Options::default() });
    let mut seen = Seen::default();
    read_under_load(&mut reader, &mut seen, Duration::from_secs(1));
    assert_adds_up(&mut reader, &mut seen);
    assert!(seen.lost > 0, "nothing was lost in small rings");
}

fn a_small_ring_loses_and_tells_exactly_what() {
    let mut caller = caller();
    let mut reader = reader_of(&caller, 4096);
    let mut seen = Seen::default();
    ask(&mut caller, "call");
    // What it has room for now is what tells of the loss.
    reader.settle(&mut |item| seen.take(item)).expect("records");
    ask(&mut caller, "call");
    assert_adds_up(&mut reader, &mut seen);
    assert_eq!(seen.delivered() + seen.lost, 2 * CALLS, "{} lost", seen.lost);
    assert!(seen.lost > CALLS, "only {} lost in rings of a page", seen.lost);
    assert!(seen.delivered() > 20, "only {} delivered", seen.delivered());
}

fn a_loss_is_told_although_nothing_follows() {
    let mut caller = caller();
    let mut reader = reader_of(&caller, 4096);
    ask(&mut caller, "call");
    let mut seen = Seen::default();
    let deadline = Instant::now() + patience(Duration::from_secs(1));
    while seen.delivered() + seen.lost < CALLS {
        assert!(Instant::now() < deadline, "{} and {} lost", seen.delivered(), seen.lost);
        reader.drain(usize::MAX, &mut |item| seen.take(item)).expect("records");
        reader.wait(None).expect("a wait");
    }
    assert_adds_up(&mut reader, &mut seen);
}

fn calls_of_children_are_seen() {
    let mut caller = caller();
    let mut reader = reader_of(&caller, 8 << 20);
    ask(&mut caller, "fork");
    ask(&mut caller, "call");
    let mut seen = Seen::default();
    assert_adds_up(&mut reader, &mut seen);
    assert_eq!(seen.delivered() + seen.lost, 2 * CALLS, "{} lost", seen.lost);
    assert_eq!(seen.by_pid.len(), 2, "the process and its child: {:?}", seen.by_pid);
    assert!(!reader.is_over(), "it is still there");
    caller.dismiss();
    let deadline = Instant::now() + patience(Duration::from_secs(2));
    while !reader.is_over() {
        assert!(Instant::now() < deadline, "its end is not noticed");
        reader.drain(1, &mut |_| {}).expect("an empty ring");
        reader.wait(None).expect("a wait");
    }
}

fn calls_of_a_cgroup_are_seen() {
    let group = Cgroup::of_container(&container_id());
    let (mut inside, mut outside) = (caller(), caller());
    group.add(inside.pid());
    let scope = Scope::Cgroup(group.folder().to_owned());
    let options = Options { ring: 8 << 20, scope, ..Options::default() };
    let mut reader = Reader::open(&[rare_calls()], &options).expect("a reader");
    ask(&mut inside, "call");
    ask(&mut outside, "call");
    ask(&mut inside, "fork");
    let mut seen = Seen::default();
    assert_adds_up(&mut reader, &mut seen);
    assert_eq!(seen.delivered() + seen.lost, 2 * CALLS, "{} lost", seen.lost);
    assert!(!seen.by_pid.contains_key(&outside.pid()), "{:?}", seen.by_pid);
    inside.dismiss();
}

fn counts_are_exact() {
    let mut caller = caller();
    let scope = Scope::Process(caller.pid());
    let forks = request(&tracefs(), "sched:sched_process_fork");
    let counts = Counts::open(&[forks, rare_calls()], &scope, &mut |_| {}).expect("counters");
    assert_eq!(counts.read().expect("counts"), [0, 0]);
    ask(&mut caller, "call");
    assert_eq!(counts.read().expect("counts"), [0, CALLS]);
    ask(&mut caller, "fork");
    assert_eq!(counts.read().expect("counts"), [1, 2 * CALLS]);
}

fn a_reader_does_not_see_itself() {
    for without_self in [true, false] {
        let options = Options { ring: 8 << 20, without_self, ..Options::default() };
        let mut reader = Reader::open(&[rare_calls()], &options).expect("a reader");
        (0..CALLS).for_each(|_| sys::rare_call());
        let mut seen = Seen::default();
        assert_adds_up(&mut reader, &mut seen);
        let own = seen.by_pid.get(&std::process::id()).copied().unwrap_or(0);
        assert_eq!(own, if without_self { 0 } else { CALLS - seen.lost }, "own calls");
    }
}

fn the_end_of_a_burst_comes_without_another_event() {
    let mut caller = caller();
    let hold = Duration::from_millis(200);
    let scope = Scope::Process(caller.pid());
    let options = Options { ring: 8 << 20, hold, scope, ..Options::default() };
    let mut reader = Reader::open(&[rare_calls()], &options).expect("a reader");
    ask(&mut caller, "call");
    let before = own_cpu_ns();
    let mut seen = Seen::default();
    let deadline = Instant::now() + patience(Duration::from_secs(1));
    while seen.delivered() < CALLS {
        assert!(Instant::now() < deadline, "{} of {CALLS}", seen.delivered());
        if reader.drain(usize::MAX, &mut |item| seen.take(item)).expect("records") == 0 {
            reader.wait(None).expect("a wait");
        }
    }
    let used = Duration::from_nanos(own_cpu_ns() - before);
    assert!(used < patience(Duration::from_millis(100)), "{used:?} of CPU for a wait");
}
