//! Changes of a table and looks at all namespaces → news, in the order in which they became known.

use std::collections::VecDeque;

use super::{Fates, News};
use crate::{
    event::{Kind, What},
    follow::{Answer, Follower, Looked, Wish},
    origin::Origin,
    table::Change,
};

/// How often to look for those that have gone, in nanoseconds.
const INTERVAL_NS: u64 = 1_000_000_000;

/// A look at very many takes its time: no more than this part of it all is spent on looks.
const SHARE: u64 = 4;

/// Follows all namespaces of the machine.
#[derive(Debug)]
pub struct NamespaceFollower {
    fates: Fates,
    news: VecDeque<News>,
    wishes: VecDeque<Wish>,
    /// Inode numbers of those that the last look did not find.
    missing: Vec<u64>,
    /// Whether what there was at the beginning is known.
    has_begun: bool,
}

impl NamespaceFollower {
    /// One that hears of events of that kind of source.
    pub fn new(origin: Origin) -> Self {
        Self {
            fates: Fates::new(origin),
            news: VecDeque::new(),
            wishes: [Wish::Look { deep: false, not_before_ns: 0 }].into(),
            missing: Vec::new(),
            has_begun: false,
        }
    }

    /// Whether it knows what there was at the beginning: from here on nothing is missed.
    pub fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// What has become of namespaces since.
    pub fn next_news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// Compares with a look, and plans the next one.
    fn look(&mut self, looked: &Looked) {
        let Self { fates, news, missing, .. } = self;
        let Looked { began_ns, ended_ns, .. } = *looked;
        let mut tell = |event| news.push_back(News::Event(event));
        *missing = fates.compare(&looked.namespaces, (began_ns, ended_ns), &mut tell);
        if !missing.is_empty() {
            // An open file or a thread may keep them.
            self.wishes.push_back(Wish::Look { deep: true, not_before_ns: 0 });
        }
        let took_ns = ended_ns.saturating_sub(began_ns);
        let not_before_ns = began_ns + INTERVAL_NS.max(SHARE * took_ns);
        self.wishes.push_back(Wish::Look { deep: false, not_before_ns });
    }

    fn look_deeper(&mut self, looked: &Looked) {
        let mut missing = std::mem::take(&mut self.missing);
        missing.retain(|inode| looked.namespaces.get(*inode).is_none());
        let Self { fates, news, .. } = self;
        fates.gone(&missing, looked.ended_ns, &mut |event| news.push_back(News::Event(event)));
    }
}

impl Follower for NamespaceFollower {
    fn kinds(&self) -> &'static [Kind] {
        &[Kind::NAMESPACE]
    }

    fn apply(&mut self, change: &Change) {
        let Self { fates, news, has_begun, .. } = self;
        if let What::Lost { count, loss } = change.event.what {
            let (cpu, boot_ns) = (change.event.cpu, change.event.boot_ns);
            news.push_back(News::Lost { count, loss, cpu, boot_ns });
        }
        fates.hear(change, &mut |event| {
            // What there was, and what happened before it was known, is no news.
            if *has_begun {
                news.push_back(News::Event(event));
            }
        });
    }

    fn next_wish(&mut self) -> Option<Wish> {
        self.wishes.pop_front()
    }

    fn answer(&mut self, answer: &Answer) {
        let Answer::Namespaces(looked) = answer else { return };
        if looked.deep {
            return self.look_deeper(looked);
        }
        self.look(looked);
        if !std::mem::replace(&mut self.has_begun, true) {
            self.news.clear();
        }
    }
}
