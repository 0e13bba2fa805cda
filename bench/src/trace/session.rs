//! One contestant from its start to its end.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::contestant::{Contestant, Rings};
use super::event::Event;
use super::load::{self, Made};
use crate::measured;
use crate::program::Program;
use crate::stats::float;
use crate::usage::Process;

/// A contestant that reads, with its output in a file.
#[derive(Debug)]
pub(crate) struct Session {
    contestant: Contestant,
    event: Event,
    program: Program,
    output: PathBuf,
}

/// What came of a load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    /// Events of the load that have a line.
    pub(crate) events: u64,
    /// What was needed to make lines of its output afterwards, for these events.
    pub(crate) cpu_afterwards: Duration,
}

impl Session {
    /// Starts it with its output in `folder` and waits until it reads.
    pub(crate) fn start(
        contestant: Contestant,
        event: Event,
        rings: Rings,
        (observer, folder): (&Path, &Path),
    ) -> Result<Self> {
        let (output, said, errors) = (folder.join("out"), folder.join("said"), folder.join("err"));
        let mut command = contestant.command(observer, event, rings, &output);
        let stdout = match contestant {
            Contestant::Observer | Contestant::Bpftrace => &output,
            Contestant::PerfTrace | Contestant::PerfRecord => &said,
        };
        // One that writes its file itself must not find that of another.
        File::create(&output)?;
        command.stdout(File::create(stdout)?).stderr(File::create(&errors)?);
        let program = Program::start(&mut command)?;
        let mut session = Self { contestant, event, program, output };
        session.wait_until_it_reads().with_context(|| {
            let said = fs::read_to_string(&errors).unwrap_or_default();
            format!("{} said: {}", contestant.name(), said.trim())
        })?;
        Ok(session)
    }

    pub(crate) fn process(&self) -> Process {
        self.program.process()
    }

    /// Ends it and counts the events of the load that it reported.
    pub(crate) fn end(mut self, made: &Made) -> Result<Told> {
        self.program.interrupt()?;
        let Some(words) = self.contestant.to_lines(&self.output) else {
            let (about_load, _) = self.count(&self.output, made)?;
            return Ok(Told { events: about_load, cpu_afterwards: Duration::ZERO });
        };
        let lines = self.output.with_extension("lines");
        let cpu = measured::run(&words, &lines)?.cpu;
        let (about_load, all) = self.count(&lines, made)?;
        let cpu_afterwards = cpu.mul_f64(float(about_load) / float(all.max(1)));
        Ok(Told { events: about_load, cpu_afterwards })
    }

    /// Most of them keep lines back: so bursts, until most of one is in the file. The second counts:
    /// a file may grow for other reasons at the start.
    fn wait_until_it_reads(&mut self) -> Result<()> {
        const BURST: u64 = 20_000;
        /// Of its output for an event, far less than anyone's.
        const BYTES: u64 = 16;
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut grown = 0;
        while grown < 2 {
            self.program.expect_running()?;
            ensure!(Instant::now() < deadline, "it reported no event within 30 s");
            let before = size(&self.output)?;
            load::run(self.event.probe(BURST))?;
            if self.grows_to(before + BURST * BYTES)? {
                grown += 1;
            }
        }
        self.process().settle()
    }

    /// Waits for it for a moment.
    fn grows_to(&self, bytes: u64) -> Result<bool> {
        let deadline = Instant::now() + Duration::from_millis(500);
        while Instant::now() < deadline {
            if size(&self.output)? >= bytes {
                return Ok(true);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(false)
    }

    /// Lines about the load, and all.
    fn count(&self, file: &Path, made: &Made) -> Result<(u64, u64)> {
        let cannot = || format!("cannot read `{}`", file.display());
        let mut lines = BufReader::new(File::open(file).with_context(cannot)?);
        let (mut about_load, mut all) = (0, 0);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).with_context(cannot)? > 0 {
            let text = String::from_utf8_lossy(&line);
            let id = self.contestant.id_in(&text, self.event);
            about_load += u64::from(id.is_some_and(|id| self.event.is_told(&text, id, made)));
            all += 1;
            line.clear();
        }
        Ok((about_load, all))
    }
}

fn size(file: &Path) -> Result<u64> {
    let metadata = fs::metadata(file);
    Ok(metadata.with_context(|| format!("cannot look at `{}`", file.display()))?.len())
}
