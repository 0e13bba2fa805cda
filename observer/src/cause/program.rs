//! What kind of program a process started, by its name and its arguments.

use super::Exec;
use crate::{
    container::known::{KNOWN, Known, is_called, is_comm},
    event::Comm,
};

/// What kind of program it is, as far as containers go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// Asks an engine over a socket.
    Client(Errand),
    /// Stands between engine and container.
    Shim,
    /// An OCI runtime.
    Runtime(Option<Stage>),
    Other,
}

/// Whether a client may start something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    Starts,
    Looks,
}

/// What an OCI runtime is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Another container.
    Create,
    /// Another process in a container that is there.
    Exec,
    /// Something that starts none.
    Rest,
}

/// Words of a client's command line that may start a container, or a process in one.
const STARTS: [&[u8]; 12] = [
    b"run", b"start", b"restart", b"create", b"build", b"up", b"exec", b"compose", b"play",
    b"kube", b"runp", b"bake",
];

impl Program {
    pub(super) fn of(exec: &Exec) -> Self {
        let called = exec.args.as_ref().and_then(|args| args.iter().next()).unwrap_or_default();
        // A stage of runc is called runc, whatever file it is started from.
        let names = [base(called), base(&exec.filename)];
        names.into_iter().find_map(|name| Self::of_name(name, exec)).unwrap_or(Self::Other)
    }

    fn of_name(name: &[u8], exec: &Exec) -> Option<Self> {
        let is_any = |names: fn(&Known) -> &'static [&'static str]| {
            KNOWN.iter().any(|known| is_called(names(known), name))
        };
        if is_any(|known| known.runtimes) {
            return Some(Self::Runtime(Stage::of(exec)));
        }
        if is_any(|known| known.shims) {
            return Some(Self::Shim);
        }
        let is_client = is_any(|known| known.clients)
            || (name == b"curl" && words(exec).any(|word| word.starts_with(b"--unix-socket")));
        is_client.then(|| Self::Client(Errand::of(exec)))
    }
}

impl Errand {
    fn of(exec: &Exec) -> Self {
        let starts = words(exec).any(|word| STARTS.contains(&word));
        if starts { Self::Starts } else { Self::Looks }
    }
}

impl Stage {
    fn of(exec: &Exec) -> Option<Self> {
        words(exec).find_map(|word| match word {
            b"create" | b"run" | b"restore" => Some(Self::Create),
            b"exec" => Some(Self::Exec),
            b"start" | b"delete" | b"kill" | b"state" | b"update" | b"pause" | b"resume"
            | b"events" | b"list" | b"ps" | b"features" | b"checkpoint" => Some(Self::Rest),
            _ => None,
        })
    }
}

/// Whether a process of this name starts containers: a daemon, or a shim that it started before.
pub(super) fn is_engine(comm: Comm) -> bool {
    let comm = comm.as_bytes();
    KNOWN.iter().any(|known| is_comm(known.daemons, comm) || is_comm(known.shims, comm))
}

/// The id of the container that is started with this.
pub(super) fn started_by(exec: &Exec) -> Option<String> {
    let tidies_up = || words(exec).any(|word| word == b"delete");
    match Program::of(exec) {
        Program::Shim if !tidies_up() => of_shim(exec),
        Program::Runtime(Some(Stage::Create)) => of_runtime(exec).map(str::to_owned),
        _ => None,
    }
}

/// The id of the container that a shim is there for.
fn of_shim(exec: &Exec) -> Option<String> {
    let mut words = words(exec);
    words.find(|word| matches!(*word, b"-id" | b"--id" | b"-c" | b"--cid"))?;
    words.next().and_then(|word| str::from_utf8(word).ok()).map(str::to_owned)
}

/// The id of the container that a runtime is told to do something with.
pub(super) fn of_runtime(exec: &Exec) -> Option<&str> {
    words(exec).last().and_then(|word| str::from_utf8(word).ok())
}

/// Whether an argument names this, as a word of its own: an id in a path, an address with a port.
pub(super) fn names(exec: &Exec, mark: &str) -> bool {
    words(exec).any(|word| has_word(word, mark.as_bytes()))
}

fn has_word(text: &[u8], mark: &[u8]) -> bool {
    if mark.is_empty() {
        return false;
    }
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'.';
    // The `.pid` behind an id is not part of it.
    let goes_on = |rest: &[u8]| match rest {
        [b'.', next, ..] => next.is_ascii_digit() && mark.contains(&b'.'),
        [next, ..] => next.is_ascii_alphanumeric(),
        [] => false,
    };
    text.windows(mark.len()).enumerate().any(|(at, window)| {
        let before = at.checked_sub(1).and_then(|at| text.get(at));
        let rest = text.get(at + mark.len()..).unwrap_or_default();
        window == mark && !before.is_some_and(is_part) && !goes_on(rest)
    })
}

