//! Without any engine: descendants, and nobody else.

use super::*;

#[test]
fn descendants_are_followed_past_the_end_of_their_creators() {
    let set = check(
        "
command 10
fork 10 by 5 observer in /
exec 10 vpid 10 mnt 1 in / file /bin/sh: sh -c build
fork 11 by 10 sh in /
fork 12 by 11 sh in /
exit 11 0
fork 90 by 1 systemd in /
exec 90 vpid 90 mnt 1 in / file /bin/other: other
exec 12 vpid 12 mnt 1 in / file /bin/daemon: daemon
fork 13 by 12 daemon in /
exit 10 3
exit 13 signal 9
        ",
        "
            sh build: command parent
              (sh): command parent
                daemon: command parent
                  (daemon): command parent
        ",
    );
    assert_eq!(set.running(), 1, "the daemon runs");
    assert_eq!(set.command().map(Caused::has_failed), Some(true));
    let of = &set.command().expect("the command").because.of;
    assert!(matches!(of, Cause::Process(key) if key.pid == 5), "who spawned it: {of:?}");
}

#[test]
fn an_earlier_life_of_the_pid_is_not_the_command() {
    check(
        "
fork 10 by 7 make in /
exec 10 vpid 10 mnt 1 in / file /bin/cc: cc
exit 10 0
command 10
fork 10 by 5 observer in /
exec 10 vpid 10 mnt 1 in / file /bin/true: true
        ",
        "
            true: command parent
        ",
    );
}

#[test]
fn a_runtime_without_an_engine() {
    check(
        "
command 10
fork 10 by 5 observer in /
exec 10 vpid 10 mnt 1 in / file /usr/sbin/runc: runc run box
fork 11 by 10 runc in /
exec 11 vpid 11 mnt 1 in / file /proc/self/exe: runc init
fork 12 by 11 runc:[1:CHILD] in /box
fork 13 by 10 runc in /
exec 13 vpid 13 mnt 1 in / file /usr/bin/hook: hook start
exit 13 0
exec 12 vpid 1 mnt 2 in /box file /bin/sh: sh
fork 14 by 12 sh in /box
exec 14 vpid 2 mnt 2 in /box file /bin/true: true
        ",
        "
            runc box: runtime parent
              runc init: runtime parent
                sh: container init parent
                  true: container process parent
              hook start: hook parent
        ",
    );
}

#[test]
fn unshare_is_no_container() {
    check(
        "
command 10
fork 10 by 5 observer in /
exec 10 vpid 10 mnt 1 in / file /usr/bin/unshare: unshare --fork --pid --mount true
fork 11 by 10 unshare in /
exec 11 vpid 1 mnt 2 in / file /bin/true: true
        ",
        "
            unshare true: command parent
              true: command parent
        ",
    );
}

#[test]
fn a_lost_fork_is_made_up_for_by_the_exec() {
    check(
        "
command 10
fork 10 by 5 observer in /
lost
fork 11 by 10 sh in /
exec 11 vpid 11 mnt 1 in / file /bin/true: true
        ",
        "
            (observer): command parent
              true: command parent
        ",
    );
}

#[test]
fn who_has_ended_stays_whose_it_was() {
    let set = history::play(
        "
command 10
fork 10 by 5 observer in /
fork 11 by 10 sh in /
fork 12 by 10 sh in /
exit 11 0
reparent 11 to 1
reparent 12 to 1
        ",
    );
    let parent =
        |pid| set.process(history::key(&set, pid)).and_then(|caused| caused.process.parent);
    assert_eq!(parent(11).map(|parent| parent.pid), Some(10), "waited for, as far as is known");
    assert_eq!(parent(12).map(|parent| parent.pid), Some(1), "an orphan");
}
