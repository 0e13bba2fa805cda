//! Programs that are started for a measurement and end with it.

use std::ffi::OsStr;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::usage::Process;

/// A command that becomes `words` and is told to end (SIGTERM) when we are gone, however we end.
///
/// What reads or writes a pipe of ours ends without it. Another program asks the kernel for it, as
/// between fork(2) and exec(2) only unsafe code could. It is about that one process: make, observer
/// and strace pass the signal on to what they started.
pub(crate) fn leashed(words: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--"]).args(words);
    command
}

/// A child that ends with this.
#[derive(Debug)]
pub(crate) struct Program(Child);

impl Program {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_owned();
        command.spawn().map(Self).with_context(|| format!("cannot start `{}`", name.display()))
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    pub(crate) fn process(&self) -> Process {
        Process(self.0.id())
    }

    /// Fails if it has ended.
    pub(crate) fn expect_running(&mut self) -> Result<()> {
        match self.0.try_wait()? {
            Some(status) => bail!("it ended: {status}"),
            None => Ok(()),
        }
    }

    /// Ctrl-C, and then its end.
    pub(crate) fn interrupt(&mut self) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.0.id())?);
        kill(pid, Signal::SIGINT).context("cannot send a signal")?;
        self.wait().context("SIGINT was sent")?;
        Ok(())
    }

    /// Its end, which is near.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            ensure!(Instant::now() < deadline, "a program did not end within 20 s");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is what they are for.
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    use super::*;

    /// The shell is who starts it, and is killed; the kernel tells nobody else of it.
    #[test]
    fn what_is_leashed_ends_with_who_started_it() {
        let mut command = leashed(&["sleep", "60"]);
        let words: Vec<_> = std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(ToOwned::to_owned)
            .collect();
        let script = r#""$@" & echo $!; wait"#;
        command = Command::new("sh");
        command.args(["-c", script, "sh"]).args(words).stdout(Stdio::piped());
        let mut shell = Program::start(&mut command).unwrap();
        let mut line = String::new();
        BufReader::new(shell.child().stdout.take().unwrap()).read_line(&mut line).unwrap();
        let file = format!("/proc/{}/comm", line.trim());
        let name = || std::fs::read_to_string(&file).unwrap_or_default();
        let deadline = Instant::now() + Duration::from_secs(20);
        // Only what has become the other program is leashed for sure.
        while name() != "sleep\n" && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        drop(shell);
        while name() == "sleep\n" && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        assert!(Instant::now() < deadline, "it still runs");
    }

    #[test]
    fn it_ends_on_our_signal_and_with_us() {
        let mut sleep = Program::start(Command::new("sleep").arg("60")).unwrap();
        sleep.expect_running().unwrap();
        sleep.interrupt().unwrap();
        assert!(sleep.expect_running().is_err());
        let sleep = Program::start(&mut leashed(&["sleep", "60"])).unwrap();
        let folder = format!("/proc/{}", sleep.process().0);
        drop(sleep);
        assert!(!std::fs::exists(folder).unwrap());
    }
}
