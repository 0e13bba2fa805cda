//! Turns cases into trials: names, preconditions, scale and patience.

use std::env;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

/// Why a test cannot run here, if it cannot.
pub(crate) type Need = fn() -> Option<String>;

/// One test.
pub(crate) struct Case {
    pub(crate) module: &'static str,
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [Need],
    pub(crate) run: fn(),
}

/// Lists functions of a module with what each needs.
macro_rules! cases {
    ($($run:ident: [$($need:path),*]),* $(,)?) => {
        vec![$($crate::harness::Case {
            module: module_path!(),
            name: stringify!($run),
            needs: &[$($need as $crate::harness::Need),*],
            run: $run,
        }),*]
    };
}
pub(crate) use cases;

/// Runs the cases that the command line asks for, one at a time.
pub(crate) fn run(cases: Vec<Case>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let trials = cases.into_iter().map(|case| trial(&case, &arguments)).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(case: &Case, arguments: &Arguments) -> Trial {
    let module = case.module.split_once("::").map_or(case.module, |(_, module)| module);
    let name = format!("{module}::{}", case.name);
    let run = case.run;
    let obstacle = case.needs.iter().find_map(|need| need());
    let Some(reason) = obstacle else {
        return Trial::test(name, move || {
            run();
            Ok(())
        });
    };
    if env_is_true("CI") {
        return Trial::test(name, move || Err(Failed::from(format!("cannot run here: {reason}"))));
    }
    if selected(&name, arguments) {
        eprintln!("skipped: {name}: {reason}");
    }
    Trial::test(name, || Ok(())).with_ignored_flag(true)
}

fn selected(name: &str, arguments: &Arguments) -> bool {
    let matches = |filter: &String| {
        if arguments.exact { name == filter } else { name.contains(filter.as_str()) }
    };
    !arguments.list
        && arguments.filter.as_ref().is_none_or(matches)
        && !arguments.skip.iter().any(matches)
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

pub(crate) fn root() -> Option<String> {
    let root = nix::unistd::geteuid().is_root();
    (!root).then(|| "not root".to_owned())
}

pub(crate) fn btf() -> Option<String> {
    let there = Path::new("/sys/kernel/btf/vmlinux").exists();
    (!there).then(|| "the kernel has no BTF".to_owned())
}

pub(crate) fn unlocked() -> Option<String> {
    confidential().then(|| "kernel lockdown is confidentiality".to_owned())
}

/// Whether kernel lockdown forbids reading kernel memory.
pub(crate) fn confidential() -> bool {
    fs::read_to_string("/sys/kernel/security/lockdown")
        .is_ok_and(|text| text.contains("[confidentiality]"))
}
