//! Turns cases into trials: names, preconditions, scale and patience.

use std::env;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::place::{Here, Place};

/// What keeps a test from running.
#[derive(Debug)]
pub(crate) enum Lack {
    /// Something is not here that may be elsewhere.
    Here(String),
    /// No guest has it, by design.
    InGuests,
}

impl From<&str> for Lack {
    fn from(reason: &str) -> Self {
        Self::Here(reason.to_owned())
    }
}

impl From<String> for Lack {
    fn from(reason: String) -> Self {
        Self::Here(reason)
    }
}

/// Says what a test lacks, if it lacks anything.
pub(crate) type Need = fn() -> Option<Lack>;

/// A need that only the host can meet: no guest is looked at.
pub(crate) fn on_the_host(lack: impl FnOnce() -> Option<String>) -> Option<Lack> {
    if in_guest() { Some(Lack::InGuests) } else { lack().map(Lack::Here) }
}

/// One test.
pub(crate) struct Case {
    pub(crate) module: &'static str,
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) needs: &'static [Need],
    pub(crate) run: fn(),
}

impl Case {
    /// By which a filter knows it.
    fn full_name(&self) -> String {
        let module = self.module.split_once("::").map_or(self.module, |(_, module)| module);
        format!("{module}::{}", self.name)
    }
}

/// Lists functions of a module by where they run and what they need: `PLACE [NEED, …] { TEST, … }`,
/// as often as these differ.
macro_rules! cases {
    ($($place:ident $needs:tt { $($run:ident),* $(,)? })*) => {
        vec![$($($crate::harness::case!($place $needs $run)),*),*]
    };
}
pub(crate) use cases;

macro_rules! case {
    ($place:ident [$($need:path),*] $run:ident) => {
        $crate::harness::Case {
            module: module_path!(),
            name: stringify!($run),
            place: $crate::place::Place::$place,
            needs: &[$($need as $crate::harness::Need),*],
            run: $run,
        }
    };
}
pub(crate) use case;

/// Runs the cases that the command line asks for, one at a time. A list has all of them.
pub(crate) fn run(cases: &[Case]) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let trials = if arguments.list {
        cases.iter().map(|case| started(case.full_name(), case.run)).collect()
    } else {
        trials(cases, &arguments)
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Those of this place.
fn trials(cases: &[Case], arguments: &Arguments) -> Vec<Trial> {
    let mut here = Here::of_environment();
    let mut trials = Vec::new();
    for case in cases {
        let name = case.full_name();
        if !here.takes(case.place) {
            continue;
        }
        // Whether a need is met may take a moment to find out.
        let lack = if selected(&name, arguments) {
            case.needs.iter().find_map(|need| need())
        } else {
            None
        };
        match lack {
            None => trials.push(started(name, case.run)),
            Some(Lack::Here(reason)) => trials.push(skipped(name, &reason)),
            Some(Lack::InGuests) => here.leave_to_the_host(),
        }
    }
    if let Some(remark) = here.remark() {
        eprintln!("{remark}");
    }
    trials
}

fn started(name: String, run: fn()) -> Trial {
    Trial::test(name, move || {
        run();
        Ok(())
    })
}

fn skipped(name: String, reason: &str) -> Trial {
    if env_is_true("CI") {
        let failure = format!("cannot run here: {reason}");
        return Trial::test(name, move || Err(Failed::from(failure)));
    }
    eprintln!("skipped: {name}: {reason}");
    Trial::test(name, || Ok(())).with_ignored_flag(true)
}

fn selected(name: &str, arguments: &Arguments) -> bool {
    let matches = |filter: &String| {
        if arguments.exact { name == filter } else { name.contains(filter.as_str()) }
    };
    arguments.filter.as_ref().is_none_or(matches) && !arguments.skip.iter().any(matches)
}

fn env_is_true(name: &str) -> bool {
    env::var(name).is_ok_and(|value| value == "true" || value == "1")
}

pub(crate) fn in_guest() -> bool {
    env::var_os("OBSERVER_GUEST").is_some()
}

/// A count of a storm, by the scale of this machine.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "counts of some thousands"
)]
pub(crate) fn scaled(count: usize) -> usize {
    let scale = env::var("OBSERVER_SCALE")
        .map_or(1.0, |text| text.parse::<f64>().expect("OBSERVER_SCALE should be a number"));
    ((count as f64 * scale).ceil() as usize).max(1)
}

/// How long to wait for what should take `expected`: ten times that, and more where instructions
/// are emulated.
pub(crate) fn patience(expected: Duration) -> Duration {
    expected * if in_guest() { 100 } else { 10 }
}

/// The patience for one ordinary answer.
pub(crate) fn soon() -> Duration {
    patience(Duration::from_secs(2))
}

/// How far CPU time may differ: a clock tick of the slowest kind. Emulated ticks come late.
pub(crate) fn tick_ns() -> u64 {
    if in_guest() { 100_000_000 } else { 10_000_000 }
}

/// Whether this kernel preempts tracepoint programs: it may skip them, and they have second copies.
pub(crate) fn preempts() -> bool {
    const SINCE: u32 = 7;
    let names = nix::sys::utsname::uname().expect("a kernel");
    let release = names.release().to_string_lossy();
    let major = release.split('.').next().and_then(|major| major.parse().ok());
    major.is_some_and(|major: u32| major >= SINCE)
}

pub(crate) fn root() -> Option<Lack> {
    let root = nix::unistd::geteuid().is_root();
    (!root).then(|| "not root".into())
}

pub(crate) fn btf() -> Option<Lack> {
    let there = Path::new("/sys/kernel/btf/vmlinux").exists();
    (!there).then(|| "the kernel has no BTF".into())
}

pub(crate) fn unlocked() -> Option<Lack> {
    confidential().then(|| "kernel lockdown is confidentiality".into())
}

pub(crate) fn locked() -> Option<Lack> {
    (!confidential()).then(|| "kernel lockdown is not confidentiality".into())
}

/// What tracepoints need that are read by perf.
pub(crate) fn perf() -> Option<Lack> {
    root().or_else(unlocked)
}

/// What the eBPF programs need.
pub(crate) fn bpf() -> Option<Lack> {
    perf().or_else(btf)
}

/// Whether kernel lockdown forbids reading kernel memory.
pub(crate) fn confidential() -> bool {
    fs::read_to_string("/sys/kernel/security/lockdown")
        .is_ok_and(|text| text.contains("[confidentiality]"))
}
