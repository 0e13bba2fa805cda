//! A kernel locked down to confidentiality refuses, and is named as the reason.

use observer::tracepoint::{Fault, Tracefs};

use super::fault;
use crate::harness::{Case, cases, confidential, in_guest, root};

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
    let fault = fault(Tracefs::open());
    assert_eq!(fault, Fault::LockedDown);
    assert!(fault.is_not_permitted());
    assert!(fault.remedy().is_some_and(|remedy| remedy.contains("lockdown")), "{fault}");
}
