//! Any tracepoint beside perf and bpftrace: how many events a second without loss, what a reader
//! takes for each, and how much slower it makes what it watches.

mod arena;
mod contestant;
mod counting;
mod event;
mod full;
mod ladder;
pub(crate) mod load;
mod report;
mod session;

use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;

use self::arena::Arena;
use self::contestant::{Contestant, Rings};
use self::counting::Counter;
use self::event::Event;
use self::ladder::RATES;
use self::load::Load;
use self::report::Figures;
use super::Extent;
use super::quiet::Patience;

/// How much of everything.
#[derive(Debug, Clone, Copy)]
struct Amount {
    ladder: ladder::Size,
    ladder_of_equals: ladder::Size,
    /// Calls and turns at full rate.
    full: (u64, u64),
    full_rounds: usize,
    /// Those while they are only counted.
    counted: (u64, u64),
    counted_rounds: usize,
}

impl Amount {
    fn of(extent: Extent) -> Self {
        match extent {
            Extent::Quick => Self {
                ladder: ladder::Size { rounds: 2, milliseconds: 500 },
                ladder_of_equals: ladder::Size { rounds: 1, milliseconds: 500 },
                full: (400_000, 30_000),
                full_rounds: 2,
                counted: (10_000_000, 200_000),
                counted_rounds: 2,
            },
            Extent::Whole => Self {
                ladder: ladder::Size { rounds: 3, milliseconds: 2_000 },
                ladder_of_equals: ladder::Size { rounds: 3, milliseconds: 2_000 },
                full: (2_000_000, 200_000),
                full_rounds: 5,
                counted: (30_000_000, 500_000),
                counted_rounds: 3,
            },
        }
    }
}

/// Measures, and writes what is said of it.
pub(crate) fn measure(observer: &Path, folder: &TempDir, extent: Extent) -> Result<String> {
    let (amount, patience) = (Amount::of(extent), Patience::of(extent));
    let arena = Arena { observer, folder: folder.path(), patience };
    let Contestants { present, absent } = Contestants::find(arena)?;
    let climb = |rings, size| ladder::play(arena, &present, rings, size);
    let at_full_rate = |load| full::play(arena, &present, load, amount.full_rounds);
    let counted = |load| counting::play(arena, &Counter::ALL, load, amount.counted_rounds);
    let figures = Figures {
        ladder: climb(Rings::Default, amount.ladder)?,
        ladder_of_equals: climb(Rings::Equal, amount.ladder_of_equals)?,
        full: loads(amount.full).map(at_full_rate).into_iter().collect::<Result<_>>()?,
        counted: loads(amount.counted).map(counted).into_iter().collect::<Result<_>>()?,
        absent,
    };
    report::write(&figures)
}

/// Both, at full rate.
fn loads((number, turns): (u64, u64)) -> [(Event, Load); 2] {
    [(Event::Call, Load::Calls { number, rate: None }), (Event::Switch, Load::Switches { turns })]
}

/// The readers of a slow load, and those that cannot take part, with the reason.
#[derive(Debug, Default)]
struct Contestants {
    present: Vec<Contestant>,
    absent: Vec<(Contestant, String)>,
}

impl Contestants {
    fn find(arena: Arena<'_>) -> Result<Self> {
        let [rate, ..] = RATES;
        let load = Load::Calls { number: rate, rate: Some(rate) };
        let mut found = Self::default();
        for contestant in Contestant::ALL {
            match arena.beside(contestant, Event::Call, Rings::Default, load) {
                Ok(_) => found.present.push(contestant),
                Err(error) if contestant != Contestant::Observer => {
                    found.absent.push((contestant, format!("{error:#}")));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }
}
