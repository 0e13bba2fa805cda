//! The cgroup of a process, and the container that its name gives away.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::child::{Actor, act, c_string, unique};
use crate::support::event::Event;
use crate::support::harness::{Case, cases};
use crate::support::machine::{in_guest, soon};
use crate::support::need::{Lack, bpf};
use crate::support::observed::Observed;
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf, v2] {
            container_by_scope_on_v2,
            children_of_a_container,
            moved_while_running,
        }
        Host [bpf, v2] {
            container_by_folder_on_v2,
            plain_cgroup_is_no_container,
        }
        EveryKernel [bpf, v1] { container_by_scope_on_v1 }
    ]
}

/// A mounted hierarchy in which cgroups can be made.
pub(crate) struct Hierarchy {
    mount: PathBuf,
    /// How its line in /proc/PID/cgroup begins.
    line: String,
}

pub(crate) fn v2() -> Option<Lack> {
    writable(unified().as_ref(), "cgroup v2 hierarchy")
}

pub(crate) fn v1() -> Option<Lack> {
    writable(with_controllers().as_ref(), "cgroup v1 hierarchy")
}

fn writable(hierarchy: Option<&Hierarchy>, name: &str) -> Option<Lack> {
    let Some(hierarchy) = hierarchy else {
        return Some(format!("no {name} is mounted").into());
    };
    let probe = hierarchy.mount.join(unique("probe"));
    match fs::create_dir(&probe).and_then(|()| fs::remove_dir(&probe)) {
        Ok(()) => None,
        Err(error) => Some(format!("the {name} is not writable: {error}").into()),
    }
}

fn unified() -> Option<Hierarchy> {
    hierarchy("cgroup2", "", "0::")
}

/// A v1 hierarchy of a controller that containers get a cgroup of. A guest may have one mounted.
fn with_controllers() -> Option<Hierarchy> {
    let mounted = || {
        let memory = hierarchy("cgroup", "memory", ":memory:");
        memory.or_else(|| hierarchy("cgroup", "pids", ":pids:"))
    };
    mounted().or_else(|| {
        if in_guest() {
            mount_pids().ok()?;
        }
        mounted()
    })
}

/// The root of a v1 hierarchy that does not serve perf.
pub(crate) fn folder_of_v1() -> PathBuf {
    with_controllers().expect("a hierarchy").mount
}

fn mount_pids() -> io::Result<()> {
    let place = env::temp_dir().join("cgroup-pids");
    fs::create_dir_all(&place)?;
    sys::mount_with(c"none", &c_string(&place), Some(c"cgroup"), 0, Some(c"pids"))
}

fn hierarchy(kind: &str, option: &str, line: &str) -> Option<Hierarchy> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let mount = mounts.lines().find_map(|mount| {
        let (place, filesystem) = mount.split_once(" - ")?;
        let mut filesystem = filesystem.split(' ');
        let fits = filesystem.next()? == kind
            && (option.is_empty() || filesystem.nth(1)?.split(',').any(|word| word == option));
        fits.then(|| place.split(' ').nth(4).map(PathBuf::from))?
    })?;
    Some(Hierarchy { mount, line: line.to_owned() })
}

/// A cgroup that goes when the test ends.
pub(crate) struct Cgroup {
    folder: PathBuf,
    line: String,
}

impl Cgroup {
    fn new(hierarchy: Hierarchy, name: &str) -> Self {
        let folder = hierarchy.mount.join(name);
        fs::create_dir(&folder).unwrap_or_else(|e| panic!("cannot make {}: {e}", folder.display()));
        Self { folder, line: hierarchy.line }
    }

    fn inside(outer: &Self, name: &str) -> Self {
        let hierarchy = Hierarchy { mount: outer.folder.clone(), line: outer.line.clone() };
        Self::new(hierarchy, name)
    }

