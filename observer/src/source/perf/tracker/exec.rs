//! A process runs another program.

use observer_common::{ExecFacts, Kind, Record, absent};

use super::{
    super::{
        ending::Ending,
        given::{Given, describe},
        known::Known,
        told::{News, Told},
    },
    Life, Tracker, With,
};
use crate::{event::ProcessKey, facts::Facts, field::Row};

impl Tracker {
    pub(super) fn exec(&mut self, key: ProcessKey, told: &Told, with: &mut With<'_>) {
        let News::Exec { overtaken, .. } = told.news else { return };
        let Some(life) = self.lives.get_mut(key) else { return };
        life.ending = Ending::default();
        life.calls.clear();
        for tid in life.threads.only_leader(told.boot_ns) {
            self.lives.thread_ended(tid);
        }
        let wanted = self.wanted.facts_at_exec();
        let row =
            if overtaken || wanted == Facts::NONE { None } else { self.ask(key, wanted, with) };
        if let Some(row) = &row {
            self.follow_its_parent(key, row);
        }
        let Some(life) = self.lives.get_mut(key) else { return };
        life.asked = true;
        life.known = row.as_ref().map_or_else(|| life.known.after_exec(), Known::of);
        if let Some(life) = self.lives.get(key) {
            let arguments = row.as_ref().and_then(|row| arguments(life, row));
            self.tell_exec(life, told, arguments, with);
        }
    }

    fn tell_exec(&self, life: &Life, told: &Told, args: Option<&[u8]>, with: &mut With<'_>) {
        let News::Exec { filename, .. } = &told.news else { return };
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let described = describe(life, life.key.pid);
        let missing = if args.is_none() { absent::ARGUMENTS } else { 0 };
        let all = args.unwrap_or_default();
        let most = self.wanted.args_max.and_then(|most| usize::try_from(most).ok());
        let args = most.and_then(|most| all.get(..most)).unwrap_or(all);
        let facts = ExecFacts {
            process: described.facts,
            args_size: all.len() as u64,
            args_wanted: args.len() as u64,
            filename_len: length(filename),
            args_len: length(args),
            copy: 0,
            reserved: 0,
        };
        let given = Given {
            boot_ns: told.boot_ns,
            cpu: told.cpu,
            kind: Kind::EXEC,
            absent: described.absent | missing,
            record: Record::Exec { facts, cgroup: described.cgroup, filename, args },
        };
        self.give(&given, with);
    }
}

/// The arguments of the program that it has just begun to run. None where it has ended: nobody
/// runs without a single argument. None where its name is another already: it may have gone on to
/// yet another program.
fn arguments<'a>(life: &Life, row: &'a Row) -> Option<&'a [u8]> {
    let name = life.comm.split(|byte| *byte == 0).next().unwrap_or_default();
    let same = row.identity.as_ref().is_some_and(|identity| &*identity.comm == name);
    row.arguments.as_deref().filter(|arguments| same && !arguments.is_empty())
}