/// The arguments behind the first.
fn words(exec: &Exec) -> impl Iterator<Item = &[u8]> {
    exec.args.iter().flat_map(|args| args.iter().skip(1))
}

fn base(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::event::Args;

    fn exec(filename: &str, args: &[&str]) -> Exec {
        let area: String = args.iter().flat_map(|arg| [*arg, "\0"]).collect();
        let size = area.len() as u64;
        let args = Some(Args::new(Bytes::from(area), size, size));
        Exec { boot_ns: 0, filename: Bytes::from(filename.to_owned()), args }
    }

    fn check(filename: &str, args: &[&str], expected: Program) {
        assert_eq!(Program::of(&exec(filename, args)), expected, "{filename} {args:?}");
    }

    #[test]
    fn programs_are_known_by_what_they_are_called() {
        use Errand::{Looks, Starts};
        check("/usr/bin/docker", &["docker", "run", "--rm", "x"], Program::Client(Starts));
        check("/usr/bin/docker", &["docker", "ps"], Program::Client(Looks));
        check(
            "/x/docker-compose",
            &["/x/docker-compose", "compose", "up"],
            Program::Client(Starts),
        );
        check("/proc/self/exe", &["runc", "init"], Program::Runtime(None));
        check("/dev/fd/6", &["runc", "init"], Program::Runtime(None));
        check(
            "/usr/sbin/runc",
            &["runc", "--root", "/r", "create", "ID"],
            Program::Runtime(Some(Stage::Create)),
        );
        check(
            "/usr/bin/crun",
            &["/usr/bin/crun", "exec", "ID", "sh"],
            Program::Runtime(Some(Stage::Exec)),
        );
        check(
            "/usr/bin/containerd-shim-runc-v2",
            &["/usr/bin/containerd-shim-runc-v2"],
            Program::Shim,
        );
        check("/proc/77/exe", &["libnetwork-setkey", "ID"], Program::Other);
        check("/bin/sh", &["sh", "-c", "docker run x"], Program::Other);
        check("", &[], Program::Other);
    }

    /// As the kernel keeps it.
    fn comm(name: &str) -> Comm {
        let mut padded = [0; 16];
        let kept = name.len().min(padded.len() - 1);
        padded[..kept].copy_from_slice(&name.as_bytes()[..kept]);
        Comm::new(padded)
    }

    #[test]
    fn every_program_of_a_known_engine_is_known() {
        let full = |name: &&str| name.replace('*', "-v2");
        for known in KNOWN {
            for name in known.clients.iter().map(full) {
                check(&format!("/bin/{name}"), &[&name, "run"], Program::Client(Errand::Starts));
            }
            for name in known.shims.iter().map(full) {
                check(&format!("/bin/{name}"), &[&name], Program::Shim);
            }
            for name in known.runtimes.iter().map(full) {
                let expected = Program::Runtime(Some(Stage::Create));
                check(&format!("/bin/{name}"), &[&name, "create", "ID"], expected);
            }
            for name in known.daemons.iter().chain(known.shims).map(full) {
                assert!(is_engine(comm(&name)), "{name}");
            }
        }
        assert!(!is_engine(comm("sh")));
    }

    #[test]
    fn a_mark_is_named_as_a_word() {
        let argv = ["x", "--pid-file=/run/abc/def.pid", "--to", "172.17.0.2:80", "10.0.0.22"];
        let exec = exec("/x", &argv);
        for named in ["abc", "def", "172.17.0.2", "10.0.0.22", "80"] {
            assert!(names(&exec, named), "{named}");
        }
        for other in ["ab", "bc", "172.17.0", "72.17.0.2", "10.0.0.2", "x", ""] {
            assert!(!names(&exec, other), "{other}");
        }
    }

    #[test]
    fn a_shim_and_a_runtime_tell_their_container() {
        let shim = exec("/s", &["containerd-shim", "-namespace", "moby", "-id", "abc", "start"]);
        assert_eq!(of_shim(&shim).as_deref(), Some("abc"));
        assert_eq!(
            of_shim(&exec("/c", &["conmon", "-c", "def", "-u", "x"])).as_deref(),
            Some("def")
        );
        assert_eq!(of_runtime(&exec("/r", &["runc", "create", "abc"])), Some("abc"));
        assert_eq!(of_shim(&exec("/s", &["containerd-shim", "-v"])), None);
    }
}
