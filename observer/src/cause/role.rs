//! What part a process plays.

use std::fmt;

use super::program::{Program, Stage};

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

/// Where a process stands when it starts another program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Outside,
    /// In a container.
    Inside,
}

impl Role {
    /// Of a process that was just forked, before it runs anything else.
    pub(super) fn of_a_child(self) -> Self {
        if self.is_inside() { Self::ContainerProcess } else { self }
    }

    /// Of a process that now runs this program.
    pub(super) fn running(self, program: Program, stage: Option<Stage>, place: Place) -> Self {
        match (self, program) {
            // Whatever it is called in there.
            (role, _) if role.is_inside() => role,
            (_, Program::Runtime(_)) => Self::Runtime,
            (_, Program::Shim) => Self::Shim,
            (Self::Runtime, _) if place == Place::Inside => match stage {
                Some(Stage::Exec) => Self::Exec,
                _ => Self::ContainerInit,
            },
            (Self::Runtime | Self::Hook, _) => Self::Hook,
            (_, _) if place == Place::Inside => Self::ContainerProcess,
            (Self::Shim | Self::Engine, _) => Self::Engine,
            (_, Program::Client(_)) => Self::Client,
            (_, Program::Other) => Self::Command,
        }
    }

    fn is_inside(self) -> bool {
        matches!(self, Self::ContainerInit | Self::ContainerProcess | Self::Exec)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
