//! Record → event: bytes that the source lends become facts of their own, arguments that came in
//! pieces are put together.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use hashbrown::HashMap;
use observer_common::{
    ArgsFacts, CgroupNames, ExecFacts, ExitFacts, Header, NOBODY, NamespaceFacts, ProcessFacts,
    Record, RequestFacts, call,
};

use crate::event::{
    Args, Cgroup, CgroupCache, Comm, Creator, Credentials, Event, NamespaceCall, Peer, Process,
    ProcessKey, Status, ThreadNamespaces, Usage, What,
};

/// Turns records into events.
#[derive(Debug, Default)]
pub(super) struct Lift {
    cgroups: CgroupCache,
    /// Arguments on their way, by the CPU and the copy of the program that told them: their exec
    /// follows from the same ones.
    partial: HashMap<(u32, u32), Partial>,
}

/// What a record came to.
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "taken apart at once")]
pub(super) enum Lifted {
    Event(Event),
    /// A piece of an event that follows.
    Piece,
    /// Nothing that this version understands: of a newer object.
    Unknown,
}

/// Pieces of one process's arguments, without a hole.
#[derive(Debug)]
struct Partial {
    key: ProcessKey,
    /// Where the first piece belongs.
    offset: u64,
    bytes: BytesMut,
}

impl Lift {
    pub(super) fn lift(&mut self, header: &Header, record: &Record<'_>) -> Lifted {
        let what = match record {
            Record::Fork { facts, cgroup } => What::Fork {
                process: self.process(&facts.child, *cgroup),
                creator: Creator {
                    key: key(facts.creator_pid, facts.creator_start_ns),
                    tid: facts.creator_tid,
                    comm: Comm::new(facts.creator_comm),
                },
                clone_flags: facts.clone_flags,
            },
            Record::Exec { facts, cgroup, filename, args } => What::Exec {
                process: self.process(&facts.process, *cgroup),
                filename: Bytes::copy_from_slice(filename.strip_suffix(b"\0").unwrap_or(filename)),
                args: Some(self.args(header.cpu, facts, args)),
            },
            Record::Exit { facts, cgroup } => What::Exit {
                process: self.process(&facts.process, *cgroup),
                status: Some(Status::from_wait(facts.status)),
                usage: Some(exit_usage(facts)),
                reaper: some_key(facts.reaper_pid, facts.reaper_start_ns),
            },
            Record::Free { facts } => What::Free {
                key: key(facts.pid, facts.start_ns),
                status: Some(Status::from_wait(facts.status)),
                usage: Some(usage(
                    (facts.user_ns, facts.system_ns),
                    facts.runtime_ns,
                    facts.max_rss_pages,
                )),
            },
            Record::Rename { facts, cgroup } => What::Rename {
                process: Process {
                    comm: Comm::new(facts.new_comm),
                    ..self.process(&facts.process, *cgroup)
                },
                old_comm: Comm::new(facts.process.comm),
            },
            Record::Cgroup { facts, cgroup } => {
                What::Cgroup { process: self.process(&facts.process, *cgroup), old_cgroup: None }
            }
            Record::Namespace { facts, cgroup } => {
                let Some(call) = namespace_call(facts.call) else { return Lifted::Unknown };
                self.namespaces(facts, call, *cgroup)
            }
            Record::Request { facts, cgroup, path, bytes } => What::Request {
                process: self.process(&facts.process, *cgroup),
                peer: peer(facts, path),
                size: facts.size,
                bytes: Bytes::copy_from_slice(bytes),
            },
            Record::Args { facts, bytes } => {
                self.keep_piece(header.cpu, facts, bytes);
                return Lifted::Piece;
            }
            Record::Task { .. } | Record::TaskArgs { .. } | Record::Unknown { .. } => {
                return Lifted::Unknown;
            }
        };
        Lifted::Event(Event { boot_ns: header.boot_ns, cpu: header.cpu, what })
    }

    /// What a thread's namespaces are says nothing of its process, unless it leads it.
    fn namespaces(
        &mut self,
        facts: &NamespaceFacts,
        call: NamespaceCall,
        cgroup: CgroupNames<'_>,
    ) -> What {
        let mut process = self.process(&facts.process, cgroup);
        if facts.process.tid != facts.process.pid {
            process.namespaces = [0; 8];
        }
        let own = facts.process.namespaces.into_iter();
        let mut inodes = own.chain(facts.for_children);
        let inodes = std::array::from_fn(|_| inodes.next().unwrap_or_default());
        let namespaces = Box::new(ThreadNamespaces::of(inodes, facts.ids));
        What::Namespaces { process, call, flags: facts.flags, namespaces }
    }

