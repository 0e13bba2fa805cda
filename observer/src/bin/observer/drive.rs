//! The one loop of every command that prints a stream: what is there is taken in and printed, then
//! waited for more, until an end that was asked for, a signal, or until nobody reads any more.

use std::os::fd::BorrowedFd;

use observer::pace::Wait;

use crate::{
    exit::Failure,
    output::{Flow, Output},
    signals::EndSignals,
    until::{Until, wait_for_more},
};

/// What is printed as it comes.
pub(crate) trait Stream {
    /// Readable when there is something to do.
    fn as_fd(&self) -> BorrowedFd<'_>;

    /// Takes in what is there, prints it to the output's lines, and says how long to wait for more.
    fn step(&mut self) -> Result<Wait, Failure>;

    /// Where the lines wait to be written.
    fn output(&self) -> &Output;

    /// The output, to write the lines.
    fn output_mut(&mut self) -> &mut Output;

    /// The end that was asked for.
    fn until(&self) -> &Until;

    /// Whether nothing more is to be printed, or nothing can come.
    fn is_done(&self) -> bool;
}

/// Prints until the stream is done, or as the flow says.
///
/// # Errors
///
/// What keeps the stream from being read or its lines from being written.
pub(crate) fn drive(stream: &mut impl Stream, signals: &mut EndSignals) -> Result<Flow, Failure> {
    let mut flow = stream.output_mut().flush(signals)?;
    while flow == Flow::On && !stream.is_done() {
        let wait = stream.step()?;
        flow = stream.output_mut().flush(signals)?;
        if flow == Flow::On && !stream.is_done() {
            let timeout = stream.until().timeout(wait.limit());
            flow = wait_for_more(Some(stream.as_fd()), signals, stream.output(), timeout)?;
        }
    }
    Ok(flow)
}
