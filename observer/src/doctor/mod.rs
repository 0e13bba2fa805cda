//! What this kernel, these rights and these surroundings allow, and what keeps from the rest.
//!
//! Each source is really started, and stopped again: nothing is concluded from the outside. It
//! changes no setting, and needs no privileges: what may not be looked at is unknown.

mod kernel;
mod place;
mod rights;
mod rung;

pub use self::{
    kernel::{Btf, Kernel},
    place::{Cgroups, Place},
    rights::Rights,
    rung::Rung,
};

/// All of it, as it was a moment ago.
#[derive(Debug)]
pub struct Diagnosis {
    /// The sources of events, the one that tells most first.
    pub ladder: Vec<Rung>,
    /// What this process may do.
    pub rights: Rights,
    /// What the kernel offers.
    pub kernel: Kernel,
    /// Where this process runs.
    pub place: Place,
}

impl Diagnosis {
    /// Tries everything, for a second or two.
    pub fn make() -> Self {
        Self {
            ladder: rung::climb(),
            rights: Rights::of_this_process(),
            kernel: Kernel::look(),
            place: Place::look(),
        }
    }

    /// The source that is taken where none is asked for; `None` where one has to be.
    pub fn taken(&self) -> Option<&Rung> {
        self.ladder.iter().find(|rung| rung.is_usable() && rung.sees_every_life())
    }
}
