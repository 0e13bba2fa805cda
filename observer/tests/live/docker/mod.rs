//! A real container engine, started here: every program of one `docker run`, with its container.

mod asked;
mod by_name;
mod run;

use std::fs;
use std::time::Duration;

use crate::support::engine::{Engine, IMAGE, busybox, engine};
use crate::support::event::Event;
use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::need::bpf;
use crate::support::observed::{Observed, Stream};
use crate::support::program::output;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = cases![
        Host [bpf, engine, busybox] { every_stage_of_a_run }
    ];
    cases.extend(asked::cases());
    cases.extend(by_name::cases());
    cases.extend(run::cases());
    cases
}

fn every_stage_of_a_run() {
    let engine = Engine::start();
    engine.import_image();
    let mut observed = Observed::start(&["-e", "fork,exec,exit"]);
    let id_file = engine.place("id");
    let script = "/bin/true; exec /bin/sleep 0.1";
    let mut run = engine.client(&["run", "--rm", "--network=none", "--cidfile"]);
    run.arg(&id_file).args([IMAGE, "/bin/sh", "-c", script]);
    let (status, out, errors) = output(&mut run, patience(Duration::from_secs(10)));
    assert!(status.success(), "docker run: {out} {errors}\n{}", engine.log());
    let id = fs::read_to_string(&id_file).expect("the container's id");
    observed.wait_for("exit of sleep", |e| e.is("exit") && e.container() == Some(&id));
    wait_for_engine(&mut observed, &id);
    let stream = observed.stop();
    stream.assert_nothing_lost();
    assert_stages_outside(&stream, &id, script);
    assert_stages_inside(&stream, &id, script);
}

/// The last stage is the engine's: `runc delete`.
fn wait_for_engine(observed: &mut Observed, id: &str) {
    let last = observed.wait_for("exec of runc delete", |e| {
        e.is("exec") && e.has_argument("delete") && e.has_argument(id)
    });
    observed.wait_for("its exit", |e| e.is("exit") && e.id() == last.id());
    observed.fence();
}

/// All execs, for the failure that shows what did come.
fn list(stream: &Stream) -> String {
    let row = |exec: &Event| {
        let arguments = exec.arguments().unwrap_or_default().join(&b' ');
        let text = String::from_utf8_lossy(&arguments).into_owned();
        format!("{} in {:?}: {text}", exec.pid(), exec.container())
    };
    stream.of_kind("exec").map(row).collect::<Vec<_>>().join("\n")
}

fn assert_stages_outside(stream: &Stream, id: &str, script: &str) {
    let has = |what: &str, wanted: &dyn Fn(&Event) -> bool| {
        let found = stream.of_kind("exec").any(wanted);
        assert!(found, "no exec of {what} among\n{}", list(stream));
    };
    let runs = |event: &Event, name: &str| {
        let arguments = event.arguments().unwrap_or_default();
        let first = arguments.first().cloned().unwrap_or_default();
        String::from_utf8_lossy(&first).rsplit('/').next() == Some(name)
    };
    has("the client", &|e| runs(e, "docker") && e.has_argument(script));
    has("the shim", &|e| runs(e, "containerd-shim-runc-v2") && e.has_argument(id));
    for stage in ["create", "start", "delete"] {
        has(&format!("runc {stage}"), &|e| {
            runs(e, "runc") && e.has_argument(stage) && e.has_argument(id)
        });
    }
    has("runc init", &|e| runs(e, "runc") && e.has_argument("init"));
}

fn assert_stages_inside(stream: &Stream, id: &str, script: &str) {
    let inside: Vec<_> = stream
        .of_kind("exec")
        .filter(|e| e.container() == Some(id) && !e.has_argument("init"))
        .collect();
    let arguments: Vec<_> = inside.iter().map(|e| e.arguments()).collect();
    let words = |words: &[&str]| Some(words.iter().map(|w| w.as_bytes().to_vec()).collect());
    let wanted: [Option<Vec<Vec<u8>>>; 3] =
        [words(&["/bin/sh", "-c", script]), words(&["/bin/true"]), words(&["/bin/sleep", "0.1"])];
    assert_eq!(arguments, wanted, "execs in the container, of\n{}", list(stream));
    for exec in &inside {
        assert_eq!(exec.text("/container/runtime"), Some("docker"), "{exec:?}");
        let exit = stream.exit_of(exec);
        assert_eq!(exit.field("/process/exit/code"), Some(&0.into()), "{exit:?}");
        assert_eq!(exit.container(), Some(id), "container of {exit:?}");
    }
    let pids: Vec<_> = inside.iter().map(|e| e.number("/process/vpid")).collect();
    assert_eq!(pids[0], Some(1), "sh is the first process of the container");
    assert_eq!(inside[0].id(), inside[2].id(), "sh became sleep");
    assert_ne!(inside[0].id(), inside[1].id(), "true was a child");
}
