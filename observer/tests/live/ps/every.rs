//! `observer ps --every`, and the kernel's own list of processes.

use std::env;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::hidden::told as as_nobody;
use super::oracle::same_second;
use super::scene::{paused, stopped};
use super::snapshot::{Row, Snapshot, ps};
use crate::support::child::{Lines, Next, Started};
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, soon};
use crate::support::need::{bpf, root};
use crate::support::program::Answer;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            so_many_listings_one_a_line,
            text_has_an_empty_line_between,
            a_process_comes_and_goes,
            a_signal_ends_it_in_order,
            a_reader_that_goes_ends_it,
            the_kernels_list_keeps_the_order_asked_for,
        }
        Host [root] {
            nobody_reads_proc_instead,
            nobody_may_not_read_the_kernels_list,
        }
        Host [] { what_makes_no_sense }
        EveryKernel [bpf] { the_kernels_list_is_that_of_proc }
    ]
}

/// What stays the same while a process is stopped.
const STEADY: &str = "args,capamb,capbnd,capeff,capinh,capprm,cgroup,comm,container,cwd,exe,f,\
    fsgid,fsuid,gid,gids,group,groups,ipcns,label,lstart,mntns,netns,nice,nnp,pgid,pid,pidns,ppid,\
    pri,rgroup,rtprio,ruid,ruser,seccomp,seccompfilters,sgid,sid,start_time,stat,state,suid,\
    threads,timens,tpgid,tty,uid,user,userns,utsns,vpid,vsz";

/// With the object that the environment asks for.
fn live(arguments: &[&str]) -> Command {
    let mut command = ps(arguments);
    if let Some(object) = env::var_os("OBSERVER_BPF_OBJECT") {
        command.arg("--bpf-object").arg(object);
    }
    command
}

fn own() -> String {
    std::process::id().to_string()
}

fn so_many_listings_one_a_line() {
    let answer = Answer::of(&mut live(&[
        "--every",
        "30ms",
        "-n",
        "4",
        "--json",
        "-o",
        "pid,ppid,comm",
        "-p",
        &own(),
    ]));
    let documents: Vec<Snapshot> =
        answer.lines().iter().map(|line| Snapshot::parse(line, String::new())).collect();
    assert_eq!(documents.len(), 4, "{answer:?}");
    let mut before = 0;
    for Snapshot { document, rows, .. } in &documents {
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!(rows[0].pid(), std::process::id());
        assert_eq!(document["snapshot"]["origin"], "bpf");
        assert_eq!(document["snapshot"]["complete"], true);
        let seq = document["snapshot"]["seq"].as_u64().expect("a number");
        assert!(seq >= before, "{seq} after {before}");
        before = seq;
    }
}

fn text_has_an_empty_line_between() {
    let answer = Answer::of(&mut live(&["--every", "10ms", "-n", "3", "-o", "pid", "-p", &own()]));
    let lines: Vec<&str> = answer.lines().iter().map(|line| line.trim()).collect();
    let own = own();
    assert_eq!(lines, ["PID", &own, "", "PID", &own, "", "PID", &own]);
}

/// The first of the next listings that is as wanted; it should come soon.
fn until(lines: &Lines, wanted: impl Fn(&[u32]) -> bool) -> Snapshot {
    let deadline = Instant::now() + soon();
    loop {
        let Next::Line(line) = lines.next_before(deadline) else {
            panic!("no listing is as wanted");
        };
        let listing = Snapshot::parse(&String::from_utf8_lossy(&line), String::new());
        let pids: Vec<u32> = listing.rows.iter().map(Row::pid).collect();
        if wanted(&pids) {
            return listing;
        }
    }
}

fn a_process_comes_and_goes() {
    let mut observer = live(&["--every", "20ms", "--json", "-o", "ppid,state,args"]);
    let mut observer = Started::new(observer.stdout(Stdio::piped()));
    let lines = Lines::of(observer.child.stdout.take().expect("a pipe"));
    until(&lines, |pids| pids.contains(&std::process::id()));
    let actor = paused(|| Ok(()));
    let pid = actor.pid();
    let listing = until(&lines, |pids| pids.contains(&pid));
    assert_eq!(listing.row(pid).cell("ppid"), own());
    actor.dismiss();
    until(&lines, |pids| !pids.contains(&pid));
    observer.signal(Signal::SIGINT);
    assert_eq!(observer.reap().status, 0);
}

