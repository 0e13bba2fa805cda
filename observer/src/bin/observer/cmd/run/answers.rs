//! What only a container engine knows, asked for off the hot path: each question on a thread of its
//! own, a few at a time.

use std::{
    collections::VecDeque,
    ffi::OsStr,
    os::{
        fd::{AsFd as _, BorrowedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use bytes::Bytes;
use nix::sys::eventfd::{EfdFlags, EventFd};
use observer::{
    Error,
    cause::{CausalSet, Wish},
    engines::{self, EngineError, Found, Named},
};

/// An engine with many containers is not stormed.
const AT_ONCE: usize = 4;

/// An engine that starts several containers takes its time; each look waits for some seconds.
const LOOKS: usize = 5;

/// Questions that were asked, and their answers.
#[derive(Debug)]
pub(super) struct Answers {
    sender: Sender<Answer>,
    receiver: Receiver<Answer>,
    /// Rings when an answer is there.
    bell: Arc<EventFd>,
    asking: usize,
    waiting: VecDeque<Wish>,
}

#[derive(Debug)]
enum Answer {
    Described(Vec<Named>),
    Resolved {
        name: String,
        id: String,
    },
    /// No engine knows.
    Nothing,
}

impl Answers {
    pub(super) fn new() -> Result<Self, Error> {
        let (sender, receiver) = mpsc::channel();
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let bell = EventFd::from_flags(flags).map_err(|errno| Error::System {
            what: "cannot wait for a container engine",
            source: errno.into(),
        })?;
        Ok(Self { sender, receiver, bell: Arc::new(bell), asking: 0, waiting: VecDeque::new() })
    }

    /// Readable when an answer is there.
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// Whether some are still to come. None takes longer than some seconds.
    pub(super) fn are_awaited(&self) -> bool {
        self.asking > 0 || !self.waiting.is_empty()
    }

    pub(super) fn ask(&mut self, question: Wish) {
        self.waiting.push_back(question);
        self.ask_some();
    }

    /// Tells the set what has been answered.
    pub(super) fn tell(&mut self, set: &mut CausalSet) {
        if !self.are_awaited() {
            return;
        }
        let _silent = self.bell.read();
        while let Ok(answer) = self.receiver.try_recv() {
            self.asking = self.asking.saturating_sub(1);
            match answer {
                Answer::Described(containers) => {
                    for Named { id, name, image, marks } in containers {
                        set.describe(&id, name, image, marks);
                    }
                }
                Answer::Resolved { name, id } => set.resolve(&name, &id),
                Answer::Nothing => {}
            }
        }
        self.ask_some();
    }

    fn ask_some(&mut self) {
        while self.asking < AT_ONCE
            && let Some(question) = self.waiting.pop_front()
        {
            let (sender, bell) = (self.sender.clone(), Arc::clone(&self.bell));
            let asks = move || {
                // Who asked may have ended.
                drop(sender.send(answer(question)));
                let _full = bell.write(1);
            };
            // Without a thread there is no answer, and the set does without.
            let thread = thread::Builder::new().name("engines".to_owned()).spawn(asks);
            self.asking += usize::from(thread.is_ok());
        }
    }
}

fn answer(question: Wish) -> Answer {
    let answer = match question {
        Wish::Describe { id, socket } => {
            described(path(&socket), &id).map(|found| Answer::Described(found.containers))
        }
        Wish::Resolve { name, socket } => engines::id_of_at(path(&socket), &name).map(|found| {
            // Two that two engines know by one name: neither is a fact.
            match <[Named; 1]>::try_from(found.containers) {
                Ok([Named { id, .. }]) => Answer::Resolved { name, id },
                Err(_several) => Answer::Nothing,
            }
        }),
        _ => return Answer::Nothing,
    };
    answer.unwrap_or(Answer::Nothing)
}

/// To look at a container waits until it is started, as long as that takes no longer than an answer
/// may: only then it has addresses. A list does not wait.
fn described(socket: &Path, id: &str) -> Result<Found, EngineError> {
    for _ in 0..LOOKS {
        match engines::id_of_at(socket, id) {
            // It is gone, or nobody is there to be asked again.
            Err(EngineError::NotThere { .. }) => break,
            Err(_busy) => {}
            found => return found,
        }
    }
    engines::of_ids(&[id.to_owned()])
}

fn path(socket: &Bytes) -> &Path {
    Path::new(OsStr::from_bytes(socket))
}
