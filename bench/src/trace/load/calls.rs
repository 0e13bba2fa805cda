//! A rare system call, so many times.
//!
//! It is getppid(2): it does next to nothing, and no C library remembers its answer.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use nix::unistd::{getppid, gettid};

use super::Made;

const WORKERS: u64 = 2;
/// From one burst of a paced load to the next.
const PAUSE: Duration = Duration::from_millis(1);

/// Makes them, so many a second or as fast as it can.
pub(crate) fn make(number: u64, rate: Option<u64>) -> Result<Made> {
    ensure!(number.is_multiple_of(WORKERS), "`{number}` calls are no equal parts for the workers");
    let start = Barrier::new(WORKERS.try_into()?);
    let worked = thread::scope(|scope| {
        let worker = || {
            start.wait();
            work(number / WORKERS, rate.map(|rate| rate / WORKERS))
        };
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(worker)).collect();
        let worked = workers
            .into_iter()
            .map(|worker| worker.join().map_err(|_panic| anyhow!("a worker of the load panicked")));
        worked.collect::<Result<Vec<_>>>()
    })?;
    let mut ids = vec![u64::from(std::process::id())];
    for one in &worked {
        ids.push(u64::try_from(one.thread)?);
    }
    Ok(Made {
        wall: worked.iter().map(|one| one.wall).max().unwrap_or_default(),
        events: number,
        ids,
    })
}

struct Worked {
    thread: i32,
    wall: Duration,
}

/// In bursts, so that a pace takes no time of the CPU between them.
fn work(number: u64, rate: Option<u64>) -> Worked {
    let begin = Instant::now();
    let mut made = 0;
    loop {
        let due = rate.map_or(number, |rate| due(rate, begin.elapsed()).min(number));
        while made < due {
            getppid();
            made += 1;
        }
        if made == number {
            return Worked { thread: gettid().as_raw(), wall: begin.elapsed() };
        }
        thread::sleep(PAUSE);
    }
}

/// How many should have been made after so long.
fn due(rate: u64, elapsed: Duration) -> u64 {
    let due = u128::from(rate) * elapsed.as_nanos() / 1_000_000_000;
    u64::try_from(due).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_kept() {
        assert_eq!(due(800_000, Duration::from_millis(1)), 800);
        let made = make(2_000, Some(100_000)).unwrap();
        assert_eq!((made.events, made.ids.len()), (2_000, 3));
        // The first burst comes at once, when nothing is due.
        assert!(made.wall >= Duration::from_millis(19), "{:?}", made.wall);
    }
}
