//! Argument lists of every size and content arrive byte for byte.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use crate::support::child::{Started, program, quiet_act};
use crate::support::event::Event;
use crate::support::harness::{Case, cases};
use crate::support::machine::in_guest;
use crate::support::need::{Lack, bpf};
use crate::support::observed::{Observed, Stream};
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] {
            sizes_from_one_byte_to_two_million,
            a_hundred_thousand_arguments,
            one_argument_of_the_longest_kind,
        }
        Host [bpf] {
            empty_arguments_and_newlines,
            text_that_is_nearly_utf8,
            completed_where_the_ring_is_too_small,
            a_burst_of_long_lists_costs_no_events,
            a_cap_keeps_a_prefix_and_the_size,
        }
        Host [bpf, raised_stack] { near_the_limit_of_a_raised_stack }
    ]
}

type Argv = Vec<Vec<u8>>;

const MIB: u64 = 1024 * 1024;

/// The longest argument that the kernel takes, its NUL not counted.
const LONGEST: usize = 131_071;

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound as u64)).expect("below a usize")
    }

    /// Any bytes but NUL.
    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let byte = |_| u8::try_from(self.next() % 255 + 1).expect("a byte");
        (0..length).map(byte).collect()
    }

    /// A list that takes this many bytes, NULs counted, in arguments of random lengths.
    fn argv(&mut self, size: usize) -> Argv {
        let mut left = size;
        let mut argv = Argv::new();
        while left > 0 {
            let longest = [0, 1, 20, 300, 5_000, LONGEST][self.below(6)];
            // Many short ones would need more room for pointers than the kernel gives.
            let shortest = if size > 1_000_000 { 4_000 } else { 0 };
            let length = self.below(longest + 1).max(shortest).min(left - 1);
            argv.push(self.bytes(length));
            left -= length + 1;
        }
        argv
    }
}

fn size_of_area(argv: &Argv) -> u64 {
    argv.iter().map(|argument| argument.len() as u64 + 1).sum()
}

/// A command with exactly this list. A quarter of the stack is for arguments and environment: 2 MiB
/// of the usual 8.
fn command_with_stack(argv: &Argv, stack: u64) -> Command {
    command_of(argv, "exit 0", stack)
}

/// Builds the command for another act.
fn command_of(argv: &Argv, words: &str, stack: u64) -> Command {
    let mut command = quiet_act(&program(), words);
    command.arg0(OsString::from_vec(argv[0].clone()));
    command.args(argv[1..].iter().map(|a| OsString::from_vec(a.clone())));
    sys::before_exec(&mut command, move || {
        let (_, hard) = sys::limits(libc::RLIMIT_STACK)?;
        sys::limit(libc::RLIMIT_STACK, stack.min(hard), hard)
    });
    command
}

/// Executes each list while an observer runs, one after the other: how many fit into the ring at
/// once is not the question here.
fn execute(lists: &[Argv], arguments: &[&str], stack: u64) -> (Stream, Vec<u32>) {
    let mut observed = Observed::start(arguments);
    let us = std::process::id();
    let pids = lists.iter().map(|argv| {
        let ended = Started::new(&mut command_with_stack(argv, stack)).reap();
        assert_eq!(ended.status, 0, "process {} should just exit", ended.pid);
        let size = size_of_area(argv);
        observed.wait_for(&format!("exit after {size} bytes of arguments"), |event| {
            event.is("exit") && event.pid() == ended.pid && event.parent_pid() == us
        });
        ended.pid
    });
    let pids = pids.collect();
    let stream = observed.stop();
    stream.assert_nothing_lost();
    (stream, pids)
}

fn only_exec(stream: &Stream, pid: u32) -> &Event {
    let execs = stream.of_pid("exec", pid, std::process::id());
    assert_eq!(execs.len(), 1, "execs of process {pid}: {execs:?}");
    execs[0]
}

fn assert_arrive(lists: &[Argv]) {
    assert_arrive_by(lists, &[], 8 * MIB);
}

fn assert_arrive_by(lists: &[Argv], arguments: &[&str], stack: u64) {
    let (stream, pids) = execute(lists, arguments, stack);
    for (argv, pid) in lists.iter().zip(pids) {
        let exec = only_exec(&stream, pid);
        assert_same(argv, exec);
        let size = exec.number("/process/args_size");
        assert_eq!(size, Some(size_of_area(argv)), "args_size of {exec:?}");
        assert!(!is_truncated(exec), "args_truncated of {exec:?}");
    }
}

fn is_truncated(exec: &Event) -> bool {
    exec.field("/process/args_truncated").is_some_and(|value| value == true)
}

