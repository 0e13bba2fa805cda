//! A kernel locked down to confidentiality refuses, and is named as the reason.

use std::time::Duration;

use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::need::{locked, root};
use crate::support::observed::events;
use crate::support::program::output;

/// Locking down cannot be undone, so this is for guests.
pub(crate) fn cases() -> Vec<Case> {
    cases![
        Lockdown [root, locked] { is_named }
    ]
}

fn is_named() {
    let (status, out, errors) = output(&mut events(&["--json"]), patience(Duration::from_secs(3)));
    assert_eq!(status.code(), Some(4), "{status:?}, stderr: {errors}");
    assert!(!out.contains("ready"), "nothing is ready: {out}");
    assert_eq!(errors.lines().count(), 1, "one line: {errors}");
    assert!(errors.starts_with("observer: "), "{errors}");
    assert!(errors.contains("lockdown"), "{errors}");
}
