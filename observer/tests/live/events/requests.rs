//! What clients write to the unix sockets of their servers, beside what they were told to write.

use std::fs;
use std::io::{IoSlice, pipe};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::socket::{MsgFlags, send, sendmsg};
use nix::sys::uio::writev;
use nix::unistd::{Uid, ftruncate, seteuid, setresuid, write};
use observer::Monitor;
use observer::btf::Btf;
use observer::event::{Event, Kind, Peer, Process, ProcessKey, What};
use observer::feed::Feed;
use observer::snapshot::Freshness;
use observer::source::bpf::BpfSource;
use observer::source::{Backend, Options, Source as _};
use observer_common::limits::REQUEST;

use crate::events::namespace_events::attached;
use crate::support::act::{say, wait_for_word};
use crate::support::child::{Actor, Ended, act, unique};
use crate::support::harness::{Case, cases};
use crate::support::machine::{in_guest, soon};
use crate::support::need::{bpf, btf, perf};
use crate::support::sys;
use crate::table::changes::Changes;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [btf] { the_kernel_shows_the_way }
        EveryKernel [bpf] {
            every_call_is_told,
            an_abstract_name_is_told,
            the_peer_is_who_listens,
            memory_that_is_not_there,
            a_thread_is_told_as_well,
        }
        Host [bpf] {
            what_is_no_request,
            others_are_not_overheard,
            a_pid_alone_is_nobody,
            nothing_after_the_end,
            it_ends_with_the_process,
            it_ends_with_the_monitor,
            it_takes_no_rights_afterwards,
            nobody_who_did_not_ask,
            what_is_lost_is_counted,
        }
        Host [perf] { tracepoints_cannot }
    ]
}

/// What this program does as a child of these tests: `requests WORDS…`.
pub(crate) fn perform(words: &[&str]) -> ExitCode {
    match words {
        ["client"] => client(),
        ["server", name, uid] => server(name, uid),
        ["without-rights", name] => without_rights(name),
        other => panic!("unknown act requests {other:?}"),
    }
    ExitCode::SUCCESS
}

fn count(text: &str) -> usize {
    text.parse().expect("a number")
}

/// What a client writes: so many bytes, always the same.
fn text(len: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(len).collect()
}

/// Does what it is told: opens something, or writes to what it has opened last.
fn client() {
    let mut target = None;
    say("ready");
    while let Some(line) = wait_for_word() {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["open", words @ ..] => target = Some(open(words)),
            words => give(&target.as_ref().expect("something open").0, words),
        }
        say("done");
    }
}

/// Something to write to, and what keeps its other end open.
fn open(words: &[&str]) -> (OwnedFd, Option<OwnedFd>) {
    match words {
        ["path", path] => (UnixStream::connect(path).expect("a server").into(), None),
        ["name", name] => (connect(name).into(), None),
        ["tcp", address] => (TcpStream::connect(address).expect("a server").into(), None),
        ["pair"] => {
            let (one, other) = UnixStream::pair().expect("two sockets");
            (one.into(), Some(other.into()))
        }
        ["pipe"] => {
            let (reader, writer) = pipe().expect("a pipe");
            (writer.into(), Some(reader.into()))
        }
        ["file"] => {
            (fs::File::options().write(true).open("/dev/null").expect("a file").into(), None)
        }
        other => panic!("cannot open {other:?}"),
    }
}

fn address(name: &str) -> SocketAddr {
    SocketAddr::from_abstract_name(name).expect("a name")
}

fn connect(name: &str) -> UnixStream {
    UnixStream::connect_addr(&address(name)).expect("a server")
}

