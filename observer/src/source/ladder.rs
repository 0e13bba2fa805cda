//! Which source works here: the steps from the one that tells most to the one that needs nothing.

use std::os::fd::BorrowedFd;

use super::{
    Backend, CpuTotals, Item, Options, Origin, Overhears, Source, perf::PerfSource,
    proc::ProcSource,
};
#[cfg(feature = "ebpf")]
use super::{
    Walks,
    bpf::{BpfSource, Object},
};
use crate::{Error, event::Kind, facts::EventFacts};

/// Any source.
pub type AnySource = Box<dyn Source + Send>;

/// A source that runs, and the steps above it that do not.
#[expect(missing_debug_implementations, reason = "a source need not have one")]
pub struct Opened {
    /// The source.
    pub source: AnySource,
    /// The better ones that were tried, and what keeps them from working.
    pub refused: Vec<(Origin, Error)>,
}

/// Starts the source that is asked for; with [`Backend::Auto`] the first that works of those that
/// see every life. When it returns, nothing that the source can see is missed any more.
///
/// # Errors
///
/// That of the source that was asked for; [`Error::NoSource`] if none works.
pub fn open(options: &Options) -> Result<Opened, Error> {
    let origin = match options.backend {
        Backend::Auto => return first_that_works(options),
        Backend::Bpf => Origin::Bpf,
        Backend::Perf => Origin::Perf,
        Backend::Proc => Origin::Proc,
    };
    Ok(Opened { source: step(origin, options)?, refused: Vec::new() })
}

/// Listings of /proc are never among them: missing short-lived processes has to be asked for.
fn first_that_works(options: &Options) -> Result<Opened, Error> {
    #[cfg(feature = "ebpf")]
    if options.object != Object::BuiltIn {
        // Whoever names an object wants that one or none.
        return Ok(Opened { source: step(Origin::Bpf, options)?, refused: Vec::new() });
    }
    let mut refused = Vec::new();
    for origin in [Origin::Bpf, Origin::Perf] {
        match step(origin, options) {
            Ok(source) => return Ok(Opened { source, refused }),
            Err(error) => refused.push((origin, error)),
        }
    }
    Err(Error::NoSource(refused))
}

fn step(origin: Origin, options: &Options) -> Result<AnySource, Error> {
    Ok(match origin {
        #[cfg(feature = "ebpf")]
        Origin::Bpf => Box::new(BpfSource::open(options)?),
        #[cfg(not(feature = "ebpf"))]
        Origin::Bpf => return Err(Error::NotBuilt("ebpf")),
        Origin::Perf => Box::new(PerfSource::open(options)?),
        Origin::Proc => Box::new(ProcSource::open(options)?),
    })
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn origin(&self) -> Origin {
        (**self).origin()
    }

    fn facts(&self) -> EventFacts {
        (**self).facts()
    }

    fn attach(&mut self, kinds: &[Kind]) -> Result<(), Error> {
        (**self).attach(kinds)
    }

    fn drain(&mut self, limit: usize, each: &mut dyn FnMut(Item)) -> Result<usize, Error> {
        (**self).drain(limit, each)
    }

    fn settle(&mut self) -> Result<(), Error> {
        (**self).settle()
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        (**self).as_fd()
    }

    fn sleep(&mut self) -> Result<(), Error> {
        (**self).sleep()
    }

    fn totals(&self) -> Result<Vec<CpuTotals>, Error> {
        (**self).totals()
    }

    #[cfg(feature = "ebpf")]
    fn walks(&mut self) -> Option<&mut dyn Walks> {
        (**self).walks()
    }

    fn overhears(&mut self) -> Option<&mut dyn Overhears> {
        (**self).overhears()
    }

    fn stop(&mut self) {
        (**self).stop();
    }
}
