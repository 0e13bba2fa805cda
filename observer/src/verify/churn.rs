//! Short-lived processes made on purpose, so that a comparison has something to miss.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::wait::{WaitPidFlag, WaitStatus, waitpid},
    unistd::Pid,
};

use crate::{Error, sys};

/// Children of this process that come and go until it is dropped; none is left behind.
#[derive(Debug)]
pub struct Churn {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// So many may be alive at a time, whatever was asked for.
const MOST_ALIVE: usize = 2000;

/// How often new ones are made and dead ones waited for.
const TURN: Duration = Duration::from_millis(5);

impl Churn {
    /// Starts to make so many children a second, or as many as the machine can.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when there is no room for another thread.
    pub fn start(per_second: u32) -> Result<Self, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let work = move || {
            let mut brood = Brood::new(per_second);
            while !told.load(Ordering::Relaxed) {
                brood.turn();
                thread::sleep(TURN);
            }
            brood.wait_for_all();
        };
        let failed = |source| Error::System { what: "cannot start the thread that forks", source };
        let thread = thread::Builder::new().name("churn".to_owned()).spawn(work).map_err(failed)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Churn {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been told where it happened.
            let _panicked = thread.join();
        }
    }
}

/// The children.
struct Brood {
    began: Instant,
    per_second: u32,
    made: u64,
    alive: Vec<Pid>,
}

impl Brood {
    fn new(per_second: u32) -> Self {
        Self { began: Instant::now(), per_second, made: 0, alive: Vec::new() }
    }

    fn turn(&mut self) {
        self.alive.retain(|child| !has_ended(*child, Some(WaitPidFlag::WNOHANG)));
        let most_at_once = u64::from(self.per_second / 20 + 1);
        let due = self.due().saturating_sub(self.made).min(most_at_once);
        for _ in 0..due {
            if self.alive.len() >= MOST_ALIVE {
                break;
            }
            // A machine that has no room for more makes fewer.
            let Ok(child) = sys::fork_for(self.life()) else { break };
            self.alive.push(child);
            self.made += 1;
        }
    }

    /// How many there should have been by now.
    fn due(&self) -> u64 {
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        ms.saturating_mul(self.per_second.into()) / 1000
    }

    /// Most end at once, some live long enough to be found.
    fn life(&self) -> Duration {
        const LIVES_MS: [u64; 8] = [0, 0, 0, 0, 0, 1, 30, 150];
        let turn = usize::try_from(self.made).unwrap_or(0) % LIVES_MS.len();
        Duration::from_millis(LIVES_MS.get(turn).copied().unwrap_or(0))
    }

    fn wait_for_all(&mut self) {
        for child in self.alive.drain(..) {
            while !has_ended(child, None) {}
        }
    }
}

fn has_ended(child: Pid, flags: Option<WaitPidFlag>) -> bool {
    match waitpid(child, flags) {
        Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => false,
        // Whatever else: there is no such child any more.
        Ok(_) | Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_left_behind() {
        let churn = Churn::start(200).unwrap();
        thread::sleep(Duration::from_millis(300));
        let mut children = crate::source::proc::parents();
        children.retain(|(_, parent)| *parent == std::process::id());
        assert!(!children.is_empty(), "no child was made");
        drop(churn);
        for (pid, _) in children {
            let gone = waitpid(Pid::from_raw(pid.cast_signed()), Some(WaitPidFlag::WNOHANG));
            assert_eq!(gone, Err(Errno::ECHILD), "child {pid}");
        }
    }
}
