//! Single commands, and what became of them.

use std::fs;
use std::time::Duration;

use super::report::Row;
use super::{Observing, run};
use crate::support::engine::{Container, Engine, IMAGE, busybox, engine};
use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::need::bpf;
use crate::support::program::output;

pub(super) fn cases() -> Vec<Case> {
    cases![
        Host [bpf, engine, busybox] {
            a_run,
            detached_then_exec_and_stop,
            a_failing_command,
            a_program_that_is_not_there,
            with_an_init,
            an_exec_in_a_container_that_was_there,
            by_its_name,
            detached_for_a_while,
            without_hearing_the_client,
        }
    ]
}

fn base(row: Row<'_>) -> &str {
    let called = row.execs().last().and_then(|args| args.first().copied()).unwrap_or_default();
    called.rsplit('/').next().unwrap_or_default()
}

fn a_run() {
    let engine = Engine::start();
    engine.import_image();
    let id_file = engine.place("id");
    let id_flag = format!("--cidfile={}", id_file.display());
    let script = "/bin/true; exec /bin/sleep 0.1";
    let words = run(&["--rm", "--name=web", &id_flag], &["/bin/sh", "-c", script]);
    let told = Observing::client(&engine, "run", &words).told();
    assert_eq!((told.code, told.out.as_str()), (Some(0), ""), "{}", told.errors);
    let report = &told.report;
    report.assert_whole();
    let id = fs::read_to_string(&id_file).expect("the container's id");
    let [container] = report.containers()[..] else { panic!("one container") };
    assert_eq!((container.id(), container.fact()), (id.as_str(), Some("socket")));
    assert_eq!((container.name(), container.image()), (Some("web"), Some(IMAGE)));
    let client = report.rows()[0];
    assert_eq!((client.role(), container.client()), ("client", Some(client.id())));
    for role in ["shim", "runtime", "container init", "container process"] {
        assert!(!report.of_role(role).is_empty(), "no {role}:\n{}", report.list());
    }
    let [init] = report.of_role("container init")[..] else { panic!("{}", report.list()) };
    assert_eq!((init.vpid(), init.container()), (Some(1), Some(id.as_str())));
    assert_eq!(init.execs().len(), 2, "sh became sleep");
    assert!(init.ran(&["/bin/sleep", "0.1"]));
    let [process] = report.of_role("container process")[..] else { panic!("{}", report.list()) };
    assert!(process.ran(&["/bin/true"]) && process.of() == init.id(), "{}", report.list());
    for row in report.of_role("shim") {
        assert_eq!(base(row), "containerd-shim-runc-v2", "{}", report.list());
    }
    let stages: Vec<_> =
        report.of_role("runtime").iter().flat_map(|row| row.execs().concat()).collect();
    for stage in ["create", "init", "start", "delete"] {
        assert!(stages.contains(&stage), "runc {stage} in\n{}", report.list());
    }
    assert!(!report.rows().iter().any(|row| row.is_inferred()), "{}", report.list());
    assert_eq!(report.doubts(), 0);
}

fn detached_then_exec_and_stop() {
    let engine = Engine::start();
    engine.import_image();
    let script = format!(
        "docker run -d --network=none --name=web {IMAGE} /bin/sleep 1000 && \
         docker exec web /bin/sh -c 'exit 5'; code=$?; docker stop -t 0 web && exit $code"
    );
    let told = Observing::script(&engine, "detached", &script).told();
    assert_eq!(told.code, Some(5), "{}", told.errors);
    let report = &told.report;
    report.assert_whole();
    let [exec] = report.of_role("exec")[..] else { panic!("{}", report.list()) };
    assert_eq!((exec.exit_code(), exec.vpid() == Some(1)), (Some(5), false));
    let [init] = report.of_role("container init")[..] else { panic!("{}", report.list()) };
    assert_eq!(init.signal(), Some("SIGKILL"), "stopped at once");
    assert_eq!(exec.container(), init.container());
    assert_eq!(report.of_role("client").len(), 3, "{}", report.list());
    assert_eq!(report.rows()[0].role(), "command");
}

fn a_failing_command() {
    let engine = Engine::start();
    engine.import_image();
    let words = run(&["--rm"], &["/bin/sh", "-c", "exit 3"]);
    let told = Observing::client(&engine, "failing", &words).told();
    assert_eq!(told.code, Some(3), "{}", told.errors);
    told.report.assert_whole();
    let [init] = told.report.of_role("container init")[..] else { panic!() };
    assert_eq!(init.exit_code(), Some(3));
    assert_eq!(told.report.rows()[0].exit_code(), Some(3));
}

fn a_program_that_is_not_there() {
    let engine = Engine::start();
    engine.import_image();
    let told = Observing::client(&engine, "missing", &run(&["--rm"], &["/bin/missing"])).told();
    assert_eq!(told.code, Some(127), "{}", told.errors);
    let report = &told.report;
    report.assert_whole();
    assert!(report.of_role("container init").is_empty(), "{}", report.list());
    let failed: Vec<_> = report
        .of_role("runtime")
        .into_iter()
        .filter(|row| row.exit_code().is_some_and(|code| code != 0))
        .collect();
    assert!(!failed.is_empty(), "which stage failed:\n{}", report.list());
    assert!(report.number("/totals/failures") > failed.len() as u64, "and the client");
}

