//! One run of the program that keeps a monitor: a question, an answer.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::program::Program;
use crate::usage::Process;

/// A monitor that is ready.
#[derive(Debug)]
pub(crate) struct Session {
    program: Program,
    /// Taken when it shall end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// Nanoseconds from the monitor's start until it was ready.
    pub(crate) start_ns: u64,
}

/// What a monitor takes of the heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) heap_bytes: u64,
    /// Of those the arguments.
    pub(crate) argument_bytes: u64,
    pub(crate) processes: u64,
}

impl Session {
    pub(crate) fn start(program: &Path) -> Result<Self> {
        Self::begin(Command::new(program).arg("live"))
    }

    /// One that counts its bytes, and takes longer for it.
    pub(crate) fn start_counting(program: &Path) -> Result<Self> {
        Self::begin(Command::new(program).args(["--count-heap", "live"]))
    }

    fn begin(command: &mut Command) -> Result<Self> {
        let mut program = Program::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let input = program.child().stdin.take();
        let output = program.child().stdout.take().context("there is no pipe")?;
        let output = BufReader::new(output);
        let mut session = Self { program, input, output, start_ns: 0 };
        session.start_ns = session.answer()?.number("start_ns")?;
        Ok(session)
    }

    /// The median time of so many repetitions of a job, in nanoseconds, and of how many processes it
    /// was.
    pub(crate) fn time(&mut self, job: &str, repetitions: usize) -> Result<(u64, u64)> {
        let said = self.ask(&format!("{job} {repetitions}"))?;
        Ok((said.number("nanoseconds")?, said.number("processes")?))
    }

    pub(crate) fn memory(&mut self) -> Result<Memory> {
        let said = self.ask("memory")?;
        Ok(Memory {
            heap_bytes: said.number("heap_bytes")?,
            argument_bytes: said.number("argument_bytes")?,
            processes: said.number("processes")?,
        })
    }

    /// Changes that it has told so far.
    pub(crate) fn changes(&mut self) -> Result<u64> {
        self.ask("statistics")?.number("changes")
    }

    pub(crate) fn process(&self) -> Process {
        self.program.process()
    }

    pub(crate) fn end(mut self) -> Result<()> {
        drop(self.input.take());
        let status = self.program.wait()?;
        ensure!(status.success(), "the program that measures failed: {status}");
        Ok(())
    }

    fn ask(&mut self, words: &str) -> Result<Said> {
        let input = self.input.as_mut().context("there is no pipe")?;
        writeln!(input, "{words}").context("the program that measures has ended")?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Said> {
        let mut line = String::new();
        self.output.read_line(&mut line).context("cannot read an answer")?;
        ensure!(!line.is_empty(), "the program that measures ended without an answer");
        Ok(Said::new(&line))
    }
}

/// An answer: one flat object of numbers.
#[derive(Debug)]
pub(crate) struct Said(String);

impl Said {
    pub(crate) fn new(line: &str) -> Self {
        Self(line.trim().to_owned())
    }

    pub(crate) fn number(&self, name: &str) -> Result<u64> {
        let label = format!("\"{name}\":");
        let digits = self.0.split_once(&label).and_then(|(_, rest)| rest.split([',', '}']).next());
        let number = digits.and_then(|digits| digits.parse().ok());
        number.with_context(|| format!("no `{name}` in the answer `{}`", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_by_name() {
        let said = Said::new("{\"nanoseconds\":1500,\"processes\":7}\n");
        assert_eq!(said.number("nanoseconds").unwrap(), 1500);
        assert_eq!(said.number("processes").unwrap(), 7);
        let missing = said.number("seconds").unwrap_err().to_string();
        assert_eq!(missing, "no `seconds` in the answer `{\"nanoseconds\":1500,\"processes\":7}`");
    }
}
