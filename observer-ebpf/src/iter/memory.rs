//! How large a process's memory is.

use observer_common::{ABSENT, TaskFacts};

use super::typed::load;
use crate::{layout::place, task::read};

/// Kinds of resident pages: of files, anonymous, and shared; the one between is swap.
const RESIDENT: [u32; 3] = [0, 1, 3];

/// Sizes of a process with the memory `mm`, which a kernel thread and a dead process do not have.
#[inline(always)]
pub fn sizes(mm: u64, facts: &mut TaskFacts) {
    facts.virtual_pages = 0;
    facts.resident_pages = 0;
    facts.locked_pages = 0;
    if mm == 0 {
        return;
    }
    facts.virtual_pages = load(mm, place!(mm_total_vm));
    facts.locked_pages = load(mm, place!(mm_locked_vm));
    for kind in RESIDENT {
        facts.resident_pages += resident(mm, kind);
    }
}

/// Pages of a kind, without what each CPU has yet to add.
#[inline(always)]
fn resident(mm: u64, kind: u32) -> u64 {
    let count: i64 = if place!(mm_rss_stat_count) == ABSENT {
        let counter = place!(mm_rss_stat) + kind * place!(percpu_counter_size);
        load(mm, counter + place!(percpu_counter_count))
    } else {
        // Up to 6.1 an array of numbers, whose type the verifier does not follow.
        read(mm, place!(mm_rss_stat_count) + kind * 8)
    };
    if count < 0 { 0 } else { count as u64 }
}
