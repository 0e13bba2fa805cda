//! From an event in the kernel to its line in the reader of observer's output.

use std::borrow::Cow;
use std::io::{self, Read as _};
use std::path::Path;
use std::process::{ChildStdout, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use nix::time::{ClockId, clock_gettime};

use super::contestant::{lost_in, observer_events};
use super::noop;
use super::storm::{Pace, Storm};
use crate::program::Program;
use crate::ready::is_ready;
use crate::stats::{float, percentile};

/// How long lines took, in nanoseconds.
#[derive(Debug)]
pub(crate) struct Latency {
    pub(crate) events: u64,
    pub(crate) lost: u64,
    /// Processes a second that were reached.
    pub(crate) rate: f64,
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
}

/// Lets observer watch a storm through a pipe.
pub(crate) fn measure(
    observer: &Path,
    storm: &Storm,
    pace: Pace,
    processes: u64,
) -> Result<Latency> {
    let mut program = Program::start(observer_events(observer).stdout(Stdio::piped()))?;
    let pipe = program.child().stdout.take().context("there is no pipe")?;
    let (sender, ready) = mpsc::channel();
    let reader = thread::spawn(move || Recording::take(pipe, &sender));
    ready.recv_timeout(Duration::from_secs(20)).context("observer is not ready after 20 s")?;
    let time = storm.run(pace, processes)?;
    thread::sleep(Duration::from_millis(300));
    program.interrupt()?;
    let recording =
        reader.join().map_err(|_panic| anyhow!("the reader of the pipe panicked"))??;
    let rate = float(processes) / time.as_secs_f64();
    recording.latency(rate)
}

/// What came out of the pipe, and when.
#[derive(Debug, Default)]
struct Recording {
    bytes: Vec<u8>,
    /// Length of `bytes` after each read, and the clock then.
    arrivals: Vec<(usize, u64)>,
}

impl Recording {
    /// Only reads and looks at the clock: what it does more takes CPU time from those it measures.
    fn take(mut pipe: ChildStdout, ready: &Sender<()>) -> Result<Self> {
        let mut recording = Self::default();
        let mut buffer = vec![0; 1 << 16];
        let mut told = false;
        loop {
            let count = match pipe.read(&mut buffer) {
                Ok(0) => return Ok(recording),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error).context("cannot read the pipe"),
            };
            let now = boot_ns()?;
            recording.bytes.extend(buffer.get(..count).unwrap_or_default());
            recording.arrivals.push((recording.bytes.len(), now));
            if !told && is_ready(&recording.text()) {
                told = true;
                ready.send(())?;
            }
        }
    }

    fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }

    fn latency(&self, rate: f64) -> Result<Latency> {
        let mut latencies = self.latencies();
        ensure!(!latencies.is_empty(), "observer printed no event");
        latencies.sort_unstable();
        Ok(Latency {
            events: latencies.len() as u64,
            lost: lost_in(&self.text()).context("observer did not say what it lost")?,
            rate,
            p50: percentile(&latencies, 50),
            p99: percentile(&latencies, 99),
            max: percentile(&latencies, 100),
        })
    }

    /// Of the storm's events. A line has arrived with its last byte.
    fn latencies(&self) -> Vec<u64> {
        let mut arrivals = self.arrivals.iter();
        let mut arrival = arrivals.next();
        let mut end = 0;
        let mut latencies = Vec::new();
        for line in self.text().split_inclusive('\n') {
            end += line.len();
            while arrival.is_some_and(|(length, _)| *length < end) {
                arrival = arrivals.next();
            }
            let event = event_boot_ns(line).filter(|_| line.contains(noop::NAME));
            if let (Some((_, now)), Some(then)) = (arrival, event) {
                latencies.push(now.saturating_sub(then));
            }
        }
        latencies
    }
}

/// The first time in a line is that of its event.
fn event_boot_ns(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once(r#""boot_ns":""#)?;
    let (digits, _) = rest.split_once('"')?;
    digits.parse().ok()
}

fn boot_ns() -> Result<u64> {
    let now = clock_gettime(ClockId::CLOCK_BOOTTIME).context("cannot read the clock")?;
    Ok(u64::try_from(Duration::from(now).as_nanos())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_arrived_with_its_last_byte() {
        let line = |time| format!("{{\"boot_ns\":\"{time}\",\"comm\":\"bench-noop\"}}\n");
        let text = [line(100), line(200), "{\"boot_ns\":\"1\"}\n".into()].concat();
        let recording = Recording {
            arrivals: vec![(line(100).len() + 3, 150), (text.len(), 290)],
            bytes: text.into_bytes(),
        };
        assert_eq!(recording.latencies(), [50, 90]);
    }

    #[test]
    fn other_lines_have_no_time() {
        assert_eq!(event_boot_ns("{\"event\":\"ready\"}\n"), None);
        assert_eq!(event_boot_ns("{\"boot_ns\":\"77\"}\n"), Some(77));
    }
}
