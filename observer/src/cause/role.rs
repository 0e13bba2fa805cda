//! What part a process plays.

use std::fmt;

/// What part a process plays in what a command caused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Role {
    /// The command itself or a descendant outside of any container.
    Command,
    /// Asks an engine: docker, podman, ctr…
    Client,
    /// A helper of the engine's: a proxy, a network tool.
    Engine,
    /// Stands between engine and container: containerd-shim, conmon.
    Shim,
    /// The OCI runtime, in any of its stages: runc, crun…
    Runtime,
    /// An OCI hook, which the runtime runs outside of the container.
    Hook,
    /// The first process of a container.
    ContainerInit,
    /// A process of a container.
    ContainerProcess,
    /// Entered a container later, as `docker exec` does.
    Exec,
}

impl Role {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Client => "client",
            Self::Engine => "engine",
            Self::Shim => "shim",
            Self::Runtime => "runtime",
            Self::Hook => "hook",
            Self::ContainerInit => "container init",
            Self::ContainerProcess => "container process",
            Self::Exec => "exec",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
