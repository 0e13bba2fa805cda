//! Changes of the table, and looks at all namespaces → what became of each. Pure.
//!
//! Where the kernel has no number of its own for a namespace, a new one that is given the inode
//! number of an earlier one is told from it by the call that made it, or by its kind.

use hashbrown::HashMap;

use super::{Actor, Fate, NamespaceEvent};
use crate::{
    event::{Comm, NAMESPACES, NamespaceCall, Process, ThreadNamespace, ThreadNamespaces, What},
    field::Row,
    namespace::{NamespaceId, NamespaceKind, Namespaces},
    origin::Origin,
    table::Change,
};

/// Takes what came of it.
pub(super) type Each<'a> = &'a mut dyn FnMut(NamespaceEvent);

/// Knows which namespaces there are, and who is in which.
#[derive(Debug, Default)]
pub struct Fates {
    living: HashMap<u64, Living>,
    /// The last of each inode number, where the kernel has no numbers of its own.
    generations: HashMap<u64, u32>,
    /// Inode numbers of each process's, by pid.
    processes: HashMap<u32, Inodes>,
    /// No event tells of calls.
    only_looks: bool,
}

/// In the order of all kinds; 0 for what is not known.
type Inodes = [u32; NAMESPACES.len()];

/// One that is there.
#[derive(Clone, Copy, Debug)]
struct Living {
    id: NamespaceId,
    /// When it was last reported, or found.
    told_ns: u64,
    /// Whether only looks have found it, and no event has reported it.
    inferred: bool,
}

/// A namespace that an event or a look tells of.
#[derive(Clone, Copy, Debug)]
struct Sighting {
    kind: NamespaceKind,
    inode: u64,
    kernel_id: Option<u64>,
}

impl Sighting {
    fn of(kind: NamespaceKind, namespace: ThreadNamespace) -> Self {
        Self { kind, inode: namespace.inode.into(), kernel_id: namespace.id }
    }
}

/// A process that does something, and when.
#[derive(Clone, Copy, Debug)]
struct Act {
    actor: Actor,
    boot_ns: u64,
}

impl Act {
    fn of(change: &Change, process: &Process, call: NamespaceCall) -> Self {
        let Process { key, tid, comm, .. } = *process;
        let life = change.entry.as_ref().map_or(1, |entry| entry.life);
        Self {
            actor: Actor { key, life, tid, comm, call: Some(call) },
            boot_ns: change.event.boot_ns,
        }
    }
}

impl Fates {
    /// One that knows nothing yet: what the first look finds is what there is, and to be thrown
    /// away. It hears of calls, unless the events are those of [`Origin::Proc`].
    pub fn new(origin: Origin) -> Self {
        Self { only_looks: origin == Origin::Proc, ..Self::default() }
    }

    /// Takes in a change of a table that asked for
    /// [`Kind::NAMESPACE`](crate::event::Kind::NAMESPACE).
    pub fn hear(&mut self, change: &Change, each: &mut dyn FnMut(NamespaceEvent)) {
        match &change.event.what {
            What::Namespaces { process, call, flags, namespaces } => {
                let act = Act::of(change, process, *call);
                self.move_thread(process, (act, *flags), namespaces, each);
            }
            What::Fork { process, creator, clone_flags } => {
                let before = self.processes.get(&creator.key.pid).copied();
                let act = Act::of(change, process, NamespaceCall::Clone);
                self.inherit(process, before, (act, *clone_flags), each);
            }
            What::Gone { key } | What::Free { key, .. } => {
                self.processes.remove(&key.pid);
            }
            _ => {
                if let Some(entry) = &change.entry {
                    self.note(&entry.process);
                }
            }
        }
    }

