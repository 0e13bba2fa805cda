//! A container engine of the tests' own: a daemon and one small image.
//!
//! It leaves nothing behind: no process, no mount, no folder that was not there before.

use std::env;
use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::support::child::Started;
use crate::support::machine::patience;
use crate::support::need::{Lack, on_the_host};
use crate::support::program::output;
use crate::support::sys;

pub(crate) const IMAGE: &str = "observer-live";

/// Names that a machine hardly has.
const PASSWD: &str = "root:x:0:0::/:/bin/sh\ninner:x:1234:1234::/:/bin/sh\n";
const GROUP: &str = "root:x:0:\ncrew:x:99:\n";

pub(crate) fn engine() -> Option<Lack> {
    on_the_host(|| {
        let missing = ["dockerd", "docker", "containerd", "runc"]
            .into_iter()
            .find(|name| find(name).is_none())?;
        Some(format!("no {missing} is installed (docker.io)"))
    })
}

pub(crate) fn busybox() -> Option<Lack> {
    let none = find("busybox").is_none();
    none.then(|| "no busybox is installed (busybox-static)".into())
}

/// A program of the system's own packages, or else one that stands first in the path.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let own = ["/usr/bin", "/usr/sbin"].map(PathBuf::from);
    own.into_iter()
        .chain(env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// A daemon with data, sockets and processes of its own, all gone when dropped.
pub(crate) struct Engine {
    folder: TempDir,
    /// What it makes outside of its folder and was not there before.
    strays: Vec<PathBuf>,
    daemon: Option<Started>,
}

impl Engine {
    pub(crate) fn start() -> Self {
        // Paths of sockets are short.
        let folder = tempfile::Builder::new().prefix("eng").tempdir();
        let folder = folder.expect("a folder");
        let mut engine = Self { folder, strays: strays(), daemon: None };
        let log = fs::File::create(engine.place("log")).expect("a log");
        let mut command = Command::new(find("dockerd").expect("dockerd"));
        command.arg("--data-root").arg(engine.place("data"));
        command.arg("--exec-root").arg(engine.place("exec"));
        command.arg("--pidfile").arg(engine.place("pid"));
        command.arg("-H").arg(engine.address());
        command.args(["--iptables=false", "--ip6tables=false", "--bridge=none"]);
        command.args(["--storage-driver=vfs"]).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a copy")).stderr(log);
        engine.daemon = Some(Started::new(&mut command));
        engine.wait_until_up();
        engine
    }

    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.place("docker.sock").display())
    }

    pub(crate) fn client(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(find("docker").expect("docker"));
        command.arg("-H").arg(self.address()).args(arguments);
        command.env("DOCKER_CONFIG", self.place("config"));
        // An older engine does not know the newest client's words.
        command.env("DOCKER_API_VERSION", "1.41");
        command.env_remove("DOCKER_HOST").env_remove("DOCKER_CONTEXT");
        command.stdin(Stdio::null());
        command
    }

    fn wait_until_up(&self) {
        let deadline = Instant::now() + patience(Duration::from_secs(8));
        loop {
            let (status, _, errors) =
                output(&mut self.client(&["version"]), patience(Duration::from_secs(5)));
            if status.success() {
                return;
            }
            assert!(Instant::now() < deadline, "no engine: {errors}\n{}", self.log());
            thread::sleep(Duration::from_millis(200));
        }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.place("log")).unwrap_or_default()
    }

    /// An image of busybox, with names for a few ids.
    pub(crate) fn import_image(&self) {
        let root = self.place("root");
        fs::create_dir_all(root.join("bin")).expect("a folder");
        let busybox = root.join("bin/busybox");
        fs::copy(find("busybox").expect("busybox"), &busybox).expect("a copy");
        fs::set_permissions(&busybox, fs::Permissions::from_mode(0o755)).expect("a mode");
        for name in ["sh", "true", "sleep"] {
            symlink("busybox", root.join("bin").join(name)).expect("a link");
        }
        fs::create_dir_all(root.join("etc")).expect("a folder");
        for (name, text) in [("passwd", PASSWD), ("group", GROUP)] {
            fs::write(root.join("etc").join(name), text).expect("a file");
        }
        let archive = self.place("image.tar");
        let mut tar = Command::new("tar");
        tar.arg("-C").arg(&root).arg("-cf").arg(&archive).arg(".");
        self.succeed(&mut tar);
        let archive = archive.to_str().expect("UTF-8");
        self.succeed(&mut self.client(&["import", archive, IMAGE]));
    }

    pub(crate) fn succeed(&self, command: &mut Command) {
        let (status, _, errors) = output(command, patience(Duration::from_secs(10)));
        assert!(status.success(), "{command:?}: {errors}\n{}", self.log());
    }

    /// Processes that belong to this engine: its folder is among their arguments.
    fn processes(&self) -> Vec<u32> {
        let folder = self.folder.path().as_os_str().as_bytes();
        let own = |pid: u32| {
            let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            arguments.windows(folder.len()).any(|part| part == folder)
        };
        fs::read_dir("/proc")
            .expect("/proc")
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(|&pid| pid != std::process::id() && own(pid))
            .collect()
    }

    fn unmount(&self) {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let inside = mounts
            .lines()
            .filter_map(|line| line.split(' ').nth(4))
            .filter(|place| Path::new(place).starts_with(self.folder.path()));
        for place in inside.collect::<Vec<_>>().into_iter().rev() {
            let place = CString::new(place).expect("no NUL");
            drop(sys::detach(&place));
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let Some(daemon) = self.daemon.take() else {
            return;
        };
        daemon.signal(Signal::SIGTERM);
        let deadline = Instant::now() + patience(Duration::from_secs(3));
        while Instant::now() < deadline && self.processes().contains(&daemon.pid()) {
            thread::sleep(Duration::from_millis(50));
        }
        drop(daemon);
        for pid in self.processes() {
            end(pid);
        }
        self.unmount();
        for stray in self.strays.iter().filter(|stray| stray.exists()) {
            remove(stray).unwrap_or_else(|e| eprintln!("{} stays: {e}", stray.display()));
        }
    }
}

