//! `observer verify`: whether the live table says what /proc says.

mod report;

use std::{
    io::{IsTerminal as _, Write as _, stderr},
    os::fd::AsFd as _,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, poll},
};
use observer::{
    Error, Monitor,
    verify::{Churn, Report},
};

use self::report::{counted, verdict};
use crate::{
    exit::{Failure, Outcome},
    hidden,
    output::print,
    plan::VerifyPlan,
    refusals::tell_refusals,
    signals::{EndSignals, poll_timeout},
};

/// Between two comparisons: the machine has other work to do.
const PAUSE: Duration = Duration::from_millis(100);

/// Compares until the time is over or it is told to end.
pub(crate) fn run(plan: &VerifyPlan) -> Result<Outcome, Failure> {
    let mut signals = EndSignals::block()?;
    let monitor = Monitor::builder().source(plan.source.clone()).start()?;
    tell_refusals(monitor.refused(), monitor.origin());
    if let Some(level) = hidden::by_mount() {
        return Err(Failure::Forbidden(format!(
            "cannot compare with /proc: it is mounted with hidepid={level} and hides processes; \
             run as root, or with CAP_SYS_PTRACE"
        )));
    }
    let found = look_on(plan, &monitor, &mut signals)?;
    let statistics = monitor.statistics()?;
    drop(monitor);
    if plan.json {
        print(&report::json(&found, &statistics))?;
    } else {
        print(report::text(&found, &statistics).as_bytes())?;
    }
    Ok(report::outcome(&found))
}

fn look_on(
    plan: &VerifyPlan,
    monitor: &Monitor,
    signals: &mut EndSignals,
) -> Result<Report, Failure> {
    let end = Instant::now() + plan.duration;
    let churn = if plan.churn > 0 { Some(Churn::start(plan.churn)?) } else { None };
    let progress = Progress::new(plan);
    let mut report = Report::default();
    loop {
        report.look(monitor)?;
        progress.show(&report);
        let enough = report.snapshots > 0 || Instant::now() > end + PATIENCE;
        let left = end.saturating_duration_since(Instant::now());
        let pause = if enough { PAUSE.min(left) } else { PAUSE };
        if signalled_within(pause, signals)? || (enough && left <= pause) {
            break;
        }
    }
    drop(churn);
    progress.clear();
    Ok(report)
}

/// How long to wait for a complete snapshot before giving up: a storm with a small ring may leave
/// none.
const PATIENCE: Duration = Duration::from_secs(5);

fn signalled_within(time: Duration, signals: &mut EndSignals) -> Result<bool, Error> {
    match poll(&mut [PollFd::new(signals.as_fd(), PollFlags::POLLIN)], poll_timeout(time)) {
        Ok(_) | Err(Errno::EINTR) => Ok(signals.take()),
        Err(errno) => Err(Error::System { what: "cannot wait for signals", source: errno.into() }),
    }
}

/// How far it is, on stderr.
struct Progress {
    on_terminal: bool,
    verbose: bool,
}

impl Progress {
    fn new(plan: &VerifyPlan) -> Self {
        Self { on_terminal: stderr().is_terminal() && !plan.verbose, verbose: plan.verbose }
    }

    #[expect(clippy::print_stderr, reason = "what is not part of the report")]
    fn show(&self, report: &Report) {
        let Report { snapshots, processes, incomplete, .. } = report;
        if self.verbose {
            eprintln!(
                "observer: {snapshots} snapshots, {processes} processes, {incomplete} incomplete, \
                 {}",
                verdict(report)
            );
        }
        if self.on_terminal {
            eprint!("\r{}, {processes} processes …\x1b[K", counted(*snapshots, "snapshot"));
            // A terminal that takes nothing any more is no reason to stop.
            let _gone = stderr().flush();
        }
    }

    #[expect(clippy::print_stderr, reason = "what is not part of the report")]
    fn clear(&self) {
        if self.on_terminal {
            eprint!("\r\x1b[K");
        }
    }
}
