//! What comes out of the rings → what it says.

use std::collections::{HashSet, VecDeque};

use super::{
    clock::Clock,
    reading::Reading,
    told::{News, Told},
};
use crate::tracepoint::reader::{Item, Sample};

/// One thing out of the rings.
#[derive(Debug)]
pub(super) enum Heard {
    Told(Told),
    /// Records are missing here.
    Lost {
        cpu: u32,
        count: u64,
    },
    /// A record that is not as its format says.
    Malformed {
        cpu: u32,
    },
}

/// What an item says; `None` for kinds of a newer reader.
pub(super) fn hear(item: &Item<'_>, readings: &[Reading], clock: Clock) -> Option<Heard> {
    match item {
        Item::Sample(sample) => Some(hear_sample(sample, readings.get(sample.request)?, clock)),
        Item::Lost { cpu, count, .. } => Some(Heard::Lost { cpu: *cpu, count: *count }),
    }
}

fn hear_sample(sample: &Sample<'_>, reading: &Reading, clock: Clock) -> Heard {
    let Sample { cpu, pid, tid, .. } = *sample;
    match reading.news(sample.raw) {
        Ok(news) => {
            // One that comes late says when it happened.
            let boot_ns = clock.boot_ns(sample.time_ns.saturating_sub(sample.late_ns));
            Heard::Told(Told { boot_ns, cpu, pid, tid, news })
        }
        Err(_damaged) => Heard::Malformed { cpu },
    }
}

/// Marks the execs of processes that have run another program since: /proc would tell the
/// arguments of that one.
pub(super) fn mark_the_overtaken(heard: &mut VecDeque<Heard>) {
    let mut later = HashSet::new();
    for heard in heard.iter_mut().rev() {
        if let Heard::Told(Told { news: News::Exec { pid, overtaken, .. }, .. }) = heard {
            *overtaken = !later.insert(*pid);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn of_several_programs_the_last_is_the_one_to_ask_about() {
        let exec = |pid| {
            let news = News::Exec { pid, old_pid: pid, filename: Bytes::new(), overtaken: false };
            Heard::Told(Told { boot_ns: 0, cpu: 0, pid, tid: pid, news })
        };
        let mut heard: VecDeque<_> = [exec(1), exec(2), exec(1), exec(3)].into();
        mark_the_overtaken(&mut heard);
        let marks = heard.iter().map(|heard| match heard {
            Heard::Told(Told { news: News::Exec { overtaken, .. }, .. }) => *overtaken,
            other => panic!("not an exec: {other:?}"),
        });
        assert_eq!(marks.collect::<Vec<_>>(), [true, false, false, false]);
    }
}
