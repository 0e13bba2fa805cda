//! Across the boundary of each engine.

use super::*;

#[test]
fn docker_run_with_a_published_port() {
    let set = check(
        include_str!("histories/docker-run-published.history"),
        "
            docker /bin/true; /bin/sleep 0.1: client parent
              [{A}]
                iptables docker0: engine argv
                iptables docker0: engine argv
                iptables ACCEPT: engine argv
                iptables ACCEPT: engine argv
                iptables MASQUERADE: engine argv
                iptables MASQUERADE: engine argv
                docker-proxy 80: engine argv
                docker-proxy 80: engine argv
                containerd-shim-runc-v2 start: shim argv
                  containerd-shim-runc-v2 /run/containerd.sock: shim parent
                    runc {A}: runtime parent
                      runc init: runtime parent
                        (runc:[0:PARENT]): runtime parent
                          sleep 0.1: container init parent
                            true: container process parent
                      libnetwork-setkey ae67f8ca6f47: hook parent
                    runc {A}: runtime parent
                    runc {A}: runtime parent
                set-ipv6 false: engine argv
                containerd-shim-runc-v2 delete: shim argv
                  runc {A}: runtime parent
                iptables docker0: engine argv
                iptables docker0: engine argv
                iptables ACCEPT: engine argv
                iptables ACCEPT: engine argv
                iptables MASQUERADE: engine argv
                iptables MASQUERADE: engine argv
        ",
    );
    assert_eq!(set.running(), 0);
}

#[test]
fn docker_run_detached_then_exec_and_stop() {
    check(
        include_str!("histories/docker-detached.history"),
        "
            sh script: command parent
              docker 100: client parent
                [{B}]
                  containerd-shim-runc-v2 start: shim argv
                    containerd-shim-runc-v2 /run/containerd.sock: shim parent
                      runc {B}: runtime parent
                        runc init: runtime parent
                          (runc:[0:PARENT]): runtime parent
                            docker-init 100: container init parent
                              sleep 100: container process parent
                        libnetwork-setkey ae67f8ca6f47: hook parent
                      runc {B}: runtime parent
                      runc {B}: runtime parent
                        runc init: runtime parent
                          (runc:[0:PARENT]): runtime parent
                            echo hi: exec parent
                      runc 15: runtime parent
                      runc {B}: runtime parent
                  set-ipv6 false: engine argv
                  containerd-shim-runc-v2 delete: shim argv
                    runc {B}: runtime parent
              docker hi: client parent
              docker {B}: client parent
              docker {B}: client parent
        ",
    );
}

#[test]
fn docker_run_of_a_program_that_is_not_there() {
    check(
        include_str!("histories/docker-missing-program.history"),
        "
            docker /bin/missing: client parent
              [{D}]
                containerd-shim-runc-v2 start: shim argv
                  containerd-shim-runc-v2 /run/containerd.sock: shim parent
                    runc {D}: runtime parent
                      runc init: runtime parent
                        (runc:[0:PARENT]): runtime parent
                          (runc:[1:CHILD]): runtime parent
                      libnetwork-setkey ae67f8ca6f47: hook parent
                set-ipv6 false: engine argv
                containerd-shim-runc-v2 delete: shim argv
                  runc {D}: runtime parent
        ",
    );
}

#[test]
fn podman_run() {
    check(
        include_str!("histories/podman-run.history"),
        "
            podman hi: client parent
              conmon /usr/bin/podman: shim parent
                (conmon): shim parent
                  crun {A}: runtime parent
                    echo hi: container init parent
                  podman {A}: engine parent
              crun {A}: runtime parent
              [{A}]
        ",
    );
}

#[test]
fn ctr_run() {
    check(
        include_str!("histories/ctr-run.history"),
        "
            ctr true: client parent
              [web1]
                containerd-shim-runc-v2 start: shim argv
                  containerd-shim-runc-v2 /run/containerd/containerd.sock: shim parent
                    runc web1: runtime parent
                      runc init: runtime parent
                        true: container init parent
        ",
    );
}

#[test]
fn a_container_of_a_pod() {
    check(
        include_str!("histories/pod.history"),
        "
            crictl {B}: client parent
              [{B}]
                runc {B}: runtime argv
                  app: container init parent
        ",
    );
}

#[test]
fn crictl_start_with_crio() {
    check(
        include_str!("histories/crio-start.history"),
        "
            sh script: command parent
              crictl {B}: client parent
                [{B}]
                  conmon /usr/bin/runc: shim argv
                    runc {B}: runtime parent
                      web: container init parent
        ",
    );
}

/// The cgroup of a container is elsewhere under each driver, version and rights; who asked for it is
/// found by the same facts.
#[test]
fn under_every_kind_of_cgroup() {
    let recorded = include_str!("histories/docker-run-published.history");
    let expected = tree(&history::play(recorded));
    assert!(expected.contains("sleep 0.1: container init"), "{expected}");
    for place in [
        "/system.slice/docker-{A}.scope",
        "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{A}.scope",
        "/kubepods.slice/kubepods-burstable.slice/docker-{A}.scope",
        "/docker/{A}/init.scope",
        "/docker/{E}/docker/{A}",
    ] {
        let moved = recorded.replace("in /docker/{A}", &format!("in {place}"));
        assert_eq!(tree(&history::play(&moved)), expected, "{place}");
    }
}