/// Writes so many bytes by that call; two numbers are two parts.
fn give(target: &OwnedFd, words: &[&str]) {
    let fd = target.as_raw_fd();
    let sizes = words.iter().skip(1).map(|word| count(word));
    let sizes: Vec<usize> = sizes.collect();
    let bytes = text(sizes.iter().sum());
    let (first, second) = bytes.split_at(sizes[0]);
    let parts = [IoSlice::new(first), IoSlice::new(second)];
    let flags = MsgFlags::MSG_NOSIGNAL;
    let written = match words[0] {
        "write" => write(target, &bytes),
        "thread" => {
            thread::scope(|scope| scope.spawn(|| write(target, &bytes)).join().expect("a thread"))
        }
        "writev" => writev(target, &parts),
        "send" => send(fd, &bytes, flags),
        "sendmsg" => sendmsg::<()>(fd, &parts, &[], flags, None),
        "edge" => {
            // Its second page is not there.
            let page = memfd_create("page", MFdFlags::empty()).expect("a file");
            ftruncate(&page, 4096).expect("a page");
            let failed = sys::write_over_an_edge(target, &page.into(), first, second.len());
            failed.expect_err("memory that is not there");
            return;
        }
        other => panic!("unknown call {other}"),
    };
    assert_eq!(written, Ok(bytes.len()), "{words:?}");
}

/// Listens as another user.
fn server(name: &str, uid: &str) {
    seteuid(Uid::from_raw(uid.parse().expect("a user"))).expect("another user");
    let _listener = UnixListener::bind_addr(&address(name)).expect("a name");
    say("listening");
    wait_for_word();
}

/// Overhears itself, with the rights of nobody.
fn without_rights(name: &str) {
    let monitor = asked_for();
    let mut changes = Changes::of(monitor.subscribe());
    let key = key(&monitor, std::process::id());
    let nobody = Uid::from_raw(65534);
    setresuid(nobody, nobody, nobody).expect("another user");
    assert!(monitor.overhear(key).expect("an attached program"));
    write(connect(name), b"hello").expect("a server");
    let told = next(&mut changes, key.pid, 0);
    say(&format!("told {}", told.size));
}

fn asked_for() -> Monitor {
    Monitor::builder().backend(Backend::Bpf).requests().start().expect("a monitor")
}

fn key(monitor: &Monitor, pid: u32) -> ProcessKey {
    let snapshot = monitor.snapshot(Freshness::Table).expect("a snapshot");
    snapshot.get(pid).expect("the process").process.key
}

/// What was reported about one call.
#[derive(Debug)]
struct Told {
    seq: u64,
    process: Process,
    peer: Peer,
    size: u64,
    bytes: Vec<u8>,
}

/// The first request of that process behind that number.
fn next(changes: &mut Changes, pid: u32, behind: u64) -> Told {
    let is_it = |what: &What| match what {
        What::Request { process, .. } => process.key.pid == pid,
        _ => false,
    };
    let update = changes.wait_for(&format!("a request of {pid}"), |update| {
        update.seq > behind && is_it(&update.change.event.what)
    });
    match update.change.event.what.clone() {
        What::Request { process, peer, size, bytes } => {
            Told { seq: update.seq, process, peer, size, bytes: bytes.to_vec() }
        }
        other => panic!("not asked for: {other:?}"),
    }
}

/// A client that may be overheard.
struct Client {
    actor: Actor,
    key: ProcessKey,
    /// The number of the last event about it.
    seq: u64,
}

impl Client {
    fn new(monitor: &Monitor) -> Self {
        let actor = Actor::new(&mut act(&["requests", "client"]));
        actor.hear("ready");
        let key = key(monitor, actor.pid());
        Self { actor, key, seq: 0 }
    }

    fn overheard(monitor: &Monitor) -> Self {
        let client = Self::new(monitor);
        assert!(monitor.overhear(client.key).expect("an attached program"));
        client
    }

    fn act(&mut self, words: &str) {
        self.actor.tell(words);
        self.actor.hear("done");
    }

    fn next(&mut self, changes: &mut Changes) -> Told {
        let told = next(changes, self.key.pid, self.seq);
        self.seq = told.seq;
        assert_eq!(told.process.key, self.key);
        told
    }

