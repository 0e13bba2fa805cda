//! What keeps better sources from working, told once at the beginning.

use observer::{Error, origin::Origin};

use crate::exit::describe;

/// One line on stderr for each source that was tried in vain, and what its absence means.
#[expect(clippy::print_stderr, reason = "what is not part of the output")]
pub(crate) fn tell_refusals(refused: &[(Origin, Error)], taken: Origin) {
    for (origin, error) in refused {
        eprintln!("observer: cannot use {}: {}", origin.name(), describe(error));
    }
    if !refused.is_empty() {
        eprintln!("observer: {}", consequence(taken));
    }
}

fn consequence(taken: Origin) -> &'static str {
    match taken {
        Origin::Bpf => {
            "using bpf instead: every process is reported, with everything that observer can show"
        }
        Origin::Perf => {
            "using tracepoints instead: every process is reported, but the arguments, users and \
             cgroups of very short-lived ones may be unknown (see `observer doctor`)"
        }
        Origin::Proc => {
            "using listings of /proc instead: processes that live for less than a tenth of a \
             second are missed (see `observer doctor`)"
        }
    }
}
