//! Events that wait for a verdict, and those behind them: they leave in the order they came.

use std::collections::VecDeque;

use super::verdicts::{Verdict, Verdicts};

/// Events held at once.
const MOST: usize = 16_384;

/// What they take together, in bytes.
const MOST_BYTES: usize = 64 << 20;

/// Events in the order they came, bounded in number and size.
#[derive(Debug)]
pub(super) struct Held<T> {
    queue: VecDeque<Item<T>>,
    bytes: usize,
    /// Events that left without a verdict.
    given_up: u64,
}

#[derive(Debug)]
struct Item<T> {
    /// Its container; `None` of what is shown in any case.
    id: Option<String>,
    bytes: usize,
    event: T,
}

impl<T> Held<T> {
    pub(super) fn new() -> Self {
        Self { queue: VecDeque::new(), bytes: 0, given_up: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn is_too_full(&self) -> bool {
        self.queue.len() > MOST || self.bytes > MOST_BYTES
    }

    pub(super) fn push(&mut self, id: Option<&str>, event: T, bytes: usize) {
        self.bytes += bytes;
        self.queue.push_back(Item { id: id.map(str::to_owned), bytes, event });
    }

    /// The next event to show; `None` while there is none, or one before it waits for a verdict.
    /// Of a full queue the first waits no longer.
    pub(super) fn pop(&mut self, verdicts: &Verdicts) -> Option<T> {
        loop {
            let id = self.queue.front()?.id.as_deref();
            let verdict = id.map_or(Some(Verdict::Show), |id| verdicts.so_far(id));
            if verdict == Some(Verdict::Hold) && !self.is_too_full() {
                return None;
            }
            let item = self.queue.pop_front()?;
            self.bytes -= item.bytes;
            match verdict {
                Some(Verdict::Show) => return Some(item.event),
                Some(Verdict::Drop) => {}
                Some(Verdict::Hold) | None => self.given_up += 1,
            }
        }
    }

    /// The next event to show at the end, when no verdict comes any more.
    pub(super) fn pop_at_the_end(&mut self, verdicts: &Verdicts) -> Option<T> {
        loop {
            if let Some(event) = self.pop(verdicts) {
                return Some(event);
            }
            let item = self.queue.pop_front()?;
            self.bytes -= item.bytes;
            self.given_up += 1;
        }
    }

    pub(super) fn given_up(&self) -> u64 {
        self.given_up
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use observer::engines::Names;

    use super::{
        super::{verdicts::GIVE_UP, wanted::Wanted},
        *,
    };

    fn id(digit: &str) -> String {
        digit.repeat(64)
    }

    fn asked(ids: &[&str]) -> Verdicts {
        let mut verdicts = Verdicts::new(vec![Wanted::Name("web".into())], Vec::new());
        for digit in ids {
            verdicts.of(&id(digit), Instant::now());
        }
        verdicts
    }

    fn answer(verdicts: &mut Verdicts, digit: &str, name: &str) {
        let named = vec![(id(digit), name.to_owned())];
        verdicts.answer(Names { asked: vec![id(digit)], named, failure: None });
    }

    fn popped(held: &mut Held<u32>, verdicts: &Verdicts) -> Vec<u32> {
        std::iter::from_fn(|| held.pop(verdicts)).collect()
    }

    #[test]
    fn events_leave_in_the_order_they_came() {
        let mut verdicts = asked(&["a", "b"]);
        let mut held = Held::new();
        for (number, digit) in [(1, "a"), (2, "b"), (3, "a"), (4, "b")] {
            held.push(Some(&id(digit)), number, 0);
        }
        held.push(None, 5, 0);
        answer(&mut verdicts, "b", "web");
        assert!(popped(&mut held, &verdicts).is_empty(), "the first may be shown yet");
        answer(&mut verdicts, "a", "shop");
        assert_eq!(popped(&mut held, &verdicts), [2, 4, 5]);
        assert!(held.is_empty());
        assert_eq!(held.given_up(), 0);
    }

    #[test]
    fn what_is_given_up_is_counted() {
        let mut verdicts = asked(&["a"]);
        let mut held = Held::new();
        held.push(Some(&id("a")), 1, 0);
        held.push(None, 2, 0);
        verdicts.give_up(Instant::now() + GIVE_UP);
        assert_eq!(popped(&mut held, &verdicts), [2]);
        assert_eq!(held.given_up(), 1);
    }

    #[test]
    fn number_and_size_are_bounded() {
        let verdicts = asked(&["a"]);
        for (count, bytes, left) in [(MOST + 3, 0, MOST), (9, MOST_BYTES / 4, 4)] {
            let mut held = Held::new();
            for number in 0..count {
                held.push(Some(&id("a")), u32::try_from(number).unwrap(), bytes);
            }
            assert!(popped(&mut held, &verdicts).is_empty());
            assert_eq!(held.queue.len(), left);
            assert_eq!(held.given_up(), (count - left) as u64);
        }
    }

    #[test]
    fn at_the_end_what_is_settled_is_shown() {
        let mut verdicts = asked(&["a", "b"]);
        let mut held = Held::new();
        held.push(Some(&id("a")), 1, 0);
        held.push(Some(&id("b")), 2, 0);
        answer(&mut verdicts, "b", "web");
        assert_eq!(held.pop_at_the_end(&verdicts), Some(2));
        assert_eq!(held.pop_at_the_end(&verdicts), None);
        assert_eq!(held.given_up(), 1);
    }
}
