//! Whoever starts the tests changes nothing about them: what a process inherits is put back to what it
//! has by itself.
//!
//! In the background a shell ignores Ctrl-C for what it starts, cron and make have nice values of their
//! own, and a child keeps both. Variables are taken away where the program is started, in `program`.

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::stat::{Mode, umask};

use crate::support::sys;

/// Forgets what the caller left us: ignored and blocked signals, the nice value, the mask of modes.
pub(crate) fn forget() {
    let by_choice = |signal: &Signal| {
        // Nobody can change what these do; Rust ignores the last for us.
        !matches!(signal, Signal::SIGKILL | Signal::SIGSTOP | Signal::SIGPIPE)
    };
    for signal in Signal::iterator().filter(by_choice) {
        sys::default_action(signal);
    }
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None).expect("a mask");
    umask(Mode::from_bits_truncate(0o022));
    // Only root gets a lower one. Others are left with theirs, and compare with it.
    let _may_be_refused = sys::nice(0);
}
