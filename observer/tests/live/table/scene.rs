//! Processes that these tests start, to be looked at.

use std::time::Duration;

use crate::support::child::{Actor, act};
use crate::support::machine::patience;

/// Lives that come and go without rest.
pub(super) struct Storm {
    actor: Actor,
}

impl Storm {
    /// About so many lives a second.
    pub(super) fn start(rate: usize) -> Self {
        let actor = Actor::new(&mut act(&["table", "storm", &rate.to_string()]));
        actor.hear("ready");
        Self { actor }
    }

    /// How many lives there were.
    pub(super) fn stop(mut self) -> u32 {
        self.actor.tell("stop");
        let given = self.actor.hear_number("given");
        self.actor.dismiss();
        given
    }
}

/// So many lives as fast as can be, from two processes; returns when all are over.
pub(super) fn burst(count: usize) {
    let half = count.div_ceil(2).to_string();
    let mut actors = [0; 2].map(|_| Actor::new(&mut act(&["table", "burst", &half])));
    for actor in &mut actors {
        actor.hear("ready");
        actor.tell("go");
    }
    let within = patience(
        Duration::from_secs(2)
            + Duration::from_micros(300) * u32::try_from(count).expect("a count"),
    );
    for actor in actors {
        actor.hear_within("given", within);
        actor.dismiss();
    }
}

/// A fraction of the numbers, the same in every run.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % limit
    }
}
