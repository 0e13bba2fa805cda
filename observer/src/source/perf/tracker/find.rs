//! Which life a pid stands for; /proc is asked about one that no tracepoint has reported.

use super::{
    super::{known::Known, told::padded},
    Life, Tracker, With,
    life::{End, Threads},
};
use crate::{event::ProcessKey, facts::Facts, field::Row};

/// Whose news it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// One that is known, by now.
    Life(ProcessKey),
    /// One that has ended, and of which all is told.
    Over,
    /// Nobody knows.
    Stranger,
}

impl Tracker {
    /// The life that had that pid at that time.
    pub(super) fn find(&mut self, pid: u32, boot_ns: u64, with: &mut With<'_>) -> Found {
        if let Some(key) = self.lives.at(pid, boot_ns) {
            return Found::Life(key);
        }
        let found = self.learn(pid, boot_ns, with);
        if let Found::Life(_) = found
            && self.waiting.have(pid)
        {
            self.understand_what_waited(pid, with);
        }
        found
    }

    pub(super) fn understand_what_waited(&mut self, pid: u32, with: &mut With<'_>) {
        for told in self.waiting.take(pid) {
            self.understand(told, with);
        }
    }

    fn learn(&mut self, pid: u32, boot_ns: u64, with: &mut With<'_>) -> Found {
        let wanted = self.wanted.facts() | Facts::TASK;
        let Some(row) = with.asked.process(pid, wanted) else {
            return Found::Stranger;
        };
        let Some(key) = row.key().filter(|key| key.start_ns <= boot_ns) else {
            // A later life of the pid.
            return Found::Stranger;
        };
        if self.lives.newest(pid).is_some_and(|known| self.is_same(known.key, key)) {
            return Found::Over;
        }
        let parent = row.identity.as_ref().map_or(0, |identity| identity.parent);
        if parent != 0 && self.lives.newest(parent).is_none() {
            self.learn(parent, boot_ns, with);
        }
        let Some(mut life) = self.life_of(&row, with) else { return Found::Stranger };
        life.known = Known::of(&row);
        life.asked = true;
        // News of it are still to come, whatever /proc says by now.
        life.end = None;
        self.lives.insert(life, self.now_ns);
        self.lives.link(key);
        Found::Life(key)
    }

    /// A life as /proc lists it. Of its parent only the pid is told: it is the one that has it now.
    pub(super) fn life_of(&self, row: &Row, with: &mut With<'_>) -> Option<Life> {
        let (key, identity) = (row.key()?, row.identity.as_ref()?);
        let parent = self.lives.newest(identity.parent).map(|parent| parent.key);
        let count = row.stat.as_ref().map_or(1, |stat| stat.threads);
        let mut life = Life::new(key, parent, padded(&identity.comm));
        if count > 1 {
            let tids = with.asked.threads(key.pid);
            life.threads = Threads::found(key.pid, tids.into_iter());
            if identity.zombie {
                life.threads.end(key.pid, key.pid, 0);
            }
        } else if identity.zombie {
            life.end = Some(End { boot_ns: key.start_ns, status: None, freed: false, found: true });
        }
        Some(life)
    }

    /// Reads what is to be known of a process, if that was not done since it began or last ran
    /// another program.
    pub(super) fn get_to_know(&mut self, key: ProcessKey, with: &mut With<'_>) {
        let wanted = self.wanted.facts();
        let Some(life) = self.lives.get_mut(key).filter(|life| !life.asked) else { return };
        life.asked = true;
        if wanted == Facts::NONE {
            return;
        }
        if let Some(row) = self.ask(key, wanted, with)
            && let Some(life) = self.lives.get_mut(key)
        {
            life.known = Known::of(&row);
        }
    }

    /// Asks /proc; an answer about another life does not count.
    pub(super) fn ask(&self, key: ProcessKey, wanted: Facts, with: &mut With<'_>) -> Option<Row> {
        let row = with.asked.process(key.pid, wanted)?;
        row.key().is_some_and(|found| self.is_same(key, found)).then_some(row)
    }

    /// Whether a life that /proc knows to the clock tick is this one.
    pub(super) fn is_same(&self, key: ProcessKey, found: ProcessKey) -> bool {
        key.pid == found.pid && self.wanted.tick(key.start_ns) == self.wanted.tick(found.start_ns)
    }
}
