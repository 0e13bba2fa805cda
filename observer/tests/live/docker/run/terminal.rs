//! `docker run -it` in a terminal of the test's own.

use crate::harness::Case;

pub(super) fn cases() -> Vec<Case> {
    Vec::new()
}