fn assert_same(truth: &Argv, exec: &Event) {
    let got = exec.arguments().unwrap_or_else(|| panic!("no arguments in {exec:?}"));
    let size = size_of_area(truth);
    let pid = exec.pid();
    for (i, (got, truth)) in got.iter().zip(truth).enumerate() {
        if got == truth {
            continue;
        }
        let at = got.iter().zip(truth).take_while(|(a, b)| a == b).count();
        panic!(
            "process {pid}, list of {size} bytes: argument {i} differs at byte {at}: \
             got {} bytes {:?}…, should be {} bytes {:?}…",
            got.len(),
            &got[at..got.len().min(at + 20)],
            truth.len(),
            &truth[at..truth.len().min(at + 20)],
        );
    }
    assert_eq!(got.len(), truth.len(), "arguments of {pid}, {size} bytes");
}

fn sizes_from_one_byte_to_two_million() {
    let mut sizes = vec![
        1, 2, 3, 15, 16, 17, 100, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1_000, 4_094, 4_095,
        4_096, 4_097, 8_191, 8_192, 8_193, 16_383, 16_384, 16_385, 20_000, 32_767, 32_768, 65_535,
        65_536, 65_537, 100_000, 131_072, 262_144, 500_000, 1_000_000, 1_048_577, 2_000_000,
    ];
    let mut random = Random(0x0b5e_12e4);
    let more = if in_guest() { 5 } else { 40 };
    sizes.extend((0..more).map(|i| 1 + random.below(1 << (8 + i % 13))));
    let lists: Vec<_> = sizes.iter().map(|&size| random.argv(size)).collect();
    assert_arrive(&lists);
}

fn empty_arguments_and_newlines() {
    let list = |arguments: &[&[u8]]| arguments.iter().map(|a| a.to_vec()).collect::<Argv>();
    assert_arrive(&[
        list(&[b""]),
        list(&[b"", b""]),
        list(&[b"", b"", b"", b"x"]),
        list(&[b"x", b"", b"", b""]),
        list(&[b"a b", b" ", b"\n", b"\n\n", b"line\nline\n", b"\r\t"]),
        list(&[b"\"quoted\"", b"back\\slash", b"{\"json\":1}", b"\x01\x1f\x7f"]),
        vec![Vec::new(); 4_096],
        vec![Vec::new(); 40_000],
    ]);
}

fn a_hundred_thousand_arguments() {
    let mut random = Random(100_000);
    let numbered = (0..100_000).map(|i| i.to_string().into_bytes()).collect();
    let anything = (0..100_000)
        .map(|_| {
            let length = random.below(12);
            random.bytes(length)
        })
        .collect();
    assert_arrive(&[numbered, anything]);
}

fn one_argument_of_the_longest_kind() {
    let mut random = Random(LONGEST as u64);
    let longest = random.bytes(LONGEST);
    assert_arrive(&[
        vec![longest.clone()],
        vec![b"x".to_vec(), longest.clone(), b"y".to_vec()],
        vec![longest; 15],
    ]);
}

