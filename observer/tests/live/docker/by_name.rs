//! `observer events --container`: by a name that is there, that comes later and comes again, by the
//! beginning of an id, and without an engine.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::support::child::{Started, unique};
use crate::support::engine::{Engine, IMAGE, busybox, engine};
use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::need::{Lack, bpf, root};
use crate::support::observed::{Observed, Stream, events};
use crate::support::program::{observer_with, output};

pub(super) fn cases() -> Vec<Case> {
    cases![
        Host [bpf, engine, busybox] {
            a_name_that_comes_later_and_again,
            a_name_and_an_id_that_are_there,
        }
        Host [root, engine, busybox] { listings_of_a_name_that_comes_later }
        Host [root, no_engine] { a_name_without_an_engine }
    ]
}

const SCRIPT: &str = "/bin/true; exec /bin/sleep 0.1";

/// None but those of the tests.
fn no_engine() -> Option<Lack> {
    let sockets = ["/run/docker.sock", "/var/run/docker.sock", "/run/podman/podman.sock"];
    let there = sockets.into_iter().find(|socket| Path::new(socket).exists())?;
    Some(format!("{there} is there: the machine has an engine").into())
}

fn events_of(container: &str, docker_host: &str) -> Command {
    let mut command = events(&["--json", "--container", container]);
    command.env("DOCKER_HOST", docker_host).env_remove("XDG_RUNTIME_DIR");
    command
}

fn run(engine: &Engine, name: &str, id_file: &Path) -> Command {
    let mut run = engine.client(&["run", "--rm", "--network=none", "--name", name, "--cidfile"]);
    run.arg(id_file).args([IMAGE, "/bin/sh", "-c", SCRIPT]);
    run
}

fn a_name_that_comes_later_and_again() {
    let engine = Engine::start();
    engine.import_image();
    let mut observed = Observed::of(&mut events_of("web", &engine.address()));
    let other = Started::new(&mut run(&engine, "web2", &engine.place("other")));
    let ids = ["first", "second"].map(|file| {
        let id_file = engine.place(file);
        engine.succeed(&mut run(&engine, "web", &id_file));
        fs::read_to_string(&id_file).expect("the container's id")
    });
    other.reap_within(patience(Duration::from_secs(10)));
    for id in &ids {
        observed.wait_for_count("exit inside", 2, |e| e.is("exit") && e.container() == Some(id));
    }
    let stream = observed.stop();
    stream.assert_code(0);
    stream.assert_nothing_lost();
    let waiting = "observer: waiting for a container called `web`\n";
    assert_eq!(stream.errors.matches(waiting).count(), 1, "stderr: {}", stream.errors);
    assert_only_in(&stream, &ids);
    for id in &ids {
        assert_whole_life(&stream, id);
    }
}

fn assert_only_in(stream: &Stream, ids: &[String]) {
    let of_processes = stream.events.iter().filter(|event| event.is_of_process());
    for event in of_processes {
        let id = event.container().expect("a container");
        assert!(ids.iter().any(|wanted| wanted == id), "not of {ids:?}: {event:?}");
    }
}

/// From the engine's own first program in it on.
fn assert_whole_life(stream: &Stream, id: &str) {
    let execs = stream.of_kind("exec").filter(|e| e.container() == Some(id));
    let inside: Vec<_> = execs.filter(|e| !e.has_argument("init")).collect();
    let arguments: Vec<_> = inside.iter().map(|e| e.arguments().unwrap_or_default()).collect();
    let words = |words: &[&str]| words.iter().map(|w| w.as_bytes().to_vec()).collect::<Vec<_>>();
    let wanted =
        [words(&["/bin/sh", "-c", SCRIPT]), words(&["/bin/true"]), words(&["/bin/sleep", "0.1"])];
    assert_eq!(arguments, wanted, "execs in {id}");
    for exec in inside {
        stream.exit_of(exec);
    }
}

fn a_name_and_an_id_that_are_there() {
    let engine = Engine::start();
    engine.import_image();
    let id_file = engine.place("id");
    let mut run = engine.client(&["run", "-d", "--network=none", "--name", "web", "--cidfile"]);
    run.arg(&id_file).args([IMAGE, "/bin/sh", "-c", "while :; do /bin/sleep 0.1; done"]);
    engine.succeed(&mut run);
    let id = fs::read_to_string(&id_file).expect("the container's id");
    for (typed, host) in
        [("web", engine.address()), (&id[..6], engine.address()), (&id[..13], String::new())]
    {
        let mut observed = Observed::of(&mut events_of(typed, &host));
        observed.wait_for_count("exec of sleep", 2, |e| e.is("exec") && e.has_argument("0.1"));
        let stream = observed.stop();
        assert!(!stream.errors.contains("waiting"), "{typed}: {}", stream.errors);
        assert_only_in(&stream, std::slice::from_ref(&id));
    }
    engine.succeed(&mut engine.client(&["rm", "-f", "web"]));
}

fn listings_of_a_name_that_comes_later() {
    let engine = Engine::start();
    engine.import_image();
    let mut command =
        observer_with(&["ps", "--every", "200ms", "--count", "40", "--backend", "proc"]);
    command.args(["--container", "web", "--no-headers", "-o", "args"]);
    command.env("DOCKER_HOST", engine.address()).env_remove("XDG_RUNTIME_DIR");
    let listings = thread::spawn(move || output(&mut command, patience(Duration::from_secs(10))));
    let mut run = engine.client(&["run", "-d", "--network=none", "--name", "web"]);
    engine.succeed(run.args([IMAGE, "/bin/sleep", "1000"]));
    let (status, out, errors) = listings.join().expect("listings");
    engine.succeed(&mut engine.client(&["rm", "-f", "web"]));
    assert_eq!(status.code(), Some(0), "{out}{errors}");
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines.first(), Some(&""), "nothing at first: {out}");
    assert_eq!(lines.last(), Some(&"/bin/sleep 1000"), "{out}");
}

fn a_name_without_an_engine() {
    for name in ["web", "\u{1b}[31mweb", "images\n", "a?b=c"] {
        assert_needs_an_engine(&unique(name));
    }
}

fn assert_needs_an_engine(name: &str) {
    let mut command = events_of(name, "unix:///nowhere/docker.sock");
    let (status, out, errors) = output(&mut command, patience(Duration::from_secs(3)));
    assert_eq!(status.code(), Some(1), "{status:?}, stderr: {errors}");
    assert!(out.is_empty(), "stdout: {out}");
    assert_eq!(errors.lines().count(), 1, "one line on stderr, got: {errors}");
    assert!(!errors.contains('\u{1b}'), "a raw escape in {errors:?}");
    assert!(errors.starts_with("observer: cannot look up container `"), "stderr: {errors}");
    assert!(errors.contains("`: no container engine answers: "), "stderr: {errors}");
    assert!(errors.contains("`unix:///nowhere/docker.sock`"), "stderr: {errors}");
}
