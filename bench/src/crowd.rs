//! The load: processes that wait for nothing, as many as are missing on the machine.
//!
//! Each waits at the end of one pipe that only we can write to. When we close it, or end in
//! whatever way, they end.

use std::fs;
use std::io::{PipeReader, PipeWriter, pipe};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::sys::resource::{Resource, getrlimit};
use tempfile::TempDir;

use crate::elf;
use crate::usage::number_behind;

/// xor eax, eax; xor edi, edi; mov rsi, rsp; push 1; pop rdx; syscall: `read(0, stack, 1)`; then
/// xor edi, edi; push 60; pop rax; syscall: `exit(0)`.
const CODE: [u8; 19] = [
    0x31, 0xc0, 0x31, 0xff, 0x48, 0x89, 0xe6, 0x6a, 0x01, 0x5a, 0x0f, 0x05, 0x31, 0xff, 0x6a, 0x3c,
    0x58, 0x0f, 0x05,
];

/// Programs of a usual machine differ in name, user and arguments.
struct Kind {
    file: &'static str,
    user: u32,
    arguments: &'static [&'static str],
}

const KINDS: [Kind; 4] = [
    Kind {
        file: "idle-web",
        user: 33,
        arguments: &["--worker", "--config", "/etc/web/site.conf", "--listen=127.0.0.1:8080"],
    },
    Kind { file: "idle-shell", user: 1000, arguments: &["-l"] },
    Kind { file: "idle-database", user: 1, arguments: &["--data", "/srv/data", "--log=info"] },
    Kind { file: "idle-service", user: 0, arguments: &["--foreground", "--no-fork"] },
];

/// What one of them takes of the kernel's memory and its own, with room to spare.
const MEMORY_KIB: u64 = 128;
/// Left for the rest of the machine.
const SPARE: u64 = 2_000;
const SPARE_MEMORY_KIB: u64 = 1 << 20;

/// Idle processes, which go with it.
pub(crate) struct Crowd {
    folder: TempDir,
    children: Vec<Child>,
    /// Held by nobody else; taken when they shall end.
    writer: Option<PipeWriter>,
    reader: PipeReader,
}

impl Crowd {
    pub(crate) fn new() -> Result<Self> {
        ensure!(cfg!(target_arch = "x86_64"), "the idle program is written for x86-64 only");
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let program = elf::file(&CODE);
        for kind in &KINDS {
            elf::install(&folder.path().join(kind.file), &program)?;
        }
        let (reader, writer) = pipe().context("cannot make a pipe")?;
        Ok(Self { folder, children: Vec::new(), writer: Some(writer), reader })
    }

    /// Starts as many as the machine lacks to have `processes`, or says why it cannot have them.
    pub(crate) fn fill_up_to(&mut self, processes: u64) -> Result<()> {
        let missing = processes.saturating_sub(running()?);
        Limits::read()?.allow(processes, missing)?;
        for _ in 0..missing {
            let kind = self.next_kind()?;
            self.start(self.command(kind)?.uid(kind.user).gid(kind.user))?;
        }
        Ok(())
    }

    /// Starts one by a program that takes a command behind these words and becomes it, or its
    /// parent; waits until it is so far.
    pub(crate) fn start_by(&mut self, program: &Path, words: &[&str]) -> Result<()> {
        let own = self.command(self.next_kind()?)?;
        let mut command = Command::new(program);
        command.args(words).arg("--").arg(own.get_program()).args(own.get_args());
        self.start(self.waiting(&mut command)?)?;
        let started = self.children.last_mut().context("there is no process")?;
        let deadline = Instant::now() + Duration::from_secs(20);
        while !is_idle(started.id()) {
            ensure!(started.try_wait()?.is_none(), "an idle process did not start");
            ensure!(Instant::now() < deadline, "an idle process did not start within 20 s");
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.children.len()
    }

    fn next_kind(&self) -> Result<&'static Kind> {
        KINDS.get(self.children.len() % KINDS.len()).context("there is no such kind")
    }

    fn command(&self, kind: &Kind) -> Result<Command> {
        let mut command = Command::new(self.folder.path().join(kind.file));
        command.arg0(kind.file).args(kind.arguments);
        command.arg(format!("--id={}", self.children.len()));
        self.waiting(&mut command)?;
        Ok(command)
    }

    /// At the end of the pipe.
    fn waiting<'a>(&self, command: &'a mut Command) -> Result<&'a mut Command> {
        Ok(command.stdin(self.reader.try_clone()?).stdout(Stdio::null()).stderr(Stdio::null()))
    }

    fn start(&mut self, command: &mut Command) -> Result<()> {
        self.children.push(command.spawn().context("cannot start an idle process")?);
        Ok(())
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        drop(self.writer.take());
        for child in &mut self.children {
            // It has ended, or is about to.
            let _ended = child.wait();
        }
    }
}

