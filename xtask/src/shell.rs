//! Running other programs: to the end, for their output, or line by line with a deadline.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How long a program that ended may still have lines in its pipe.
const DRAIN: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(100);

/// The cargo that started us.
pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs `command` with our input and output and fails unless it ends well.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| cannot_start(command))?;
    expect_success(command, status)
}

/// Runs `command` and returns what it wrote to its standard output; its errors go to ours.
pub fn capture(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| cannot_start(command))?;
    expect_success(command, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What a quick question to a program gave, or `None` if it could not answer.
pub fn ask(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs `command`, hands each line of its standard output to `on_line` as it comes, and kills it
/// at the deadline.
pub fn stream(
    command: &mut Command,
    deadline: Duration,
    on_line: impl FnMut(&str),
) -> Result<ExitStatus> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| cannot_start(command))?;
    let output = child.stdout.take().context("the program has no standard output")?;
    if let Some(status) = follow(&mut child, &lines(output), deadline, on_line)? {
        return Ok(status);
    }
    child.kill().with_context(|| format!("cannot kill {}", describe(command)))?;
    child.wait().with_context(|| format!("cannot wait for {}", describe(command)))?;
    bail!("{} was killed after {} s", describe(command), deadline.as_secs())
}

/// Fails with the command's own words unless `status` is success.
pub fn expect_success(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    bail!("{} failed: {status}", describe(command))
}

/// The command as one would type it, in backticks.
pub fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    format!("`{}`", words.join(" "))
}

/// The first executable of that name on PATH, or where system programs and cargo's are.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];
    env::split_paths(&path)
        .chain(cargo_home().map(|home| home.join("bin")))
        .chain(system.map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

/// Cargo's own folder, where it keeps registries and installed programs.
pub fn cargo_home() -> Option<PathBuf> {
    match env::var_os("CARGO_HOME") {
        Some(home) => Some(home.into()),
        None => env::home_dir().map(|home| home.join(".cargo")),
    }
}

/// Whether `file` is a program one may start.
pub fn is_executable(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start {}", describe(command))
}

/// The lines of `output`, read by a thread of their own so that the reader can keep time.
fn lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line);
            if sender.send(text.trim_end_matches(['\r', '\n']).to_owned()).is_err() {
                break;
            }
            line.clear();
        }
    });
    receiver
}

/// Until the end of the output, or of the program and a moment more: a daemon it started may hold
/// the pipe open for ever. `None` at the deadline.
fn follow(
    child: &mut Child,
    lines: &Receiver<String>,
    deadline: Duration,
    mut on_line: impl FnMut(&str),
) -> Result<Option<ExitStatus>> {
    let mut end = Instant::now() + deadline;
    let mut ended = None;
    loop {
        match lines.recv_timeout(POLL) {
            Ok(line) => on_line(&line),
            Err(RecvTimeoutError::Timeout) => {
                if ended.is_none() {
                    ended = child.try_wait().context("cannot wait for a program")?;
                    if ended.is_some() {
                        end = Instant::now() + DRAIN;
                    }
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(POLL);
                ended = child.try_wait().context("cannot wait for a program")?;
                if ended.is_some() {
                    return Ok(ended);
                }
            }
        }
        if Instant::now() >= end {
            return Ok(ended);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_stream_hands_over_every_line_and_the_status() {
        let mut seen = Vec::new();
        let status =
            stream(&mut sh("echo one; printf 'two\\r\\nthree'; exit 3"), DRAIN * 20, |line| {
                seen.push(line.to_owned());
            })
            .unwrap();
        assert_eq!(seen, ["one", "two", "three"]);
        assert_eq!(status.code(), Some(3));
    }

    #[test]
    fn a_stream_kills_at_the_deadline() {
        let error =
            stream(&mut sh("exec sleep 60"), Duration::from_millis(200), |_| ()).unwrap_err();
        assert!(error.to_string().contains("was killed after"), "{error}");
    }

    #[test]
    fn a_daemon_holding_the_pipe_does_not_hold_us() {
        let start = Instant::now();
        let status = stream(&mut sh("sleep 20 & exit 0"), Duration::from_secs(15), |_| ()).unwrap();
        assert!(status.success());
        assert!(start.elapsed() < Duration::from_secs(4));
    }

    #[test]
    fn a_failure_names_the_command() {
        let error = run(&mut sh("exit 7")).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 7` failed: exit status: 7");
    }
}