    fn dismiss(self) -> Ended {
        self.actor.dismiss()
    }
}

/// A name, and who listens to it.
fn listener() -> (String, UnixListener) {
    let name = unique("requests");
    let listener = UnixListener::bind_addr(&address(&name)).expect("a name");
    (name, listener)
}

fn requests(changes: &Changes, key: ProcessKey) -> usize {
    changes.of_life(key).filter(|what| matches!(what, What::Request { .. })).count()
}

fn the_kernel_shows_the_way() {
    let layout = Btf::from_kernel().expect("types").layout().expect("places");
    assert!(layout.leads_to_unix_sockets(), "{layout:?}");
}

fn every_call_is_told() {
    const CALLS: [(&str, usize); 12] = [
        ("write 1", 1),
        ("write 20", 20),
        ("write 512", 512),
        ("write 513", 513),
        ("write 5000", 5000),
        ("writev 10 20", 30),
        ("writev 0 7", 7),
        ("writev 500 300", 800),
        ("send 40", 40),
        ("send 600", 600),
        ("sendmsg 30 40", 70),
        ("sendmsg 600 5", 605),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("server.sock");
    let _listener = UnixListener::bind(&path).expect("a socket");
    let monitor = asked_for();
    let mut changes = Changes::of(monitor.subscribe());
    let mut client = Client::overheard(&monitor);
    client.act(&format!("open path {}", path.display()));
    let snapshot = monitor.snapshot(Freshness::Table).expect("a snapshot");
    let entry = snapshot.get(client.key.pid).expect("the client");
    for (call, size) in CALLS {
        client.act(call);
        let told = client.next(&mut changes);
        assert_eq!(told.size, size as u64, "{call}");
        assert_eq!(told.bytes, text(size.min(REQUEST)), "{call}");
        assert_eq!(told.peer.path, path.as_os_str().as_encoded_bytes(), "{call}");
        assert_eq!(told.peer.pid, Some(std::process::id()), "{call}");
        assert_eq!(told.peer.uid, Some(0), "{call}");
        assert_eq!(told.process.tid, client.key.pid, "{call}");
        assert_eq!(told.process.credentials, entry.process.credentials, "{call}");
        assert_eq!(told.process.namespaces, entry.process.namespaces, "{call}");
        assert_eq!(told.process.cgroup, entry.process.cgroup, "{call}");
    }
    assert_eq!(requests(&changes, client.key), CALLS.len(), "each is told once");
    client.dismiss();
}

fn an_abstract_name_is_told() {
    let (name, _listener) = listener();
    let monitor = asked_for();
    let mut changes = Changes::of(monitor.subscribe());
    let mut client = Client::overheard(&monitor);
    client.act(&format!("open name {name}"));
    client.act("write 9");
    let told = client.next(&mut changes);
    assert_eq!(told.peer.path, format!("\0{name}"));
    assert_eq!((told.size, told.bytes), (9, text(9)));
    client.dismiss();
}

fn the_peer_is_who_listens() {
    let name = unique("server");
    let server = Actor::new(&mut act(&["requests", "server", &name, "1234"]));
    server.hear("listening");
    let monitor = asked_for();
    let mut changes = Changes::of(monitor.subscribe());
    let mut client = Client::overheard(&monitor);
    client.act(&format!("open name {name}"));
    client.act("write 9");
    let told = client.next(&mut changes);
    assert_eq!((told.peer.pid, told.peer.uid), (Some(server.pid()), Some(1234)));
    client.dismiss();
    server.dismiss();
}

fn memory_that_is_not_there() {
    let (name, _listener) = listener();
    let monitor = asked_for();
    let mut changes = Changes::of(monitor.subscribe());
    let mut client = Client::overheard(&monitor);
    client.act(&format!("open name {name}"));
    for (readable, size) in [(0, 30), (40, 70), (511, 5000)] {
        client.act(&format!("edge {readable} {}", size - readable));
        let told = client.next(&mut changes);
        assert_eq!((told.size, told.bytes), (size as u64, text(readable)));
    }
    client.dismiss();
}

fn a_thread_is_told_as_well() {
    let (name, _listener) = listener();
    let monitor = asked_for();
    let mut changes = Changes::of(monitor.subscribe());
    let mut client = Client::overheard(&monitor);
    client.act(&format!("open name {name}"));
    client.act("thread 33");
    let told = client.next(&mut changes);
    assert_eq!((told.size, told.bytes), (33, text(33)));
    assert_ne!(told.process.tid, client.key.pid);
    client.dismiss();
}

fn what_is_no_request() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = server.local_addr().expect("an address");
    let (name, _listener) = listener();
    let monitor = asked_for();
    let mut changes = Changes::of(monitor.subscribe());
    let mut client = Client::overheard(&monitor);
    // A guest has no network, not even to itself.
    let tcp = (!in_guest()).then(|| format!("tcp {port}"));
    let sockets: Vec<String> = ["pair".to_owned()].into_iter().chain(tcp).collect();
    let files = ["pipe".to_owned(), "file".to_owned()];
    for target in sockets.iter().chain(&files) {
        client.act(&format!("open {target}"));
        client.act("write 10");
        client.act("writev 10 10");
        if sockets.contains(target) {
            client.act("send 10");
            client.act("sendmsg 10 10");
        }
    }
    client.act(&format!("open name {name}"));
    client.act("write 77");
    assert_eq!(client.next(&mut changes).size, 77, "the only one");
    client.dismiss();
}

