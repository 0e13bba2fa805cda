//! Why an engine gave no answer, or no container was found.

use std::{fmt, io, path::PathBuf, time::Duration};

/// For all engines together.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Why no container was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Not one engine answered.
    #[error("no container engine answers: {}", list_failures(.0))]
    NoEngine(Vec<Failure>),
    /// Those that answered do not know it.
    #[error("no container is called `{name}`{}", but(.failures))]
    NotThere {
        /// What was asked for.
        name: String,
        /// Engines that are there and did not answer.
        failures: Vec<Failure>,
    },
}

/// An engine that was asked in vain.
#[derive(Debug)]
pub struct Failure {
    /// Its socket, or what `$DOCKER_HOST` holds.
    pub socket: PathBuf,
    /// What went wrong.
    pub why: Why,
}

/// What went wrong with one engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    /// `$DOCKER_HOST` names no socket of this machine.
    #[error("only unix:// sockets can be used")]
    NotUnix,
    /// The socket is not there, or not for us.
    #[error("{0}")]
    Io(io::Error),
    /// It took too long.
    #[error("no answer within {} s", PATIENCE.as_secs())]
    TooSlow,
    /// Its answer has no end.
    #[error("its answer is larger than 4 MiB")]
    TooLarge,
    /// It refused, in its own words.
    #[error("it answered {status}{}{message}", if .message.is_empty() { "" } else { ": " })]
    Refused {
        /// The status code of HTTP.
        status: u16,
        /// Its words, cut to a line.
        message: String,
    },
    /// Its answer is not one of the Docker API.
    #[error("its answer cannot be understood")]
    NotUnderstood,
}

impl Failure {
    /// Whether no engine listens there, which is no fault.
    pub(super) fn is_absent(&self) -> bool {
        matches!(&self.why, Why::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.socket.display(), self.why)
    }
}

/// Failures in one line, one after the other.
pub fn list_failures(failures: &[Failure]) -> String {
    failures.iter().map(Failure::to_string).collect::<Vec<_>>().join(", ")
}

fn but(failures: &[Failure]) -> String {
    if failures.is_empty() {
        return String::new();
    }
    format!("; some engines do not answer: {}", list_failures(failures))
}
