//! Kernels since 7.0 run tracepoint programs with preemption on, and skip a program while a task is
//! preempted inside it on that CPU: each event is told, or told as lost, and none is mixed with
//! another.
//!
//! The oracle is the spawner's own log. A real-time task that spawns among the others makes
//! preemption frequent, and programs that wait in the middle of each record make it certain.

use std::collections::HashMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::child::{Ended, Started, make_bare, unique};
use crate::support::event::{Death, Event};
use crate::support::harness::{Case, cases};
use crate::support::machine::{in_guest, preempts, scaled};
use crate::support::need::bpf;
use crate::support::observed::{Observed, Stream};
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Preempting [bpf] {
            every_event_of_a_storm_is_told_or_told_as_lost,
            beside_real_time_tasks,
            programs_that_wait_lose_nothing_untold,
            without_second_copies_what_is_skipped_is_told,
            strict_tells_by_the_exit_status,
            a_table_is_mended,
        }
    ]
}

/// Rounds of an empty loop in the middle of each record: half a millisecond, emulated several.
const LINGER: &str = "200000";

/// Argument bytes of one process: most in the record itself, some ahead of it, few far ahead of it.
fn size(number: usize) -> usize {
    match number % 50 {
        0 => 200_000,
        5 | 15 | 25 | 35 | 45 => 20_000,
        7 | 27 => 9_000,
        other => [1, 10, 100, 1_000][other % 4],
    }
}

/// The kernel takes no longer argument.
const LONGEST: usize = 100_000;

/// The words of a process, and how it ended.
type Life = (Vec<String>, Ended);

/// What spawns beside the two workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    Nobody,
    RealTime,
}

/// What became of the three events of each process.
#[derive(Debug, Default)]
struct Score {
    processes: usize,
    untold: u64,
    lost: u64,
    skipped: u64,
    cut: usize,
    wrong: Vec<String>,
}

fn words(token: &str, number: usize) -> Vec<String> {
    let code = format!("exit {}", number % 256);
    let mut words =
        ["/bin/sh", "-c", &code, &format!("{token}-{number}")].map(str::to_owned).to_vec();
    let mut left = size(number);
    while left > 0 {
        let size = left.min(LONGEST);
        // No piece of it is like that of another process.
        words.push(format!("{number}.{left}.").repeat(size / 4 + 1)[..size].to_owned());
        left -= size;
    }
    words
}

/// A shell: smaller, and so sooner started, than an act.
fn command(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    make_bare(&mut command);
    command
}

/// Spawns from two workers, and from who is beside them.
fn storm(token: &str, count: usize, beside: Beside) -> Vec<Life> {
    let is_over = AtomicBool::new(false);
    let spawn = &|number: usize| -> Life {
        let words = words(token, number);
        let ended = Started::new(&mut command(&words)).reap();
        (words, ended)
    };
    let urgent = || {
        // Where it may not, it is one more ordinary worker.
        let _may_be_refused = sys::become_real_time();
        let mut lives = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            lives.push(spawn(count + lives.len()));
            thread::sleep(Duration::from_millis(2));
        }
        lives
    };
    thread::scope(|scope| {
        let urgent = (beside == Beside::RealTime).then(|| scope.spawn(urgent));
        let workers: [_; 2] =
            [0, 1].map(|first| scope.spawn(move || (first..count).step_by(2).map(spawn).collect()));
        let mut lives: Vec<Life> = Vec::new();
        for worker in workers {
            lives.extend::<Vec<Life>>(worker.join().expect("a worker"));
        }
        is_over.store(true, Ordering::Relaxed);
        if let Some(urgent) = urgent {
            lives.extend(urgent.join().expect("the real-time worker"));
        }
        lives
    })
}

/// Watches a storm and says what became of it. Whatever else is wrong is a failure.
fn watch(options: &[&str], count: usize, beside: Beside) -> (Score, Stream) {
    let token = unique("skipped");
    let options = [&["-e", "fork,exec,exit", "--ring", "64M"], options].concat();
    let observed = Observed::start(&options);
    let lives = storm(&token, count, beside);
    // What is still in the ring is read out at the end.
    thread::sleep(Duration::from_millis(300));
    let stream = observed.stop();
    stream.assert_balanced();
    let score = score(&lives, &stream);
    eprintln!("{options:?}, beside {beside:?}: {}", score.summary());
    crate::support::event::none_of(&score.wrong);
    assert_eq!(score.cut, 0, "the ring is large enough for all arguments");
    assert!(
        score.untold <= score.lost,
        "{} events vanished, {} were told as lost",
        score.untold,
        score.lost
    );
    (score, stream)
}

impl Score {
    fn summary(&self) -> String {
        let Self { processes, untold, lost, skipped, cut, wrong } = self;
        format!(
            "{processes} processes, {untold} events of them not told, {lost} told as lost \
             ({skipped} skipped), {cut} arguments cut, {} wrong",
            wrong.len()
        )
    }
}

