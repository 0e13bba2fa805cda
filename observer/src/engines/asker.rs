//! Questions to the engines off the hot path: each on a thread of its own, a few at a time.

use std::{
    collections::VecDeque,
    os::fd::{AsFd, BorrowedFd},
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use super::{
    ask::{Found, Named, id_of_at, of_ids},
    failure::{EngineError, list_failures},
};
use crate::{Error, doorbell::Doorbell};

/// An engine that starts several containers takes its time; each look waits for some seconds.
const LOOKS: usize = 5;

/// Between a question for names that was not answered and the next.
const PAUSE: Duration = Duration::from_millis(200);

/// What engines are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Question {
    /// The names of the containers with these whole ids, of all engines.
    Names {
        /// 64 hex digits each.
        ids: Vec<String>,
    },
    /// What the engine at this socket knows of a container, once it is started.
    Describe {
        /// Of the container.
        id: String,
        /// Where the engine listens; all engines are asked if this one does not know it.
        socket: PathBuf,
    },
    /// Which container is called this.
    Resolve {
        /// A name, or the beginning of an id.
        name: String,
        /// Where the engine listens; all engines are asked if this one does not know it.
        socket: PathBuf,
    },
}

/// What engines answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// To [`Question::Names`].
    Names(Names),
    /// To [`Question::Describe`]: the container, or none where no engine knows it.
    Described(Vec<Named>),
    /// To [`Question::Resolve`]: the one container that is called this.
    Resolved {
        /// As it was asked for.
        name: String,
        /// The whole id.
        id: String,
    },
    /// To [`Question::Resolve`], where no container is called this, or more than one.
    Unresolved,
}

/// Names of containers, as far as engines told them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The ids that were asked for.
    pub asked: Vec<String>,
    /// Ids with their names, as far as they are known.
    pub named: Vec<(String, String)>,
    /// What kept engines from answering: those may know more.
    pub failure: Option<String>,
}

/// Asks engines without waiting for them. No question takes longer than some seconds.
#[derive(Debug)]
pub struct Asker {
    ask: fn(Question) -> Answer,
    at_once: usize,
    asking: usize,
    waiting: VecDeque<Question>,
    sender: Sender<Answer>,
    receiver: Receiver<Answer>,
    /// Rings when an answer is there.
    bell: Arc<Doorbell>,
}

impl Asker {
    /// An asker that puts so many questions at once, at most: no engine is to be stormed.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when there is no room for another descriptor.
    pub fn new(at_once: usize) -> Result<Self, Error> {
        Self::of(ask, at_once)
    }

    fn of(ask: fn(Question) -> Answer, at_once: usize) -> Result<Self, Error> {
        let (sender, receiver) = mpsc::channel();
        let bell = Arc::new(Doorbell::hang()?);
        Ok(Self { ask, at_once, asking: 0, waiting: VecDeque::new(), sender, receiver, bell })
    }

    /// Whether answers are still to come.
    pub fn is_waiting(&self) -> bool {
        self.asking > 0 || !self.waiting.is_empty()
    }

    /// Puts a question, at once or when others have been answered.
    pub fn ask(&mut self, question: Question) {
        self.waiting.push_back(question);
        self.ask_some();
    }

    /// The next answer, if it is there within this time. To be called until there is none: the
    /// descriptor is silent from then on until the next one.
    pub fn answer(&mut self, within: Duration) -> Option<Answer> {
        self.bell.silence();
        let answer = self.receiver.recv_timeout(within).ok()?;
        self.asking = self.asking.saturating_sub(1);
        self.ask_some();
        Some(answer)
    }

    fn ask_some(&mut self) {
        while self.asking < self.at_once
            && let Some(question) = self.waiting.pop_front()
        {
            let (ask, sender, bell) = (self.ask, self.sender.clone(), Arc::clone(&self.bell));
            let asks = move || {
                // Who asked may have ended.
                drop(sender.send(ask(question)));
                bell.ring();
            };
            // Without a thread there is no answer: whoever asked does without, or asks again.
            let thread = thread::Builder::new().name("engines".to_owned()).spawn(asks);
            self.asking += usize::from(thread.is_ok());
        }
    }
}

