//! One listing of /proc: of every process just what shows that something happened to it.

use std::{
    ffi::CStr,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use observer_common::limits;

use super::super::{Directory, list, name::task_name, stat::Glance};
use crate::{Error, event::ProcessKey};

/// One process in a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) key: ProcessKey,
    pub(super) parent: u32,
    pub(super) comm: [u8; limits::COMM],
    /// Whether it has ended and was not waited for.
    pub(super) zombie: bool,
    /// How it ended, in the form of wait(2), where that may be read.
    pub(super) status: Option<u32>,
    /// Whether it still runs what it was forked with.
    pub(super) forked_only: bool,
    pub(super) program: Mark,
}

/// What is another after an exec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Where its code and its stack begin, which each exec draws anew.
    Places(u64, u64),
    /// Of a process whose memory is not ours to see: its arguments, in short.
    Arguments(u64),
    /// Nothing is to be seen: it has no memory, or has ended.
    None,
}

/// Lists processes again and again.
#[derive(Debug)]
pub(super) struct Lister {
    proc: Directory,
    tick_ns: u64,
    buffer: Vec<u8>,
}

impl Lister {
    /// # Errors
    ///
    /// [`Error::System`] where /proc is not mounted.
    pub(super) fn open(tick_ns: u64) -> Result<Self, Error> {
        let proc = Directory::proc().map_err(Error::system("cannot open /proc"))?;
        Ok(Self { proc, tick_ns, buffer: vec![0; 4096] })
    }

    pub(super) fn proc(&self) -> &Directory {
        &self.proc
    }

    /// All processes, by ascending pid. `before` is the listing before.
    ///
    /// # Errors
    ///
    /// [`Error::System`] where /proc cannot be listed.
    pub(super) fn list(&mut self, before: &[Shown]) -> Result<Vec<Shown>, Error> {
        let mut before = before.iter().peekable();
        let mut after = Vec::with_capacity(before.len() + 16);
        for pid in list::all()? {
            while before.next_if(|shown| shown.key.pid < pid).is_some() {}
            let known = before.next_if(|shown| shown.key.pid == pid);
            after.extend(self.look(pid, known));
        }
        self.ask_orphans_again(&mut after);
        Ok(after)
    }

    /// A parent that ended while the listing was under way is not the parent any more.
    fn ask_orphans_again(&mut self, listing: &mut [Shown]) {
        let running: Vec<u32> =
            listing.iter().filter(|shown| !shown.zombie).map(|shown| shown.key.pid).collect();
        let is_orphan =
            |shown: &Shown| shown.parent != 0 && running.binary_search(&shown.parent).is_err();
        for shown in listing.iter_mut().filter(|shown| is_orphan(shown)) {
            let again = self.look(shown.key.pid, Some(shown));
            if let Some(again) = again.filter(|again| again.key == shown.key) {
                *shown = again;
            }
        }
    }

    /// `None` where there is no such process any more.
    fn look(&mut self, pid: u32, known: Option<&Shown>) -> Option<Shown> {
        let glance = self.read(pid, b"stat", Glance::parse)??;
        let key = ProcessKey { pid, start_ns: glance.start_ticks.saturating_mul(self.tick_ns) };
        let comm = task_name(&glance.comm, glance.flags);
        let known = known.filter(|known| known.key == key && known.comm == comm);
        let mut shown = Shown {
            key,
            parent: glance.parent,
            comm,
            zombie: glance.is_zombie(),
            status: None,
            forked_only: glance.is_forked_only(),
            program: Mark::None,
        };
        if shown.zombie {
            shown.status = self.status(pid, &glance);
        } else {
            shown.program = self.mark(pid, &glance, known);
        }
        Some(shown)
    }

    /// A status of 0 is also what those are told who may not know it: they may not follow this link
    /// either.
    fn status(&self, pid: u32, glance: &Glance) -> Option<u32> {
        let may_know = || self.proc.link(path(&mut [0; PATH], pid, b"ns/pid")).is_ok();
        (glance.exit_status != 0 || may_know()).then_some(glance.exit_status)
    }

    /// Arguments are not read again while the name is the same: a title that a program gives itself
    /// would pass for an exec.
    fn mark(&mut self, pid: u32, glance: &Glance, known: Option<&Shown>) -> Mark {
        if let Some((code, stack)) = glance.places() {
            return Mark::Places(code, stack);
        }
        if !glance.has_memory() {
            return Mark::None;
        }
        if let Some(mark @ Mark::Arguments(_)) = known.map(|known| known.program) {
            return mark;
        }
        self.read(pid, b"cmdline", in_short).map_or(Mark::None, Mark::Arguments)
    }

    fn read<T>(&mut self, pid: u32, file: &[u8], take: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let text = self.proc.read(path(&mut [0; PATH], pid, file), &mut self.buffer).ok()?;
        Some(take(text))
    }
}

const PATH: usize = 24;

/// `PID/FILE`, in room for it.
fn path<'p>(room: &'p mut [u8; PATH], pid: u32, file: &[u8]) -> &'p CStr {
    let mut digits = itoa::Buffer::new();
    let parts = digits.format(pid).bytes().chain([b'/']).chain(file.iter().copied());
    for (to, from) in room.iter_mut().take(PATH - 1).zip(parts) {
        *to = from;
    }
    CStr::from_bytes_until_nul(room).unwrap_or_default()
}

fn in_short(arguments: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    arguments.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn lister() -> Lister {
        Lister::open(10_000_000).unwrap()
    }

    fn find(listing: &[Shown], pid: u32) -> Shown {
        *listing.iter().find(|shown| shown.key.pid == pid).unwrap()
    }

    #[test]
    fn a_listing_is_by_ascending_pid_and_has_this_process() {
        let listing = lister().list(&[]).unwrap();
        assert!(listing.is_sorted_by(|one, next| one.key.pid < next.key.pid));
        let own = find(&listing, std::process::id());
        assert!(!own.zombie && !own.forked_only);
        assert!(matches!(own.program, Mark::Places(code, stack) if code != stack), "{own:?}");
    }

    #[test]
    fn a_child_that_has_execed_says_so_and_a_zombie_how_it_ended() {
        let mut lister = lister();
        let mut child = Command::new("sh")
            .args(["-c", "read x; exit 3"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let running = find(&lister.list(&[]).unwrap(), child.id());
        assert_eq!((running.zombie, running.forked_only), (false, false));
        drop(child.stdin.take());
        let ended = loop {
            let shown = find(&lister.list(&[]).unwrap(), child.id());
            if shown.zombie {
                break shown;
            }
        };
        assert_eq!((ended.key, ended.status), (running.key, Some(3 << 8)));
        child.wait().unwrap();
        assert!(lister.look(child.id(), None).is_none_or(|shown| shown.key != ended.key));
    }

    #[test]
    fn a_path_fits_whatever_the_pid() {
        assert_eq!(path(&mut [0; PATH], u32::MAX, b"cmdline"), c"4294967295/cmdline");
        assert_eq!(path(&mut [0; PATH], 1, b"ns/pid"), c"1/ns/pid");
    }
}