fn score(lives: &[Life], stream: &Stream) -> Score {
    let us = std::process::id();
    let mut of_pid: HashMap<(&str, u32), Vec<&Event>> = HashMap::new();
    for event in &stream.events {
        let is_ours = match event.kind() {
            "fork" => event.creator_pid() == us,
            "exec" | "exit" => event.parent_pid() == us,
            _ => false,
        };
        if is_ours {
            of_pid.entry((event.kind(), event.pid())).or_default().push(event);
        }
    }
    let lost = |skipped: bool| -> u64 {
        let gaps = stream.of_kind("lost");
        let gaps = gaps.filter(|gap| !skipped || gap.text("/where") == Some("skipped"));
        gaps.map(|gap| gap.expect_number("/count")).sum()
    };
    let mut score = Score {
        processes: lives.len(),
        lost: lost(false),
        skipped: lost(true),
        ..Score::default()
    };
    for (words, ended) in lives {
        for kind in ["fork", "exec", "exit"] {
            let told = of_pid.get(&(kind, ended.pid)).map_or(&[][..], Vec::as_slice);
            // Pids come round again only after thousands of processes.
            let told: Vec<_> = told.iter().filter(|event| is_of(event, ended)).collect();
            match told.as_slice() {
                [] => score.untold += 1,
                [event] => score.compare(kind, event, words, ended),
                twice => score.wrong.push(format!("{kind} of {}: {twice:?}", ended.pid)),
            }
        }
    }
    score
}

fn is_of(event: &Event, ended: &Ended) -> bool {
    (ended.began..=ended.over).contains(&event.expect_number("/boot_ns"))
}

impl Score {
    fn compare(&mut self, kind: &str, event: &Event, words: &[String], ended: &Ended) {
        let argv = || words.iter().map(|word| word.as_bytes().to_vec()).collect();
        match kind {
            "exec" if event.field("/process/args_truncated") == Some(&true.into()) => self.cut += 1,
            "exec" if event.arguments() != Some(argv()) => {
                self.wrong.push(format!("arguments of process {} are another's", ended.pid));
            }
            "exit" if event.death() != Some(Death::of_status(ended.status)) => {
                self.wrong.push(format!("status of process {}: {event:?}", ended.pid));
            }
            _ => {}
        }
    }
}

/// Where nothing but the storm runs, nothing but its events can be lost: the workers' own threads,
/// and those that read, are all there is besides.
fn assert_exact(score: &Score) {
    const OTHERS: u64 = 16;
    if in_guest() {
        let Score { untold, lost, .. } = *score;
        assert!(lost <= untold + OTHERS, "{lost} told as lost of {untold} that are missing");
    }
}

fn assert_nothing_lost_without_preemption(score: &Score) {
    if !preempts() {
        assert_eq!((score.untold, score.skipped), (0, 0), "{}", score.summary());
    }
}

/// In a guest at full scale twenty times, with the second copies and without.
fn every_event_of_a_storm_is_told_or_told_as_lost() {
    let count = scaled(2_000);
    let runs = if in_guest() && count >= 2_000 { 20 } else { 1 };
    for options in [&[][..], &["--single"]] {
        for _ in 0..runs {
            let (score, _) = watch(options, count, Beside::Nobody);
            assert_exact(&score);
            assert_nothing_lost_without_preemption(&score);
        }
    }
}

fn beside_real_time_tasks() {
    let (score, _) = watch(&[], scaled(2_000), Beside::RealTime);
    assert_exact(&score);
    assert_nothing_lost_without_preemption(&score);
}

fn programs_that_wait_lose_nothing_untold() {
    let (score, _) = watch(&["--linger", LINGER], scaled(1_000), Beside::RealTime);
    assert_exact(&score);
    assert_nothing_lost_without_preemption(&score);
}

/// A storm as the kernel leaves it: this is what the second copies are for.
fn without_second_copies_what_is_skipped_is_told() {
    let (score, _) = watch(&["--linger", LINGER, "--single"], scaled(1_000), Beside::RealTime);
    assert_exact(&score);
    assert_nothing_lost_without_preemption(&score);
    if preempts() {
        assert!(score.skipped > 0, "nothing was skipped: this test shows nothing");
    }
}

fn strict_tells_by_the_exit_status() {
    let (score, stream) =
        watch(&["--linger", LINGER, "--single", "--strict"], scaled(1_000), Beside::RealTime);
    stream.assert_code(if score.lost > 0 { 3 } else { 0 });
    assert_eq!(score.skipped > 0, preempts(), "{}", score.summary());
}

/// A table that missed events agrees with /proc again.
fn a_table_is_mended() {
    let kinds = ["-e", "fork,exec,exit,reparent"];
    let options = [&kinds[..], &["--linger", LINGER, "--single"]].concat();
    let (score, stream) = watch(&options, scaled(1_000), Beside::RealTime);
    let is_skip = |event: &Event| event.text("/where") == Some("skipped");
    let last = stream.events.iter().rposition(is_skip);
    assert_eq!(last.is_some(), preempts(), "{}", score.summary());
    if let Some(last) = last {
        let behind = &stream.events[last..];
        assert!(behind.iter().any(|event| event.is("repair")), "no repair behind {behind:?}");
    }
}
