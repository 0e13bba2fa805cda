//! Opening and closing many tracepoints take the kernel its time. What goes on meanwhile, and how
//! opening can fail.

use std::io::{IsTerminal as _, Write as _, stderr};

use observer::{
    Error,
    tracepoint::{Fault, PerfFault},
};

use crate::exit::{Failure, describe};

/// How far it is, on a terminal.
#[derive(Debug)]
pub(super) struct Progress {
    /// How many there are, if that is to be told.
    of: Option<usize>,
}

impl Progress {
    /// For that many tracepoints; a few are done before anyone would read it.
    pub(super) fn new(of: usize) -> Self {
        const FEW: usize = 8;
        Self { of: Some(of).filter(|of| *of > FEW && stderr().is_terminal()) }
    }

    #[expect(clippy::print_stderr, reason = "what is not part of the stream")]
    pub(super) fn show(&self, done: usize) {
        if let Some(of) = self.of {
            eprint!("\robserver: {done} of {of} events open …\x1b[K");
            // A terminal that takes nothing any more is no reason to stop.
            let _gone = stderr().flush();
        }
    }

    #[expect(clippy::print_stderr, reason = "what is not part of the stream")]
    pub(super) fn clear(&self) {
        if self.of.is_some() {
            eprint!("\r\x1b[K");
        }
    }

    /// The last word: each takes the kernel some 40 ms, and nothing can be done meanwhile.
    #[expect(clippy::print_stderr, reason = "what is not part of the stream")]
    pub(super) fn closing(&self) {
        if let Some(of) = self.of {
            eprintln!("observer: closing {of} events");
        }
    }
}

/// A filter that the kernel alone refuses was typed wrong as well: it asks for a newer kernel, or
/// for a function or CPU that is not there.
pub(super) fn failure(error: Error) -> Failure {
    match error {
        Error::Tracepoint(Fault::Perf(PerfFault::Filter { .. })) => {
            Failure::Usage(describe(&error))
        }
        error => error.into(),
    }
}
