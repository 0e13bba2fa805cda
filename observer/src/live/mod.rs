//! The driver: a source, a table and whoever follows its changes. It alone reads clocks, asks
//! engines and takes looks; followers are pure.
//!
//! No thread and no timer of its own: whoever drives it waits on [`Live::as_fd`] for as long as
//! [`Live::step`] says, then calls `step` again.
//!
//! ```no_run
//! # fn main() -> Result<(), observer::Error> {
//! use observer::{cause::CausalSet, engine::Settings, live, source::Options};
//!
//! let attached = live::attach(&Options::for_a_table())?;
//! let (pid, spawned_ns) = (0, 0); // of a command that is spawned here
//! let mut set = CausalSet::of_command(pid, spawned_ns);
//! let mut live = attached.with_a_table(Settings::default(), &mut [&mut set], &mut |_change| {})?;
//! let _wait = live.step(&mut [&mut set], &mut |change| println!("{:?}", change.event.what))?;
//! # Ok(())
//! # }
//! ```

mod questions;
mod stream;

use std::{
    fmt,
    os::fd::{AsFd as _, BorrowedFd},
    sync::Arc,
    time::Duration,
};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

use self::{questions::Questions, stream::Stream};
use crate::{
    Error, Listing,
    census::ArgumentsOf,
    engine::{Engine, Look, Settings},
    event::{Kind, ProcessKey},
    facts::{EventFacts, Facts},
    feed::Feed,
    follow::{Answer, Follower, Looked, Wish},
    machine::{Machine, boot_ns},
    namespace::{self, Namespaces},
    origin::Origin,
    pace::{Totals, Wait},
    source::{self, AnySource, Options, Source as _, proc::now},
    table::{Change, Table},
};

/// Starts the source that is asked for. When this returns, its programs are at work, and no process
/// has been looked at.
///
/// # Errors
///
/// As [`source::open`]; [`Error::System`] where /proc is not mounted.
pub fn attach(options: &Options) -> Result<Attached, Error> {
    let source::Opened { source, refused } = source::open(options)?;
    Ok(Attached {
        source,
        refused,
        machine: Arc::new(Machine::read()?),
        kinds: options.kinds.clone(),
    })
}

/// A source at work.
pub struct Attached {
    source: AnySource,
    refused: Vec<(Origin, Error)>,
    machine: Arc<Machine>,
    kinds: Vec<Kind>,
}

impl Attached {
    /// Which kind of source it is.
    pub fn origin(&self) -> Origin {
        self.source.origin()
    }

    /// Sources that would tell more, and what keeps them from working.
    pub fn refused(&self) -> &[(Origin, Error)] {
        &self.refused
    }

    /// What its events tell.
    pub fn facts(&self) -> EventFacts {
        self.source.facts()
    }

    /// The running machine.
    pub fn machine(&self) -> &Arc<Machine> {
        &self.machine
    }

    /// How many events have found no room so far.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub fn lost(&self) -> Result<u64, Error> {
        Ok(self.source.totals()?.iter().map(|cpu| cpu.lost).sum())
    }

    /// Its events as they come, without a table: changes then say nothing of the process
    /// afterwards.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when there is no room for another descriptor.
    pub fn without_a_table(self) -> Result<Live, Error> {
        Live::new(
            Stream::Events(Box::new(Feed::new(self.source))),
            self.refused,
            self.machine,
            self.kinds,
        )
    }

    /// Fills a table. What has happened since [`attach`], and who was there before, is handed on.
    ///
    /// # Errors
    ///
    /// [`Error::System`] where /proc is not mounted or the source cannot be read.
    pub fn with_a_table(
        self,
        settings: Settings,
        followers: &mut [&mut dyn Follower],
        sink: &mut dyn FnMut(Change),
    ) -> Result<Live, Error> {
        let Self { source, refused, machine, kinds } = self;
        let engine = Engine::empty(source, Arc::clone(&machine), settings);
        let mut live = Live::new(Stream::Table(Box::new(engine)), refused, machine, kinds)?;
        // What a client asks its engine for at once must be heard: its exec is not left waiting.
        live.settle(followers, sink)?;
        if let Stream::Table(engine) = &mut live.stream {
            engine.seed(&mut |change| hand_on(change, followers, sink))?;
        }
        live.grant_wishes(followers);
        Ok(live)
    }
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attached").field("refused", &self.refused).finish_non_exhaustive()
    }
}

