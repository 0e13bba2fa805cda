//! What is nobody's stays out, and what cannot be decided is said.

use super::*;

/// A container of the engine 40's, as dockerd's containerd starts it.
fn container(id: &str, first_pid: u32) -> String {
    let [shim, daemon, runc, init] = [0, 1, 2, 3].map(|next| first_pid + next);
    format!(
        "
fork {shim} by 41 containerd in /
exec {shim} vpid {shim} mnt 1 in / file /usr/bin/containerd-shim-runc-v2: containerd-shim-runc-v2 -id {id} start
fork {daemon} by {shim} containerd-shim in /
exit {shim} 0
fork {runc} by {daemon} containerd-shim in /
exec {runc} vpid {runc} mnt 1 in / file /usr/sbin/runc: runc create --bundle /run/{id} {id}
fork {init} by {runc} runc in /docker/{id}
exit {runc} 0
exec {init} vpid 1 mnt 2 in /docker/{id} file /bin/app: app
"
    )
}

const DOCKER_RUN: &str = "
command 10
fork 10 by 5 observer in /
exec 10 vpid 10 mnt 1 in / file /usr/bin/docker: docker run img
";

const START: &str = "request 10 to 40: POST /v1.41/containers/{A}/start HTTP/1.1\n";

const OURS: &str = "
            docker img: client parent
              [{A}]
                containerd-shim-runc-v2 start: shim argv
                  (containerd-shim): shim parent
                    runc {A}: runtime parent
                      app: container init parent
";

#[test]
fn another_ones_container_is_not_ours() {
    let history = [DOCKER_RUN, &container("{B}", 20), START, &container("{A}", 30)].concat();
    let set = check(&history, OURS);
    assert_eq!(set.doubts(), []);
}

#[test]
fn a_request_told_late_is_not_too_late() {
    check(&[DOCKER_RUN, &container("{A}", 20), "exit 23 0\n", START].concat(), OURS);
}

#[test]
fn an_id_in_somebodys_arguments_makes_nobody_ours() {
    let others = "
fork 80 by 7 bash in /
exec 80 vpid 80 mnt 1 in / file /usr/bin/docker: docker logs {A}
fork 81 by 7 bash in /
exec 81 vpid 81 mnt 1 in / file /usr/bin/containerd-shim-runc-v2: containerd-shim-runc-v2 -id {A} start
fork 82 by 9 dockerd in /docker/{C}
exec 82 vpid 82 mnt 1 in /docker/{C} file /usr/sbin/runc: runc state {A}
";
    check(&[DOCKER_RUN, START, others, &container("{A}", 30), others].concat(), OURS);
}

#[test]
fn unheard_and_without_another_it_is_inferred() {
    let deaf = "deaf 10\n";
    check(
        &[DOCKER_RUN, deaf, &container("{A}", 20), "exit 10 0\n", &container("{B}", 30)].concat(),
        "
            docker img: client parent
              [{A} inferred]
                containerd-shim-runc-v2 start: shim argv?
                  (containerd-shim): shim parent
                    runc {A}: runtime parent
                      app: container init parent
        ",
    );
}

#[test]
fn of_two_candidates_neither_is_taken() {
    let deaf = "deaf 10\n";
    let set = check(
        &[DOCKER_RUN, deaf, &container("{A}", 20), &container("{B}", 30)].concat(),
        "
            docker img: client parent
        ",
    );
    let [Doubt::SeveralCandidates { client, containers }] = set.doubts() else {
        panic!("{:?}", set.doubts());
    };
    assert_eq!(client.pid, 10);
    assert_eq!(containers, &["{A}", "{B}"].map(history::expand));
}

#[test]
fn a_client_that_only_looks_started_nothing() {
    let looks = DOCKER_RUN.replace("docker run img", "docker ps");
    let set = check(
        &[looks.as_str(), "deaf 10\n", &container("{A}", 20)].concat(),
        "
            docker ps: client parent
        ",
    );
    assert_eq!(set.doubts(), []);
}

#[test]
fn a_heard_client_that_asked_for_nothing_started_nothing() {
    let ping = "request 10 to 40: HEAD /_ping HTTP/1.1\n";
    let set = check(
        &[DOCKER_RUN, ping, &container("{B}", 20)].concat(),
        "
            docker img: client parent
        ",
    );
    assert_eq!(set.doubts(), []);
}

