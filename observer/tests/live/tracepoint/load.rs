//! As many system calls and switches as the machine can make, for as long as a test wants.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::act::{say, wait_for_word};
use crate::support::child::{Actor, act};
use crate::support::machine::patience;

/// Runs `body` while another process loads the machine.
pub(super) fn beside<T>(body: impl FnOnce() -> T) -> T {
    let load = Actor::new(&mut act(&["tracepoint", "load"]));
    load.hear_within("ready", patience(Duration::from_secs(3)));
    let result = body();
    load.dismiss();
    result
}

/// Until its input ends, one thread makes system calls and two wake each other in turn.
pub(super) fn perform() -> ExitCode {
    let stop = AtomicBool::new(false);
    let (one, other) = UnixStream::pair().expect("a pair of sockets");
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                nix::unistd::getppid();
            }
        });
        (&one).write_all(&[0]).expect("a byte on its way");
        for end in [one, other] {
            let stop = &stop;
            scope.spawn(move || hand_to_and_fro(end, stop));
        }
        say("ready");
        wait_for_word();
        stop.store(true, Ordering::Relaxed);
    });
    ExitCode::SUCCESS
}

fn hand_to_and_fro(mut end: UnixStream, stop: &AtomicBool) {
    let mut byte = [0];
    while !stop.load(Ordering::Relaxed) && end.read(&mut byte).is_ok_and(|count| count > 0) {
        if end.write_all(&byte).is_err() {
            return;
        }
    }
}