fn text_that_is_nearly_utf8() {
    let list = |arguments: &[&[u8]]| arguments.iter().map(|a| a.to_vec()).collect::<Argv>();
    assert_arrive(&[
        list(&["grüße".as_bytes(), "日本".as_bytes(), "🦀".as_bytes()]),
        list(&[b"cut \xe6\x97", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80"]),
        // The replacement character itself is not an error.
        list(&["\u{fffd}".as_bytes(), b"plain"]),
        list(&["\u{fffd}".as_bytes(), b"\xf0\x9f\xa6"]),
        // A character across every likely boundary of a copy.
        list(&["é".repeat(60_000).as_bytes(), "x日".repeat(30_000).as_bytes()]),
    ]);
}

/// What finds no room in the ring is read from the process, which is still there.
fn completed_where_the_ring_is_too_small() {
    let mut random = Random(65_536);
    let argv = random.argv(1_000_000);
    let mut observed = Observed::start(&["--ring", "64K"]);
    // It lives as long as its input is open: only then is there somebody to read the rest from.
    let mut command = command_of(&argv, "pause", 8 * MIB);
    let started = Started::new(command.stdin(Stdio::piped()));
    let us = std::process::id();
    let pid = started.pid();
    let exec = observed.wait_for("exec", |event| {
        event.is("exec") && event.pid() == pid && event.parent_pid() == us
    });
    assert_same(&argv, &exec);
    assert!(!is_truncated(&exec), "args_truncated of a list of 1,000,000 bytes");
    drop(started);
    observed.stop().assert_nothing_lost();
}

/// Many long lists at once may be cut, and say so, but every process is seen.
fn a_burst_of_long_lists_costs_no_events() {
    let mut random = Random(80);
    let argv = random.argv(2_000_000);
    let mut observed = Observed::start(&[]);
    let count = if in_guest() { 4 } else { 40 };
    let pids: Vec<_> = (0..count)
        .map(|_| Started::new(&mut command_with_stack(&argv, 8 * MIB)).reap().pid)
        .collect();
    let us = std::process::id();
    observed.reach(count, |event| event.is("exit") && event.parent_pid() == us);
    let stream = observed.stop();
    stream.assert_nothing_lost();
    for pid in pids {
        let exec = only_exec(&stream, pid);
        assert_eq!(exec.number("/process/args_size"), Some(2_000_000), "args_size of {pid}");
        if is_truncated(exec) {
            let captured = exec.expect_number("/process/args_captured");
            assert_prefix(&argv, exec, captured);
        } else {
            assert_same(&argv, exec);
        }
    }
}

/// Arguments of 5,900,000 bytes, which an unlimited stack allows.
fn large_list() -> Argv {
    let mut random = Random(6);
    (0..50).map(|_| random.bytes(118_000 - 1)).collect()
}

fn raised_stack() -> Option<Lack> {
    let mut command = command_with_stack(&large_list(), 64 * MIB);
    match Started::try_new(&mut command) {
        Ok(started) => {
            started.reap();
            None
        }
        Err(error) if error.raw_os_error() == Some(libc::E2BIG) => {
            let (_, hard) = sys::limits(libc::RLIMIT_STACK).unwrap_or_default();
            Some(format!("the stack limit cannot be raised above {hard} bytes").into())
        }
        Err(error) => panic!("cannot execute a list of 5,900,000 bytes: {error}"),
    }
}

fn near_the_limit_of_a_raised_stack() {
    let largest = largest_accepted();
    // A list of nearly 6 MiB has to fit into the ring.
    assert_arrive_by(&[large_list(), largest], &["--ring", "16M"], 64 * MIB);
}

/// The longest last argument, to the byte, that the kernel still takes after a large list.
fn largest_accepted() -> Argv {
    let base: Argv = large_list();
    let with = |length: usize| -> Argv {
        let rest = length.saturating_sub(LONGEST);
        let tail = [vec![b'x'; length.min(LONGEST)], vec![b'y'; rest]];
        base.iter().cloned().chain(tail).collect()
    };
    let (mut good, mut bad) = (0, 2 * LONGEST + 1);
    while bad - good > 1 {
        let middle = usize::midpoint(good, bad);
        if is_accepted(&with(middle)) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    with(good)
}

fn is_accepted(argv: &Argv) -> bool {
    match Started::try_new(&mut command_with_stack(argv, 64 * MIB)) {
        Ok(started) => {
            started.reap();
            true
        }
        Err(error) => {
            let too_big = io::Error::from_raw_os_error(libc::E2BIG);
            assert_eq!(error.kind(), too_big.kind(), "{error}");
            false
        }
    }
}

fn a_cap_keeps_a_prefix_and_the_size() {
    let mut random = Random(4_096);
    let mut lists: Vec<Argv> =
        [4_097, 5_000, 20_000, 1_000_000].iter().map(|&size| random.argv(size)).collect();
    lists.push(vec![Vec::new(); 10_000]);
    let small: Vec<Argv> = [1, 100, 4_096].map(|size| random.argv(size)).into();
    let (stream, pids) =
        execute(&[lists.clone(), small.clone()].concat(), &["--args-max", "4096"], 8 * MIB);
    for (argv, &pid) in lists.iter().zip(&pids) {
        let exec = only_exec(&stream, pid);
        assert!(is_truncated(exec), "args_truncated of {exec:?}");
        let size = exec.number("/process/args_size");
        assert_eq!(size, Some(size_of_area(argv)), "args_size of {exec:?}");
        assert_prefix(argv, exec, 4_096);
    }
    for (argv, &pid) in small.iter().zip(&pids[lists.len()..]) {
        let exec = only_exec(&stream, pid);
        assert!(!is_truncated(exec), "args_truncated of {exec:?}");
        assert_same(argv, exec);
    }
}

/// What was captured is the beginning of the list, at most `cap` bytes and nearly that many.
fn assert_prefix(argv: &Argv, exec: &Event, cap: u64) {
    let got = exec.arguments().expect("arguments");
    let captured = got.join(&0);
    let whole = argv.join(&0);
    assert!(
        whole.starts_with(&captured),
        "not a prefix of what process {} was given: {exec:?}",
        exec.pid()
    );
    let length = captured.len() as u64;
    assert!(
        (cap / 2..=cap).contains(&length),
        "{length} bytes captured under a cap of {cap}, of process {}",
        exec.pid()
    );
}