    /// Compares with a look at all namespaces, which began and ended at these times since boot:
    /// what was missed is told as inferred. Returns those that the look did not find, by inode
    /// number: they have gone, or are kept by something that only a deeper look finds; see
    /// [`Fates::gone`].
    pub fn compare(
        &mut self,
        namespaces: &Namespaces,
        (began_ns, ended_ns): (u64, u64),
        each: &mut dyn FnMut(NamespaceEvent),
    ) -> Vec<u64> {
        for namespace in &namespaces.all {
            let NamespaceId { kind, inode, kernel_id, .. } = namespace.id;
            self.find(Sighting { kind, inode, kernel_id }, ended_ns, each);
        }
        for row in &namespaces.listing.rows {
            self.see(row, ended_ns, each);
        }
        let missing = self.living.iter().filter(|(inode, living)| {
            living.told_ns < began_ns && namespaces.get(**inode).is_none()
        });
        missing.map(|(inode, _)| *inode).collect()
    }

    /// Takes in where a look saw a process. An event may have reported it since.
    fn see(&mut self, row: &Row, boot_ns: u64, each: Each<'_>) {
        let now = row.namespaces.map(Option::unwrap_or_default);
        let Some(before) = self.processes.get(&row.pid).copied() else {
            self.processes.insert(row.pid, now);
            return;
        };
        let (Some(key), Some(identity), true) = (row.key(), &row.identity, self.only_looks) else {
            return;
        };
        let comm = Comm::of_bytes(&identity.comm);
        let actor = Actor { key, life: row.life.max(1), tid: row.pid, comm, call: None };
        let act = Act { actor, boot_ns };
        for (old, new) in before.into_iter().zip(now).filter(|(old, new)| old != new) {
            let ends = [(Fate::Entered, new), (Fate::Left, old)];
            for (what, inode) in ends.into_iter().filter(|_| old != 0 && new != 0) {
                self.tell(what, inode.into(), act, each);
            }
        }
        self.processes.insert(row.pid, now);
    }

    /// Those with these inode numbers are no more.
    pub fn gone(&mut self, inodes: &[u64], boot_ns: u64, each: &mut dyn FnMut(NamespaceEvent)) {
        let gone = inodes.iter().filter_map(|inode| self.living.remove(inode));
        let mut gone: Vec<NamespaceId> = gone.map(|living| living.id).collect();
        gone.sort_unstable();
        for namespace in gone {
            each(found(Fate::Gone, namespace, boot_ns));
        }
    }

    /// A thread has got into other namespaces by a call.
    fn move_thread(
        &mut self,
        process: &Process,
        (act, flags): (Act, u64),
        now: &ThreadNamespaces,
        each: Each<'_>,
    ) {
        let call = act.actor.call;
        let before = self.processes.get(&process.key.pid).copied().unwrap_or_default();
        for (kind, namespace) in NamespaceKind::ALL.into_iter().zip(now.own) {
            let Some(namespace) = namespace else { continue };
            let told = Sighting::of(kind, namespace);
            let old = before.get(kind.index()).copied().unwrap_or_default();
            // The caller of unshare(2) stays in its own pid and time namespace.
            let stays = call == Some(NamespaceCall::Unshare) && now.for_children(kind).is_some();
            let is_made =
                call != Some(NamespaceCall::Setns) && flags & kind.clone_flag() != 0 && !stays;
            if is_made {
                self.create(told, act, each);
            } else if old != 0 && old != namespace.inode {
                self.enter(told, act, each);
            }
            if old != 0 && old != namespace.inode && call != Some(NamespaceCall::Clone) {
                self.tell(Fate::Left, old.into(), act, each);
            }
        }
        if call == Some(NamespaceCall::Unshare) {
            for kind in [NamespaceKind::Pid, NamespaceKind::Time] {
                let made = now.for_children(kind).filter(|_| flags & kind.clone_flag() != 0);
                if let Some(namespace) = made {
                    self.create(Sighting::of(kind, namespace), act, each);
                }
            }
        }
        if process.tid == process.key.pid {
            self.note(process);
        }
    }

    /// A new process is where its creator is, unless flags, or what that had asked for its
    /// children, say something else. What was made for it is told by itself.
    fn inherit(
        &mut self,
        process: &Process,
        before: Option<Inodes>,
        (act, flags): (Act, u64),
        each: Each<'_>,
    ) {
        if let Some(before) = before {
            let kinds = NamespaceKind::ALL.into_iter().zip(before).zip(process.namespaces);
            for ((kind, old), now) in kinds {
                let moved = old != 0 && now != 0 && old != now && flags & kind.clone_flag() == 0;
                if moved {
                    let told = Sighting { kind, inode: now.into(), kernel_id: None };
                    self.enter(told, act, each);
                }
            }
        }
        self.note(process);
    }