/// A stream of changes that is driven.
#[derive(Debug)]
pub struct Live {
    stream: Stream,
    refused: Vec<(Origin, Error)>,
    machine: Arc<Machine>,
    /// The kinds of event that the source was opened with, and those attached now.
    kinds: Vec<Kind>,
    attached: Vec<Kind>,
    questions: Questions,
    /// Looks that were wished for, and when.
    looks: Vec<(namespace::Options, u64)>,
    /// The descriptors of the source and of the engines' answers.
    readable: Epoll,
}

impl Live {
    fn new(
        stream: Stream,
        refused: Vec<(Origin, Error)>,
        machine: Arc<Machine>,
        kinds: Vec<Kind>,
    ) -> Result<Self, Error> {
        let failed = Error::system("cannot make a descriptor to wait on");
        let readable = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(failed)?;
        let add = |fd: BorrowedFd<'_>| {
            let event = EpollEvent::new(EpollFlags::EPOLLIN, 0);
            readable.add(fd, event).map_err(Error::system("cannot wait on a descriptor"))
        };
        add(stream.as_fd())?;
        let questions = Questions::new()?;
        questions.fds().into_iter().try_for_each(add)?;
        Ok(Self {
            stream,
            refused,
            machine,
            attached: kinds.clone(),
            kinds,
            questions,
            looks: Vec::new(),
            readable,
        })
    }

    /// Which kind of source tells the events.
    pub fn origin(&self) -> Origin {
        self.stream.source().origin()
    }

    /// Sources that would tell more, and what keeps them from working.
    pub fn refused(&self) -> &[(Origin, Error)] {
        &self.refused
    }

    /// Takes out the sources that were refused, with the errors.
    pub(crate) fn take_refused(&mut self) -> Vec<(Origin, Error)> {
        std::mem::take(&mut self.refused)
    }

    /// The running machine.
    pub fn machine(&self) -> &Arc<Machine> {
        &self.machine
    }

    /// The table, if there is one.
    pub fn table(&self) -> Option<&Table> {
        self.stream.engine().map(Engine::table)
    }

    /// How often the table was mended after a loss.
    pub fn repairs(&self) -> u64 {
        self.stream.engine().map_or(0, Engine::repairs)
    }

    /// What became of the kernel's events so far.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub fn totals(&self) -> Result<Totals, Error> {
        match &self.stream {
            Stream::Events(feed) => feed.totals(),
            Stream::Table(engine) => engine.totals(),
        }
    }

    /// Readable when there is something to do.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.readable.0.as_fd()
    }

    /// Hands on what has happened since, fulfils what followers wish for, and says how long to wait
    /// for more. Each change goes to every follower, then to the sink.
    ///
    /// The kinds of event that the followers live on are attached first, and those of followers
    /// that have left are detached; nothing is loaded for that.
    ///
    /// # Errors
    ///
    /// What keeps the source, or for a look /proc, from being read.
    pub fn step(
        &mut self,
        followers: &mut [&mut dyn Follower],
        sink: &mut dyn FnMut(Change),
    ) -> Result<Wait, Error> {
        self.attach_for(followers)?;
        let wait = self.stream.step(&mut |change| hand_on(change, followers, sink))?;
        self.questions.hear(Duration::ZERO, followers);
        self.grant_wishes(followers);
        self.take_looks(followers, sink)?;
        let Some(next_ns) = self.looks.iter().map(|(_, not_before_ns)| *not_before_ns).min() else {
            return Ok(wait);
        };
        let left = Duration::from_nanos(next_ns.saturating_sub(boot_ns()?));
        Ok(wait.no_longer_than(left))
    }

    /// Takes in all that has happened by now, before a question is answered.
    ///
    /// # Errors
    ///
    /// What keeps the source from being read.
    pub fn settle(
        &mut self,
        followers: &mut [&mut dyn Follower],
        sink: &mut dyn FnMut(Change),
    ) -> Result<(), Error> {
        self.stream.settle(&mut |change| hand_on(change, followers, sink))?;
        self.grant_wishes(followers);
        Ok(())
    }

    /// Fulfils what followers wish for, as far as nothing has to be waited for.
    pub fn grant_wishes(&mut self, followers: &mut [&mut dyn Follower]) {
        for index in 0..followers.len() {
            while let Some(wish) = followers.get_mut(index).and_then(|one| one.next_wish()) {
                self.grant(wish, followers);
            }
        }
    }

    /// Whether an engine is still to answer.
    pub fn awaits_engines(&self) -> bool {
        self.questions.are_open()
    }

    /// Ends the observation: takes the looks that are still wished for, hands on what is left, and
    /// says what became of the kernel's events.
    ///
    /// # Errors
    ///
    /// As [`Live::step`].
    pub fn finish(
        mut self,
        followers: &mut [&mut dyn Follower],
        sink: &mut dyn FnMut(Change),
    ) -> Result<Ended, Error> {
        self.questions.hear(Duration::ZERO, followers);
        for (options, _) in std::mem::take(&mut self.looks) {
            self.look_at_namespaces(options, followers, sink)?;
            self.grant_wishes(followers);
        }
        // What a look has made somebody wish for is looked at at once, a later look is not.
        self.take_looks(followers, sink)?;
        let Self { stream, questions, .. } = self;
        let totals = match stream {
            Stream::Events(feed) => {
                feed.finish(&mut |event| hand_on(Change::of_event(event), followers, sink))
            }
            Stream::Table(engine) => engine.finish(&mut |change| hand_on(change, followers, sink)),
        };
        Ok(Ended { totals: totals?, questions })
    }

    /// Makes the source tell what this process asks servers for; whether it can. See
    /// [`Overhears`](crate::source::Overhears).
    ///
    /// # Errors
    ///
    /// As [`Overhears::begin`](crate::source::Overhears::begin).
    pub fn overhear(&mut self, key: ProcessKey) -> Result<bool, Error> {
        match &mut self.stream {
            Stream::Table(engine) => engine.overhear(key),
            Stream::Events(feed) => match feed.source_mut().overhears() {
                Some(overhears) => overhears.begin(key).map(|()| true),
                None => Ok(false),
            },
        }
    }

    /// Ends what [`Live::overhear`] began.
    ///
    /// # Errors
    ///
    /// As [`Live::overhear`].
    pub fn stop_overhearing(&mut self, key: ProcessKey) -> Result<(), Error> {
        let overhears = self.stream.source_mut().overhears();
        overhears.map_or(Ok(()), |overhears| overhears.end(key))
    }

    /// The table as it is now, with what a walk tells beyond it if something is `wanted`.
    pub(crate) fn look(
        &mut self,
        wanted: Option<(Facts, ArgumentsOf)>,
        followers: &mut [&mut dyn Follower],
        sink: &mut dyn FnMut(Change),
    ) -> Result<Look, Error> {
        match &mut self.stream {
            Stream::Table(engine) => {
                engine.look(wanted, &mut |change| hand_on(change, followers, sink))
            }
            Stream::Events(_) => Ok(Look::of_nothing(boot_ns()?)),
        }
    }

    /// Attaches what these followers live on, and detaches what none of them does.
    pub(crate) fn attach_for(&mut self, followers: &[&mut dyn Follower]) -> Result<(), Error> {
        let on_demand: Vec<Kind> = followers
            .iter()
            .flat_map(|one| one.kinds())
            .copied()
            .filter(|kind| !self.kinds.contains(kind))
            .collect();
        let is_attached = |kind: &Kind| self.attached.contains(kind);
        let wanted = [&*self.kinds, &*on_demand].concat();
        if wanted.len() != self.attached.len() || !wanted.iter().all(is_attached) {
            self.stream.source_mut().attach(&wanted)?;
            self.attached = wanted;
        }
        Ok(())
    }

    fn grant(&mut self, wish: Wish, followers: &mut [&mut dyn Follower]) {
        match wish {
            Wish::Overhear(key) => {
                let begun = self.overhear(key).map_err(|error| error.to_string());
                tell(&Answer::Overhearing { key, begun }, followers);
            }
            Wish::StopOverhearing(key) => {
                // It has ended: at worst nothing more is heard of it for nothing.
                let _still_attached = self.stop_overhearing(key);
            }
            Wish::Look { deep, not_before_ns } => {
                self.looks.push((namespace::Options { deep }, not_before_ns));
            }
            wish => self.questions.ask(wish),
        }
    }

    /// Takes the looks that are due. Several of one kind are one.
    fn take_looks(
        &mut self,
        followers: &mut [&mut dyn Follower],
        sink: &mut dyn FnMut(Change),
    ) -> Result<(), Error> {
        for options in [false, true].map(|deep| namespace::Options { deep }) {
            let now_ns = boot_ns()?;
            let is_due = |look: &(namespace::Options, u64)| look.0 == options && look.1 <= now_ns;
            if self.looks.iter().any(is_due) {
                self.looks.retain(|look| !is_due(look));
                self.look_at_namespaces(options, followers, sink)?;
                self.grant_wishes(followers);
            }
        }
        Ok(())
    }

    fn look_at_namespaces(
        &mut self,
        options: namespace::Options,
        followers: &mut [&mut dyn Follower],
        sink: &mut dyn FnMut(Change),
    ) -> Result<(), Error> {
        const FACTS: Facts = namespace::FACTS;
        let began_ns = boot_ns()?;
        let look = self.look(Some((FACTS, ArgumentsOf::Exec)), followers, sink)?;
        let machine = Machine::clone(&self.machine);
        let rows = look.details.map(|details| details.rows(&look.entries, FACTS, &machine));
        let origin = self.origin();
        let listing = Listing::of_rows(rows.unwrap_or_default(), now()?, FACTS, machine, origin);
        let namespaces = Arc::new(Namespaces::of(listing, options)?);
        let looked = Looked { namespaces, deep: options.deep, began_ns, ended_ns: boot_ns()? };
        tell(&Answer::Namespaces(looked), followers);
        Ok(())
    }
}

