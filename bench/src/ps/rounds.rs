//! All contestants in turn, round after round, at each number of processes.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::contest::{Contestant, Job, Program, Programs};
use super::floor;
use crate::crowd::{self, Crowd};
use crate::measured::{self, Sample};
use crate::quiet::Patience;
use crate::score;

/// At how many processes, and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) processes: u64,
    pub(crate) rounds: usize,
}

/// Where it is measured.
#[derive(Clone, Copy)]
pub(crate) struct Arena<'a> {
    pub(crate) programs: &'a Programs,
    pub(crate) contestants: &'a [Contestant],
    pub(crate) folder: &'a Path,
    pub(crate) patience: Patience,
}

/// What all did at one number of processes.
#[derive(Debug)]
pub(crate) struct Scores {
    pub(crate) size: Size,
    /// Processes that there really were.
    pub(crate) running: u64,
    pub(crate) all: Vec<Score>,
    /// Microseconds a process, round by round.
    pub(crate) floor: Vec<f64>,
}

/// What one contestant did, round by round.
pub(crate) type Score = score::Score<Contestant>;

/// A size that was measured, or why it was not.
pub(crate) type Outcome = Result<Scores, (Size, String)>;

/// The crowd grows from size to size. A size that the machine cannot have is left out.
pub(crate) fn play(arena: Arena<'_>, sizes: &[Size]) -> Result<Vec<Outcome>> {
    let mut crowd = Crowd::new()?;
    let mut outcomes = Vec::new();
    for size in sizes {
        outcomes.push(match crowd.fill_up_to(size.processes) {
            Ok(()) => Ok(arena.play(*size, crowd.len())?),
            Err(error) => Err((*size, format!("{error:#}"))),
        });
    }
    Ok(outcomes)
}

impl Arena<'_> {
    fn play(self, size: Size, idle: usize) -> Result<Scores> {
        let running = crowd::running()?;
        eprintln!("{running} processes, {} rounds", size.rounds);
        let mut scores = Scores {
            size,
            running,
            all: self.contestants.iter().cloned().map(Score::new).collect(),
            floor: Vec::new(),
        };
        // One round that does not count: then caches are warm for all.
        self.round(idle)?;
        for _ in 0..size.rounds {
            let (runs, floor) = self.patience.undisturbed(|| self.round(idle))?;
            for (score, run) in scores.all.iter_mut().zip(runs) {
                score.add(run)?;
            }
            scores.floor.push(floor);
        }
        Ok(scores)
    }

    fn round(self, idle: usize) -> Result<(Vec<Result<Sample>>, f64)> {
        let runs = self.contestants.iter().map(|contestant| self.run(contestant, idle)).collect();
        Ok((runs, floor::measure()?))
    }

    /// One command, which must have listed all who were there the whole time, below a header.
    fn run(self, contestant: &Contestant, idle: usize) -> Result<Sample> {
        let output = self.folder.join("out");
        let sample = measured::run(&contestant.command(self.programs), &output)?;
        let lines = measured::lines(&output)?;
        ensure!(
            !contestant.job.prints_lines() || lines > idle,
            "`{}` printed {lines} lines of {idle} idle processes and all others",
            contestant.typed(),
        );
        Ok(sample)
    }
}

impl Scores {
    pub(crate) fn of(&self, job: Job, program: Program) -> Result<&Score> {
        let is_it =
            |score: &&Score| score.contestant.job == job && score.contestant.program == program;
        self.all.iter().find(is_it).with_context(|| format!("nobody does {}", job.name()))
    }
}

impl score::Contestant for Contestant {
    fn may_fail(&self) -> bool {
        self.program != Program::Observer
    }
}
