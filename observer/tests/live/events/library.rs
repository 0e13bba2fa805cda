//! The library's own ways to the events: blocking, and as a stream.

use std::time::{Duration, Instant};

use observer::event::{Event, Kind, Status, What};
use observer::source::Options;
use observer::{Error, Events};

use crate::support::child::{Ended, Started, act, unique};
use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::need::bpf;

pub(crate) fn cases() -> Vec<Case> {
    let blocking = cases![
        Host [bpf] { blocking_receive }
        Host [] { ring_sizes_are_checked }
    ];
    blocking.into_iter().chain(cases_of_streams()).collect()
}

#[cfg(feature = "tokio")]
fn cases_of_streams() -> Vec<Case> {
    cases![
        Host [bpf] { stream }
    ]
}

#[cfg(not(feature = "tokio"))]
fn cases_of_streams() -> Vec<Case> {
    Vec::new()
}

fn exits() -> Options {
    Options { kinds: vec![Kind::EXIT], ..Options::default() }
}

fn child() -> Ended {
    Started::new(&mut act(&["exit", "7", &unique("library")])).reap()
}

/// Whether this is the exit of that process; panics when it is another end of it.
fn is_exit_of(event: &Event, ended: &Ended) -> bool {
    match &event.what {
        What::Exit { process, status, .. } if process.key.pid == ended.pid => {
            assert_eq!(*status, Some(Status::Code(7)), "status of process {}", ended.pid);
            true
        }
        _ => false,
    }
}

fn blocking_receive() {
    let mut events = Events::open(&exits()).expect("an observation");
    let ended = child();
    let deadline = Instant::now() + patience(Duration::from_secs(2));
    while !is_exit_of(&events.recv().expect("an event"), &ended) {
        assert!(Instant::now() < deadline, "no exit of process {}", ended.pid);
    }
    let totals = events.finish().expect("an end in order");
    assert_eq!(totals.produced, totals.delivered + totals.lost, "{totals:?}");
    assert!(totals.delivered > 0, "{totals:?}");
}

fn ring_sizes_are_checked() {
    let size = observer::source::RingSize::new(5000);
    assert!(matches!(size, Err(Error::RingSize(5000))), "{size:?}");
}

#[cfg(feature = "tokio")]
fn stream() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let events = Events::open(&exits()).expect("an observation");
        let mut stream = std::pin::pin!(events.into_stream().expect("a stream"));
        let ended = child();
        // Also after a silence, when the reader has gone to sleep.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let again = child();
        let within = patience(Duration::from_secs(2));
        for ended in [ended, again] {
            let wanted = async {
                loop {
                    let next = std::future::poll_fn(|context| {
                        futures_core::Stream::poll_next(stream.as_mut(), context)
                    });
                    let event = next.await.expect("no end").expect("an event");
                    if is_exit_of(&event, &ended) {
                        break;
                    }
                }
            };
            let timely = tokio::time::timeout(within, wanted).await;
            assert!(timely.is_ok(), "no exit of process {}", ended.pid);
        }
    });
}
