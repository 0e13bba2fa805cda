//! The load: events of which it is known exactly how many there are.
//!
//! It is this program again, so that each load has ids of its own by which its events are told
//! from all others.

mod calls;
mod switches;

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use xtask::shell;

pub(crate) use self::switches::NAME as NAME_OF_SWITCHES;

/// The load of `xtask bench trace`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    load: Load,
}

#[derive(Debug, Clone, Copy, clap::Subcommand)]
pub(crate) enum Load {
    /// A system call that hardly anybody makes
    Calls {
        /// How many
        #[arg(long)]
        number: u64,
        /// How many a second; without, as fast as can be
        #[arg(long)]
        rate: Option<u64>,
    },
    /// Two processes that take turns on one CPU
    Switches {
        /// How often each
        #[arg(long)]
        turns: u64,
    },
    /// The other of the two
    Answer,
}

/// What a load has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) wall: Duration,
    pub(crate) events: u64,
    /// Of its process and its threads.
    pub(crate) ids: Vec<u64>,
}

/// Runs it to its end.
pub(crate) fn run(load: Load) -> Result<Made> {
    let us = std::env::current_exe().context("cannot find our own program")?;
    let said = shell::capture(Command::new(us).arg("load").args(load.words()))?;
    Made::read(&said).with_context(|| format!("the load said `{}`", said.trim()))
}

/// The other side of [`run`].
pub(crate) fn load(options: &Options) -> Result<()> {
    match options.load {
        Load::Calls { number, rate } => calls::make(number, rate)?.say(),
        Load::Switches { turns } => switches::make(turns)?.say(),
        Load::Answer => switches::answer()?,
    }
    Ok(())
}

impl Load {
    fn words(self) -> Vec<String> {
        let mut words = Vec::new();
        match self {
            Self::Calls { number, rate } => {
                words.extend(["calls".into(), format!("--number={number}")]);
                words.extend(rate.map(|rate| format!("--rate={rate}")));
            }
            Self::Switches { turns } => {
                words.extend(["switches".into(), format!("--turns={turns}")]);
            }
            Self::Answer => words.push("answer".into()),
        }
        words
    }
}

impl Made {
    fn say(&self) {
        let ids: Vec<_> = self.ids.iter().map(u64::to_string).collect();
        println!("{} {} {}", self.wall.as_nanos(), self.events, ids.join(" "));
    }

    fn read(said: &str) -> Result<Self> {
        let numbers = said.split_whitespace().map(str::parse).collect::<Result<Vec<u64>, _>>()?;
        let [wall, events, ref ids @ ..] = numbers[..] else {
            anyhow::bail!("a time and a number were expected");
        };
        Ok(Self { wall: Duration::from_nanos(wall), events, ids: ids.to_vec() })
    }

    /// Events a second.
    pub(crate) fn rate(&self) -> f64 {
        crate::stats::float(self.events) / self.wall.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn what_was_said_is_read() {
        let made = Made::read("1500000 20 7 8\n").unwrap();
        assert_eq!(made.wall, Duration::from_micros(1500));
        assert_eq!((made.events, &made.ids[..]), (20, &[7, 8][..]));
        assert!(Made::read("1").is_err());
        assert!(Made::read("1 x").is_err());
    }

    #[test]
    fn the_other_side_understands_us() {
        let calls = Load::Calls { number: 10, rate: Some(5) };
        for load in [calls, Load::Switches { turns: 3 }, Load::Answer] {
            let words = ["load".to_owned()].into_iter().chain(load.words());
            let understood = Cli::try_parse_from(words).unwrap().options.load;
            assert_eq!(format!("{understood:?}"), format!("{load:?}"));
        }
    }
}