/// What a container runs: two processes.
const COMMAND: [&str; 3] = ["/bin/sh", "-c", "sleep 600 & exec sleep 600"];

/// A running container; removed when dropped, before its engine.
pub(crate) struct Container<'a> {
    engine: &'a Engine,
    pub(crate) id: String,
    /// Of its first process, outside.
    pub(crate) pid: u32,
}

impl<'a> Container<'a> {
    pub(crate) fn run(engine: &'a Engine, flags: &[&str]) -> Self {
        let mut run = engine.client(&["run", "--detach", "--network=none"]);
        let id = answer(engine, run.args(flags).arg(IMAGE).args(COMMAND));
        let pid = answer(engine, &mut engine.client(&["inspect", "-f", "{{.State.Pid}}", &id]));
        Self { engine, pid: pid.parse().expect("a pid"), id }
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let mut remove = self.engine.client(&["rm", "--force", &self.id]);
        let (status, _, errors) = output(&mut remove, patience(Duration::from_secs(3)));
        if !status.success() {
            eprintln!("container {} stays: {errors}", self.id);
        }
    }
}

/// The word that the engine's client answers with.
fn answer(engine: &Engine, command: &mut Command) -> String {
    let (status, out, errors) = output(command, patience(Duration::from_secs(10)));
    assert!(status.success(), "{command:?}: {errors}\n{}", engine.log());
    out.trim().to_owned()
}

/// Places where an engine leaves things in spite of its flags, as far as nothing is there yet.
fn strays() -> Vec<PathBuf> {
    let fixed = [
        "/etc/docker/key.json",
        "/etc/docker",
        "/opt/containerd",
        "/run/docker",
        "/run/containerd",
    ];
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let cgroups = mounts
        .lines()
        .filter(|line| line.contains(" - cgroup"))
        .filter_map(|line| Some(Path::new(line.split(' ').nth(4)?).join("docker")));
    let fixed = fixed.into_iter().map(PathBuf::from);
    fixed.chain(cgroups).filter(|path| !path.exists()).collect()
}

fn remove(path: &Path) -> io::Result<()> {
    if path.starts_with("/sys") {
        return fs::remove_dir(path);
    }
    if path.is_dir() {
        return fs::remove_dir_all(path);
    }
    fs::remove_file(path)
}

/// Kills a process that may be gone already.
fn end(pid: u32) {
    match kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL) {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(error) => eprintln!("cannot kill process {pid} of the engine: {error}"),
    }
}