    fn process(&mut self, facts: &ProcessFacts, cgroup: CgroupNames<'_>) -> Process {
        process(facts, cgroup_of(&mut self.cgroups, cgroup))
    }

    fn keep_piece(&mut self, cpu: u32, facts: &ArgsFacts, bytes: &[u8]) {
        let key = key(facts.pid, facts.start_ns);
        let partial = self.partial.entry((cpu, facts.copy));
        let partial = partial.or_insert_with(|| Partial::begin(key, facts.offset));
        let next = partial.offset + partial.bytes.len() as u64;
        if partial.key != key || facts.offset != next {
            *partial = Partial::begin(key, facts.offset);
        }
        partial.bytes.extend_from_slice(bytes);
    }

    /// The beginning came with the exec itself, the rest ahead of it.
    fn args(&mut self, cpu: u32, facts: &ExecFacts, beginning: &[u8]) -> Args {
        let key = key(facts.process.pid, facts.process.start_ns);
        let rest = self
            .partial
            .remove(&(cpu, facts.copy))
            .filter(|rest| rest.key == key && rest.offset == beginning.len() as u64);
        let captured = match rest {
            Some(rest) => [beginning, &rest.bytes].concat().into(),
            None => Bytes::copy_from_slice(beginning),
        };
        Args::new(captured, facts.args_size, facts.args_wanted)
    }
}

impl Partial {
    fn begin(key: ProcessKey, offset: u64) -> Self {
        Self { key, offset, bytes: BytesMut::new() }
    }
}

/// What a record says of a process.
pub(super) fn process(facts: &ProcessFacts, cgroup: Arc<Cgroup>) -> Process {
    Process {
        key: key(facts.pid, facts.start_ns),
        parent: some_key(facts.parent_pid, facts.parent_start_ns),
        exec_id: facts.exec_id,
        tid: facts.tid,
        vpid: Some(facts.vpid),
        comm: Comm::new(facts.comm),
        credentials: Some(Credentials {
            real_uid: facts.uid,
            effective_uid: facts.euid,
            real_gid: facts.gid,
            effective_gid: facts.egid,
        }),
        namespaces: facts.namespaces,
        cgroup: Some(cgroup),
    }
}

/// The cgroup of these names.
pub(super) fn cgroup_of(cache: &mut CgroupCache, names: CgroupNames<'_>) -> Arc<Cgroup> {
    // No name begins with a slash: it parts the two lists.
    cache.get([names.v2, b"/", names.v1], || Cgroup::of_paths(path(names.v2), path(names.v1)))
}

/// Directory names from the leaf upwards, each with a NUL, as a path from the root.
fn path(names: &[u8]) -> Option<String> {
    let names = names.strip_suffix(b"\0")?;
    let mut path = String::with_capacity(names.len() + 1);
    for name in names.rsplit(|byte| *byte == 0) {
        path.push('/');
        path.push_str(&String::from_utf8_lossy(name));
    }
    Some(path)
}

/// `None` for a call that only a newer object tells of.
fn namespace_call(number: u32) -> Option<NamespaceCall> {
    match number {
        call::CLONE => Some(NamespaceCall::Clone),
        call::UNSHARE => Some(NamespaceCall::Unshare),
        call::SETNS => Some(NamespaceCall::Setns),
        _ => None,
    }
}

fn key(pid: u32, start_ns: u64) -> ProcessKey {
    ProcessKey { pid, start_ns }
}

/// An abstract name begins with NUL and may hold more; a path ends at its first.
fn peer(facts: &RequestFacts, name: &[u8]) -> Peer {
    let path = match name {
        [0, ..] => name,
        path => path.split(|byte| *byte == 0).next().unwrap_or_default(),
    };
    Peer {
        path: Bytes::copy_from_slice(path),
        pid: (facts.peer_pid != 0).then_some(facts.peer_pid),
        uid: (facts.peer_uid != NOBODY).then_some(facts.peer_uid),
    }
}

/// Pid 0 stands for no process.
fn some_key(pid: u32, start_ns: u64) -> Option<ProcessKey> {
    (pid != 0).then(|| key(pid, start_ns))
}

fn exit_usage(facts: &ExitFacts) -> Usage {
    usage((facts.user_ns, facts.system_ns), facts.runtime_ns, facts.max_rss_pages)
}

