//! What a client asks of its engine, as the kernel shows it: the link from the one to its container.

use std::fs;
use std::time::Duration;

use observer::Monitor;
use observer::event::What;
use observer::monitor::Update;
use observer::source::Backend;

use crate::support::child::Started;
use crate::support::engine::{Engine, IMAGE, busybox, engine};
use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::need::bpf;
use crate::table::changes::Changes;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf, engine, busybox] { a_client_starts_its_container }
    ]
}

/// The first line of what this change says that a client wrote, and to which socket.
fn request(update: &Update) -> Option<(String, String)> {
    let What::Request { peer, bytes, .. } = &update.change.event.what else { return None };
    let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((text(line), text(&peer.path)))
}

fn a_client_starts_its_container() {
    let engine = Engine::start();
    engine.import_image();
    let monitor = Monitor::builder().backend(Backend::Bpf).requests().start();
    let monitor = monitor.expect("a monitor");
    let mut changes = Changes::of(monitor.subscribe());
    let id_file = engine.place("id");
    let mut run = engine.client(&["run", "--rm", "--network=none", "--cidfile"]);
    run.arg(&id_file).args([IMAGE, "/bin/true"]);
    let client = Started::new(&mut run);
    let pid = client.pid();
    let exec = changes.wait_for("the client's exec", |update| {
        let what = &update.change.event.what;
        matches!(what, What::Exec { process, .. } if process.key.pid == pid)
    });
    let key = exec.change.event.what.key().expect("a process");
    assert!(monitor.overhear(key).expect("an attached program"));
    let ended = client.reap_within(patience(Duration::from_secs(10)));
    assert_eq!(ended.status, 0, "{}", engine.log());
    let id = fs::read_to_string(&id_file).expect("the container's id");
    let address = engine.address();
    let socket = address.strip_prefix("unix://").expect("a unix socket");
    for wanted in ["/containers/create", &format!("/containers/{id}/start")] {
        let update = changes.wait_for(wanted, |update| {
            request(update).is_some_and(|(line, _)| {
                line.starts_with("POST ") && line.contains(wanted) && line.ends_with(" HTTP/1.1")
            })
        });
        assert_eq!(update.change.event.what.key(), Some(key), "{wanted}");
        assert_eq!(request(&update).expect("a request").1, socket, "{wanted}");
    }
}