impl AsFd for Asker {
    /// Readable when an answer is there.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

fn ask(question: Question) -> Answer {
    match question {
        Question::Names { ids } => {
            let names = names(of_ids(&ids), ids);
            if names.failure.is_some() {
                thread::sleep(PAUSE);
            }
            Answer::Names(names)
        }
        Question::Describe { id, socket } => {
            let described = described(&socket, &id);
            Answer::Described(described.map_or_else(|_| Vec::new(), |found| found.containers))
        }
        Question::Resolve { name, socket } => {
            let found = id_of_at(&socket, &name).map(|found| found.containers);
            // Two that two engines know by one name: neither is a fact.
            match found.map(<[Named; 1]>::try_from) {
                Ok(Ok([Named { id, .. }])) => Answer::Resolved { name, id },
                _ => Answer::Unresolved,
            }
        }
    }
}

fn names(answer: Result<Found, EngineError>, asked: Vec<String>) -> Names {
    match answer {
        Ok(Found { containers, failures }) => {
            let failure = (!failures.is_empty()).then(|| list_failures(&failures));
            let named = containers.into_iter().map(|named| (named.id, named.name));
            Names { asked, named: named.collect(), failure }
        }
        Err(error) => Names { asked, named: Vec::new(), failure: Some(error.to_string()) },
    }
}

/// To look at a container waits until it is started, as long as that takes no longer than an answer
/// may: only then it has addresses. A list does not wait.
fn described(socket: &Path, id: &str) -> Result<Found, EngineError> {
    for _ in 0..LOOKS {
        match id_of_at(socket, id) {
            // It is gone, or nobody is there to be asked again.
            Err(EngineError::NotThere { .. }) => break,
            Err(_busy) => {}
            found => return found,
        }
    }
    of_ids(&[id.to_owned()])
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;

    const WATCHDOG: Duration = Duration::from_secs(20);

    fn question(name: String) -> Question {
        Question::Resolve { name, socket: PathBuf::new() }
    }

    fn is_readable(asker: &Asker, within: PollTimeout) -> bool {
        poll(&mut [PollFd::new(asker.as_fd(), PollFlags::POLLIN)], within).unwrap() == 1
    }

    #[test]
    fn every_question_is_answered_and_few_are_put_at_once() {
        static NOW: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let slow = |question| {
            MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(5));
            NOW.fetch_sub(1, Ordering::SeqCst);
            let Question::Resolve { name, .. } = question else { return Answer::Unresolved };
            Answer::Resolved { id: name.repeat(2), name }
        };
        let mut asker = Asker::of(slow, 3).unwrap();
        assert!(!asker.is_waiting() && asker.answer(Duration::ZERO).is_none());
        (0..20).for_each(|number| asker.ask(question(number.to_string())));
        let mut answered = Vec::new();
        while asker.is_waiting() {
            match asker.answer(WATCHDOG) {
                Some(Answer::Resolved { name, id }) if id == name.repeat(2) => answered.push(name),
                other => panic!("{other:?}"),
            }
        }
        answered.sort_by_key(|name| name.parse::<u32>().unwrap());
        assert_eq!(answered, (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
        assert!(MOST.load(Ordering::SeqCst) <= 3);
    }

    #[test]
    fn an_answer_makes_it_readable_until_it_is_taken() {
        let mut asker = Asker::of(|_| Answer::Unresolved, 1).unwrap();
        assert!(!is_readable(&asker, PollTimeout::ZERO));
        asker.ask(question("web".to_owned()));
        assert!(is_readable(&asker, PollTimeout::NONE));
        assert_eq!(asker.answer(WATCHDOG), Some(Answer::Unresolved));
        assert_eq!(asker.answer(Duration::ZERO), None);
        assert!(!is_readable(&asker, PollTimeout::ZERO) && !asker.is_waiting());
    }

    #[test]
    fn a_failure_is_told_beside_what_others_know() {
        let asked = vec!["a".to_owned()];
        let nobody = names(Err(EngineError::NoEngine(Vec::new())), asked.clone());
        assert!(nobody.failure.unwrap().starts_with("no container engine answers"));
        let all = names(Ok(Found::default()), asked.clone());
        assert_eq!(all, Names { asked, named: Vec::new(), failure: None });
    }
}
