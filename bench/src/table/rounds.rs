//! The monitor and the peers in turn, round after round, at each number of processes.

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::asked::{Job, Peer, Peers};
use super::program;
use super::session::{Memory, Session};
use crate::Extent;
use crate::crowd::Crowd;
use crate::measured::{self, Sample};
use crate::quiet::Patience;
use crate::stats::{float, median, range};

/// At how many processes, and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) processes: u64,
    pub(crate) rounds: usize,
    /// Of each job within a round.
    pub(crate) repetitions: usize,
}

/// Where it is measured.
#[derive(Clone, Copy)]
pub(crate) struct Arena<'a> {
    pub(crate) program: &'a Path,
    pub(crate) peers: &'a Peers,
    pub(crate) folder: &'a Path,
    pub(crate) patience: Patience,
    /// How long a monitor is watched while nobody asks it anything.
    pub(crate) idle_for: Duration,
}

/// What was measured at one number of processes.
#[derive(Debug)]
pub(crate) struct Scores {
    pub(crate) size: Size,
    pub(crate) rounds: Vec<Round>,
    pub(crate) memory: Memory,
    pub(crate) idle: Idle,
    /// Nanoseconds of each history.
    pub(crate) event_ns: Vec<f64>,
    /// Bytes of a table before a long history and after it.
    pub(crate) before_and_after: (u64, u64),
}

/// All of them once.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) start_ns: f64,
    /// Processes that there really were.
    pub(crate) processes: u64,
    /// In the order of [`Job::ALL`].
    pub(crate) jobs_ns: Vec<f64>,
    /// In the order of [`Peer::ALL`]; why, where one failed.
    pub(crate) peers: Vec<Result<Sample, String>>,
}

/// A monitor of which nobody wants anything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Idle {
    pub(crate) watched: Duration,
    pub(crate) cpu: Duration,
    /// What happened on the machine meanwhile.
    pub(crate) changes: u64,
}

/// A size that was measured, or why it was not.
pub(crate) type Outcome = Result<Scores, (Size, String)>;

/// Long enough that the monitor's own periodic check is in it.
pub(crate) fn idle_for(extent: Extent) -> Duration {
    match extent {
        Extent::Quick => Duration::from_secs(10),
        Extent::Whole => Duration::from_secs(35),
    }
}

/// The crowd grows from size to size. A size that the machine cannot have is left out.
pub(crate) fn play(arena: Arena<'_>, sizes: &[Size]) -> Result<Vec<Outcome>> {
    let mut crowd = Crowd::new()?;
    let mut outcomes = Vec::new();
    for size in sizes {
        outcomes.push(match crowd.fill_up_to(size.processes) {
            Ok(()) => Ok(arena.play(*size, &mut crowd)?),
            Err(error) => Err((*size, format!("{error:#}"))),
        });
    }
    Ok(outcomes)
}

