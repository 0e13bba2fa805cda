//! `observer ps` and `observer::psgo` side by side with psgo, at the same moment.
//!
//! Every cell of every process that kept still while both looked is either equal to psgo's, or one
//! of the differences that `docs/psgo.md` lists applies to it; then it is compared with the truth
//! that these tests read from /proc themselves. Nothing else is forgiven.
//!
//! | file | its job |
//! | --- | --- |
//! | `question` | one question, and its three answers: psgo's, the program's, the library's |
//! | `reading`, `listing` | the oracle: what /proc says, and which rows a table should have |
//! | `truth`, `differences` | what a cell should be, and where psgo is known to be wrong |
//! | `compare` | ask all, compare, again until all who matter kept still |
//! | `scene`, `world` | processes in odd states, namespaces without an engine |
//! | `host`, `joined`, `docker`, `lists`, `library` | the cases |

mod calls;
mod compare;
mod differences;
mod docker;
mod host;
mod joined;
mod library;
mod listing;
mod lists;
mod question;
mod reading;
pub(crate) mod scene;
mod truth;
pub(crate) mod world;

use std::env;
use std::path::PathBuf;

use crate::support::harness::Case;
use crate::support::need::Lack;

pub(crate) fn cases() -> Vec<Case> {
    let all = [host::cases(), lists::cases(), library::cases(), joined::cases(), docker::cases()];
    all.into_iter().flatten().collect()
}

/// psgo's own program, where the environment says that it is.
fn psgo() -> Option<PathBuf> {
    env::var_os("OBSERVER_PSGO").map(PathBuf::from).filter(|path| path.is_file())
}

/// A case that compares needs psgo.
fn peer() -> Option<Lack> {
    psgo().is_none().then(|| "OBSERVER_PSGO names no psgo (cargo xtask setup test)".into())
}

/// All columns of psgo 1.10, sorted as psgo sorts them.
const COLUMNS: [&str; 32] = [
    "args", "capamb", "capbnd", "capeff", "capinh", "capprm", "comm", "etime", "group", "groups",
    "hgroup", "hgroups", "hpid", "huid", "huser", "label", "nice", "pcpu", "pgid", "pid", "ppid",
    "rgroup", "rss", "ruser", "seccomp", "state", "stime", "time", "tty", "uid", "user", "vsz",
];

/// Columns of 1.10 that the psgo beside us, 1.7.2, does not have.
const UNKNOWN_TO_PEER: [&str; 2] = ["huid", "uid"];
