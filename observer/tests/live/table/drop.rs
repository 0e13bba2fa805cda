//! A monitor that is dropped leaves nothing behind.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use observer::snapshot::Freshness;

use super::monitor;
use super::scene::Storm;
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled, soon};
use crate::support::need::bpf;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] { ends_its_thread_and_closes_all }
    ]
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("descriptors").count()
}

/// Threads of this process that a monitor has.
fn threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("threads").flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name == "observer\n").count()
}

fn ends_its_thread_and_closes_all() {
    let storm = Storm::start(2000);
    let (open, running) = (descriptors(), threads());
    for _ in 0..scaled(5) {
        let monitor = monitor();
        let mut subscription = monitor.subscribe();
        monitor.snapshot(Freshness::Table).expect("a snapshot");
        assert!(descriptors() > open, "a monitor has descriptors");
        assert_eq!(threads(), running + 1, "a monitor has a thread");
        let begin = Instant::now();
        drop(monitor);
        let took = begin.elapsed();
        assert!(took < patience(Duration::from_millis(100)), "the end took {took:?}");
        assert_eq!(descriptors(), open, "descriptors");
        // The kernel lets go of a thread only after it has told that it ended.
        while threads() > running {
            assert!(begin.elapsed() < soon(), "{} threads are left", threads());
            thread::sleep(Duration::from_millis(1));
        }
        let end = subscription.find(Result::is_err).expect("an end");
        assert!(end.is_err(), "{end:?}");
    }
    storm.stop();
}
