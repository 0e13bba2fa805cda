//! How processes end: codes, signals, core dumps, as `wait4` has it.

use std::fs;
use std::path::Path;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::support::child::{Actor, Ended, Started, act, unique};
use crate::support::event::{Death, none_of};
use crate::support::harness::{Case, cases};
use crate::support::need::{Lack, bpf};
use crate::support::observed::Observed;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            sigkill_from_itself,
            sigkill_from_outside,
            sigterm,
        }
        EveryKernel [bpf] {
            every_fatal_signal,
            sigsegv_without_core,
        }
        EveryKernel [bpf, core_files] { sigsegv_with_core }
    ]
}

fn core_files() -> Option<Lack> {
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    (pattern.trim_end() != "core")
        .then(|| format!("core_pattern is `{}`", pattern.trim_end()).into())
}

/// Checks the exit event of an act that dies, and returns how it died.
fn death_of(name: &str, folder: Option<&Path>) -> Death {
    let token = unique("die");
    let mut observed = Observed::start(&[]);
    let mut command = act(&["die", name, &token]);
    if let Some(folder) = folder {
        command.current_dir(folder).env("OBSERVER_LIVE_CORE", "1");
    }
    let ended = Started::new(&mut command).reap();
    assert_told(&mut observed, &token, &ended);
    Death::of_status(ended.status)
}

fn assert_told(observed: &mut Observed, token: &str, ended: &Ended) {
    let exec = observed.wait_for("exec", |e| e.is("exec") && e.has_argument(token));
    let exit = observed.wait_for("exit", |e| e.is("exit") && e.id() == exec.id());
    none_of(&exit.differences_from(ended));
}

fn signal(death: &Death) -> &str {
    match death {
        Death::Signal { name, .. } => name,
        Death::Code(code) => panic!("should die by a signal, exited with {code}"),
    }
}

fn sigkill_from_itself() {
    assert_eq!(signal(&death_of("SIGKILL", None)), "SIGKILL");
}

fn sigterm() {
    assert_eq!(signal(&death_of("SIGTERM", None)), "SIGTERM");
}

fn every_fatal_signal() {
    for name in [
        "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE",
        "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGXCPU", "SIGSYS",
    ] {
        assert_eq!(signal(&death_of(name, None)), name);
    }
}

fn sigkill_from_outside() {
    let token = unique("kill");
    let mut observed = Observed::start(&[]);
    let actor = Actor::new(&mut act(&["pause", &token]));
    actor.hear("ready");
    actor.started.signal(Signal::SIGKILL);
    let ended = actor.dismiss();
    assert_told(&mut observed, &token, &ended);
    assert_eq!(signal(&Death::of_status(ended.status)), "SIGKILL");
}

fn sigsegv_with_core() {
    let folder = TempDir::new().expect("a folder for the core file");
    let death = death_of("SIGSEGV", Some(folder.path()));
    assert_eq!(signal(&death), "SIGSEGV");
    assert!(
        matches!(death, Death::Signal { core: true, .. }),
        "no core was dumped, so that the flag is untested: {death:?}"
    );
}

fn sigsegv_without_core() {
    let death = death_of("SIGSEGV", None);
    assert_eq!(signal(&death), "SIGSEGV");
    assert!(matches!(death, Death::Signal { core: false, .. }));
}
