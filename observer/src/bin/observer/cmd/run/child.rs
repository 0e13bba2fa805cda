//! The command as a child of ours that hardly notices: what it inherits is what we were given.
//!
//! Process group, terminal, directory, limits and all descriptors but our own are inherited by
//! themselves. Two things are not, and are put back: the signals that were blocked before we
//! blocked some, and SIGPIPE, which Rust's runtime ignores from the beginning of the program on.
//! `std::process::Command` would leave no signal blocked at all, which is why the command is
//! spawned by `posix_spawn(3)`.
//!
//! What cannot be put back, because the runtime has changed it before it could be looked at: a
//! SIGPIPE that was ignored before is not, and a stdin, stdout or stderr that was closed is
//! `/dev/null`. A variable of the environment without a `=` is left out.

use std::{
    env,
    ffi::{CStr, CString, OsStr, OsString},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawnp},
    sys::{
        signal::{SigSet, Signal, kill},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{AccessFlags, Pid, access},
};
use observer::event::Status;

use crate::exit::{Failure, OWN_FAILURE};

/// A command that was spawned.
#[derive(Debug)]
pub(super) struct Child {
    pid: Pid,
    end: Option<End>,
}

/// How it ended.
#[derive(Clone, Copy, Debug)]
enum End {
    Told(Status),
    /// It has ended, but whoever started us lets the kernel wait for our children; or a signal
    /// killed it that has no name.
    Untold,
}

impl Child {
    /// Starts it with these signals blocked.
    pub(super) fn spawn(command: &[OsString], blocked: &SigSet) -> Result<Self, Failure> {
        let name = command.first().map_or(OsStr::new(""), OsString::as_os_str);
        let pid = match spawn(command, blocked) {
            Err(Errno::ENOEXEC) => spawn(&as_script(command), blocked),
            other => other,
        };
        let pid = pid.map_err(|errno| not_run(name, errno))?;
        Ok(Self { pid, end: None })
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// Sends it a signal; one that has ended needs none.
    pub(super) fn send(&self, signal: Signal) {
        if self.end.is_none() {
            let _gone_meanwhile = kill(self.pid, signal);
        }
    }

    /// Whether it has ended; once it has, it is waited for.
    pub(super) fn has_ended(&mut self) -> bool {
        if self.end.is_none() {
            self.end = match waitpid(self.pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(status) => end(status),
                Err(Errno::EINTR) => None,
                Err(_no_child_or_no_name) => Some(End::Untold),
            };
        }
        self.end.is_some()
    }

    /// As wait(2) told it.
    pub(super) fn status(&self) -> Option<Status> {
        match self.end {
            Some(End::Told(status)) => Some(status),
            Some(End::Untold) | None => None,
        }
    }
}

/// As a shell has it.
pub(super) fn code(status: Status) -> u8 {
    match status {
        Status::Code(code) => code,
        Status::Signal { number, .. } => number.saturating_add(128),
    }
}

/// `None` while it runs.
fn end(status: WaitStatus) -> Option<End> {
    let status = match status {
        WaitStatus::Exited(_, code) => u8::try_from(code).ok().map(Status::Code),
        WaitStatus::Signaled(_, signal, core_dumped) => {
            let number = u8::try_from(signal as i32).ok();
            number.map(|number| Status::Signal { number, core_dumped: Some(core_dumped) })
        }
        _ => return None,
    };
    Some(status.map_or(End::Untold, End::Told))
}

fn spawn(command: &[OsString], blocked: &SigSet) -> Result<Pid, Errno> {
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_sigmask(blocked)?;
    attributes.set_sigdefault(&SigSet::from(Signal::SIGPIPE))?;
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
    )?;
    let words =
        command.iter().map(|word| c_string(word.as_bytes())).collect::<Result<Vec<_>, _>>()?;
    let name: &CStr = words.first().ok_or(Errno::ENOENT)?;
    posix_spawnp(name, &PosixSpawnFileActions::init()?, &attributes, &words, &environment()?)
}

fn environment() -> Result<Vec<CString>, Errno> {
    let join = |(name, value): (OsString, OsString)| {
        let (name, value) = (name.into_vec(), value.into_vec());
        c_string(&[&name[..], b"=", &value].concat())
    };
    env::vars_os().map(join).collect()
}

fn c_string(bytes: &[u8]) -> Result<CString, Errno> {
    CString::new(bytes).map_err(|_has_a_nul| Errno::EINVAL)
}

/// A file without `#!` is the shell's, as for execvp(3).
fn as_script(command: &[OsString]) -> Vec<OsString> {
    let (name, arguments) = command.split_first().unwrap_or((const { &OsString::new() }, &[]));
    let shell = [OsString::from("/bin/sh"), in_path(name).into_os_string()];
    shell.into_iter().chain(arguments.iter().cloned()).collect()
}

/// Where execvp(3) finds it.
fn in_path(name: &OsStr) -> PathBuf {
    if name.as_bytes().contains(&b'/') {
        return PathBuf::from(name);
    }
    let path = env::var_os("PATH").unwrap_or_else(|| OsString::from("/bin:/usr/bin"));
    let is_found = |place: &PathBuf| place.is_file() && access(place, AccessFlags::X_OK).is_ok();
    let mut places = env::split_paths(&path).map(|folder| folder.join(Path::new(name)));
    places.find(is_found).unwrap_or_else(|| PathBuf::from(name))
}

fn not_run(name: &OsStr, errno: Errno) -> Failure {
    let (what_to_do, code) = match errno {
        Errno::ENOENT => ("check its name and $PATH", 127),
        Errno::EAGAIN | Errno::ENOMEM => ("try again with fewer processes", OWN_FAILURE),
        Errno::EACCES => ("it must be an executable file", 126),
        _ => ("it must be a program or a script", 126),
    };
    let why = if errno == Errno::ENOENT { "not found" } else { errno.desc() };
    let name = name.to_string_lossy();
    Failure::Run(format!("cannot run `{name}`: {why}; {what_to_do}"), code)
}
