//! A kernel locked down to confidentiality refuses, and is named as the reason.

use std::time::Duration;

use crate::harness::{Case, cases, confidential, in_guest, patience, root};
use crate::observed::{events, output};

/// Locking down cannot be undone, so this is for guests; elsewhere it is not even listed.
pub(crate) fn cases() -> Vec<Case> {
    if !confidential() && !in_guest() {
        return Vec::new();
    }
    cases![is_named: [root, locked]]
}

fn locked() -> Option<String> {
    (!confidential()).then(|| "kernel lockdown is not confidentiality".to_owned())
}

fn is_named() {
    let (status, out, errors) = output(&mut events(&["--json"]), patience(Duration::from_secs(3)));
    assert_eq!(status.code(), Some(4), "{status:?}, stderr: {errors}");
    assert!(!out.contains("ready"), "nothing is ready: {out}");
    assert_eq!(errors.lines().count(), 1, "one line: {errors}");
    assert!(errors.starts_with("observer: "), "{errors}");
    assert!(errors.contains("lockdown"), "{errors}");
}