/// Whether it is of the crowd's programs, or has a child that is.
fn is_idle(pid: u32) -> bool {
    let read = |file: String| fs::read_to_string(file).unwrap_or_default();
    let is_it = |pid: &str| read(format!("/proc/{pid}/comm")).starts_with("idle-");
    let children = read(format!("/proc/{pid}/task/{pid}/children"));
    is_it(&pid.to_string()) || children.split_whitespace().any(is_it)
}

/// How many processes there are.
pub(crate) fn running() -> Result<u64> {
    let entries = fs::read_dir("/proc").context("cannot read `/proc`")?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).count() as u64)
}

/// What bounds the number of processes. A cgroup's limit shows when it is met.
struct Limits {
    pid_max: u64,
    threads_max: u64,
    /// Of one user, which all kinds together are taken for.
    nproc: u64,
    available_kib: u64,
}

impl Limits {
    fn read() -> Result<Self> {
        let (nproc, _) = getrlimit(Resource::RLIMIT_NPROC).context("cannot read a limit")?;
        let memory = fs::read_to_string("/proc/meminfo").context("cannot read `/proc/meminfo`")?;
        Ok(Self {
            pid_max: number_in("/proc/sys/kernel/pid_max")?,
            threads_max: number_in("/proc/sys/kernel/threads-max")?,
            nproc,
            available_kib: number_behind(&memory, "MemAvailable:").context("no `MemAvailable`")?,
        })
    }

    fn allow(&self, processes: u64, missing: u64) -> Result<()> {
        let Self { pid_max, threads_max, nproc, available_kib } = *self;
        for (name, limit) in [
            ("`/proc/sys/kernel/pid_max`", pid_max),
            ("`/proc/sys/kernel/threads-max`", threads_max),
            ("`RLIMIT_NPROC`", nproc),
        ] {
            ensure!(
                limit >= processes.saturating_add(SPARE),
                "{name} is {limit}, and {SPARE} are left to the rest of the machine"
            );
        }
        let needed = missing * MEMORY_KIB + SPARE_MEMORY_KIB;
        ensure!(
            available_kib >= needed,
            "{} MiB of memory are available, {} MiB are needed",
            available_kib >> 10,
            needed >> 10
        );
        Ok(())
    }
}

fn number_in(file: &str) -> Result<u64> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read `{file}`"))?;
    text.trim().parse().with_context(|| format!("no number in `{file}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOMY: Limits =
        Limits { pid_max: 32_768, threads_max: 1 << 20, nproc: u64::MAX, available_kib: 4 << 20 };

    #[test]
    fn a_machine_that_is_too_small_says_why() {
        assert!(ROOMY.allow(20_000, 20_000).is_ok());
        let few_pids = Limits { pid_max: 21_000, ..ROOMY }.allow(20_000, 10).unwrap_err();
        assert!(few_pids.to_string().contains("pid_max` is 21000"), "{few_pids}");
        let small = Limits { available_kib: 2 << 20, ..ROOMY }.allow(20_000, 20_000).unwrap_err();
        assert!(small.to_string().contains("2048 MiB of memory are available"), "{small}");
    }

    #[test]
    fn they_wait_with_their_arguments_and_end_with_us() {
        if cfg!(target_arch = "x86_64") {
            let mut crowd = Crowd::new().unwrap();
            let mut command = crowd.command(&KINDS[1]).unwrap();
            crowd.start(&mut command).unwrap();
            let folder = format!("/proc/{}", crowd.children[0].id());
            let arguments = || fs::read(format!("{folder}/cmdline")).unwrap();
            // Its execve(2) lets us go on before its arguments are in place.
            while arguments().is_empty() {
                assert!(crowd.children[0].try_wait().unwrap().is_none());
            }
            assert_eq!(arguments(), b"idle-shell\0-l\0--id=0\0");
            assert!(crowd.children[0].try_wait().unwrap().is_none());
            drop(crowd);
            assert!(!fs::exists(folder).unwrap());
        }
    }
    #[test]
    fn another_program_may_prepare_one() {
        if cfg!(target_arch = "x86_64") {
            let mut crowd = Crowd::new().unwrap();
            crowd.start_by(Path::new("/usr/bin/env"), &["-i"]).unwrap();
            assert!(is_idle(crowd.children[0].id()));
            assert!(crowd.start_by(Path::new("/usr/bin/env"), &["--none"]).is_err());
        }
    }
}
