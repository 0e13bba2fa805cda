//! What the command reads and writes goes through no hand of ours.

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::thread;

use super::command::{answer_of, plain, run};
use crate::support::child::{Started, program};
use crate::support::harness::{Case, cases};
use crate::support::need::bpf;
use crate::support::program::observer;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            a_mebibyte_each_way,
            an_input_that_ends_at_once,
            no_descriptor_of_ours,
            descriptors_of_the_callers,
            a_reader_that_goes_kills_the_command,
        }
    ]
}

/// The report elsewhere, so that all that is on stderr is the command's.
const AWAY: [&str; 2] = ["--output", "/dev/null"];

/// Bytes of every kind, newlines in odd places.
fn noise() -> Vec<u8> {
    let next = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some(state.to_le_bytes()[3])
    };
    let mut state = 7;
    std::iter::from_fn(|| next(&mut state)).take(1 << 20).collect()
}

fn a_mebibyte_each_way() {
    let program = program();
    let mut command = run(&AWAY, &[program.to_str().expect("UTF-8"), "--act", "run", "echo"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut started = Started::new(&mut command);
    let sent = noise();
    let mut stdin = started.child.stdin.take().expect("a pipe");
    let mut stdout = started.child.stdout.take().expect("a pipe");
    let mut stderr = started.child.stderr.take().expect("a pipe");
    let (mut out, mut errors) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            stdin.write_all(&sent).expect("a listening command");
            drop(stdin);
        });
        scope.spawn(|| stderr.read_to_end(&mut errors).expect("a readable pipe"));
        stdout.read_to_end(&mut out).expect("a readable pipe");
    });
    assert_eq!(started.reap().status, 0, "stderr: {}", String::from_utf8_lossy(&errors));
    let turned: Vec<u8> = sent.iter().map(|byte| !byte).collect();
    assert!(out == sent, "stdout: {} bytes of {}", out.len(), sent.len());
    assert!(errors == turned, "stderr: {} bytes of {}", errors.len(), sent.len());
}

fn an_input_that_ends_at_once() {
    let answer = answer_of(run(&AWAY, &["wc", "-c"]).stdin(Stdio::null()));
    assert_eq!((answer.code, answer.out.trim(), answer.errors.as_str()), (Some(0), "0", ""));
}

fn no_descriptor_of_ours() {
    let list = ["ls", "-l", "/proc/self/fd"];
    // The list itself, and where its pipes and its own pid are, differ.
    let names = |text: &str| -> Vec<String> {
        let name =
            |line: &str| Some(line.split(" -> ").next()?.split_whitespace().last()?.to_owned());
        text.lines().filter_map(name).collect()
    };
    let oracle = names(&answer_of(&mut plain(&list)).out);
    let observed = names(&answer_of(&mut run(&AWAY, &list)).out);
    assert_eq!(observed, oracle);
    assert!(oracle.len() >= 4, "{oracle:?}");
}

fn descriptors_of_the_callers() {
    let script =
        format!("exec 7</dev/zero; {} run -- readlink /proc/self/fd/7", observer().display());
    let answer = answer_of(&mut plain(&["sh", "-c", &script]));
    assert_eq!(answer.out, "/dev/zero\n", "{answer:?}");
}

fn a_reader_that_goes_kills_the_command() {
    let script = format!(
        "{{ {} run --output /dev/null -- sh -c 'yes; echo it lives >&2'; echo $? >&2; }} | head -1",
        observer().display()
    );
    let [alone, observed] = [
        script.replace(&format!("{} run --output /dev/null -- ", observer().display()), ""),
        script,
    ]
    .map(|script| answer_of(&mut plain(&["sh", "-c", &script])));
    assert_eq!((&observed.out, &observed.errors), (&alone.out, &alone.errors));
}
