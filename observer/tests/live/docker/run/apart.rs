//! Several containers at once: each report has its own, and nobody else's.

use std::thread;

use super::{Observing, run};
use crate::support::engine::{Engine, IMAGE, busybox, engine};
use crate::support::harness::{Case, cases};
use crate::support::need::bpf;

pub(super) fn cases() -> Vec<Case> {
    cases![
        Host [bpf, engine, busybox] {
            two_at_once,
            somebody_elses_meanwhile,
        }
    ]
}

fn two_at_once() {
    let engine = Engine::start();
    engine.import_image();
    let observe = |name: &'static str| {
        let engine = &engine;
        move || {
            let script = format!("/bin/sleep 1; /bin/true {name}");
            let words = run(&["--rm"], &["/bin/sh", "-c", &script]);
            Observing::client(engine, name, &words).told()
        }
    };
    let [one, other] = thread::scope(|scope| {
        let both = ["one", "other"].map(|name| scope.spawn(observe(name)));
        both.map(|thread| thread.join().expect("a report"))
    });
    for (told, name) in [(&one, "one"), (&other, "other")] {
        assert_eq!(told.code, Some(0), "{}", told.errors);
        told.report.assert_whole();
        let ran = |row: &super::report::Row<'_>| row.ran(&["/bin/true", name]);
        assert_eq!(told.report.rows().iter().filter(|row| ran(row)).count(), 1);
        assert_eq!(told.report.containers().len(), 1);
    }
    let (ones, others) = (one.report.ids(), other.report.ids());
    let shared: Vec<_> = ones.intersection(&others).collect();
    assert!(shared.is_empty(), "in both: {shared:?}");
    assert!(ones.len() >= 8 && others.len() >= 8, "{}", one.report.list());
}

fn somebody_elses_meanwhile() {
    let engine = Engine::start();
    engine.import_image();
    let others = || {
        for round in 0..3 {
            let name = format!("--name=other{round}");
            engine.succeed(&mut engine.client(&run(&["--rm", &name], &["/bin/true", "theirs"])));
        }
    };
    let words = run(&["--rm"], &["/bin/sh", "-c", "/bin/sleep 3; /bin/true ours"]);
    let told = thread::scope(|scope| {
        let theirs = scope.spawn(others);
        let told = Observing::client(&engine, "ours", &words).told();
        theirs.join().expect("the others' containers");
        told
    });
    assert_eq!(told.code, Some(0), "{}", told.errors);
    let report = &told.report;
    report.assert_whole();
    let all = report.rows().iter().flat_map(|row| row.execs().concat()).collect::<Vec<_>>();
    assert!(all.contains(&"ours") && !all.contains(&"theirs"), "{}", report.list());
    assert_eq!(report.containers().len(), 1, "{}", report.list());
    assert!(all.contains(&IMAGE), "the client's own words");
}
