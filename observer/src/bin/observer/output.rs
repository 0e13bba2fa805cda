//! Standard output that neither blocks the program for good nor complains when its reader goes.

use std::{
    io::{ErrorKind, Write as _},
    os::fd::{AsFd, BorrowedFd},
};

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::stat::{SFlag, fstat},
    unistd::write,
};
use observer::Error;

use crate::signals::EndSignals;

/// What to do after writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Go on.
    On,
    /// End in order: a signal came.
    End,
    /// Nobody reads any more.
    Closed,
}

/// A pipe that polls as writable takes this much without blocking (`PIPE_BUF`).
const SLICE: usize = 4096;

/// A file never blocks for a reader.
const FILE_SLICE: usize = 1 << 20;

/// When an end was asked for, how long a reader that does not read is waited for.
const LAST_WORDS_MS: u16 = 1000;

/// Lines gathered between two writes.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) lines: Vec<u8>,
    stdout: std::io::Stdout,
    /// Bytes given to one write.
    slice: usize,
}

impl Output {
    pub(crate) fn new() -> Self {
        let stdout = std::io::stdout();
        let slice = if is_file(stdout.as_fd()) { FILE_SLICE } else { SLICE };
        Self { lines: Vec::new(), stdout, slice }
    }

    /// The descriptor, to notice that its reader has gone.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.stdout.as_fd()
    }

    /// Writes what was gathered. A signal is noticed while a reader does not read.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when the output cannot take any more, such as a full disk.
    pub(crate) fn flush(&mut self, signals: &mut EndSignals) -> Result<Flow, Error> {
        let mut flow = Flow::On;
        let mut begin = 0;
        while begin < self.lines.len() {
            match self.wait(signals, flow)? {
                Writable::Yes => {}
                Writable::EndFirst => flow = Flow::End,
                Writable::Never => break,
            }
            let end = self.lines.len().min(begin + self.slice);
            match write(self.fd(), self.lines.get(begin..end).unwrap_or_default()) {
                Ok(count) => begin += count,
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                Err(Errno::EPIPE) => return Ok(Flow::Closed),
                Err(errno) => return Err(failed(errno)),
            }
        }
        self.lines.clear();
        // One argument list may be megabytes.
        self.lines.shrink_to(1 << 20);
        Ok(flow)
    }

    fn wait(&self, signals: &mut EndSignals, flow: Flow) -> Result<Writable, Error> {
        let ending = flow == Flow::End;
        loop {
            let mut fds = [
                PollFd::new(self.fd(), PollFlags::POLLOUT),
                PollFd::new(signals.as_fd(), PollFlags::POLLIN),
            ];
            let timeout = if ending { LAST_WORDS_MS.into() } else { PollTimeout::NONE };
            let watched = if ending { &mut fds[..1] } else { &mut fds[..] };
            match poll(watched, timeout) {
                Ok(0) => return Ok(Writable::Never),
                Ok(_) if fds[0].any() == Some(true) => return Ok(Writable::Yes),
                Ok(_) if signals.take() => return Ok(Writable::EndFirst),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(failed(errno)),
            }
        }
    }
}

/// Whether a slice can be written now.
enum Writable {
    Yes,
    /// A signal came while waiting.
    EndFirst,
    /// The reader was waited for long enough.
    Never,
}

/// Writes all of it at once. A reader that has gone is no failure.
///
/// # Errors
///
/// [`Error::System`] when the output cannot take any more, such as a full disk.
pub(crate) fn print(text: &[u8]) -> Result<(), Error> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other
            .map_err(|source| Error::System { what: "cannot write to standard output", source }),
    }
}

/// Of the terminal on stdout; `COLUMNS` wins, as for ps(1).
pub(crate) fn terminal_width() -> Option<usize> {
    width_of(std::io::stdout())
}

/// Of the terminal there, if it is one; `COLUMNS` wins.
pub(crate) fn width_of(place: impl AsFd) -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(place)?;
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    Some(columns.unwrap_or(usize::from(width.0)))
}

/// Lines of the terminal on stdout.
pub(crate) fn terminal_height() -> Option<usize> {
    let (_, height) = terminal_size::terminal_size_of(std::io::stdout())?;
    Some(usize::from(height.0))
}

fn is_file(fd: BorrowedFd<'_>) -> bool {
    fstat(fd)
        .is_ok_and(|stat| SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == SFlag::S_IFREG)
}

fn failed(errno: Errno) -> Error {
    Error::System { what: "cannot write to standard output", source: errno.into() }
}
