//! News of a process that neither begins nor ends it: its name, its cgroup, and what will decide
//! how it ends.

use super::{
    super::{
        known::Known,
        told::{News, Told},
    },
    Life, Tracker, With,
};
use crate::{
    event::{Comm, Kind, ProcessKey, What},
    facts::Facts,
};

impl Tracker {
    /// A thread has another name. A process is called what its leader is called.
    pub(super) fn rename(&mut self, told: &Told, with: &mut With<'_>) {
        let News::Rename { tid, old, new } = told.news else { return };
        let Some(key) = self.lives.at(tid, told.boot_ns) else { return };
        let Some(life) = self.lives.get_mut(key) else { return };
        life.comm = new;
        if old != new {
            let what = What::Rename { process: life.process(tid), old_comm: Comm::new(old) };
            self.give(Kind::RENAME, told, what, with);
        }
    }

    /// A process was moved. In the unified hierarchy the tracepoint tells where to; which of the
    /// others counts, only /proc tells.
    pub(super) fn attach(&mut self, told: &Told, with: &mut With<'_>) {
        let News::Attach { pid, hierarchy, path } = &told.news else { return };
        let Some(key) = self.lives.at(*pid, told.boot_ns) else { return };
        let was_known = self.lives.get(key).is_some_and(|life| life.asked);
        self.get_to_know(key, with);
        let is_unified = *hierarchy == 0;
        let row = if is_unified { None } else { self.ask(key, Facts::CGROUP, with) };
        let Some(life) = self.lives.get_mut(key) else { return };
        let moved = match row {
            Some(row) => life.known.take_place(Known::of(&row)) || !was_known,
            None => is_unified,
        };
        if is_unified {
            life.known.move_to(path);
        }
        if moved {
            self.tell_move(key, told, with);
        }
    }

    fn tell_move(&self, key: ProcessKey, told: &Told, with: &mut With<'_>) {
        let Some(life) = self.lives.get(key) else { return };
        let what = What::Cgroup { process: life.process(life.key.pid), old_cgroup: None };
        self.give(Kind::CGROUP, told, what, with);
    }

    /// A signal is pending for a thread, or for the process that has it as its leader.
    pub(super) fn signal_generated(&mut self, told: &Told, tid: u32, number: u8) {
        let leader = self.lives.at(tid, told.boot_ns);
        let key = leader.or_else(|| {
            let sender = (told.tid == tid).then_some(told.pid);
            self.lives.at(self.lives.process_of(tid).or(sender)?, told.boot_ns)
        });
        if let Some(life) = key.and_then(|key| self.lives.get_mut(key)) {
            life.ending.generated(number);
        }
    }
}

/// What may turn out to be the cause of a process's end.
pub(super) fn on_the_way_to_its_end(life: &mut Life, told: &Told) {
    match told.news {
        News::ExitCall { code, group: true } => life.ending.exit_group_call(told.tid, code),
        News::ExitCall { code, group: false } => life.ending.exit_call(told.tid, code),
        News::SignalDelivered { number, default: true } => {
            life.ending.delivered(told.tid, number);
        }
        News::SignalDelivered { number, default: false } => life.ending.handled(number),
        _ => {}
    }
}
