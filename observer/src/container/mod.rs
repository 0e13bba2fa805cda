//! Whose cgroup a path stands for: container runtimes name their cgroups after the container.
//!
//! Pure and on the hot path: no engine is asked, which is for `engines` alone, and no file is read.
//! Shapes follow what docker, podman, containerd, CRI-O, LXC and systemd-nspawn write under both
//! cgroup drivers.

pub(crate) mod known;

pub use self::known::Runtime;
use self::known::{Shape, is_called, shapes};

/// A container, as its cgroup names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Container {
    /// The runtime's own id: 64 hex digits for OCI engines, a name for LXC and nspawn.
    pub id: String,
    /// What made the cgroup.
    pub runtime: Runtime,
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
    of_itself(name, bare).or_else(|| of_parent(bare, parents))
}

/// What a name alone says: `docker-<id>.scope`, `lxc.payload.<name>`. libpod also puts the monitor's
/// cgroup beside the container's, as `libpod-conmon-<id>`, which is not the container.
fn of_itself(name: &str, bare: &str) -> Option<Container> {
    shapes().find_map(|(shape, runtime)| {
        let id = match shape {
            Shape::Prefix(prefix) => {
                bare.strip_prefix(prefix).filter(|id| is_id(id)).map(str::to_owned)
            }
            Shape::Name(prefix) => name.strip_prefix(prefix).map(str::to_owned),
            Shape::Scope(prefix) => {
                bare.strip_prefix(prefix).filter(|_| bare != name).map(unescape)
            }
            Shape::Folder(_) => None,
        };
        id.map(|id| Container { id, runtime })
    })
}

/// A bare id under a folder that tells the runtime: `/docker/<id>`, `/kubepods/…/<id>`. The innermost
/// such folder counts.
fn of_parent(bare: &str, parents: &[&str]) -> Option<Container> {
    if !is_id(bare) {
        return None;
    }
    let of_folder = |folder: &&str| {
        shapes().find_map(|(shape, runtime)| match shape {
            Shape::Folder(known) => is_called(&[known], folder.as_bytes()).then_some(runtime),
            _ => None,
        })
    };
    let runtime = parents.iter().rev().find_map(of_folder)?;
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
