//! A kernel locked down to confidentiality refuses, and is named as the reason.

use observer::tracepoint::{Fault, Tracefs};

use super::fault;
use crate::support::harness::{Case, cases};
use crate::support::need::{locked, root};

/// Locking down cannot be undone, so this is for guests.
pub(crate) fn cases() -> Vec<Case> {
    cases![
        Lockdown [root, locked] { is_named }
    ]
}

fn is_named() {
    let fault = fault(Tracefs::open());
    assert_eq!(fault, Fault::LockedDown);
    assert!(fault.is_not_permitted());
    assert!(fault.remedy().is_some_and(|remedy| remedy.contains("lockdown")), "{fault}");
}
