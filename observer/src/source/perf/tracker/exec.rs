//! A process runs another program.

use bytes::Bytes;

use super::{
    super::{
        ending::Ending,
        known::Known,
        told::{News, Told},
    },
    Life, Tracker, With,
};
use crate::{
    event::{Args, Kind, ProcessKey, What},
    facts::Facts,
    field::Row,
};

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

    fn tell_exec(&self, life: &Life, told: &Told, args: Option<&Bytes>, with: &mut With<'_>) {
        let News::Exec { filename, .. } = &told.news else { return };
        let what = What::Exec {
            process: life.process(life.key.pid),
            filename: filename.clone(),
            args: args.map(|all| Args::cut(all, self.wanted.args_max)),
        };
        self.give(Kind::EXEC, told, what, with);
    }
}

/// The arguments of the program that it has just begun to run. None where it has ended: nobody
/// runs without a single argument. None where its name is another already: it may have gone on to
/// yet another program.
fn arguments<'a>(life: &Life, row: &'a Row) -> Option<&'a Bytes> {
    let name = life.comm.split(|byte| *byte == 0).next().unwrap_or_default();
    let same = row.identity.as_ref().is_some_and(|identity| &*identity.comm == name);
    row.arguments.as_ref().filter(|arguments| same && !arguments.is_empty())
}
