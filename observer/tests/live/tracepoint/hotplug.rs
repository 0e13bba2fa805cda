//! A CPU that leaves and comes back.

use std::fs;
use std::time::{Duration, Instant};

use observer::tracepoint::Reader;
use observer::tracepoint::reader::{Item, Options};

use super::{load, reader};
use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::need::{Lack, perf};

/// Taking a CPU away changes the whole machine, so this is for guests.
pub(super) fn cases() -> Vec<Case> {
    cases![
        Guest [perf, second_cpu] { a_cpu_leaves_and_comes_back }
    ]
}

const SWITCH: &str = "/sys/devices/system/cpu/cpu1/online";

fn second_cpu() -> Option<Lack> {
    let there = fs::read_to_string(SWITCH).is_ok_and(|state| state.trim() == "1");
    (!there).then(|| "no second CPU that can be taken away".into())
}

/// Reads until it is so.
fn until(reader: &mut Reader, what: &str, is_so: impl Fn(&Reader, Option<u32>) -> bool) {
    let deadline = Instant::now() + patience(Duration::from_secs(3));
    let mut last = None;
    while !is_so(reader, last) {
        assert!(Instant::now() < deadline, "{what}");
        let mut note = |item: Item<'_>| {
            if let Item::Sample(sample) = item {
                last = Some(sample.cpu).filter(|cpu| *cpu == 1).or(last);
            }
        };
        reader.drain(4096, &mut note).expect("records");
        reader.wait(None).expect("a wait");
    }
}

fn a_cpu_leaves_and_comes_back() {
    let mut reader = reader(&["sched:sched_switch"], &Options::default());
    let reads = |reader: &Reader| reader.cpus().any(|cpu| cpu == 1);
    load::beside(|| {
        until(&mut reader, "events of CPU 1", |_, cpu| cpu == Some(1));
        fs::write(SWITCH, "0").expect("a CPU that goes");
        until(&mut reader, "CPU 1 is let go", |reader, _| !reads(reader));
        fs::write(SWITCH, "1").expect("a CPU that comes");
        until(&mut reader, "events of CPU 1 again", |reader, cpu| reads(reader) && cpu == Some(1));
    });
    let totals = reader.finish(&mut |_| {}).expect("an end in order");
    assert_eq!(totals.produced, totals.delivered + totals.lost, "{totals:?}");
}