#[test]
fn what_an_exec_runs_in_a_container_that_was_there_is_ours_alone() {
    let exec = "
request 10 to 40: POST /v1.41/exec/{E}/start HTTP/1.1
fork 60 by 21 containerd-shim in /
exec 60 vpid 60 mnt 1 in / file /usr/sbin/runc: runc exec --pid-file /run/{A}/{E}.pid {A}
fork 61 by 60 runc in /
exec 61 vpid 9 mnt 2 in /docker/{A} file /bin/echo: echo hi
fork 62 by 21 containerd-shim in /
exec 62 vpid 62 mnt 1 in / file /usr/sbin/runc: runc exec --pid-file /run/{A}/{F}.pid {A}
fork 63 by 62 runc in /
exec 63 vpid 10 mnt 2 in /docker/{A} file /bin/echo: echo another
";
    let client = DOCKER_RUN.replace("run img", "exec web echo hi");
    check(
        &[&container("{A}", 20), client.as_str(), exec].concat(),
        "
            docker hi: client parent
              runc {A}: runtime socket
                echo hi: exec parent
              [{A} before]
        ",
    );
}

#[test]
fn a_name_waits_for_its_id() {
    let history = [
        &DOCKER_RUN.replace("run img", "start web"),
        "request 10 to 40: POST /v1.41/containers/web/start HTTP/1.1\n",
        &container("{A}", 20),
    ]
    .concat();
    let mut set = history::play(&history);
    let wishes: Vec<_> = std::iter::from_fn(|| set.next_wish()).collect();
    let resolve = |wish: &Wish| matches!(wish, Wish::Resolve { name, .. } if name == "web");
    assert!(wishes.iter().any(resolve), "{wishes:?}");
    assert_eq!(set.processes().count(), 1);
    set.resolve("web", &history::expand("{A}"));
    assert_eq!(tree(&set).lines().count(), OURS.trim().lines().count());
    let init = set.process(history::key(&set, 23)).expect("of the set");
    assert_eq!((init.role, init.because.fact), (Role::ContainerInit, Fact::Parent));
}

#[test]
fn helpers_that_name_an_address_are_known_by_it() {
    let proxy = "
fork 50 by 40 dockerd in /
exec 50 vpid 50 mnt 1 in / file /usr/sbin/iptables: iptables -D X -d 172.17.0.22
fork 51 by 40 dockerd in /
exec 51 vpid 51 mnt 1 in / file /usr/sbin/iptables: iptables -D X -d 172.17.0.2/32
";
    let history = [DOCKER_RUN, START, &container("{A}", 20), proxy].concat();
    let mut set = history::play(&history);
    let marks = vec!["172.17.0.2".to_owned()];
    set.describe(&history::expand("{A}"), "web".to_owned(), "img".to_owned(), marks);
    let facts = |pid| set.process(history::key(&set, pid)).map(|caused| caused.because.fact);
    assert_eq!(facts(51), Some(Fact::Argv));
    assert!(!set.processes().any(|caused| caused.process.key.pid == 50));
}

/// Somebody asks the engine for its versions meanwhile.
#[test]
fn helpers_that_name_nothing_are_nobodys() {
    let helper = "
fork 50 by 40 dockerd in /
exec 50 vpid 50 mnt 1 in / file /usr/sbin/runc: runc --version
exit 50 0
";
    let history = [helper, DOCKER_RUN, START, helper, &container("{A}", 20), helper];
    let set = check(&history.concat(), OURS);
    let [Doubt::NamelessHelpers { count: 1, containers }] = set.doubts() else {
        panic!("{:?}", set.doubts());
    };
    assert_eq!(containers, &[history::expand("{A}")]);
}

#[test]
fn each_client_is_to_be_overheard_until_it_ends() {
    let mut set = history::play(&[DOCKER_RUN, "exit 10 0\n"].concat());
    let wishes: Vec<_> = std::iter::from_fn(|| set.next_wish()).collect();
    let key = history::key(&set, 10);
    assert_eq!(wishes, [Wish::Overhear(key), Wish::StopOverhearing(key)]);
}

#[test]
fn a_container_in_a_container_is_ours_with_it() {
    let inner = "
fork 70 by 23 dockerd in /docker/{A}
exec 70 vpid 7 mnt 2 in /docker/{A} file /usr/sbin/runc: runc create {B}
fork 71 by 70 runc in /docker/{A}/docker/{B}
exec 71 vpid 1 mnt 3 in /docker/{A}/docker/{B} file /bin/inner: inner
";
    let set = check(
        &[DOCKER_RUN, START, &container("{A}", 20), inner].concat(),
        "
            docker img: client parent
              [{A}]
                containerd-shim-runc-v2 start: shim argv
                  (containerd-shim): shim parent
                    runc {A}: runtime parent
                      app: container init parent
                        runc {B}: container process parent
                          inner: container process parent
            [{B}]
        ",
    );
    let inner = set.process(history::key(&set, 71)).expect("of the set");
    let container = inner.process.container().map(|container| history::shorten(&container.id));
    assert_eq!(container.as_deref(), Some("{B}"));
}
