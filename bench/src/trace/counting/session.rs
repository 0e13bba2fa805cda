//! One counter from its start to its end.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::counter::Counter;
use crate::program::Program;
use crate::trace::event::Event;
use crate::trace::load;
use crate::usage::Process;

/// A counter that counts, with its output in a file.
pub(crate) struct Session {
    counter: Counter,
    event: Event,
    program: Program,
    output: PathBuf,
}

impl Session {
    pub(crate) fn start(
        counter: Counter,
        event: Event,
        observer: &Path,
        folder: &Path,
    ) -> Result<Self> {
        let (output, errors) = (folder.join("out"), folder.join("err"));
        File::create(&output)?;
        let mut command = counter.command(observer, event, &output);
        command.stderr(File::create(&errors)?);
        // perf writes its file itself.
        command.stdout(match counter {
            Counter::PerfStat => Stdio::null(),
            Counter::Observer | Counter::Bpftrace => File::create(&output)?.into(),
        });
        let program = Program::start(&mut command)?;
        let mut session = Self { counter, event, program, output };
        session.wait_until_it_counts().with_context(|| {
            let said = fs::read_to_string(&errors).unwrap_or_default();
            format!("{} said: {}", counter.name(), said.trim())
        })?;
        Ok(session)
    }

    pub(crate) fn process(&self) -> Process {
        self.program.process()
    }

    /// Until it has counted a burst, and its table of that second is out.
    fn wait_until_it_counts(&mut self) -> Result<()> {
        const BURST: u64 = 2_000;
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            self.program.expect_running()?;
            ensure!(Instant::now() < deadline, "it counted nothing within 30 s");
            let before = self.counted()?;
            load::run(self.event.probe(BURST))?;
            if self.wait_for(before + BURST, Duration::from_millis(1500))? {
                return Ok(());
            }
        }
    }

    /// Whether it counted so many in this time.
    pub(crate) fn wait_for(&self, count: u64, time: Duration) -> Result<bool> {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            if self.counted()? >= count {
                return Ok(true);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(false)
    }

    /// Ends it and says what it has counted in all.
    pub(crate) fn end(mut self) -> Result<u64> {
        self.program.interrupt()?;
        self.counted()
    }

    /// What it has counted so far.
    pub(crate) fn counted(&self) -> Result<u64> {
        let text = fs::read_to_string(&self.output)
            .with_context(|| format!("cannot read `{}`", self.output.display()))?;
        Ok(self.counter.counted_in(&text, self.event))
    }
}