fn a_signal_ends_it_in_order() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut observer = live(&["--every", "1h", "--json", "-o", "pid", "-p", &own()]);
        let mut observer = Started::new(observer.stdout(Stdio::piped()));
        let lines = Lines::of(observer.child.stdout.take().expect("a pipe"));
        assert!(matches!(lines.next(soon()), Next::Line(_)), "a listing at once");
        observer.signal(signal);
        assert_eq!(observer.reap_within(soon()).status, 0, "{signal}");
        assert!(matches!(lines.next(soon()), Next::End), "nothing behind the last listing");
    }
}

fn a_reader_that_goes_ends_it() {
    let mut observer = live(&["--every", "10ms", "-o", "pid", "-p", &own()]);
    let mut observer = Started::new(observer.stdout(Stdio::piped()));
    drop(observer.child.stdout.take());
    assert_eq!(observer.reap_within(soon()).status, 0);
}

fn nobody_reads_proc_instead() {
    let arguments = ["--every", "10ms", "-n", "2", "--json", "-o", "pid", "-p", &own()];
    let answer = as_nobody(&arguments);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert_eq!(answer.errors.lines().count(), 1, "{answer:?}");
    for word in ["observer: ", "/proc", "CAP_BPF"] {
        assert!(answer.errors.contains(word), "no `{word}` in {answer:?}");
    }
    for line in answer.out.lines() {
        let listing = Snapshot::parse(line, String::new());
        assert_eq!(listing.document["snapshot"]["origin"], "proc");
        assert_eq!(listing.rows.len(), 1);
    }
    assert_eq!(answer.out.lines().count(), 2);
}

fn nobody_may_not_read_the_kernels_list() {
    for arguments in [&["--backend", "bpf"][..], &["--backend", "bpf", "--every", "1s"]] {
        let answer = as_nobody(arguments);
        assert_eq!((answer.code, answer.out.as_str()), (Some(4), ""), "{answer:?}");
        assert!(answer.errors.contains("CAP_BPF"), "{answer:?}");
    }
}

fn what_makes_no_sense() {
    for arguments in [
        &["--every", "0s"][..],
        &["--every", "soon"],
        &["--every", "-1s"],
        &["-n", "3"],
        &["--backend", "bpf", "--join", "-p", "1"],
        &["--ring", "1000"],
    ] {
        let answer = Answer::to(arguments);
        assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "{arguments:?}: {answer:?}");
        assert_eq!(answer.errors.lines().count(), 1, "{arguments:?}: {answer:?}");
    }
}

fn the_kernels_list_is_that_of_proc() {
    let stopped = stopped();
    let pids = format!("{},2", stopped.pid());
    let columns = format!("{STEADY},rss");
    let of = |backend: &[&str]| {
        let rest = ["--json", "-o", &columns, "-p", &pids];
        Snapshot::of(&mut live(&[backend, &rest].concat()))
    };
    let [proc, bpf, every] =
        [&["--backend", "proc"][..], &["--backend", "bpf"], &["--every", "1s", "-n", "1"]].map(of);
    for pid in [stopped.pid(), 2] {
        for column in STEADY.split(',').map(str::trim) {
            let truth = proc.row(pid).cell(column).to_owned();
            for other in [&bpf, &every] {
                let told = other.row(pid).cell(column);
                // /proc cuts a start to the clock tick, which may lie in the second before.
                if column != "lstart" || !same_second(told, &truth) {
                    assert_eq!(told, truth, "{column} of process {pid}");
                }
            }
        }
    }
    // /proc adds what each CPU has yet to add: up to 64 pages of each of three kinds.
    let slack = 3 * 64 * 4 * thread::available_parallelism().expect("a number of CPUs").get();
    let rss = |listing: &Snapshot| -> usize {
        let cell = listing.row(stopped.pid()).cell("rss").parse();
        cell.expect("a number")
    };
    assert!(rss(&bpf).abs_diff(rss(&proc)) <= slack, "{} and {}", rss(&bpf), rss(&proc));
    assert_eq!(bpf.document["snapshot"]["origin"], "bpf");
    assert_eq!(proc.document["snapshot"]["origin"], "proc");
    assert_eq!(bpf.row(stopped.pid()).life(), proc.row(stopped.pid()).life(), "identity");
}

fn the_kernels_list_keeps_the_order_asked_for() {
    let began = Instant::now();
    let own = own();
    let pids = format!("{own},2,{own},4194303");
    let answer =
        Answer::of(&mut live(&["--backend", "bpf", "-p", &pids, "-o", "pid", "--no-headers"]));
    let lines: Vec<&str> = answer.lines().iter().map(|line| line.trim()).collect();
    assert_eq!(lines, [&own, "2", &own]);
    assert!(began.elapsed() < patience(Duration::from_secs(2)));
}
