//! Which containers' events are shown: what was typed, the ids that events name and what engines
//! answer → show, hold back or drop. It asks nobody and reads no clock.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use observer::engines::Names;

use super::wanted::Wanted;

/// How long an id may stay without an answer.
pub(super) const GIVE_UP: Duration = Duration::from_secs(10);

/// Ids without an answer at once. One more is given up, and asked for when it shows up again.
const MOST_ASKED: usize = 1024;

/// Ids of which the answer is kept. An older one is asked for again when it shows up again.
const MOST_KNOWN: usize = 4096;

/// Ids in one question.
const MOST_IN_A_QUESTION: usize = 32;

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Show,
    /// Until the engines have been asked.
    Hold,
    Drop,
}

/// What is known of every container that events have named.
#[derive(Debug)]
pub(super) struct Verdicts {
    wanted: Vec<Wanted>,
    /// Ids that need no answer any more.
    known: HashMap<String, Verdict>,
    /// The ids in `known`, oldest first.
    order: VecDeque<String>,
    /// Ids without an answer, oldest first, and since when.
    asked: VecDeque<(String, Instant)>,
}

impl Verdicts {
    /// With the ids of containers that are there and meant.
    pub(super) fn new(wanted: Vec<Wanted>, present: Vec<String>) -> Self {
        let mut verdicts =
            Self { wanted, known: HashMap::new(), order: VecDeque::new(), asked: VecDeque::new() };
        for id in present {
            verdicts.know(id, Verdict::Show);
        }
        verdicts
    }

    /// Of an event in this container, which is to be asked for if it is a new one.
    pub(super) fn of(&mut self, id: &str, now: Instant) -> Verdict {
        if let Some(verdict) = self.so_far(id) {
            return verdict;
        }
        if self.asked.len() < MOST_ASKED {
            self.asked.push_back((id.to_owned(), now));
        }
        Verdict::Hold
    }

    /// The verdict so far, without asking; `None` for an id that is new, or was given up.
    pub(super) fn so_far(&self, id: &str) -> Option<Verdict> {
        let known = self.known.get(id).copied();
        let asked = || self.is_asked(id).then_some(Verdict::Hold);
        known.or_else(|| self.without_an_engine(id)).or_else(asked)
    }

    /// `None` where the name decides.
    fn without_an_engine(&self, id: &str) -> Option<Verdict> {
        let mut open = false;
        for wanted in &self.wanted {
            match wanted.fits(id) {
                Some(true) => return Some(Verdict::Show),
                Some(false) => {}
                None => open = true,
            }
        }
        (!open).then_some(Verdict::Drop)
    }

    fn by_name(&self, name: &str) -> Verdict {
        let is_meant = self.wanted.iter().any(|wanted| wanted.is_called(name));
        if is_meant { Verdict::Show } else { Verdict::Drop }
    }

    fn is_asked(&self, id: &str) -> bool {
        self.asked.iter().any(|(asked, _)| asked == id)
    }

    /// The ids to ask for now; none if all is known.
    pub(super) fn question(&self) -> Vec<String> {
        self.asked.iter().take(MOST_IN_A_QUESTION).map(|(id, _)| id.clone()).collect()
    }

    /// Takes in what engines said. Returns the ids that none of them knows.
    pub(super) fn answer(&mut self, answer: Names) -> Vec<String> {
        let Names { asked, named, failure } = answer;
        for (id, name) in named {
            if asked.contains(&id) && self.no_longer_ask(&id) {
                self.know(id, self.by_name(&name));
            }
        }
        if failure.is_some() {
            return Vec::new();
        }
        let unknown: Vec<_> = asked.into_iter().filter(|id| self.no_longer_ask(id)).collect();
        for id in &unknown {
            self.know(id.clone(), Verdict::Drop);
        }
        unknown
    }

    /// Gives up ids that have been without an answer for too long, and returns them.
    pub(super) fn give_up(&mut self, now: Instant) -> Vec<String> {
        let is_due = |since: Instant| now.saturating_duration_since(since) >= GIVE_UP;
        let due = self.asked.iter().take_while(|(_, since)| is_due(*since)).count();
        self.asked.drain(..due).map(|(id, _)| id).collect()
    }

    /// Whether it was asked for until now.
    fn no_longer_ask(&mut self, id: &str) -> bool {
        let before = self.asked.len();
        self.asked.retain(|(asked, _)| asked != id);
        self.asked.len() < before
    }

