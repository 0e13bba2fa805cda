//! The monitor and all commands in turn, round after round.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::asked::{Asked, Programs};
use super::{floor, worlds};
use crate::crowd::{self, Crowd};
use crate::measured::{self, Sample};
use crate::quiet::Patience;
use crate::score;
use crate::stats::float;
use crate::table::session::Session;

/// At how many processes, and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) processes: u64,
    pub(crate) rounds: usize,
    /// Of the question to a monitor within a round.
    pub(crate) repetitions: usize,
}

/// Where it is measured.
#[derive(Clone, Copy)]
pub(crate) struct Arena<'a> {
    pub(crate) programs: &'a Programs,
    /// The program that keeps a monitor.
    pub(crate) monitor: &'a Path,
    pub(crate) folder: &'a Path,
    pub(crate) patience: Patience,
}

/// What one command did, round by round.
pub(crate) type Score = score::Score<Asked>;

/// What was measured.
#[derive(Debug)]
pub(crate) struct Scores {
    pub(crate) size: Size,
    /// Processes that there really were.
    pub(crate) running: u64,
    /// In the order of [`Asked::ALL`].
    pub(crate) all: Vec<Score>,
    /// Milliseconds of a question to a monitor, round by round.
    pub(crate) monitor_ms: Vec<f64>,
    /// Microseconds a process on one thread and on two, round by round.
    pub(crate) floors: Vec<[f64; 2]>,
}

/// All of them once.
struct Round {
    runs: Vec<Result<Sample>>,
    monitor_ms: f64,
    floors: [f64; 2],
}

/// Makes the crowd and measures.
pub(crate) fn play(arena: Arena<'_>, size: Size) -> Result<Scores> {
    let mut crowd = Crowd::new()?;
    worlds::populate(&mut crowd)?;
    crowd.fill_up_to(size.processes)?;
    let running = crowd::running()?;
    eprintln!("{running} processes, {} rounds", size.rounds);
    let mut scores = Scores {
        size,
        running,
        all: Asked::ALL.map(Score::new).into(),
        monitor_ms: Vec::new(),
        floors: Vec::new(),
    };
    // One round that does not count: then caches are warm for all.
    arena.round(Size { repetitions: 1, ..size }, crowd.len())?;
    for _ in 0..size.rounds {
        let Round { runs, monitor_ms, floors } =
            arena.patience.undisturbed(|| arena.round(size, crowd.len()))?;
        for (score, run) in scores.all.iter_mut().zip(runs) {
            score.add(run)?;
        }
        scores.monitor_ms.push(monitor_ms);
        scores.floors.push(floors);
    }
    Ok(scores)
}

impl Arena<'_> {
    fn round(self, size: Size, idle: usize) -> Result<Round> {
        Ok(Round {
            monitor_ms: self.ask(size, idle)?,
            runs: Asked::ALL.into_iter().map(|asked| self.run(asked)).collect(),
            floors: [floor::measure(1)?, floor::measure(2)?],
        })
    }

    /// A monitor is started anew, and has ended before the commands: they run without its hooks.
    fn ask(self, size: Size, idle: usize) -> Result<f64> {
        let mut session = Session::start(self.monitor)?;
        let (nanoseconds, processes) = session.time("namespaces", size.repetitions)?;
        session.end()?;
        ensure!(
            processes >= idle as u64,
            "a monitor reported {processes} processes of {idle} idle ones and all others"
        );
        Ok(float(nanoseconds) / 1e6)
    }

    /// One command, which must have listed all namespaces that we made, below a header.
    fn run(self, asked: Asked) -> Result<Sample> {
        let output = self.folder.join("out");
        let sample = measured::run(&asked.command(self.programs), &output)?;
        let (lines, made) = (measured::lines(&output)?, worlds::namespaces());
        ensure!(
            !asked.prints_lines() || lines > made,
            "`{}` printed {lines} lines of {made} namespaces and all others",
            asked.typed()
        );
        Ok(sample)
    }
}

impl Scores {
    pub(crate) fn of(&self, asked: Asked) -> Result<&Score> {
        let found = self.all.iter().find(|score| score.contestant == asked);
        found.with_context(|| format!("nobody ran `{}`", asked.typed()))
    }

    /// The monitor's time as a part of a command's, in each round that the command ended well.
    pub(crate) fn monitor_ratios(&self, peer: &Score) -> Vec<f64> {
        score::ratios(self.monitor_ms.iter().copied().map(Some), peer.times())
    }
}
