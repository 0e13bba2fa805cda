//! Events of containers that may not exist yet: shown, dropped, or held back until the engines have
//! been asked.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use observer::{
    Listing,
    engines::{self, Names},
    facts::Facts,
    follow::{Answer, Wish},
    render::Escaped,
    source::proc::Which,
};

use super::{
    held::Held,
    is_surely_an_id, present, short,
    start::{Start, look_up},
    verdicts::{GIVE_UP, Verdict, Verdicts},
};
use crate::exit::Failure;

/// How soon it is noticed that a container is to be given up.
const SOON: Duration = Duration::from_millis(200);

/// Which events are shown, and those that wait for it.
#[derive(Debug)]
pub(crate) struct Following<T> {
    verdicts: Verdicts,
    held: Held<T>,
    /// Whether a question is out. What comes to be known meanwhile is asked for in the next one.
    waits: bool,
    /// What kept engines from answering last.
    failure: Option<String>,
}

impl<T> Following<T> {
    /// Looks up what was typed, and says what is not there yet.
    ///
    /// # Errors
    ///
    /// [`Failure::NoMatch`] where a name was given and no engine answers, or several know it.
    pub(crate) fn start(typed: &[String]) -> Result<Self, Failure> {
        let processes = if typed.iter().all(|typed| is_surely_an_id(typed)) {
            BTreeSet::new()
        } else {
            present(&Listing::of_processes(Which::All, Facts::CGROUP)?)
        };
        let starts = typed.iter().map(|typed| look_up(typed, &processes, engines::id_of));
        let starts: Vec<Start> = starts.collect::<Result<_, _>>()?;
        starts.iter().filter_map(|start| start.waiting.as_deref()).for_each(tell);
        let ids = starts.iter().filter_map(|start| start.present.clone()).collect();
        let wanted = starts.into_iter().map(|start| start.wanted).collect();
        Ok(Self {
            verdicts: Verdicts::new(wanted, ids),
            held: Held::new(),
            waits: false,
            failure: None,
        })
    }

    /// That there is such a container: the sooner it is asked for, the surer its engine knows it.
    pub(crate) fn notice(&mut self, id: &str) {
        let _not_yet_needed = self.verdicts.of(id, Instant::now());
    }

    /// What becomes of an event in this container; of none, of what is shown in any case. What is
    /// to be held is to be handed to [`Following::hold`].
    pub(crate) fn verdict(&mut self, id: Option<&str>) -> Verdict {
        let verdict = id.map_or(Verdict::Show, |id| self.verdicts.of(id, Instant::now()));
        // Nothing passes what was there before.
        if verdict == Verdict::Show && !self.held.is_empty() { Verdict::Hold } else { verdict }
    }

    pub(crate) fn hold(&mut self, id: Option<&str>, event: T, bytes: usize) {
        self.held.push(id, event, bytes);
    }

    /// Whether [`Following::next`] has to be called before more is held.
    pub(crate) fn is_too_full(&self) -> bool {
        self.held.is_too_full()
    }

    /// When [`Following::give_up`] is due at the latest.
    pub(crate) fn due(&self) -> Option<Duration> {
        (self.waits || !self.held.is_empty()).then_some(SOON)
    }

    /// Whether events wait for a verdict.
    pub(crate) fn holds_something(&self) -> bool {
        !self.held.is_empty()
    }

    /// The next event that was held and is to be shown.
    pub(crate) fn next(&mut self) -> Option<T> {
        self.held.pop(&self.verdicts)
    }

    /// The names that engines are to be asked for now.
    pub(crate) fn next_wish(&mut self) -> Option<Wish> {
        if self.waits {
            return None;
        }
        let ids = self.verdicts.question();
        self.waits = !ids.is_empty();
        self.waits.then_some(Wish::Names { ids })
    }

    /// Hears what engines have answered.
    pub(crate) fn answer(&mut self, answer: &Answer) {
        let Answer::Names { asked, named, failure } = answer else { return };
        self.waits = false;
        self.failure.clone_from(failure);
        let (asked, named, failure) = (asked.clone(), named.clone(), failure.clone());
        for id in self.verdicts.answer(Names { asked, named, failure }) {
            tell(&format!(
                "no engine knows the name of container `{}`: its events are not shown",
                short(&id)
            ));
        }
    }

    /// Gives up containers whose name has not become known for too long.
    pub(crate) fn give_up(&mut self) {
        for id in self.verdicts.give_up(Instant::now()) {
            let why = self.failure.as_deref().unwrap_or("no answer");
            let seconds = GIVE_UP.as_secs();
            tell(&format!(
                "the name of container `{}` is not known after {seconds} s: {why}; its events so \
                 far are not shown",
                short(&id)
            ));
        }
    }

    /// The next of those that are left at the end.
    pub(crate) fn next_at_the_end(&mut self) -> Option<T> {
        self.held.pop_at_the_end(&self.verdicts)
    }

    /// At the end, on stderr.
    pub(crate) fn tell_given_up(&self) {
        let count = self.given_up();
        if count > 0 {
            tell(&format!("{count} events not shown: the names of their containers came too late"));
        }
    }

    /// How many events were given up.
    pub(crate) fn given_up(&self) -> u64 {
        self.held.given_up()
    }
}

#[expect(clippy::print_stderr, reason = "what is not part of the stream")]
fn tell(line: &str) {
    eprintln!("observer: {}", Escaped(line.as_bytes()));
}