    /// A cgroup as docker with systemd names it.
    pub(crate) fn of_container(id: &str) -> Self {
        let hierarchy = unified().expect("a v2 hierarchy");
        Self::new(hierarchy, &format!("docker-{id}.scope"))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn add(&self, pid: u32) {
        fs::write(self.folder.join("cgroup.procs"), pid.to_string()).expect("a move");
    }

    /// Lets the child of `command` move in before it executes its program.
    pub(crate) fn take_in(&self, command: &mut Command) {
        let file = self.folder.join("cgroup.procs");
        let file = fs::OpenOptions::new().write(true).open(&file);
        let mut file = file.expect("a writable cgroup");
        sys::before_exec(command, move || file.write_all(b"0"));
    }

    /// What /proc says of a process in this hierarchy.
    pub(crate) fn path_of(&self, pid: u32) -> String {
        let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).expect("a live process");
        let line = text.lines().find(|line| line.contains(&self.line));
        let (_, path) = line.expect("a line").split_once(&self.line).expect("a path");
        path.to_owned()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let deadline = Instant::now() + soon();
        // The last process may still be on its way out.
        while is_busy(&self.folder) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn is_busy(folder: &Path) -> bool {
    let busy = io::Error::from_raw_os_error(libc::EBUSY).kind();
    fs::remove_dir(folder).is_err_and(|error| error.kind() == busy)
}

/// Sixty-four hexadecimal digits that nobody else uses.
pub(crate) fn container_id() -> String {
    let mut state = sys::boot_ns() ^ (u64::from(std::process::id()) << 40);
    let mut word = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{:016x}", state ^ (state >> 29))
    };
    [word(), word(), word(), word()].concat()
}

/// Runs an act in a cgroup; its exec event is to have the cgroup that /proc shows.
fn exec_inside(cgroup: &Cgroup) -> Event {
    let token = unique("cgroup");
    let mut observed = Observed::start(&[]);
    let mut command = act(&["pause", &token]);
    cgroup.take_in(&mut command);
    let actor = Actor::new(&mut command);
    actor.hear("ready");
    let truth = cgroup.path_of(actor.pid());
    actor.dismiss();
    let exec = observed.wait_for("exec", |e| e.is("exec") && e.has_argument(&token));
    let exit = observed.wait_for("exit", |e| e.is("exit") && e.id() == exec.id());
    for event in [&exec, &exit] {
        let told = event.text("/process/linux/cgroup");
        assert_eq!(told, Some(truth.as_str()), "cgroup of {event:?}");
    }
    assert_eq!(exit.container(), exec.container(), "container of {exit:?}");
    exec
}

fn assert_container(event: &Event, id: &str) {
    assert_eq!(event.container(), Some(id), "container of {event:?}");
    let runtime = event.text("/container/runtime");
    assert_eq!(runtime, Some("docker"), "runtime of {event:?}");
}

fn container_by_scope_on_v2() {
    let id = container_id();
    assert_container(&exec_inside(&Cgroup::of_container(&id)), &id);
}

fn container_by_folder_on_v2() {
    let id = container_id();
    // `docker` itself may be there already, of a real engine; any folder would do for the test.
    let outer = unified().expect("a v2 hierarchy");
    let docker = outer.mount.join("docker");
    if docker.exists() {
        let inner = Hierarchy { mount: docker, line: outer.line };
        let cgroup = Cgroup::new(inner, &id);
        return assert_container(&exec_inside(&cgroup), &id);
    }
    let docker = Cgroup::new(outer, "docker");
    let cgroup = Cgroup::inside(&docker, &id);
    let exec = exec_inside(&cgroup);
    drop(cgroup);
    drop(docker);
    assert_container(&exec, &id);
}

fn container_by_scope_on_v1() {
    let id = container_id();
    let hierarchy = with_controllers().expect("a v1 hierarchy");
    let cgroup = Cgroup::new(hierarchy, &format!("docker-{id}.scope"));
    assert_container(&exec_inside(&cgroup), &id);
}

fn children_of_a_container() {
    let id = container_id();
    let cgroup = Cgroup::of_container(&id);
    let token = unique("inside");
    let mut observed = Observed::start(&["-e", "fork,exec,exit"]);
    let mut command = act(&["relay", "1"]);
    cgroup.take_in(&mut command);
    let mut actor = Actor::new(&mut command);
    actor.hear("relay");
    actor.tell(&token);
    let child = actor.hear_number("child");
    actor.dismiss();
    let exec = observed.wait_for("exec", |e| e.is("exec") && e.has_argument(&token));
    observed.wait_for("exit", |e| e.is("exit") && e.id() == exec.id());
    let events = observed.seen(|e| e.is_of_process() && e.id() == exec.id());
    let kinds: Vec<_> = events.iter().map(Event::kind).collect();
    assert_eq!(kinds, ["fork", "exec", "exit"], "of process {child}");
    for event in &events {
        assert_container(event, &id);
    }
}

fn plain_cgroup_is_no_container() {
    let cgroup = Cgroup::new(unified().expect("a v2 hierarchy"), &unique("plain"));
    let exec = exec_inside(&cgroup);
    assert_eq!(exec.container(), None, "container of {exec:?}");
}

fn moved_while_running() {
    let id = container_id();
    let before = Cgroup::new(unified().expect("a v2 hierarchy"), &unique("before"));
    let after = Cgroup::of_container(&id);
    let mut observed = Observed::start(&["-e", "exec,exit,cgroup"]);
    let mut command = act(&["exec-when-told", &unique("moved")]);
    before.take_in(&mut command);
    let mut actor = Actor::new(&mut command);
    actor.hear("ready");
    let pid = actor.pid();
    let old = before.path_of(pid);
    after.add(pid);
    let new = after.path_of(pid);
    actor.tell("go");
    let ended = actor.dismiss();
    let us = std::process::id();
    observed.wait_for_exits(&[ended]);
    let is_move = |e: &Event| {
        e.is("cgroup") && e.pid() == pid && e.text("/process/linux/cgroup") == Some(&new)
    };
    let moved = observed.wait_for("cgroup", is_move);
    assert_container(&moved, &id);
    assert_eq!(moved.text("/old_cgroup"), Some(old.as_str()), "old cgroup of {moved:?}");
    let execs = observed.seen(|e| e.is("exec") && e.pid() == pid && e.parent_pid() == us);
    assert_eq!(execs.len(), 2, "execs of {pid}: {execs:?}");
    assert_eq!(execs[0].text("/process/linux/cgroup"), Some(old.as_str()));
    assert_container(&execs[1], &id);
}
