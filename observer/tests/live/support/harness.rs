//! Turns cases into trials: where they run, what they need, what they are called.

use std::env;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::support::need::{Lack, Need};
use crate::support::place::{Here, Place};

/// One test.
pub(crate) struct Case {
    pub(crate) module: &'static str,
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) needs: &'static [Need],
    pub(crate) run: fn(),
}

impl Case {
    /// By which a filter knows it.
    fn full_name(&self) -> String {
        let module = self.module.split_once("::").map_or(self.module, |(_, module)| module);
        format!("{module}::{}", self.name)
    }
}

/// Lists functions of a module by where they run and what they need: `PLACE [NEED, …] { TEST, … }`,
/// as often as these differ.
macro_rules! cases {
    ($($place:ident $needs:tt { $($run:ident),* $(,)? })*) => {
        vec![$($($crate::support::harness::case!($place $needs $run)),*),*]
    };
}
pub(crate) use cases;

macro_rules! case {
    ($place:ident [$($need:path),*] $run:ident) => {
        $crate::support::harness::Case {
            module: module_path!(),
            name: stringify!($run),
            place: $crate::support::place::Place::$place,
            needs: &[$($need as $crate::support::need::Need),*],
            run: $run,
        }
    };
}
pub(crate) use case;

/// Runs the cases that the command line asks for, one at a time. A list has all of them.
pub(crate) fn run(cases: &[Case]) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let trials = if arguments.list {
        cases.iter().map(|case| started(case.full_name(), case.run)).collect()
    } else {
        trials(cases, &arguments)
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Those of this place.
fn trials(cases: &[Case], arguments: &Arguments) -> Vec<Trial> {
    let mut here = Here::of_environment();
    let mut trials = Vec::new();
    for case in cases {
        let name = case.full_name();
        if !here.takes(case.place) {
            continue;
        }
        // Whether a need is met may take a moment to find out.
        let lack = if selected(&name, arguments) {
            case.needs.iter().find_map(|need| need())
        } else {
            None
        };
        match lack {
            None => trials.push(started(name, case.run)),
            Some(Lack::Here(reason)) => trials.push(skipped(name, &reason)),
            Some(Lack::InGuests) => here.leave_to_the_host(),
        }
    }
    if let Some(remark) = here.remark() {
        eprintln!("{remark}");
    }
    trials
}

fn started(name: String, run: fn()) -> Trial {
    Trial::test(name, move || {
        run();
        Ok(())
    })
}

fn skipped(name: String, reason: &str) -> Trial {
    if env_is_true("CI") {
        let failure = format!("cannot run here: {reason}");
        return Trial::test(name, move || Err(Failed::from(failure)));
    }
    eprintln!("skipped: {name}: {reason}");
    Trial::test(name, || Ok(())).with_ignored_flag(true)
}

fn selected(name: &str, arguments: &Arguments) -> bool {
    let matches = |filter: &String| {
        if arguments.exact { name == filter } else { name.contains(filter.as_str()) }
    };
    arguments.filter.as_ref().is_none_or(matches) && !arguments.skip.iter().any(matches)
}

fn env_is_true(name: &str) -> bool {
    env::var(name).is_ok_and(|value| value == "true" || value == "1")
}
