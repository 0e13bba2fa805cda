//! Questions to the engines, off the hot path: one at a time, each on a thread of its own.

use std::{
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::Duration,
};

use observer::engines::{self, EngineError, Found};

use super::{list, verdicts::Answer};

/// Between a question that was not answered and the next.
const PAUSE: Duration = Duration::from_millis(200);

/// One who waits for at most one answer.
#[derive(Debug)]
pub(super) struct Asker {
    sender: Sender<Answer>,
    receiver: Receiver<Answer>,
    waits: bool,
}

impl Asker {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel();
        Self { sender, receiver, waits: false }
    }

    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    /// Begins to ask for the names of these ids.
    pub(super) fn ask(&mut self, ids: Vec<String>) {
        let sender = self.sender.clone();
        let asks = move || {
            let answer = understood(engines::of_ids(&ids), ids);
            if answer.failure.is_some() {
                thread::sleep(PAUSE);
            }
            // Who asked may have ended.
            drop(sender.send(answer));
        };
        // Without a thread there is no answer, and the ids are given up in time.
        let thread = thread::Builder::new().name("engines".to_owned()).spawn(asks);
        self.waits = thread.is_ok();
    }

    /// The answer, if it is there within this time.
    pub(super) fn answer(&mut self, within: Duration) -> Option<Answer> {
        let answer = self.receiver.recv_timeout(within).ok();
        self.waits &= answer.is_none();
        answer
    }
}

fn understood(answer: Result<Found, EngineError>, asked: Vec<String>) -> Answer {
    match answer {
        Ok(found) => {
            let failure = (!found.failures.is_empty()).then(|| list(&found.failures));
            let named = found.containers.into_iter().map(|named| (named.id, named.name));
            Answer { asked, named: named.collect(), failure }
        }
        Err(error) => Answer { asked, named: Vec::new(), failure: Some(error.to_string()) },
    }
}
