use proptest::prelude::*;

use super::{story::*, *};
use crate::{
    cause::Doubt,
    render::{
        escape::is_harmful,
        run::text::text as of,
        table::display_width,
        text::{GREEN, RED},
    },
};

fn text(account: &Account<'_>, look: Look) -> String {
    crate::render::run::text(account, setting(&machine()), look)
}

/// The lines without the timeline and the sums.
fn tree(report: &str) -> Vec<&str> {
    report.lines().skip(2).take_while(|line| !line.is_empty()).collect()
}

#[test]
fn a_container_is_told_on_eighty_columns() {
    let report = docker_run().with(|report| of(report, NARROW));
    assert!(report.starts_with("`docker run --rm alpine:3 sh -c x` ended with 0 after 1.203s\n\n"));
    assert_eq!(
        tree(&report),
        [
            "  START DURATION EXIT    ROLE    BECAUSE  PID COMMAND",
            "  0.0ms   1.203s 0       client  parent  4711 docker run --rm alpine:3 sh -c x",
            "      -        - -       -       socket     - └─container web, 0123456789ab, alp",
            "120.0ms   1.070s 0       shim    argv    4720   ├─/usr/bin/containerd-shim-runc-",
            "150.0ms  130.0ms 0       runtime parent  4725   │ └─runc create 0123456789ab",
            "210.0ms  890.0ms 0       init    cgroup  4731   └─runc init → sh -c x",
            "600.0ms  300.0ms SIGKILL process parent  4740     ├─sleep 10",
            "700.0ms    1.0ms 0       process parent  4741     └─(sh)",
        ]
    );
}

#[test]
fn a_wide_terminal_and_a_file_have_every_column() {
    let told = docker_run();
    let wide = told.with(|report| of(report, WIDE));
    let whole = told.with(|report| of(report, WHOLE));
    let header = "  START  DURATION  EXIT       CPU   RSS  ROLE               CONTAINER  BECAUSE   PID  \
        COMMAND";
    assert_eq!(tree(&wide)[0], header);
    assert_eq!(tree(&whole)[0], header);
    assert_eq!(
        tree(&whole)[2..4],
        [
            "      -         -  -            -     -  -                  web        socket      -  \
             └─container web, 0123456789ab, alpine:3, docker, asked for by `docker` (4711)",
            "120.0ms    1.070s  0        3.0ms  3.9M  shim               -          argv     4720  \
             \u{20} ├─/usr/bin/containerd-shim-runc-v2 -id 0123",
        ]
    );
}

#[test]
fn bars_stand_below_each_other_in_the_order_of_the_tree() {
    let report = docker_run().with(|report| of(report, NARROW));
    let timeline: Vec<_> = report.lines().skip_while(|line| !line.contains("|0")).take(8).collect();
    assert_eq!(
        timeline,
        [
            "                                 |0                 |500.0ms            |1.000s",
            "docker run --rm alpine:3 sh -c x ███████████████████████████████████████████████",
            "└─container web, 0123456789ab, …",
            "  ├─containerd-shim-runc-v2 -id…     ▐█████████████████████████████████████████▍",
            "  │ └─runc create 0123456789ab        ▐████▉",
            "  └─sh -c x                              ██████████████████████████████████▉",
            "    ├─sleep 10                                          ▐███████████▏",
            "    └─(sh)                                                  ▏",
        ]
    );
}

#[test]
fn what_is_not_a_fact_is_said_on_the_line() {
    docker_run().with(|report| {
        let client = key(4711, 0);
        let line = |container: &CausedContainer| report.container_line(container);
        let inferred = CausedContainer { inferred: true, ..container(client) };
        assert!(line(&inferred).starts_with("container web, inferred, 0123456789ab"));
        let before = CausedContainer { started: false, name: None, ..container(client) };
        let expected = "container 0123456789ab, was there before, alpine:3, docker, asked for by \
            `docker` (4711)";
        assert_eq!(line(&before), expected);
        let hostile = CausedContainer { name: Some("a\x1b[2J".to_owned()), ..container(client) };
        assert!(line(&hostile).starts_with("container a\\x1b[2J, "));
    });
}

#[test]
fn what_was_concluded_has_a_question_mark_that_is_explained() {
    let mut story = docker_run();
    story.processes_mut()[1].because.inferred = true;
    let report = story.with(|report| of(report, NARROW));
    assert!(tree(&report)[3].contains(" argv?   4720 "), "{report}");
    assert!(tree(&report).last().unwrap().starts_with("?: inferred"), "{report}");
    let certain = docker_run().with(|report| of(report, NARROW));
    assert!(!certain.contains("inferred"), "{certain}");
}