impl Arena<'_> {
    fn play(self, size: Size, crowd: &mut Crowd) -> Result<Scores> {
        /// Histories, of which the median counts.
        const HISTORIES: usize = 5;
        eprintln!("{} processes, {} rounds", size.processes, size.rounds);
        // One round that does not count: then caches are warm for all.
        self.round(Size { repetitions: 1, ..size }, crowd.len())?;
        let mut rounds = Vec::new();
        for _ in 0..size.rounds {
            // Others that were there may have gone.
            crowd.fill_up_to(size.processes)?;
            let idle = crowd.len();
            rounds.push(self.patience.undisturbed(|| self.round(size, idle))?);
        }
        let event_ns = || program::nanoseconds_an_event(self.program, size.processes);
        let event_ns = (0..HISTORIES).map(|_| self.patience.undisturbed(event_ns));
        Ok(Scores {
            size,
            rounds,
            memory: self.memory()?,
            idle: self.patience.undisturbed(|| self.idle())?,
            event_ns: event_ns.collect::<Result<_>>()?,
            before_and_after: program::before_and_after(self.program, size.processes)?,
        })
    }

    /// A monitor is started anew, so that all that it takes of the machine ends with the round.
    fn round(self, size: Size, idle: usize) -> Result<Round> {
        let mut session = Session::start(self.program)?;
        let mut jobs_ns = Vec::new();
        let mut running = 0;
        for job in Job::ALL {
            let (nanoseconds, processes) = session.time(job.word(), size.repetitions)?;
            ensure!(
                processes >= idle as u64,
                "`{}` reported {processes} processes of {idle} idle ones and all others",
                job.word()
            );
            jobs_ns.push(float(nanoseconds));
            running = running.max(processes);
        }
        let peers = Peer::ALL.iter().map(|peer| self.run(*peer, idle));
        let peers = peers.map(|run| run.map_err(|error| format!("{error:#}"))).collect();
        let start_ns = float(session.start_ns);
        session.end()?;
        Ok(Round { start_ns, processes: running, jobs_ns, peers })
    }

    /// One command, which must have listed all who were there the whole time, below a header.
    fn run(self, peer: Peer, idle: usize) -> Result<Sample> {
        let output = self.folder.join("out");
        let sample = measured::run(&self.peers.command(peer), &output)?;
        let lines = measured::lines(&output)?;
        ensure!(lines > idle, "it printed {lines} lines of {idle} idle processes and all others");
        Ok(sample)
    }

    fn memory(self) -> Result<Memory> {
        let mut session = Session::start_counting(self.program)?;
        let memory = session.memory()?;
        session.end()?;
        Ok(memory)
    }

    fn idle(self) -> Result<Idle> {
        let mut session = Session::start(self.program)?;
        session.process().settle()?;
        let changes = session.changes()?;
        let before = session.process().cpu_time()?;
        thread::sleep(self.idle_for);
        let cpu = session.process().cpu_time()?.saturating_sub(before);
        let changes = session.changes()?.saturating_sub(changes);
        session.end()?;
        Ok(Idle { watched: self.idle_for, cpu, changes })
    }
}

impl Scores {
    /// Nanoseconds of a job, round by round.
    pub(crate) fn job(&self, job: Job) -> impl Iterator<Item = f64> {
        self.rounds.iter().filter_map(move |round| round.job(job))
    }

    pub(crate) fn median(&self, job: Job) -> f64 {
        median(self.job(job))
    }

    /// Nanoseconds of a job for each process that there really was: median over the rounds.
    pub(crate) fn nanoseconds_a_process(&self, job: Job) -> f64 {
        let each = |round: &Round| Some(round.job(job)? / float(round.processes.max(1)));
        median(self.rounds.iter().filter_map(each))
    }

    /// The least and the most processes that there really were.
    pub(crate) fn running(&self) -> (f64, f64) {
        range(self.rounds.iter().map(|round| float(round.processes)))
    }

    /// What a peer took in the rounds that it ended well.
    pub(crate) fn peer(&self, peer: Peer) -> impl Iterator<Item = Sample> {
        self.rounds.iter().filter_map(move |round| round.peer(peer)?.as_ref().ok().copied())
    }

    /// How often it failed, and why it did last.
    pub(crate) fn failures(&self, peer: Peer) -> (usize, Option<&str>) {
        let runs = self.rounds.iter().filter_map(|round| round.peer(peer));
        let mut whys = runs.filter_map(|run| run.as_ref().err());
        let last = whys.next_back();
        (whys.count() + usize::from(last.is_some()), last.map(String::as_str))
    }

    /// How many times faster than the peer it is, in each round that both ended well.
    pub(crate) fn times_faster(&self, job: Job, peer: Peer) -> Vec<f64> {
        let ratio = |round: &Round| {
            let sample = round.peer(peer)?.as_ref().ok()?;
            Some(sample.wall.as_secs_f64() * 1e9 / round.job(job)?)
        };
        self.rounds.iter().filter_map(ratio).collect()
    }

    /// Bytes of the heap for each process, its arguments left out.
    pub(crate) fn bytes_a_process(&self) -> f64 {
        let Memory { heap_bytes, argument_bytes, processes } = self.memory;
        float(heap_bytes.saturating_sub(argument_bytes)) / float(processes.max(1))
    }
}

impl Round {
    fn job(&self, job: Job) -> Option<f64> {
        let at = Job::ALL.iter().position(|known| *known == job)?;
        self.jobs_ns.get(at).copied()
    }

    fn peer(&self, peer: Peer) -> Option<&Result<Sample, String>> {
        let at = Peer::ALL.iter().position(|known| *known == peer)?;
        self.peers.get(at)
    }
}

impl Idle {
    /// In per cent of one CPU.
    pub(crate) fn percent(self) -> f64 {
        self.cpu.as_secs_f64() / self.watched.as_secs_f64() * 100.0
    }
}
