//! `observer ns` and `observer::namespace` against oracles that are not the program: lsns(8), links
//! below /proc, the kernel's own answers, what a test has just made itself.
//!
//! | file | its job |
//! | --- | --- |
//! | `act`, `scene` | namespaces of every kind, held in every way |
//! | `document` | the program's answer, read |
//! | `truth`, `calls` | the oracle: links, mounts, ioctls |
//! | `rows`, `tree`, `lsns` | everything that is said of a namespace |
//! | `view` | who may not see everything |
//! | `cli`, `hostile`, `width` | the command line, and what it shows |
//! | `live` | the same from a live table |
//! | `follow` | what becomes of namespaces, told while it happens |
//! | `docker` | real containers |

mod act;
mod calls;
mod cli;
mod docker;
mod document;
mod follow;
mod hostile;
mod live;
mod lsns;
mod rows;
mod scene;
mod tree;
mod truth;
mod view;
mod width;

pub(crate) use act::perform;

use crate::support::harness::Case;

pub(crate) fn cases() -> Vec<Case> {
    let cases = [
        rows::cases(),
        tree::cases(),
        lsns::cases(),
        view::cases(),
        cli::cases(),
        hostile::cases(),
        width::cases(),
        live::cases(),
        follow::cases(),
        docker::cases(),
    ];
    cases.into_iter().flatten().collect()
}
