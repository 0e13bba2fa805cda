//! What keeps better sources from working, told once at the beginning.

use observer::{Error, origin::Origin};

use crate::exit::describe;

/// One line on stderr for each source that was tried in vain, and what its absence means.
#[expect(clippy::print_stderr, reason = "what is not part of the output")]
pub(crate) fn tell_refusals(refused: &[(Origin, Error)], taken: Origin) {
    for (origin, error) in refused {
        eprintln!("observer: not by {}: {}", origin.name(), describe(error));
    }
    if !refused.is_empty() {
        eprintln!("observer: {}", consequence(taken));
    }
}

fn consequence(taken: Origin) -> &'static str {
    match taken {
        Origin::Bpf => "eBPF tells everything",
        Origin::Perf => {
            "tracepoints tell every life; arguments, users and cgroups only of what lives long \
             enough to be asked (see `observer doctor`)"
        }
        Origin::Proc => {
            "listings of /proc tell only what lives longer than a tenth of a second (see \
             `observer doctor`)"
        }
    }
}