/// Divides the precise time in the proportion of what the tick saw of each mode, as the kernel's
/// own `cputime_adjust` does for wait4(2).
pub(super) fn divide(user_ticks: u64, system_ticks: u64, runtime_ns: u64) -> (u64, u64) {
    let seen = u128::from(user_ticks) + u128::from(system_ticks);
    let system_ns = match (user_ticks, system_ticks) {
        (_, 0) => 0,
        (0, _) => runtime_ns,
        _ => u64::try_from(u128::from(runtime_ns) * u128::from(system_ticks) / seen)
            .unwrap_or(runtime_ns),
    };
    (runtime_ns - system_ns, system_ns)
}

/// `ticks` are those of user mode and of the kernel.
fn usage(ticks: (u64, u64), runtime_ns: u64, max_rss_pages: u64) -> Usage {
    let (user_ns, system_ns) = divide(ticks.0, ticks.1, runtime_ns);
    Usage { user_ns, system_ns, max_rss_pages }
}

#[cfg(test)]
mod tests {
    use observer_common::Kind;
    use zerocopy::FromZeros as _;

    use super::*;
    use crate::event::ThreadNamespace;

    fn header(cpu: u32) -> Header {
        Header { cpu, kind: Kind::EXEC, ..Header::new_zeroed() }
    }