    fn note(&mut self, process: &Process) {
        if process.namespaces != [0; NAMESPACES.len()] {
            self.processes.insert(process.key.pid, process.namespaces);
        }
    }

    fn create(&mut self, told: Sighting, act: Act, each: Each<'_>) {
        let Act { actor, boot_ns } = act;
        let known = self.living.get_mut(&told.inode).filter(|living| living.id.kind == told.kind);
        if let Some(living) = known {
            let same_number =
                living.id.kernel_id.is_some() && living.id.kernel_id == told.kernel_id;
            // A look may have come first.
            let was_found = living.inferred && boot_ns <= living.told_ns;
            if same_number || (was_found && told.kernel_id.is_none()) {
                living.inferred = false;
                // Who made it is told in this way at least.
                return self.tell(Fate::Entered, told.inode, act, each);
            }
        }
        let namespace = self.admit(told, boot_ns, each);
        if let Some(living) = self.living.get_mut(&told.inode) {
            living.inferred = false;
        }
        let (what, actor) = (Fate::Created, Some(actor));
        each(NamespaceEvent { boot_ns, what, namespace, actor, inferred: false });
    }

    fn enter(&mut self, told: Sighting, act: Act, each: Each<'_>) {
        self.find(told, act.boot_ns, each);
        self.tell(Fate::Entered, told.inode, act, each);
    }

    fn tell(&mut self, what: Fate, inode: u64, act: Act, each: Each<'_>) {
        let Act { actor, boot_ns } = act;
        if let Some(living) = self.living.get_mut(&inode) {
            living.told_ns = living.told_ns.max(boot_ns);
            let (namespace, inferred) = (living.id, actor.call.is_none());
            each(NamespaceEvent { boot_ns, what, namespace, actor: Some(actor), inferred });
        }
    }

    /// One that is there, however that became known; a new one is told as inferred.
    fn find(&mut self, told: Sighting, boot_ns: u64, each: Each<'_>) {
        let known = self.living.get_mut(&told.inode).filter(|living| living.id.kind == told.kind);
        if let Some(living) = known {
            let other = |id: u64| told.kernel_id.is_some_and(|told| told != id);
            if !living.id.kernel_id.is_some_and(other) {
                living.id.kernel_id = living.id.kernel_id.or(told.kernel_id);
                living.told_ns = living.told_ns.max(boot_ns);
                return;
            }
        }
        let namespace = self.admit(told, boot_ns, each);
        each(found(Fate::Created, namespace, boot_ns));
    }

    /// Puts a new one into the place of its inode number; who had that is gone.
    fn admit(&mut self, told: Sighting, boot_ns: u64, each: Each<'_>) -> NamespaceId {
        let Sighting { kind, inode, kernel_id } = told;
        if let Some(living) = self.living.remove(&inode) {
            each(found(Fate::Gone, living.id, boot_ns));
        }
        let generation = if kernel_id.is_some() {
            1
        } else {
            let last = self.generations.entry(inode).or_default();
            *last += 1;
            *last
        };
        let id = NamespaceId { kind, device: 0, inode, kernel_id, generation };
        self.living.insert(inode, Living { id, told_ns: boot_ns, inferred: true });
        id
    }
}

impl ThreadNamespaces {
    /// Where children of the thread get, where that may be elsewhere.
    fn for_children(&self, kind: NamespaceKind) -> Option<ThreadNamespace> {
        match kind {
            NamespaceKind::Pid => self.pid_for_children,
            NamespaceKind::Time => self.time_for_children,
            _ => None,
        }
    }
}

fn found(what: Fate, namespace: NamespaceId, boot_ns: u64) -> NamespaceEvent {
    NamespaceEvent { boot_ns, what, namespace, actor: None, inferred: true }
}
