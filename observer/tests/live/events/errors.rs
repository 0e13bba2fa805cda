//! What people meet: one line that says what failed and what to do, and the exit status for it.

use std::ffi::CString;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::child::c_string;
use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::need::bpf;
use crate::support::observed::{Observed, bare_events, events};
use crate::support::program::{observer_by_descriptor, output};
use crate::support::sys;
use crate::support::sys::become_nobody;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] {
            nobody,
            the_two_capabilities_are_enough,
            no_locked_memory,
        }
        Host [bpf] {
            root_without_bpf,
            root_without_perfmon,
            no_btf,
            required_member_missing,
            damaged_btf,
            few_open_files,
            object_cut_short,
            object_of_noise,
            object_that_is_empty,
            object_that_is_missing,
            object_that_is_a_folder,
        }
        Host [] {
            unknown_event,
            wrong_flags,
        }
    ]
}

const CAP_SYS_ADMIN: libc::c_ulong = 21;
const CAP_PERFMON: libc::c_ulong = 38;
const CAP_BPF: libc::c_ulong = 39;

/// The one line of a program that refuses, after a check of its form and of the exit status.
fn refusal(command: &mut Command, code: i32) -> String {
    let (status, out, errors) = output(command, patience(Duration::from_secs(3)));
    assert_eq!(status.code(), Some(code), "{status:?}, stderr: {errors}");
    assert!(!out.contains("\"ready\""), "it says that it is ready: {out}");
    assert_eq!(errors.lines().count(), 1, "one line on stderr, got: {errors}");
    assert!(errors.starts_with("observer: "), "stderr: {errors}");
    assert!(errors.contains("; "), "no remedy in: {errors}");
    errors
}

fn assert_names(errors: &str, words: &[&str]) {
    for word in words {
        assert!(errors.contains(word), "`{word}` is not named in: {errors}");
    }
}

fn assert_works(command: &mut Command) {
    let mut observed = Observed::of(command);
    observed.fence();
    let stream = observed.stop();
    stream.assert_code(0);
    stream.assert_nothing_lost();
}

fn nobody() {
    let (mut command, _program) = observer_by_descriptor(&["events", "--json"]);
    sys::before_exec(&mut command, become_nobody);
    assert_names(&refusal(&mut command, 4), &["CAP_BPF", "CAP_PERFMON"]);
}

/// Root with all capabilities but these.
fn without(capabilities: &'static [libc::c_ulong]) -> Command {
    let mut command = events(&["--json", "--backend", "bpf"]);
    sys::before_exec(&mut command, move || {
        capabilities.iter().try_for_each(|&number| sys::forbid_capability(number))
    });
    command
}

fn root_without_bpf() {
    let errors = refusal(&mut without(&[CAP_SYS_ADMIN, CAP_BPF]), 4);
    assert_names(&errors, &["CAP_BPF"]);
    assert!(!errors.contains("CAP_PERFMON"), "that one is there: {errors}");
}

fn root_without_perfmon() {
    let errors = refusal(&mut without(&[CAP_SYS_ADMIN, CAP_PERFMON]), 4);
    assert_names(&errors, &["CAP_PERFMON"]);
    assert!(!errors.contains("CAP_BPF"), "that one is there: {errors}");
}

fn the_two_capabilities_are_enough() {
    let last = fs::read_to_string("/proc/sys/kernel/cap_last_cap").expect("a number");
    let last: libc::c_ulong = last.trim().parse().expect("a number");
    let mut command = events(&["--json", "--backend", "bpf"]);
    sys::before_exec(&mut command, move || {
        (0..=last)
            .filter(|number| ![CAP_BPF, CAP_PERFMON].contains(number))
            .try_for_each(sys::forbid_capability)
    });
    assert_works(&mut command);
}

const BTF: &std::ffi::CStr = c"/sys/kernel/btf/vmlinux";

/// The observer in mounts of its own, where another file stands for the kernel's BTF.
fn with_btf(file: &Path) -> Command {
    let file = c_string(file);
    let mut command = events(&["--json", "--backend", "bpf"]);
    sys::before_exec(&mut command, move || {
        sys::private_mounts()?;
        sys::mount(&file, BTF, None, libc::MS_BIND)
    });
    command
}

fn no_btf() {
    let mut command = events(&["--json", "--backend", "bpf"]);
    sys::before_exec(&mut command, || {
        sys::private_mounts()?;
        sys::mount(c"none", c"/sys/kernel/btf", Some(c"tmpfs"), 0)
    });
    let errors = refusal(&mut command, 1);
    assert_names(&errors, &["BTF", "/sys/kernel/btf/vmlinux"]);
}

fn required_member_missing() {
    let mut btf = fs::read("/sys/kernel/btf/vmlinux").expect("the kernel's BTF");
    let changed = replace_names(&mut btf, b"start_boottime", b"start_nonesuch");
    assert!(changed > 0, "the name should be in this kernel's BTF");
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("vmlinux");
    fs::write(&file, &btf).expect("a file");
    let errors = refusal(&mut with_btf(&file), 1);
    assert_names(&errors, &["task_struct.start_boottime"]);
}

