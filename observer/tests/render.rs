//! What events look like, as text and as JSON.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::fn_params_excessive_bools,
    clippy::tests_outside_test_module,
    reason = "a test that panics has failed"
)]

use std::sync::Arc;

use bytes::Bytes;
use observer::{
    Event,
    container::{Container, Runtime},
    event::{
        Args, Cgroup, Comm, Creator, Credentials, EventKind, Loss, Process, ProcessKey, Status,
        Usage, What,
    },
    machine::{Machine, WallClock},
    render::{Color, JsonLines, Place, TextLines, TimeStyle, plain_line},
    source::Origin,
};
use proptest::prelude::*;

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn machine() -> Machine {
    Machine {
        boot_id: "1f3a9c02-0000-4000-8000-000000000000".to_owned(),
        page_size: 4096,
        ticks_per_second: 100,
        memory: 1 << 30,
        last_capability: 40,
        overflow_uid: 65534,
        overflow_gid: 65534,
    }
}

fn comm(name: &[u8]) -> Comm {
    let mut padded = [0; 16];
    padded[..name.len()].copy_from_slice(name);
    Comm::new(padded)
}

fn process(name: &[u8], container: bool) -> Process {
    let container = container.then(|| Container { id: ID.to_owned(), runtime: Runtime::Docker });
    Process {
        key: ProcessKey { pid: 4711, start_ns: 812_340_000_000 },
        parent: Some(ProcessKey { pid: 4700, start_ns: 800_000_000_000 }),
        exec_id: 3,
        tid: 4711,
        vpid: Some(7),
        comm: comm(name),
        credentials: Some(Credentials {
            real_uid: 1000,
            effective_uid: 0,
            real_gid: 1000,
            effective_gid: 0,
        }),
        namespaces: [1, 2, 3, 4, 5, 6, 7, 0],
        cgroup: Some(Arc::new(Cgroup { v2: format!("/docker/{ID}"), v1: None, container })),
    }
}

fn event(what: What) -> Event {
    Event { boot_ns: 812_340_567_890, cpu: 1, what }
}

fn exec(name: &[u8], filename: &[u8], area: &[u8], size: u64) -> Event {
    event(What::Exec {
        process: process(name, true),
        filename: Bytes::copy_from_slice(filename),
        args: Some(Args::new(Bytes::copy_from_slice(area), size, size)),
    })
}

fn exit(status: Status) -> Event {
    let usage = Usage { user_ns: 1_000_000, system_ns: 200_000, max_rss_pages: 300 };
    let (status, usage) = (Some(status), Some(usage));
    let process = process(b"sh", false);
    let mut ended = event(What::Exit { process, status, usage, reaper: None });
    ended.boot_ns += 1_500_000_000;
    ended
}

fn lines(events: &[Event]) -> String {
    let mut text = TextLines::new(TimeStyle::Boot, Color::No, 4096);
    let mut out = Vec::new();
    text.header(&mut out);
    for event in events {
        text.event(&mut out, event, WallClock::read().unwrap());
    }
    String::from_utf8(out).unwrap()
}

