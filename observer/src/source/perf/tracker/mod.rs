//! What the tracepoints say → which events to give: who is a process and who a thread, which life
//! a pid stands for, what a child inherits, how a process ended.
//!
//! It reads no clock and no file: what tracepoints do not tell it asks of [`Asked`]. Records come
//! in the order of their times as a rule; one that comes late all the same finds its life by its
//! time. What cannot be given an identity is given up, never made up.

mod begin;
mod end;
mod exec;
mod find;
mod life;
mod lives;
mod look;
mod namespaces;
mod news;
#[cfg(test)]
mod tests;
mod waiting;

use self::{life::Life, lives::Lives, waiting::Waiting};
use super::{
    asked::Asked,
    told::{News, Told},
};
use crate::{
    event::{Event, Kind, ProcessKey, What},
    facts::Facts,
};

/// What is to be told.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// The kinds of event that were asked for.
    pub(super) kinds: Vec<Kind>,
    /// Bytes of arguments of one exec, at most.
    pub(super) args_max: Option<u64>,
    /// Nanoseconds of a clock tick, the unit of /proc.
    pub(super) tick_ns: u64,
}

impl Wanted {
    fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// What events say of a process, in the portions of /proc. That of an end alone is nothing.
    fn facts(&self) -> Facts {
        const TOLD: Facts =
            Facts::IDS.and(Facts::PIDS).and(Facts::ALL_NAMESPACES).and(Facts::CGROUP);
        if self.kinds.iter().all(|kind| *kind == Kind::FREE) { Facts::NONE } else { TOLD }
    }

    fn facts_at_exec(&self) -> Facts {
        let arguments = if self.has(Kind::EXEC) { Facts::ARGUMENTS } else { Facts::NONE };
        self.facts() | arguments
    }

    fn tick(&self, boot_ns: u64) -> u64 {
        boot_ns / self.tick_ns.max(1)
    }
}

/// Where to ask, and where the events go.
pub(super) struct With<'a> {
    pub(super) asked: &'a mut dyn Asked,
    pub(super) give: &'a mut dyn FnMut(Event),
    /// Called where an event of that CPU cannot be given: after a loss, of a process of which
    /// nobody knows when it began.
    pub(super) miss: &'a mut dyn FnMut(u32),
}

/// Follows every process of the machine.
#[derive(Debug)]
pub(super) struct Tracker {
    wanted: Wanted,
    lives: Lives,
    waiting: Waiting,
    /// The latest time that was told.
    now_ns: u64,
    /// When it first knew everybody: who was gone by then is of no interest.
    ready_ns: u64,
}

impl Tracker {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            lives: Lives::default(),
            waiting: Waiting::default(),
            now_ns: 0,
            ready_ns: 0,
        }
    }

    /// From here on gives events of these kinds.
    pub(super) fn tell_of(&mut self, kinds: &[Kind]) {
        self.wanted.kinds = kinds.to_vec();
    }

    /// Takes in what a tracepoint says, and gives the events that follow from it: one at most,
    /// and those of what waited for it.
    pub(super) fn take(&mut self, told: Told, with: &mut With<'_>) {
        self.pass_time(told.boot_ns, with);
        self.understand(told, with);
    }

    /// It is that late: what has waited too long waits no more.
    pub(super) fn pass_time(&mut self, boot_ns: u64, with: &mut With<'_>) {
        self.now_ns = self.now_ns.max(boot_ns);
        self.lives.forget(self.now_ns);
        while let Some(told) = self.waiting.next_given_up(self.now_ns) {
            self.give_up(&told, with);
        }
    }

    /// Stops waiting for the creator. A process that still exists, or that was seen to end, is
    /// reported without one; any other counts as lost.
    fn give_up(&mut self, told: &Told, with: &mut With<'_>) {
        if let News::NewTask { tid, .. } = told.news {
            let key = ProcessKey { pid: tid, start_ns: told.boot_ns };
            if self.waiting.have(tid) || self.ask(key, Facts::IDENTITY, with).is_some() {
                self.new_task(None, told, with);
                return;
            }
        }
        let is_missed = told.boot_ns > self.ready_ns;
        if is_missed && told.kind().is_some_and(|kind| self.wanted.has(kind)) {
            (with.miss)(told.cpu);
        }
    }

    fn understand(&mut self, told: Told, with: &mut With<'_>) {
        let key = match told.subject() {
            None | Some(0) => self.lives.at(told.pid, told.boot_ns),
            Some(pid) => match self.find(pid, told.boot_ns, with) {
                find::Found::Life(key) => Some(key),
                find::Found::Over => return,
                find::Found::Stranger => {
                    if let Some(told) = self.waiting.push(told) {
                        self.give_up(&told, with);
                    }
                    return;
                }
            },
        };
        match told.news {
            News::NewTask { .. } => self.new_task(key, &told, with),
            News::Free { tid } => self.free(tid, &told, with),
            News::Attach { .. } => self.attach(&told, with),
            News::Rename { .. } => self.rename(&told, with),
            News::SignalGenerated { tid, number } => self.signal_generated(&told, tid, number),
            News::NamespaceCall { flags } => {
                if let Some(life) = key.and_then(|key| self.lives.get_mut(key)) {
                    life.calls.insert(told.tid, flags);
                }
            }
            News::NamespaceCallDone { call } => {
                if let Some(key) = key {
                    self.namespace_call_done(key, &told, call, with);
                }
            }
            News::Exec { .. } | News::Exit { .. } => {
                if let Some(key) = key {
                    self.exec_or_exit(key, &told, with);
                }
            }
            News::ExitCall { .. } | News::SignalDelivered { .. } => {
                if let Some(life) = key.and_then(|key| self.lives.get_mut(key)) {
                    news::on_the_way_to_its_end(life, &told);
                }
            }
        }
    }

    fn exec_or_exit(&mut self, key: ProcessKey, told: &Told, with: &mut With<'_>) {
        match &told.news {
            News::Exec { .. } => self.exec(key, told, with),
            _ => self.exit(key, told, with),
        }
    }

    /// Gives an event, if its kind was asked for.
    fn give(&self, kind: Kind, told: &Told, what: What, with: &mut With<'_>) {
        if self.wanted.has(kind) {
            (with.give)(Event { boot_ns: told.boot_ns, cpu: told.cpu, what });
        }
    }
}