#[test]
fn two_candidates_are_told_in_a_sentence() {
    docker_run().with(|report| {
        let containers = vec![ID.to_owned(), "f".repeat(64)];
        let doubt = Doubt::SeveralCandidates { client: key(4711, 0), containers };
        assert_eq!(
            report.doubt_text(&doubt),
            "2 containers began while `docker` (4711) ran, and nothing says which it started: \
             0123456789ab, ffffffffffff; none is shown"
        );
    });
}

#[test]
fn helpers_without_a_name_and_what_was_forgotten_are_told_in_a_sentence() {
    docker_run().with(|report| {
        let containers = vec![ID.to_owned(), "f".repeat(64)];
        assert_eq!(
            report.doubt_text(&Doubt::NamelessHelpers { count: 1, containers }),
            "the engine ran 1 helper of its own while it started 0123456789ab, ffffffffffff, and \
             nothing says that it was for that; none is shown"
        );
        let text = report.doubt_text(&Doubt::Forgotten { count: 9 });
        assert!(text.starts_with("9 processes of the engine's were too many"), "{text}");
    });
}

/// A shell that ends by a signal and leaves one behind.
fn shell() -> Told {
    let mut told = Told::command(10);
    told.exec(key(10, 0), &[b"sh", b"-c", b"x"]);
    told.fork(key(11, 5), key(10, 0));
    told.exec(key(11, 5), &[b"sleep", b"100"]);
    told.exit(key(10, 0), 50, Some(Status::Signal { number: 11, core_dumped: Some(true) }));
    told
}

#[test]
fn how_it_ended_what_goes_on_and_what_was_lost_is_said() {
    let told = shell();
    let command = words("sh -c x");
    let status = Some(Status::Signal { number: 11, core_dumped: Some(true) });
    let account = Account { status, lost: 7, ..account(&command, &told.0) };
    let report = text(&account, NARROW);
    assert!(report.starts_with("`sh -c x` was killed by SIGSEGV+core after 50.0ms\n"), "{report}");
    assert!(tree(&report)[1].contains(" SIGSEGV+core "), "{report}");
    assert_eq!(tree(&report)[2].split_whitespace().nth(2), Some("-"), "{report}");
    let sums: Vec<_> = report.lines().rev().take(4).collect();
    assert_eq!(
        sums,
        [
            "1 process still runs: `sleep` (11)",
            "7 events of the machine were lost: what they told is missing",
            "cpu 3.0ms; longest: `sleep` (11) with 1.995s",
            "2 processes, 2 execs, 1 failure, 0 containers",
        ]
    );
    let running = text(&Account { status: None, ..account }, NARROW);
    assert!(running.starts_with("`sh -c x` has not ended after "), "{running}");
}

#[test]
fn colours_are_given_on_request_and_say_nothing_alone() {
    let told = shell();
    let command = words("sh -c x");
    let account = account(&command, &told.0);
    let plain = text(&account, NARROW);
    assert!(!plain.contains('\x1b'));
    let mut colored = text(&account, Look { color: Color::Yes, ..NARROW });
    assert!(colored.contains(RED) && colored.contains(GREEN), "{colored}");
    while let Some(begin) = colored.find('\x1b') {
        let end = colored[begin..].find('m').unwrap();
        colored.replace_range(begin..=begin + end, "");
    }
    assert_eq!(colored, plain);
}

#[test]
fn what_stands_deep_in_the_tree_is_seen_and_how_deep() {
    let mut told = Told::command(100);
    for index in 1..500 {
        let above = u64::from(index) - 1;
        told.fork(key(100 + index, u64::from(index)), key(99 + index, above));
    }
    told.exec(key(599, 499), &[b"the-last"]);
    let command = words("chain");
    let report = text(&account(&command, &told.0), NARROW);
    let line = tree(&report).pop().unwrap();
    assert!(line.ends_with("[499]─the-last"), "{line}");
}

proptest! {
    #[test]
    fn no_line_is_wider_than_the_terminal_and_none_could_hurt_it(
        hostile: Vec<u8>,
        width in 20..200_usize,
        pid in 1..4_000_000_u32,
    ) {
        let mut told = Told::command(pid);
        let hostile: Vec<u8> = hostile.into_iter().filter(|byte| *byte != 0).collect();
        told.exec(key(pid, 0), &[b"x", &hostile, "日本".as_bytes()]);
        told.fork(key(7, 3), key(pid, 0));
        told.exit(key(7, 3), 1000, Some(Status::Code(1)));
        let command = [Bytes::from(hostile)];
        let account = account(&command, &told.0);
        let report = text(&account, Look { width: Some(width), color: Color::No });
        for line in report.lines().take_while(|line| !line.starts_with("2 processes")).skip(1) {
            prop_assert!(display_width(line) <= width, "{}: {}", width, line);
        }
        prop_assert!(report.split('\n').all(|line| !line.contains(is_harmful)), "{}", report);
    }
}
