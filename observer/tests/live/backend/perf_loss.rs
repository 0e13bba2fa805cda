//! Tracepoints into rings of one page: what is lost is told, and the rest goes on.

use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::events::storm;
use crate::support::child::{Actor, act, unique};
use crate::support::harness::{Case, cases};
use crate::support::machine::scaled;
use crate::support::need::perf;
use crate::support::observed::Observed;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [perf] { rings_of_one_page }
    ]
}

fn rings_of_one_page() {
    let arguments = ["--backend", "perf", "--ring", "4096", "-e", "fork,exec,exit"];
    let mut observed = Observed::start(&arguments);
    let acts = storm::exits(&unique("loss"), scaled(1_500));
    let (before, during) = acts.split_at(acts.len() / 2);
    storm::run(before, 2);
    observed.signal(Signal::SIGSTOP);
    storm::run(during, 2);
    observed.signal(Signal::SIGCONT);
    // Nothing happens: the loss is told all the same, and what came of it is known.
    thread::sleep(Duration::from_secs(1));
    let token = unique("calm");
    // Others on this machine may fill so small a ring at any time.
    for _ in 0..10 {
        let actor = Actor::new(&mut act(&["pause", &token]));
        actor.hear("ready");
        thread::sleep(Duration::from_millis(200));
        actor.dismiss();
    }
    let exec = observed
        .wait_for("exec after the storm", |event| event.is("exec") && event.has_argument(&token));
    let stream = observed.stop();
    stream.assert_code(0);
    stream.assert_balanced();
    assert!(stream.bye().expect_number("/lost") > 0, "nothing was lost: {:?}", stream.bye());
    let place = |wanted: &dyn Fn(&crate::support::event::Event) -> bool| {
        stream.events.iter().position(wanted)
    };
    let lost = place(&|event| event.is("lost")).expect("a lost event");
    let last = place(&|event| event.id() == exec.id()).expect("the exec after the storm");
    assert!(lost < last, "the first gap stands at {lost}, what came after it at {last}");
}