    fn piece(pid: u32, offset: u64, bytes: &[u8]) -> Record<'_> {
        let facts = ArgsFacts { pid, offset, ..ArgsFacts::new_zeroed() };
        Record::Args { facts, bytes }
    }

    fn exec(pid: u32, size: u64, args: &[u8]) -> Record<'_> {
        let mut facts = ExecFacts { args_size: size, ..ExecFacts::new_zeroed() };
        facts.process.pid = pid;
        Record::Exec { facts, cgroup: CgroupNames::default(), filename: b"/x\0", args }
    }

    fn event(lifted: Lifted) -> Event {
        match lifted {
            Lifted::Event(event) => event,
            other => panic!("not an event: {other:?}"),
        }
    }

    fn args_of(lifted: Lifted) -> Args {
        match event(lifted).what {
            What::Exec { args, .. } => args.unwrap(),
            other => panic!("not an exec: {other:?}"),
        }
    }

    #[test]
    fn names_of_cgroups_are_turned_round() {
        assert_eq!(path(b"session-1.scope\0user.slice\0").unwrap(), "/user.slice/session-1.scope");
        assert_eq!(path(b""), None);
        let mut cache = CgroupCache::default();
        let mut of = |v2, v1| cgroup_of(&mut cache, CgroupNames { v2, v1 });
        assert_ne!(of(b"a\0", b""), of(b"", b"a\0"), "each in its hierarchy");
    }

    #[test]
    fn a_thread_tells_its_own_namespaces_and_the_leader_those_of_the_process() {
        let mut facts = NamespaceFacts::new_zeroed();
        facts.process.pid = 10;
        facts.process.namespaces = [1, 2, 3, 4, 5, 6, 7, 0];
        (facts.ids, facts.for_children) = ([11, 12, 13, 14, 15, 16, 0, 18, 19, 20], [9, 0]);
        (facts.call, facts.flags) = (call::SETNS, 5);
        let told = |tid| {
            let mut facts = facts;
            facts.process.tid = tid;
            let record = Record::Namespace { facts, cgroup: CgroupNames::default() };
            match event(Lift::default().lift(&header(0), &record)).what {
                What::Namespaces { process, call: NamespaceCall::Setns, flags: 5, namespaces } => {
                    (process.namespaces, *namespaces)
                }
                other => panic!("not what was told: {other:?}"),
            }
        };
        let (of_the_process, of_the_leader) = told(10);
        assert_eq!(of_the_process, facts.process.namespaces);
        let [.., cgroup, time] = of_the_leader.own;
        let some = |inode, id| Some(ThreadNamespace { inode, id });
        assert_eq!(of_the_leader.own[0], some(1, Some(11)));
        assert_eq!((cgroup, time), (some(7, None), None), "without an id, without a namespace");
        let for_children = (of_the_leader.pid_for_children, of_the_leader.time_for_children);
        assert_eq!(for_children, (some(9, Some(19)), None));
        assert_eq!(told(11), ([0; 8], of_the_leader));
    }

    #[test]
    fn a_call_of_a_newer_object_is_no_event() {
        let facts = NamespaceFacts { call: 4, ..NamespaceFacts::new_zeroed() };
        let record = Record::Namespace { facts, cgroup: CgroupNames::default() };
        assert_eq!(Lift::default().lift(&header(0), &record), Lifted::Unknown);
    }

    #[test]
    fn a_path_ends_at_its_nul_and_an_abstract_name_does_not() {
        let told = |name, facts: RequestFacts| {
            let record = Record::Request {
                facts,
                cgroup: CgroupNames::default(),
                path: name,
                bytes: b"GET",
            };
            match event(Lift::default().lift(&header(0), &record)).what {
                What::Request { peer, size: 9, bytes, .. } if *bytes == *b"GET" => peer,
                other => panic!("not what was told: {other:?}"),
            }
        };
        let root = RequestFacts { size: 9, peer_pid: 7, ..RequestFacts::new_zeroed() };
        let unknown = RequestFacts { peer_uid: NOBODY, peer_pid: 0, ..root };
        let peer = told(b"/run/s\0", root);
        assert_eq!((&*peer.path, peer.pid, peer.uid), (&b"/run/s"[..], Some(7), Some(0)));
        let peer = told(b"\0s\0t\0", unknown);
        assert_eq!((&*peer.path, peer.pid, peer.uid), (&b"\0s\0t\0"[..], None, None));
        assert_eq!(told(b"", root).path, "");
    }

    #[test]
    fn pieces_of_two_cpus_do_not_mix() {
        let mut lift = Lift::default();
        assert_eq!(lift.lift(&header(0), &piece(10, 2, b"cd")), Lifted::Piece);
        assert_eq!(lift.lift(&header(1), &piece(11, 2, b"CD")), Lifted::Piece);
        assert_eq!(lift.lift(&header(0), &piece(10, 4, b"e\0")), Lifted::Piece);
        assert_eq!(lift.lift(&header(1), &piece(11, 4, b"E\0")), Lifted::Piece);
        let one = args_of(lift.lift(&header(1), &exec(11, 6, b"AB")));
        let other = args_of(lift.lift(&header(0), &exec(10, 6, b"ab")));
        assert_eq!(one.iter().collect::<Vec<_>>(), [b"ABCDE"]);
        assert_eq!(other.iter().collect::<Vec<_>>(), [b"abcde"]);
        assert!(!one.is_truncated());
    }

    #[test]
    fn pieces_of_a_program_that_was_preempted_do_not_mix_with_those_of_its_second_copy() {
        let by = |copy, record| match record {
            Record::Args { facts, bytes } => {
                Record::Args { facts: ArgsFacts { copy, ..facts }, bytes }
            }
            Record::Exec { facts, cgroup, filename, args } => {
                Record::Exec { facts: ExecFacts { copy, ..facts }, cgroup, filename, args }
            }
            other => other,
        };
        let mut lift = Lift::default();
        lift.lift(&header(0), &by(0, piece(10, 2, b"cd")));
        lift.lift(&header(0), &by(1, piece(11, 2, b"CD")));
        lift.lift(&header(0), &by(0, piece(10, 4, b"e\0")));
        lift.lift(&header(0), &by(1, piece(11, 4, b"E\0")));
        let second = args_of(lift.lift(&header(0), &by(1, exec(11, 6, b"AB"))));
        let first = args_of(lift.lift(&header(0), &by(0, exec(10, 6, b"ab"))));
        assert_eq!(second.iter().collect::<Vec<_>>(), [b"ABCDE"]);
        assert_eq!(first.iter().collect::<Vec<_>>(), [b"abcde"]);
    }

    #[test]
    fn pieces_of_a_lost_exec_are_not_taken_for_the_next_one() {
        let mut lift = Lift::default();
        lift.lift(&header(0), &piece(10, 2, b"cd"));
        let args = args_of(lift.lift(&header(0), &exec(11, 6, b"ab")));
        assert!(args.is_truncated());
        assert_eq!(args.captured_size(), 2);
    }

    #[test]
    fn a_gap_ends_what_is_captured() {
        let mut lift = Lift::default();
        lift.lift(&header(0), &piece(10, 2, b"cd"));
        lift.lift(&header(0), &piece(10, 6, b"gh"));
        let args = args_of(lift.lift(&header(0), &exec(10, 8, b"ab")));
        assert_eq!(args.captured_size(), 2, "bytes behind a hole are not a beginning");
    }

    #[test]
    fn precise_time_is_divided_by_what_the_tick_saw() {
        let check = |user, system, runtime, expected: (u64, u64)| {
            let got = usage((user, system), runtime, 0);
            assert_eq!((got.user_ns, got.system_ns), expected);
        };
        check(0, 0, 700, (700, 0));
        check(4, 0, 700, (700, 0));
        check(0, 4, 700, (0, 700));
        check(3, 4, 700, (300, 400));
        check(u64::MAX, u64::MAX, u64::MAX, (u64::MAX / 2 + 1, u64::MAX / 2));
    }
}
