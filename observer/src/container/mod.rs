//! Whose cgroup a path stands for: container runtimes name their cgroups after the container.
//!
//! Pure and on the hot path: no engine is asked, which is for `engines` alone, and no file is read.
//! Shapes follow what docker, podman, containerd, CRI-O, LXC and systemd-nspawn write under both
//! cgroup drivers.

use std::fmt;

/// A container, as its cgroup names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Container {
    /// The runtime's own id: 64 hex digits for OCI engines, a name for LXC and nspawn.
    pub id: String,
    /// What made the cgroup.
    pub runtime: Runtime,
}

/// What makes containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Runtime {
    /// Docker.
    Docker,
    /// Podman and other users of libpod.
    Podman,
    /// containerd, through its CRI plug-in.
    Containerd,
    /// CRI-O.
    CriO,
    /// LXC.
    Lxc,
    /// systemd-nspawn and others that register with systemd-machined.
    Machine,
    /// An OCI runtime under Kubernetes whose cgroup does not say which.
    Kubernetes,
}

impl Runtime {
    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Containerd => "containerd",
            Self::CriO => "cri-o",
            Self::Lxc => "lxc",
            Self::Machine => "machine",
            Self::Kubernetes => "kubernetes",
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The innermost container that a cgroup path belongs to. A container may have cgroups of its
/// own below; a container in a container has its id behind the outer one's.
pub fn of_path(path: &str) -> Option<Container> {
    around_path(path).next()
}

/// All containers that a cgroup path is in, innermost first.
pub fn around_path(path: &str) -> impl Iterator<Item = Container> {
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    (0..names.len()).rev().filter_map(move |index| {
        let parents = names.get(..index)?;
        of_name(names.get(index)?, parents)
    })
}

/// The innermost unit of systemd's that a cgroup path belongs to, slices left out: `NAME.service`,
/// `NAME.scope`.
pub fn unit_of_path(path: &str) -> Option<&str> {
    let is_unit = |name: &&str| {
        [".service", ".scope"]
            .iter()
            .any(|end| name.strip_suffix(end).is_some_and(|n| !n.is_empty()))
    };
    path.rsplit('/').find(is_unit)
}

fn of_name(name: &str, parents: &[&str]) -> Option<Container> {
    let bare = name.strip_suffix(".scope").unwrap_or(name);
    of_prefix(bare).or_else(|| of_machine(name, bare)).or_else(|| of_parent(bare, parents))
}

/// `docker-<id>.scope` and its kin; libpod also puts the monitor's cgroup beside the container's,
/// as `libpod-conmon-<id>`, which is not the container.
fn of_prefix(bare: &str) -> Option<Container> {
    const PREFIXES: [(&str, Runtime); 5] = [
        ("docker-", Runtime::Docker),
        ("libpod-", Runtime::Podman),
        ("cri-containerd-", Runtime::Containerd),
        ("crio-", Runtime::CriO),
        ("libpod_parent-", Runtime::Podman),
    ];
    PREFIXES.iter().find_map(|(prefix, runtime)| {
        let id = bare.strip_prefix(prefix)?;
        is_id(id).then(|| Container { id: id.to_owned(), runtime: *runtime })
    })
}

/// `lxc.payload.<name>`, `machine-<name>.scope`.
fn of_machine(name: &str, bare: &str) -> Option<Container> {
    if let Some(id) = name.strip_prefix("lxc.payload.") {
        return Some(Container { id: id.to_owned(), runtime: Runtime::Lxc });
    }
    let id = bare.strip_prefix("machine-").filter(|_| bare != name)?;
    Some(Container { id: unescape(id), runtime: Runtime::Machine })
}

/// A bare id under a folder that tells the runtime: `/docker/<id>`, `/libpod_parent/<id>`,
/// `/kubepods/…/<id>`.
fn of_parent(bare: &str, parents: &[&str]) -> Option<Container> {
    if !is_id(bare) {
        return None;
    }
    let runtime = parents.iter().rev().find_map(|parent| match *parent {
        "docker" => Some(Runtime::Docker),
        "libpod_parent" | "libpod" => Some(Runtime::Podman),
        "crio" => Some(Runtime::CriO),
        folder if folder.starts_with("kubepods") => Some(Runtime::Kubernetes),
        "lxc" => Some(Runtime::Lxc),
        _ => None,
    })?;
    Some(Container { id: bare.to_owned(), runtime })
}

/// Whether it is an id as OCI engines give them: 64 hex digits.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Undoes systemd's `\x2d` escapes.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        plain.push_str(before);
        match after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if byte.is_ascii() => {
                plain.push(char::from(byte));
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                plain.push_str("\\x");
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn check(path: &str, expected: Option<(&str, Runtime)>) {
        let path = path.replace("ID", ID);
        let expected =
            expected.map(|(id, runtime)| Container { id: id.replace("ID", ID), runtime });
        assert_eq!(of_path(&path), expected, "{path}");
    }

    #[test]
    fn every_engine_and_driver() {
        check("/docker/ID", Some(("ID", Runtime::Docker)));
        check("/system.slice/docker-ID.scope", Some(("ID", Runtime::Docker)));
        check("/system.slice/docker-ID.scope/init", Some(("ID", Runtime::Docker)));
        check("/machine.slice/libpod-ID.scope/container", Some(("ID", Runtime::Podman)));
        check("/libpod_parent/libpod-ID", Some(("ID", Runtime::Podman)));
        check(
            "/kubepods.slice/kubepods-pod1.slice/cri-containerd-ID.scope",
            Some(("ID", Runtime::Containerd)),
        );
        check("/kubepods.slice/kubepods-pod1.slice/crio-ID.scope", Some(("ID", Runtime::CriO)));
        check("/kubepods/burstable/pod1/ID", Some(("ID", Runtime::Kubernetes)));
        check("/lxc.payload.web", Some(("web", Runtime::Lxc)));
        check("/machine.slice/machine-my\\x2dbox.scope", Some(("my-box", Runtime::Machine)));
    }

    #[test]
    fn the_inner_of_two_counts() {
        let inner = ID.replace('0', "f");
        check(&format!("/docker/ID/docker/{inner}"), Some((&inner, Runtime::Docker)));
    }

    #[test]
    fn a_unit_is_no_slice() {
        assert_eq!(unit_of_path("/system.slice/cron.service"), Some("cron.service"));
        assert_eq!(unit_of_path("/user.slice/session-1.scope/sub"), Some("session-1.scope"));
        assert_eq!(unit_of_path("/user.slice/.scope"), None);
        assert_eq!(unit_of_path("/"), None);
    }

    #[test]
    fn what_only_looks_like_one() {
        check("/", None);
        check("", None);
        check("/user.slice/user-0.slice/session-1.scope", None);
        check("/system.slice/docker.service", None);
        check("/machine.slice/libpod-conmon-ID.scope", None);
        check("/docker/short", None);
        check("/ID", None);
    }
}