fn json(event: &Event) -> serde_json::Value {
    let mut out = Vec::new();
    JsonLines::new(machine(), Origin::Bpf).event(
        &mut out,
        event,
        Place { seq: 42, life: 1 },
        WallClock::read().unwrap(),
    );
    assert_eq!(out.last(), Some(&b'\n'));
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn an_event_is_called_by_the_name_of_its_kind() {
    let (key, sh) = (ProcessKey { pid: 7, start_ns: 9 }, || process(b"sh", false));
    let creator = Creator { key, tid: 7, comm: comm(b"bash") };
    let events = [
        event(What::Fork { process: sh(), creator, clone_flags: 17 }),
        exec(b"sh", b"/bin/sh", b"sh", 2),
        exit(Status::Code(0)),
        event(What::Free { key, status: None, usage: None }),
        event(What::Rename { process: sh(), old_comm: comm(b"old") }),
        event(What::Reparent { process: sh(), old_parent: key }),
        event(What::Cgroup { process: sh(), old_cgroup: None }),
        event(What::Lost { count: 17, loss: Loss::NoRoom }),
        event(What::Repair { added: 1, removed: 2 }),
    ];
    let told = events.map(|event| {
        let kind = event.what.kind();
        assert_eq!(json(&event)["event"], kind.name());
        let text = lines(std::slice::from_ref(&event));
        assert_eq!(text.lines().nth(1).unwrap().split_whitespace().nth(1), Some(kind.name()));
        kind
    });
    assert!(EventKind::asked_for().all(|kind| told.contains(&kind)), "no kind is left out");
}

#[test]
fn text_has_a_column_a_fact() {
    let events = [
        exec(b"sh", b"/bin/sh", b"sh\0-c\0id\0", 9),
        exit(Status::Code(3)),
        exit(Status::Signal { number: 11, core_dumped: Some(true) }),
        event(What::Lost { count: 17, loss: Loss::NoRoom }),
        event(What::Lost { count: 3, loss: Loss::Skipped }),
        event(What::Rename { process: process(b"new", false), old_comm: comm(b"old") }),
        exec(b"sh", b"/bin/sh", b"", 0),
        exec(b"sh", b"/bin/sh", b"sh\0-c", 9),
    ];
    let expected = "\
TIME           EVENT  PID     PPID    UID   CONTAINER    STATUS  ARGS
812.340567     exec   4711    4700    0     0123456789ab -       sh -c id
813.840567     exit   4711    4700    0     -            3       sh ran 1.500s, cpu 1.2ms, rss 1200K
813.840567     exit   4711    4700    0     -            SIGSEGV+core sh ran 1.500s, cpu 1.2ms, rss 1200K
812.340567     lost   -       -       -     -            -            17 events of CPU 1 found no room in the ring buffer
812.340567     lost   -       -       -     -            -            the kernel skipped 3 runs of observer's programs
812.340567     rename 4711    4700    0     -            -            old -> new
812.340567     exec   4711    4700    0     0123456789ab -            [/bin/sh]
812.340567     exec   4711    4700    0     0123456789ab -            sh -c ...
";
    assert_eq!(lines(&events), expected);
}

#[test]
fn json_names_are_those_of_the_contract() {
    let mut told = json(&exec(b"sh", b"/bin/sh", b"sh\0-c\0id\0", 9));
    let fields = told.as_object_mut().unwrap();
    let time = fields.remove("time").unwrap();
    assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
    fields["process"]["creation"].as_object_mut().unwrap().remove("time");
    let expected = serde_json::json!({
        "v": 1, "event": "exec", "seq": 42, "boot_ns": "812340567890", "cpu": 1, "origin": "bpf",
        "process": {
            "id": "1f3a9c02-4711-81234", "pid": 4711, "vpid": 7,
            "parent_pid": 4700, "parent_id": "1f3a9c02-4700-80000",
            "comm": "sh", "executable": {"path": "/bin/sh"},
            "command_args": ["sh", "-c", "id"], "args_truncated": false, "args_size": 9,
            "creation": {"boot_ns": "812340000000"},
            "user": {"id": 0}, "real_user": {"id": 1000},
            "group": {"id": 0}, "real_group": {"id": 1000},
            "ns": {"pid": 1, "mnt": 2, "net": 3, "user": 4, "uts": 5, "ipc": 6, "cgroup": 7},
            "linux": {"cgroup": format!("/docker/{ID}")},
        },
        "container": {"id": ID, "runtime": "docker"},
    });
    assert_eq!(told, expected);
}

#[test]
fn json_of_an_exit_has_a_code_or_a_signal() {
    let code = json(&exit(Status::Code(3)));
    assert_eq!(code["process"]["exit"], serde_json::json!({"code": 3}));
    assert_eq!(code["duration_ns"], 1_500_567_890);
    assert_eq!(code["cpu_time_ns"], 1_200_000);
    assert_eq!(code["max_rss"], 300 * 4096);
    let signal = json(&exit(Status::Signal { number: 9, core_dumped: Some(false) }));
    let expected = serde_json::json!({"signal": 9, "name": "SIGKILL", "core_dumped": false});
    assert_eq!(signal["process"]["exit"], expected);
}

#[test]
fn json_keeps_the_exact_bytes_of_what_is_not_text() {
    let told = json(&exec(b"s\xff", b"/\xfe", b"a\0\xfd\0\0", 5));
    let process = &told["process"];
    assert_eq!(process["command_args"], serde_json::json!(["a", "\u{fffd}", ""]));
    let raw = serde_json::json!({
        "comm": "c/8=", "command_args": ["YQ==", "/Q==", ""], "executable_path": "L/4=",
    });
    assert_eq!(process["raw"], raw);
    let told = json(&exec(b"sh", b"/bin/sh", b"sh\0", 3));
    assert_eq!(told["process"].get("raw"), None);
}

#[test]
fn json_of_a_fork_tells_child_and_creator() {
    let creator = Creator {
        key: ProcessKey { pid: 4600, start_ns: 700_000_000_000 },
        tid: 4601,
        comm: comm(b"make"),
    };
    let told =
        json(&event(What::Fork { process: process(b"sh", false), creator, clone_flags: 17 }));
    assert_eq!(told["process"]["pid"], 4711);
    let parent = serde_json::json!({"id": "1f3a9c02-4600-70000", "pid": 4600, "comm": "make"});
    assert_eq!(told["parent"], parent);
    assert_eq!(told["clone_flags"], 17);
}

#[test]
fn json_numbers_above_2_53_are_strings() {
    let clone_flags = (1 << 53) + 1;
    let creator = Creator { key: ProcessKey { pid: 1, start_ns: 0 }, tid: 1, comm: comm(b"init") };
    let told = json(&event(What::Fork { process: process(b"x", false), creator, clone_flags }));
    assert_eq!(told["clone_flags"], "9007199254740993");
}

#[test]
fn plain_lines_are_those_of_obs() {
    let mut out = Vec::new();
    plain_line(&mut out, &exec(b"sh", b"/bin/sh", b"sh\0", 3));
    assert_eq!(out, b"exec\t4711\t/bin/sh\n");
}

/// A character that a line of text must not have.
fn is_control(character: char) -> bool {
    character != '\n' && (character.is_control() || matches!(character, '\u{202a}'..='\u{202e}'))
}

proptest! {
    #[test]
    fn no_output_ever_carries_a_control_character(
        name in proptest::collection::vec(1_u8.., 0..15),
        filename: Vec<u8>,
        args: Vec<u8>,
    ) {
        let hostile = exec(&name, &filename, &args, args.len() as u64);
        let text = lines(std::slice::from_ref(&hostile));
        prop_assert_eq!(text.lines().count(), 2);
        prop_assert!(!text.contains(is_control));
        let mut out = Vec::new();
        plain_line(&mut out, &hostile);
        JsonLines::new(machine(), Origin::Bpf).event(&mut out, &hostile, Place { seq: 1, life: 1 }, WallClock::read().unwrap());
        let text = String::from_utf8(out).unwrap();
        prop_assert_eq!(text.lines().count(), 2);
        prop_assert!(!text.replace('\t', " ").contains(is_control));
    }
}