    fn know(&mut self, id: String, verdict: Verdict) {
        if self.order.len() >= MOST_KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        if self.known.insert(id.clone(), verdict).is_none() {
            self.order.push_back(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> String {
        format!("{number:064x}")
    }

    fn by_name(name: &str) -> Verdicts {
        Verdicts::new(vec![Wanted::Name(name.to_owned())], Vec::new())
    }

    fn told(asked: &[usize], named: &[(usize, &str)]) -> Names {
        let named = named.iter().map(|(number, name)| (id(*number), (*name).to_owned()));
        Names {
            asked: asked.iter().map(|number| id(*number)).collect(),
            named: named.collect(),
            failure: None,
        }
    }

    #[test]
    fn a_new_container_is_held_until_its_name_is_known() {
        let now = Instant::now();
        let mut verdicts = by_name("web");
        assert_eq!(verdicts.of(&id(1), now), Verdict::Hold);
        assert_eq!(verdicts.of(&id(2), now), Verdict::Hold);
        assert_eq!(verdicts.of(&id(1), now), Verdict::Hold);
        assert_eq!(verdicts.question(), [id(1), id(2)]);
        assert!(verdicts.answer(told(&[1, 2], &[(1, "shop"), (2, "web")])).is_empty());
        assert_eq!(verdicts.of(&id(1), now), Verdict::Drop);
        assert_eq!(verdicts.of(&id(2), now), Verdict::Show);
        assert!(verdicts.question().is_empty(), "no id is asked for twice");
    }

    #[test]
    fn made_again_it_is_followed_again() {
        let now = Instant::now();
        let mut verdicts = Verdicts::new(vec![Wanted::Name("web".into())], vec![id(1)]);
        assert_eq!(verdicts.of(&id(1), now), Verdict::Show);
        assert_eq!(verdicts.of(&id(2), now), Verdict::Hold);
        verdicts.answer(told(&[2], &[(2, "web")]));
        assert_eq!(verdicts.of(&id(2), now), Verdict::Show);
    }

    #[test]
    fn an_id_needs_no_answer() {
        let now = Instant::now();
        let mut verdicts = Verdicts::new(vec![Wanted::Beginning("00".into())], Vec::new());
        assert_eq!(verdicts.of(&id(1), now), Verdict::Show);
        assert_eq!(verdicts.of(&"f".repeat(64), now), Verdict::Drop);
        assert_eq!(verdicts.of("web", now), Verdict::Drop);
        assert!(verdicts.question().is_empty());
    }

    #[test]
    fn of_several_any_is_enough() {
        let now = Instant::now();
        let wanted = vec![Wanted::Name("web".into()), Wanted::Beginning("f".into())];
        let mut verdicts = Verdicts::new(wanted, Vec::new());
        assert_eq!(verdicts.of(&"f".repeat(64), now), Verdict::Show);
        assert_eq!(verdicts.of(&id(1), now), Verdict::Hold);
    }

    #[test]
    fn what_no_engine_knows_is_dropped_and_told_once() {
        let now = Instant::now();
        let mut verdicts = by_name("web");
        verdicts.of(&id(1), now);
        assert_eq!(verdicts.answer(told(&[1], &[])), [id(1)]);
        assert_eq!(verdicts.of(&id(1), now), Verdict::Drop);
        assert!(verdicts.question().is_empty());
    }

    #[test]
    fn a_failure_leaves_the_question_open_until_it_is_given_up() {
        let now = Instant::now();
        let mut verdicts = by_name("web");
        verdicts.of(&id(1), now);
        verdicts.of(&id(2), now + Duration::from_secs(1));
        let failed = |asked, named| Names { failure: Some("oh".into()), ..told(asked, named) };
        assert!(verdicts.answer(failed(&[1, 2], &[(2, "web")])).is_empty());
        assert_eq!(verdicts.so_far(&id(2)), Some(Verdict::Show), "another engine knew");
        assert_eq!(verdicts.question(), [id(1)]);
        assert!(verdicts.give_up(now + GIVE_UP / 2).is_empty());
        assert_eq!(verdicts.give_up(now + GIVE_UP), [id(1)]);
        assert_eq!(verdicts.so_far(&id(1)), None);
        assert_eq!(verdicts.of(&id(1), now + GIVE_UP), Verdict::Hold, "asked once more");
    }

    #[test]
    fn an_answer_to_no_question_changes_nothing() {
        let now = Instant::now();
        let mut verdicts = by_name("web");
        verdicts.answer(told(&[], &[(1, "web")]));
        assert_eq!(verdicts.so_far(&id(1)), None);
        verdicts.of(&id(1), now);
        verdicts.give_up(now + GIVE_UP);
        verdicts.answer(told(&[1], &[(1, "web")]));
        assert_eq!(verdicts.so_far(&id(1)), None, "given up meanwhile");
    }

    #[test]
    fn a_flood_of_ids_takes_no_memory() {
        let now = Instant::now();
        let mut verdicts = by_name("web");
        for number in 0..MOST_ASKED {
            assert_eq!(verdicts.of(&id(number), now), Verdict::Hold);
        }
        assert_eq!(verdicts.of(&id(MOST_ASKED), now), Verdict::Hold);
        assert_eq!(verdicts.so_far(&id(MOST_ASKED)), None, "given up at once");
        for number in 0..=2 * MOST_KNOWN {
            verdicts.know(id(number), Verdict::Drop);
        }
        assert_eq!(verdicts.known.len(), MOST_KNOWN);
        assert_eq!(verdicts.order.len(), MOST_KNOWN);
        assert_eq!(verdicts.question().len(), MOST_IN_A_QUESTION);
    }
}