fn with_an_init() {
    let engine = Engine::start();
    engine.import_image();
    let told = Observing::client(&engine, "init", &run(&["--rm", "--init"], &["/bin/true"])).told();
    assert_eq!(told.code, Some(0), "{}", told.errors);
    told.report.assert_whole();
    let [init] = told.report.of_role("container init")[..] else { panic!() };
    assert_eq!(base(init), "docker-init", "{}", told.report.list());
    let [process] = told.report.of_role("container process")[..] else { panic!() };
    assert!(process.ran(&["/bin/true"]) && process.of() == init.id());
}

fn an_exec_in_a_container_that_was_there() {
    let engine = Engine::start();
    engine.import_image();
    let container = Container::run(&engine, &[]);
    let words = ["exec", &container.id, "/bin/sh", "-c", "/bin/true; exit 6"];
    let told = Observing::client(&engine, "exec", &words).told();
    assert_eq!(told.code, Some(6), "{}", told.errors);
    let report = &told.report;
    report.assert_whole();
    let [exec] = report.of_role("exec")[..] else { panic!("{}", report.list()) };
    assert_eq!((exec.exit_code(), exec.container()), (Some(6), Some(container.id.as_str())));
    let by_socket: Vec<_> = report.rows().into_iter().filter(|r| r.fact() == "socket").collect();
    let [runtime] = by_socket[..] else { panic!("{}", report.list()) };
    assert_eq!((runtime.role(), runtime.of()), ("runtime", report.rows()[0].id()));
    assert!(!report.rows().iter().any(|row| row.pid() == u64::from(container.pid)), "it was there");
    let [told] = report.containers()[..] else { panic!("one container") };
    assert!(!told.is_started() && told.id() == container.id);
}

fn by_its_name() {
    let engine = Engine::start();
    engine.import_image();
    engine.succeed(&mut engine.client(&[
        "create",
        "--network=none",
        "--name=web",
        IMAGE,
        "/bin/sh",
        "-c",
        "/bin/sleep 1; exit 4",
    ]));
    let told = Observing::client(&engine, "name", &["start", "-a", "web"]).told();
    assert_eq!(told.code, Some(4), "{}", told.errors);
    told.report.assert_whole();
    let [container] = told.report.containers()[..] else { panic!("{}", told.report.list()) };
    assert_eq!((container.name(), container.fact()), (Some("web"), Some("socket")));
    let [init] = told.report.of_role("container init")[..] else { panic!() };
    assert_eq!(init.exit_code(), Some(4), "{}", told.report.list());
}

fn detached_for_a_while() {
    let engine = Engine::start();
    engine.import_image();
    let words = run(&["-d", "--name=web"], &["/bin/sleep", "1000"]);
    for (name, flag) in [("for", "--for=1s"), ("until", "--until-exit")] {
        let told = Observing::client(&engine, name, &words).with(&[flag]).told();
        assert_eq!(told.code, Some(0), "{}", told.errors);
        let report = &told.report;
        let [init] = report.of_role("container init")[..] else { panic!("{}", report.list()) };
        assert!(init.ran(&["/bin/sleep", "1000"]) && !init.has_ended(), "{}", report.list());
        assert!(report.number("/totals/running") >= 2, "and its shim:\n{}", report.list());
        engine.succeed(&mut engine.client(&["rm", "-f", "web"]));
    }
}

/// Where nobody hears what it writes, its container is inferred, and another one's beside it makes
/// two candidates.
fn without_hearing_the_client() {
    let engine = Engine::start();
    engine.import_image();
    let words = run(&["--rm"], &["/bin/sleep", "1"]);
    let told = Observing::client(&engine, "deaf", &words).with(&["--backend=perf"]).told();
    assert_eq!(told.code, Some(0), "{}", told.errors);
    let report = &told.report;
    let inferred: Vec<_> = report.rows().into_iter().filter(|row| row.is_inferred()).collect();
    assert!(!inferred.is_empty(), "{}", report.list());
    assert!(report.rows().iter().any(|row| row.ran(&["/bin/sleep", "1"])), "{}", report.list());
    let words = run(&["--rm"], &["/bin/sleep", "3"]);
    let beside = std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            // The other begins while ours runs.
            let listed =
                || output(&mut engine.client(&["ps", "-q"]), patience(Duration::from_secs(10)));
            while listed().1.is_empty() {
                std::thread::sleep(Duration::from_millis(20));
            }
            let mut other = engine.client(&run(&["--rm"], &["/bin/sleep", "1"]));
            output(&mut other, patience(Duration::from_secs(10)))
        });
        let told = Observing::client(&engine, "two", &words).with(&["--backend=perf"]).told();
        assert!(other.join().expect("the other").0.success());
        told
    });
    assert_eq!(beside.code, Some(0), "{}", beside.errors);
    let report = &beside.report;
    assert!(report.rows().iter().all(|row| row.fact() == "parent"), "{}", report.list());
    assert_eq!((report.doubts(), report.containers().len()), (1, 0), "{}", report.list());
}