/// Replaces each string of BTF that is exactly `old`, and says how many there were.
fn replace_names(btf: &mut [u8], old: &[u8], new: &[u8]) -> usize {
    assert_eq!(old.len(), new.len(), "names of one length");
    let number = |at: usize| {
        let bytes = btf[at..at + 4].try_into().expect("four bytes");
        u32::from_le_bytes(bytes) as usize
    };
    // Header: magic, version, flags, header length, types (offset, length), strings (the same).
    let begin = number(4) + number(16);
    let strings = begin..begin + number(20);
    let whole = [b"\0", old, b"\0"].concat();
    let found: Vec<_> = btf[strings.clone()]
        .windows(whole.len())
        .enumerate()
        .filter(|(_, window)| *window == whole)
        .map(|(at, _)| strings.start + at + 1)
        .collect();
    for &at in &found {
        btf[at..at + new.len()].copy_from_slice(new);
    }
    found.len()
}

fn damaged_btf() {
    let btf = fs::read("/sys/kernel/btf/vmlinux").expect("the kernel's BTF");
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("vmlinux");
    for part in [&btf[..btf.len() / 2], &btf[..20], b"", &[0xa5; 4096]] {
        fs::write(&file, part).expect("a file");
        assert_names(&refusal(&mut with_btf(&file), 1), &["BTF"]);
    }
}

fn no_locked_memory() {
    let mut command = events(&["--json", "--backend", "bpf"]);
    sys::before_exec(&mut command, || sys::limit(libc::RLIMIT_MEMLOCK, 0, 0));
    assert_works(&mut command);
}

fn few_open_files() {
    let mut command = events(&["--json", "--backend", "bpf"]);
    sys::before_exec(&mut command, || sys::limit(libc::RLIMIT_NOFILE, 64, 64));
    assert_works(&mut command);
}

/// The committed object, of which damaged copies are made.
const OBJECT: &[u8] = include_bytes!("../../../bpf/observer.bpf.o");

/// The error about an object with this content.
fn refused_object(content: &[u8]) {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("damaged.o");
    fs::write(&file, content).expect("a file");
    refused_path(&file);
}

fn refused_path(file: &Path) {
    let mut command = bare_events(&["--json", "--bpf-object"]);
    let errors = refusal(command.arg(file), 1);
    assert_names(&errors, &[file.to_str().expect("UTF-8")]);
    assert!(errors.len() < 1_000, "a long line of {} bytes: {errors}", errors.len());
}

fn object_cut_short() {
    for length in [4, 64, 100, OBJECT.len() / 2, OBJECT.len() - 100] {
        refused_object(&OBJECT[..length]);
    }
}

fn object_of_noise() {
    let mut state = 0x9e37_79b9_u32;
    let noise: Vec<u8> = (0..20_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect();
    refused_object(&noise);
}

fn object_that_is_empty() {
    refused_object(b"");
}

fn object_that_is_missing() {
    let folder = TempDir::new().expect("a folder");
    refused_path(&folder.path().join("missing.o"));
}

fn object_that_is_a_folder() {
    let folder = TempDir::new().expect("a folder");
    refused_path(folder.path());
}

fn unknown_event() {
    let errors = usage(&["-e", "exec,nonesuch"]);
    assert_names(&errors, &["nonesuch"]);
}

/// One line, as for every error; the remedy may be any wording.
fn usage(arguments: &[&str]) -> String {
    let (status, out, errors) =
        output(&mut bare_events(arguments), patience(Duration::from_secs(1)));
    assert_eq!(status.code(), Some(2), "{arguments:?}: {status:?}, stderr: {errors}");
    assert_eq!(out, "", "{arguments:?}: stdout");
    assert!(errors.starts_with("observer: "), "{arguments:?}: stderr: {errors}");
    assert_eq!(errors.lines().count(), 1, "{arguments:?}: one line on stderr, got: {errors}");
    errors
}

fn wrong_flags() {
    for (flag, value) in [
        ("--ring", "1000"),
        ("--ring", "0"),
        ("--ring", "many"),
        ("--for", "x"),
        ("--for", "-1s"),
        ("--time", "nonsense"),
        ("-n", "some"),
        ("-p", "one"),
        ("--tree", "none"),
        ("--args-max", "-5"),
        ("--color", "blue"),
    ] {
        let joined = format!("{flag}={value}");
        assert_names(&usage(&[&joined]), &[value]);
    }
    assert_names(&usage(&["--no-such-flag"]), &["--no-such-flag"]);
    assert_names(&usage(&["no-such-argument"]), &["no-such-argument"]);
    let unprintable = CString::new("\u{1b}[31m").expect("no NUL");
    let word = unprintable.to_str().expect("UTF-8");
    let errors = usage(&["-e", word]);
    assert!(!errors.contains('\u{1b}'), "a raw escape in {errors:?}");
}
