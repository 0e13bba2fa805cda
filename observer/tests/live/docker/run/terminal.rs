//! `docker run -it` in a terminal of the test's own.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::report::Report;
use super::{Observing, run};
use crate::ps::calls::take_terminal;
use crate::support::child::Started;
use crate::support::engine::{Engine, busybox, engine};
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, soon};
use crate::support::need::bpf;
use crate::support::sys;

pub(super) fn cases() -> Vec<Case> {
    cases![
        Host [bpf, engine, busybox] { typed_at }
    ]
}

/// What the other side of a terminal shows, as it comes.
struct Screen {
    keyboard: File,
    pieces: Receiver<Vec<u8>>,
    shown: String,
}

impl Screen {
    fn of(keyboard: File) -> Self {
        let mut screen = keyboard.try_clone().expect("a copy");
        let (sender, pieces) = mpsc::channel();
        thread::spawn(move || {
            let mut piece = [0; 4096];
            // The other side is gone when reading fails.
            while let Ok(size @ 1..) = screen.read(&mut piece) {
                if sender.send(piece[..size].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { keyboard, pieces, shown: String::new() }
    }

    fn wait_for(&mut self, text: &str) {
        let deadline = Instant::now() + soon();
        while !self.shown.contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            let piece = self.pieces.recv_timeout(left);
            let piece = piece.unwrap_or_else(|_| panic!("no `{text}` in {:?}", self.shown));
            self.shown.push_str(&String::from_utf8_lossy(&piece));
        }
        self.shown.clear();
    }

    fn type_in(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).expect("a keyboard");
    }
}

/// A shell in the container, in a terminal: what is typed gets there, Ctrl-C as well, and so does
/// the code that it ends with.
fn typed_at() {
    let engine = Engine::start();
    engine.import_image();
    let (user, program) = sys::terminal().expect("a terminal");
    let mut screen = Screen::of(File::from(user));
    let mut observing = Observing::client(&engine, "typed", &run(&["--rm", "-it"], &["/bin/sh"]));
    let side = || Stdio::from(program.try_clone().expect("a copy"));
    observing.command.stdin(side()).stdout(side()).stderr(side()).env("TERM", "dumb");
    sys::before_exec(&mut observing.command, take_terminal);
    let started = Started::new(&mut observing.command);
    screen.wait_for(" # ");
    screen.type_in("echo $((6 * 7))\n");
    screen.wait_for("42\r\n");
    screen.type_in("/bin/sleep 1000\n");
    screen.wait_for("sleep 1000\r\n");
    // The terminal is in raw mode: the client hands the key itself on.
    thread::sleep(Duration::from_millis(500));
    screen.type_in("\u{3}");
    screen.wait_for(" # ");
    screen.type_in("exit 9\n");
    let ended = started.reap_within(patience(Duration::from_secs(10)));
    assert_eq!(libc::WEXITSTATUS(ended.status), 9, "{:?}", screen.shown);
    let report = Report::parse(&std::fs::read(&observing.file).expect("a report"));
    report.assert_whole();
    let [init] = report.of_role("container init")[..] else { panic!("{}", report.list()) };
    assert_eq!(init.exit_code(), Some(9));
    let rows = report.of_role("container process");
    let sleeper = rows.iter().find(|row| row.ran(&["/bin/sleep", "1000"]));
    assert_eq!(sleeper.and_then(|row| row.signal()), Some("SIGINT"), "{}", report.list());
}
