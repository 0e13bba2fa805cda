//! A `docker run` as a set will have it, made by hand.

use super::*;
use crate::cause::{Branch, Item};

pub(super) const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The processes of a set, and how they hang together.
pub(super) struct Story {
    machine: Machine,
    command: Vec<Bytes>,
    set: CausalSet,
    container: CausedContainer,
    processes: Vec<Caused>,
    depths: &'static [usize],
}

impl Story {
    pub(super) fn processes_mut(&mut self) -> &mut [Caused] {
        &mut self.processes
    }

    pub(super) fn container_mut(&mut self) -> &mut CausedContainer {
        &mut self.container
    }

    pub(super) fn with<T>(&self, look_at: impl FnOnce(&Report<'_>) -> T) -> T {
        let account = account(&self.command, &self.set);
        let mut items: Vec<_> = self.processes.iter().map(Item::Process).collect();
        items.insert(1, Item::Container(&self.container));
        let lines = items.into_iter().zip(self.depths).enumerate();
        let branches = lines.map(|(index, (item, depth))| {
            let later = self.depths[index + 1..].iter();
            let next = later.take_while(|next| *next >= depth).find(|next| *next == depth);
            Branch { item, depth: *depth, is_last: next.is_none() }
        });
        look_at(&Report::of_tree(&account, setting(&self.machine), branches.collect()))
    }
}

/// A container whose shim, runtime and processes are told, one of them killed.
pub(super) fn docker_run() -> Story {
    let client = key(4711, 0);
    let (shim, init) = (key(4720, 120), key(4731, 210));
    let mut set = Told::command(4711);
    set.exit(client, 1203, FINE);
    let of_container =
        |fact| Because { fact, of: Cause::Container(ID.to_owned()), inferred: false };
    let of = |key| Because { fact: Fact::Parent, of: Cause::Process(key), inferred: false };
    let processes = vec![
        caused(client, Role::Client, of(OBSERVER), 1203, &["docker run --rm alpine:3 sh -c x"]),
        caused(
            shim,
            Role::Shim,
            of_container(Fact::Argv),
            1190,
            &["/usr/bin/containerd-shim-runc-v2 -id 0123"],
        ),
        caused(key(4725, 150), Role::Runtime, of(shim), 280, &["runc create 0123456789ab"]),
        Caused {
            process: inside(init, b"sh"),
            ..caused(
                init,
                Role::ContainerInit,
                of_container(Fact::Cgroup),
                1100,
                &["runc init", "sh -c x"],
            )
        },
        Caused {
            process: inside(key(4740, 600), b"sleep"),
            end: Some(end(900, Some(Status::Signal { number: 9, core_dumped: Some(false) }))),
            ..caused(key(4740, 600), Role::ContainerProcess, of(init), 900, &["sleep 10"])
        },
        Caused {
            process: inside(key(4741, 700), b"sh"),
            ..caused(key(4741, 700), Role::ContainerProcess, of(init), 701, &[])
        },
    ];
    Story {
        machine: machine(),
        command: words("docker run --rm alpine:3 sh -c x"),
        set: set.0,
        container: container(client),
        processes,
        depths: &[0, 1, 2, 3, 2, 3, 3],
    }
}

/// A container that this client asked for.
pub(super) fn container(client: ProcessKey) -> CausedContainer {
    CausedContainer {
        id: ID.to_owned(),
        runtime: Some("docker"),
        name: Some("web".to_owned()),
        image: Some("alpine:3".to_owned()),
        marks: vec!["172.17.0.2".to_owned(), "/run/netns/1".to_owned()],
        client: Some(client),
        inferred: false,
        started: true,
    }
}

fn inside(key: ProcessKey, name: &[u8]) -> Process {
    let container = Some(Container { id: ID.to_owned(), runtime: Runtime::Docker });
    let cgroup = Cgroup { v2: format!("/docker/{ID}"), v1: None, container };
    Process { cgroup: Some(Arc::new(cgroup)), ..process(key, name) }
}

/// One that ran these programs.
fn caused(key: ProcessKey, role: Role, because: Because, end_ms: u64, programs: &[&str]) -> Caused {
    let exec = |(index, line): (usize, &&str)| {
        let words: Vec<_> = line.split(' ').map(str::as_bytes).collect();
        Exec {
            boot_ns: key.start_ns + index as u64 * MS,
            filename: Bytes::copy_from_slice(words[0]),
            args: Some(args(&words)),
        }
    };
    let name = programs.last().map_or("sh", |line| line.split(' ').next().unwrap());
    Caused {
        process: process(key, name.as_bytes()),
        life: 1,
        role,
        because,
        execs: programs.iter().enumerate().map(exec).collect(),
        end: Some(end(end_ms, FINE)),
    }
}
