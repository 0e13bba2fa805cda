//! As many system calls and switches as the machine can make, for as long as a test wants.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Runs `body` while one thread makes system calls and two wake each other in turn.
pub(super) fn beside<T>(body: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    let (one, other) = UnixStream::pair().expect("a pair of sockets");
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                nix::unistd::getppid();
            }
        });
        for (mut end, begins) in [(one, true), (other, false)] {
            let stop = &stop;
            scope.spawn(move || {
                let mut byte = [0];
                if begins {
                    end.write_all(&byte).expect("a listener");
                }
                while !stop.load(Ordering::Relaxed) && end.read(&mut byte).is_ok_and(|n| n > 0) {
                    if end.write_all(&byte).is_err() {
                        break;
                    }
                }
            });
        }
        let result = body();
        stop.store(true, Ordering::Relaxed);
        result
    })
}
