//! Where a test runs when everything is checked.
//!
//! What no kernel version can change is tried once, on the host. Guests are emulated, and slow: each
//! runs what depends on the kernel, and nothing else. By hand a guest runs all that it can.

use std::collections::BTreeMap;
use std::env;

use crate::support::machine::{confidential, in_guest};

/// Where a test is worth its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// On the host: no kernel version changes what comes out, or another test shows it.
    Host,
    /// On the host, and on every kernel: what comes out is the kernel's doing.
    EveryKernel,
    /// On the host, and on kernels that preempt tracepoint programs.
    Preempting,
    /// In a guest, on one kernel: it changes a setting of the whole machine.
    Guest,
    /// In a guest, on one kernel that is locked down for good.
    Lockdown,
}

const ALL: [(Place, &str); 5] = [
    (Place::Host, "host"),
    (Place::EveryKernel, "every-kernel"),
    (Place::Preempting, "preempting"),
    (Place::Guest, "guest"),
    (Place::Lockdown, "lockdown"),
];

impl Place {
    fn name(self) -> &'static str {
        ALL.iter().find(|(place, _)| *place == self).map_or("nowhere", |(_, name)| name)
    }

    fn of_name(name: &str) -> Self {
        let found = ALL.iter().find(|(_, own)| *own == name);
        found.unwrap_or_else(|| panic!("OBSERVER_PLACES has no place `{name}`")).0
    }
}

/// The tests that this run is for, and how many are left to others.
pub(crate) struct Here {
    places: Vec<Place>,
    left: BTreeMap<&'static str, usize>,
}

impl Here {
    pub(crate) fn of_environment() -> Self {
        let asked = env::var("OBSERVER_PLACES");
        let places = match asked {
            Ok(names) => names.split(',').map(Place::of_name).collect(),
            Err(_) => usual(),
        };
        Self { places, left: BTreeMap::new() }
    }

    /// Whether a test is for this run; one that is not is counted.
    pub(crate) fn takes(&mut self, place: Place) -> bool {
        let is_here = self.places.contains(&place);
        if !is_here {
            *self.left.entry(place.name()).or_default() += 1;
        }
        is_here
    }

    /// Counts one that no guest can run.
    pub(crate) fn leave_to_the_host(&mut self) {
        *self.left.entry(Place::Host.name()).or_default() += 1;
    }

    /// What is said of those that do not run here: none goes without a word.
    pub(crate) fn remark(&self) -> Option<String> {
        let counts: Vec<_> =
            self.left.iter().map(|(name, count)| format!("{count} for `{name}`")).collect();
        (!counts.is_empty()).then(|| format!("left to other places: {}", counts.join(", ")))
    }
}

/// All that may run where we are.
fn usual() -> Vec<Place> {
    let mut places = vec![Place::Host, Place::EveryKernel, Place::Preempting];
    places.extend(in_guest().then_some(Place::Guest));
    places.extend(confidential().then_some(Place::Lockdown));
    places
}