fn others_are_not_overheard() {
    let (name, _listener) = listener();
    let monitor = asked_for();
    let mut changes = Changes::of(monitor.subscribe());
    let mut other = Client::new(&monitor);
    let mut client = Client::overheard(&monitor);
    for one in [&mut other, &mut client] {
        one.act(&format!("open name {name}"));
        one.act("write 50");
    }
    client.next(&mut changes);
    changes.drain();
    assert_eq!(requests(&changes, other.key), 0);
    client.dismiss();
    other.dismiss();
}

fn a_pid_alone_is_nobody() {
    let (name, _listener) = listener();
    let monitor = asked_for();
    let mut changes = Changes::of(monitor.subscribe());
    let mut client = Client::new(&monitor);
    let before = ProcessKey { start_ns: client.key.start_ns - 1, ..client.key };
    assert!(monitor.overhear(before).expect("an attached program"));
    client.act(&format!("open name {name}"));
    client.act("write 50");
    monitor.stop_overhearing(client.key).expect("nothing to end");
    assert_eq!(attached_to_calls(), 1, "another life of that pid");
    assert!(monitor.overhear(client.key).expect("an attached program"));
    client.act("write 51");
    assert_eq!(client.next(&mut changes).size, 51);
    monitor.stop_overhearing(before).expect("nothing to end");
    assert_eq!(attached_to_calls(), 1, "an earlier life of that pid");
    client.dismiss();
}

/// Programs of this process that every system call of the machine runs into.
fn attached_to_calls() -> usize {
    attached().iter().filter(|name| *name == "sys_enter").count()
}

fn nothing_after_the_end() {
    let (name, _listener) = listener();
    let monitor = asked_for();
    assert_eq!(attached_to_calls(), 0, "before");
    let mut changes = Changes::of(monitor.subscribe());
    let [mut one, mut other] = [(); 2].map(|()| Client::overheard(&monitor));
    assert_eq!(attached_to_calls(), 1, "for both");
    for client in [&mut one, &mut other] {
        client.act(&format!("open name {name}"));
        client.act("write 1");
        client.next(&mut changes);
    }
    monitor.stop_overhearing(one.key).expect("an end");
    one.act("write 2");
    other.act("write 3");
    assert_eq!(other.next(&mut changes).size, 3);
    assert_eq!(requests(&changes, one.key), 1);
    monitor.stop_overhearing(other.key).expect("an end");
    assert_eq!(attached_to_calls(), 0, "with the last");
    other.act("write 4");
    assert!(monitor.overhear(one.key).expect("an attached program"));
    one.act("write 5");
    assert_eq!(one.next(&mut changes).size, 5, "once more");
    assert_eq!(requests(&changes, other.key), 2);
    one.dismiss();
    other.dismiss();
}