/// An observation that has ended, while engines may still answer.
#[derive(Debug)]
pub struct Ended {
    /// What became of the kernel's events.
    pub totals: Totals,
    questions: Questions,
}

impl Ended {
    /// Asks engines what followers wish to hear of containers, and waits so long for answers, at
    /// most; whether some are still to come.
    pub fn hear_engines(&mut self, within: Duration, followers: &mut [&mut dyn Follower]) -> bool {
        self.ask(followers);
        self.questions.hear(within, followers);
        // An answer may lead to the next question.
        self.ask(followers);
        self.questions.are_open()
    }

    fn ask(&mut self, followers: &mut [&mut dyn Follower]) {
        for follower in followers {
            while let Some(wish) = follower.next_wish() {
                self.questions.ask(wish);
            }
        }
    }
}

fn hand_on(change: Change, followers: &mut [&mut dyn Follower], sink: &mut dyn FnMut(Change)) {
    for follower in followers {
        follower.apply(&change);
    }
    sink(change);
}

fn tell(answer: &Answer, followers: &mut [&mut dyn Follower]) {
    for follower in followers {
        follower.answer(answer);
    }
}

#[cfg(test)]
#[cfg(feature = "engine")]
mod tests {
    use super::*;
    use crate::source::Backend;

    /// Asks for one name after the other, each when the one before has been answered.
    #[derive(Default)]
    struct OneByOne {
        waits: bool,
        answered: usize,
    }

    impl Follower for OneByOne {
        fn apply(&mut self, _change: &Change) {}

        fn next_wish(&mut self) -> Option<Wish> {
            let next =
                (!self.waits && self.answered < 3).then(|| format!("{:064x}", self.answered));
            self.waits |= next.is_some();
            next.map(|id| Wish::Names { ids: vec![id] })
        }

        fn answer(&mut self, answer: &Answer) {
            if let Answer::Names { .. } = answer {
                self.waits = false;
                self.answered += 1;
            }
        }
    }

    #[test]
    fn at_the_end_one_answer_leads_to_the_next_question() {
        const WATCHDOG: Duration = Duration::from_secs(30);
        let options = Options { backend: Backend::Proc, ..Options::default() };
        let live = attach(&options).unwrap().without_a_table().unwrap();
        let mut ended = live.finish(&mut [], &mut |_| {}).unwrap();
        let mut follower = OneByOne::default();
        let mut rounds = 0;
        while ended.hear_engines(WATCHDOG, &mut [&mut follower]) && rounds < 10 {
            rounds += 1;
        }
        assert_eq!(follower.answered, 3);
    }
}
