//! The engines and container managers that are known, one row each: what their cgroups look like,
//! where they listen and what their programs are called. A new one is a row here, and nothing else.
//!
//! In the names of programs and folders a `*` at the end stands for anything.

use std::fmt;

/// What is known of an engine.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) runtime: Runtime,
    /// How its cgroups are named after containers.
    pub(crate) cgroups: &'static [Shape],
    /// Where it listens as the machine's engine.
    #[cfg_attr(not(feature = "engine"), expect(dead_code, reason = "nobody is asked"))]
    pub(crate) sockets: &'static [&'static str],
    /// Where it listens as a user's own engine, below `$XDG_RUNTIME_DIR`.
    #[cfg_attr(not(feature = "engine"), expect(dead_code, reason = "nobody is asked"))]
    pub(crate) own_sockets: &'static [&'static str],
    /// Programs that ask it over a socket.
    pub(crate) clients: &'static [&'static str],
    /// Programs that have containers started.
    pub(crate) daemons: &'static [&'static str],
    /// Programs that stand between it and a container.
    pub(crate) shims: &'static [&'static str],
    /// OCI runtimes that came up with it. Any engine may run any of them.
    pub(crate) runtimes: &'static [&'static str],
}

/// How a cgroup is named after a container. An id has 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `PREFIX<id>`, with or without `.scope`.
    Prefix(&'static str),
    /// `<id>`, with or without `.scope`, anywhere below a folder of this name.
    Folder(&'static str),
    /// `PREFIX<name>`.
    Name(&'static str),
    /// `PREFIX<name>.scope`, the name escaped as systemd does.
    Scope(&'static str),
}

const NOTHING: Known = Known {
    runtime: Runtime::Docker,
    cgroups: &[],
    sockets: &[],
    own_sockets: &[],
    clients: &[],
    daemons: &[],
    shims: &[],
    runtimes: &[],
};

macro_rules! known {
    ($($(#[$doc:meta])* $variant:ident = $name:literal { $($columns:tt)* })*) => {
        /// What makes containers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Runtime {
            $($(#[$doc])* $variant,)*
        }

        impl Runtime {
            /// Its name in lower case.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        /// Every row.
        #[expect(clippy::needless_update, reason = "some rows have something in every column")]
        pub(crate) static KNOWN: &[Known] = &[
            $(Known { runtime: Runtime::$variant, $($columns)* ..NOTHING },)*
        ];
    };
}

known! {
    /// Docker.
    Docker = "docker" {
        cgroups: &[Shape::Prefix("docker-"), Shape::Folder("docker")],
        sockets: &["/run/docker.sock", "/var/run/docker.sock"],
        own_sockets: &["docker.sock"],
        clients: &["docker", "docker-compose", "docker-buildx", "buildctl"],
        daemons: &["dockerd", "docker-containerd", "cri-dockerd"],
        runtimes: &["runc", "runsc", "railcar"],
    }
    /// Podman and other users of libpod.
    Podman = "podman" {
        cgroups: &[
            Shape::Prefix("libpod-"),
            Shape::Prefix("libpod_parent-"),
            Shape::Folder("libpod"),
            Shape::Folder("libpod_parent"),
        ],
        sockets: &["/run/podman/podman.sock"],
        own_sockets: &["podman/podman.sock"],
        clients: &["podman", "podman-remote", "podman-compose", "buildah"],
        daemons: &["podman"],
        shims: &["conmon"],
        runtimes: &["crun", "youki"],
    }
    /// containerd, through its CRI plug-in.
    Containerd = "containerd" {
        cgroups: &[Shape::Prefix("cri-containerd-")],
        clients: &["ctr", "nerdctl", "crictl"],
        daemons: &["containerd"],
        shims: &["containerd-shim*"],
        runtimes: &["kata-runtime"],
    }
    /// CRI-O.
    CriO = "cri-o" {
        cgroups: &[Shape::Prefix("crio-"), Shape::Folder("crio")],
        daemons: &["crio"],
        shims: &["conmonrs"],
    }
    /// An OCI runtime under Kubernetes whose cgroup does not say which.
    Kubernetes = "kubernetes" {
        cgroups: &[Shape::Folder("kubepods*")],
    }
    /// LXC.
    Lxc = "lxc" {
        cgroups: &[Shape::Name("lxc.payload."), Shape::Folder("lxc")],
    }
    /// systemd-nspawn and others that register with systemd-machined.
    Machine = "machine" {
        cgroups: &[Shape::Scope("machine-")],
    }
}

/// Every shape with what makes such cgroups.
pub(super) fn shapes() -> impl Iterator<Item = (Shape, Runtime)> {
    KNOWN.iter().flat_map(|known| known.cgroups.iter().map(|shape| (*shape, known.runtime)))
}

/// Whether one of these is a program's or a folder's name.
pub(crate) fn is_called(names: &[&str], name: &[u8]) -> bool {
    names.iter().any(|known| match known.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning.as_bytes()),
        None => name == known.as_bytes(),
    })
}

/// Whether one of these may be the program of a process: of its name the kernel keeps 15 bytes.
pub(crate) fn is_comm(names: &[&str], comm: &[u8]) -> bool {
    const KEPT: usize = 15;
    names.iter().any(|known| match known.strip_suffix('*') {
        Some(beginning) => comm.starts_with(first(beginning.as_bytes(), KEPT)),
        None => comm == first(known.as_bytes(), KEPT),
    })
}

fn first(bytes: &[u8], most: usize) -> &[u8] {
    bytes.get(..most).unwrap_or(bytes)
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::{Container, of_path};

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn every_shape_is_recognised() {
        for (shape, runtime) in shapes() {
            let (path, id) = match shape {
                Shape::Prefix(prefix) => (format!("/a.slice/{prefix}{ID}.scope/b"), ID),
                Shape::Folder(name) => (format!("/{}/b/{ID}", name.replace('*', ".slice")), ID),
                Shape::Name(prefix) => (format!("/{prefix}web"), "web"),
                Shape::Scope(prefix) => (format!("/machine.slice/{prefix}web.scope"), "web"),
            };
            let expected = Container { id: id.to_owned(), runtime };
            assert_eq!(of_path(&path), Some(expected), "{path}");
        }
    }

    #[test]
    fn a_star_stands_for_anything_and_the_kernel_cuts_names() {
        let is = |name: &str| is_called(&["containerd-shim*", "conmon"], name.as_bytes());
        assert!(is("conmon") && is("containerd-shim") && is("containerd-shim-runc-v2"));
        assert!(!is("conmonrs") && !is("containerd") && !is(""));
        let comm =
            |name: &str| is_comm(&["docker-containerd", "containerd-shim*"], name.as_bytes());
        assert!(comm("docker-containe") && comm("containerd-shim"));
        assert!(!comm("docker-contain") && !comm("containerd-shi"));
    }

    #[cfg(feature = "schema")]
    #[test]
    fn every_name_is_in_the_schema() {
        let names: Vec<_> =
            KNOWN.iter().map(|known| format!("`{}`", known.runtime.name())).collect();
        let schema = crate::render::schema::text_of::<crate::render::schema::Line<'static>>();
        assert!(schema.contains(&format!("\"{}.\"", names.join(", "))), "{names:?}");
    }
}