fn wait_until_detached() {
    let deadline = Instant::now() + soon();
    while attached_to_calls() > 0 {
        assert!(Instant::now() < deadline, "the program should be detached");
        thread::sleep(Duration::from_millis(2));
    }
}

fn it_ends_with_the_process() {
    let monitor = asked_for();
    let clients = [(); 2].map(|()| Client::overheard(&monitor));
    assert_eq!(attached_to_calls(), 1);
    let keys = clients.each_ref().map(|client| client.key);
    for client in clients {
        client.dismiss();
    }
    wait_until_detached();
    for key in keys {
        assert!(monitor.overhear(key).expect("an answer"), "too late, and no failure");
    }
    assert_eq!(attached_to_calls(), 0);
}

fn it_ends_with_the_monitor() {
    let monitor = asked_for();
    let client = Client::overheard(&monitor);
    assert_eq!(attached_to_calls(), 1);
    drop(monitor);
    assert_eq!(attached_to_calls(), 0);
    client.dismiss();
}

fn it_takes_no_rights_afterwards() {
    let (name, _listener) = listener();
    let actor = Actor::new(&mut act(&["requests", "without-rights", &name]));
    assert_eq!(actor.hear_number("told"), 5);
    actor.dismiss();
}

fn nobody_who_did_not_ask() {
    let monitor = Monitor::builder().backend(Backend::Bpf).start().expect("a monitor");
    let client = Client::new(&monitor);
    assert!(!monitor.overhear(client.key).expect("an answer"));
    assert_eq!(attached_to_calls(), 0);
    monitor.stop_overhearing(client.key).expect("nothing to end");
    client.dismiss();
}

fn tracepoints_cannot() {
    for backend in [Backend::Perf, Backend::Proc] {
        let monitor = Monitor::builder().backend(backend).requests().start();
        let monitor = monitor.expect("a monitor");
        let client = Client::new(&monitor);
        assert!(!monitor.overhear(client.key).expect("an answer"), "{backend:?}");
        monitor.stop_overhearing(client.key).expect("nothing to end");
        client.dismiss();
    }
}

/// Nobody reads while more is told than the ring holds.
fn what_is_lost_is_counted() {
    const CALLS: u64 = 40;
    let (name, _listener) = listener();
    let monitor = asked_for();
    let mut client = Client::new(&monitor);
    client.act(&format!("open name {name}"));
    let kinds = vec![Kind::REQUEST];
    let ring = observer::source::RingSize::new(8192).expect("a size");
    let options = Options { kinds, ring, ..Options::default() };
    let mut feed = Feed::new(BpfSource::open(&options).expect("programs"));
    let overhears = feed.source_mut().overhears().expect("requests were asked for");
    overhears.begin(client.key).expect("an attached program");
    for _ in 0..CALLS {
        client.act("write 500");
    }
    let mut told = 0;
    let totals = feed.finish(&mut |Event { what, .. }| {
        told += u64::from(matches!(what, What::Request { .. }));
    });
    let totals = totals.expect("an end in order");
    assert_eq!((totals.produced, totals.malformed), (CALLS, 0), "{totals:?}");
    assert_eq!(totals.produced, totals.delivered + totals.lost, "{totals:?}");
    assert!(told == totals.delivered && told > 0 && totals.lost > 0, "{told} told: {totals:?}");
    client.dismiss();
}
