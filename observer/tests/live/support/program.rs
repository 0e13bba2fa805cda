//! The program under test: started as a user would, with nothing of the caller's that changes what
//! it says, and what it answers if it ends by itself.

use std::env;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::child::Started;
use crate::support::machine::soon;

/// Where it is.
pub(crate) fn observer() -> PathBuf {
    env::var_os("OBSERVER_BIN").map_or_else(|| env!("CARGO_BIN_EXE_observer").into(), Into::into)
}

/// `observer WORDS…`.
pub(crate) fn observer_with(words: &[&str]) -> Command {
    let mut command = Command::new(observer());
    prepare(command.args(words));
    command
}

/// The program by a descriptor, so that no folder is in the way of another user. The descriptor is
/// to be kept until the program has started.
pub(crate) fn observer_by_descriptor(words: &[&str]) -> (Command, File) {
    let program = File::open(observer()).expect("the program");
    let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
    prepare(command.args(words));
    (command, program)
}

/// No input, and none of the variables by which a user sets how the program writes and whom it
/// asks.
pub(crate) fn prepare(command: &mut Command) {
    command.stdin(Stdio::null());
    let settings = ["NO_COLOR", "COLUMNS", "LINES", "RUST_BACKTRACE", "DOCKER_HOST"];
    for variable in settings {
        command.env_remove(variable);
    }
}

/// Adds the object that the environment asks for, if it does.
pub(crate) fn give_object(command: &mut Command) {
    if let Some(object) = env::var_os("OBSERVER_BPF_OBJECT") {
        command.arg("--bpf-object").arg(object);
    }
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) errors: String,
}

impl Answer {
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::within(command, soon())
    }

    pub(crate) fn within(command: &mut Command, time: Duration) -> Self {
        let (status, out, errors) = output(command, time);
        Self { code: status.code(), out, errors }
    }

    /// The lines of one that went well and had nothing to add.
    pub(crate) fn lines(&self) -> Vec<&str> {
        assert_eq!((self.code, self.errors.as_str()), (Some(0), ""), "status, stderr");
        self.out.lines().collect()
    }

    /// The only line, without a header.
    pub(crate) fn line(&self) -> &str {
        let lines = self.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines[0]
    }
}

/// Runs a command that should end by itself.
pub(crate) fn output(command: &mut Command, within: Duration) -> (ExitStatus, String, String) {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut started = Started::new(command);
    let streams: [Box<dyn Read + Send>; 2] = [
        Box::new(started.child.stdout.take().expect("a pipe")),
        Box::new(started.child.stderr.take().expect("a pipe")),
    ];
    let [out, errors] = streams.map(|mut stream| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).expect("a readable pipe");
            String::from_utf8(bytes).expect("messages in UTF-8")
        })
    });
    let ended = started.reap_within(within);
    let out = out.join().expect("the reader of stdout");
    let errors = errors.join().expect("the reader of stderr");
    (ExitStatus::from_raw(ended.status), out, errors)
}
