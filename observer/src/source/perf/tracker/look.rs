//! Looks at all processes: who was there before, and who is there after a loss.

use super::{Tracker, With};
use crate::{event::ProcessKey, field::Row};

impl Tracker {
    /// Learns who is there. What the tracepoints have told meanwhile is taken in after this.
    pub(in super::super) fn look_around(&mut self, with: &mut With<'_>) {
        let rows = with.asked.all();
        self.meet_all(&rows, with);
    }

    /// It has looked around by then.
    pub(in super::super) fn is_ready(&mut self, boot_ns: u64) {
        self.ready_ns = boot_ns;
    }

    fn meet_all(&mut self, rows: &[Row], with: &mut With<'_>) {
        for row in rows {
            self.meet(row, with);
        }
        for row in rows {
            self.join_its_parent(row);
        }
    }

    /// Something was lost: what was concluded from what came before may be wrong.
    pub(in super::super) fn doubt(&mut self) {
        for life in self.lives.living_mut() {
            life.ending.doubt();
        }
    }

    /// After a loss: learns who has come, and lets go of those who are not there any more, as soon
    /// as it is sure that their end will not be told.
    pub(in super::super) fn look_again(&mut self, with: &mut With<'_>) {
        let rows = with.asked.all();
        self.meet_all(&rows, with);
        let is_there = |key: ProcessKey| {
            let found = rows.binary_search_by_key(&key.pid, |row| row.pid).ok();
            let found = found.and_then(|place| rows.get(place)?.key());
            found.is_some_and(|found| self.is_same(key, found))
        };
        let mut gone: Vec<ProcessKey> = self.lives.not_freed().map(|life| life.key).collect();
        gone.retain(|key| !is_there(*key));
        for key in gone {
            self.lives.vanished(key, self.now_ns);
        }
    }

    fn meet(&mut self, row: &Row, with: &mut With<'_>) {
        let Some(key) = row.key() else { return };
        let known = self.lives.newest(key.pid).map(|known| known.key);
        if known.is_some_and(|known| self.is_same(known, key)) {
            self.count_threads(row, with);
        } else if known.is_none_or(|known| known < key)
            && let Some(life) = self.life_of(row, with)
        {
            self.lives.insert(life, self.now_ns);
        }
    }

    /// Threads of one that is known, whose beginning or end may have been lost.
    fn count_threads(&mut self, row: &Row, with: &mut With<'_>) {
        let fresh = self.life_of(row, with);
        let known = self.lives.newest_mut(row.pid).filter(|known| known.lives());
        let (Some(fresh), Some(known)) = (fresh, known) else { return };
        if fresh.lives() {
            known.threads = fresh.threads;
        }
    }

    fn join_its_parent(&mut self, row: &Row) {
        let Some(identity) = &row.identity else { return };
        let parent = self.lives.newest(identity.parent).map(|parent| parent.key);
        let Some(life) = self.lives.newest_mut(row.pid).filter(|life| !life.forked) else { return };
        life.parent = parent;
        if life.lives() {
            let key = life.key;
            self.lives.link(key);
        }
    }
}
