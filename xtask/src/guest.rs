//! One boot of a kernel in qemu: packs the guest's files, follows its console, and makes sure that
//! it ends.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::kernels::Image;
use crate::live::Programs;
use crate::tally::Tally;
use crate::{live, machine, peers, shell, workspace};

/// Five minutes on a machine that does nothing else, ten and more beside others.
const DEADLINE: Duration = Duration::from_mins(30);
/// What the guest says last, before the exit status of the tests.
const ENDED: &str = "observer-guest: live tests ended with status";

/// Which tests a guest runs, and on what kernel command line.
#[derive(Debug, Clone)]
pub(crate) struct Boot {
    pub(crate) name: &'static str,
    /// Appended to the kernel's command line.
    pub(crate) kernel_arguments: &'static str,
    /// Factor on the counts of storms.
    pub(crate) scale: String,
    /// The places of which the tests run, with commas between.
    pub(crate) places: String,
    /// Only tests with that in their name.
    pub(crate) filter: Option<String>,
}

/// What executes a guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accelerator {
    /// The processor itself.
    Kvm,
    Emulation,
}

impl Accelerator {
    fn arguments(self) -> [&'static str; 4] {
        match self {
            Self::Kvm => ["-accel", "kvm", "-cpu", "host"],
            Self::Emulation => ["-accel", "tcg", "-cpu", "max"],
        }
    }
}

/// The files of a guest, packed for the kernel.
#[derive(Debug)]
pub(crate) struct Initramfs(PathBuf);

impl Initramfs {
    /// Packs the programs and an init that runs the tests of `boot`.
    pub(crate) fn pack(programs: &Programs, boot: &Boot) -> Result<Self> {
        let folder = workspace::target_folder("guest")?;
        let tree = folder.join(boot.name);
        if tree.exists() {
            fs::remove_dir_all(&tree).with_context(|| failed("remove", &tree))?;
        }
        for name in ["bin", "etc", "dev", "proc", "root", "run", "sys", "tmp", "var"] {
            let made = tree.join(name);
            fs::create_dir_all(&made).with_context(|| failed("make", &made))?;
        }
        let busybox =
            shell::find_program("busybox").context("no `busybox`: run `cargo xtask setup test`")?;
        install(&busybox, &tree.join("bin/busybox"))?;
        install(&programs.tests, &tree.join("bin/live"))?;
        install(&programs.observer, &tree.join("bin/observer"))?;
        if let Some(psgo) = peers::psgo()? {
            install(&psgo, &tree.join("bin/psgo"))?;
        }
        write(&tree.join("etc/passwd"), PASSWD, 0o644)?;
        write(&tree.join("etc/group"), GROUP, 0o644)?;
        write(&tree.join("init"), &init(boot), 0o755)?;
        let archive = folder.join(format!("{}.cpio", boot.name));
        archive_tree(&tree, &archive)?;
        Ok(Self(archive))
    }
}

/// Boots `kernel` with these files and adds what its tests say to `tally`.
pub(crate) fn run(
    kernel: &Image,
    files: &Initramfs,
    boot: &Boot,
    accelerator: Accelerator,
    tally: &mut Tally,
) -> Result<()> {
    let mut here = Tally::default();
    let mut status = None;
    let mut qemu = qemu(kernel, files, boot, accelerator)?;
    let end = shell::stream(&mut qemu, DEADLINE, |line| {
        let line = &without_escapes(line);
        println!("{line}");
        here.read(line);
        if let Some(code) = ended(line) {
            status = Some(code);
        }
    });
    let verdict = judge(status, &here);
    here.ran_at(&format!("{}, {}", kernel.name, boot.name));
    *tally += here;
    shell::expect_success(&qemu, end?)?;
    verdict
}

fn judge(status: Option<i32>, tally: &Tally) -> Result<()> {
    match status {
        None => bail!("the guest stopped before its tests ended: see its console above"),
        Some(0) => live::judge(tally),
        Some(code) => bail!("the live tests ended with status {code} in the guest"),
    }
}

/// qemu dies with us where `setpriv` can see to it.
pub(crate) fn qemu(
    kernel: &Image,
    files: &Initramfs,
    boot: &Boot,
    accelerator: Accelerator,
) -> Result<Command> {
    let program = shell::find_program("qemu-system-x86_64")
        .context("no `qemu-system-x86_64`: run `cargo xtask setup test`")?;
    let mut command = match shell::find_program("setpriv") {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL"]).arg(program);
            command
        }
        None => Command::new(program),
    };
    command
        .args(accelerator.arguments())
        .args(["-smp", "2", "-m", "1024"])
        .args(["-nographic", "-no-reboot", "-nic", "none"])
        .arg("-kernel")
        .arg(&kernel.file)
        .arg("-initrd")
        .arg(&files.0)
        .args(["-append", &command_line(boot)])
        .stdin(Stdio::null());
    Ok(command)
}

fn command_line(boot: &Boot) -> String {
    format!("console=ttyS0 panic=-1 quiet {}", boot.kernel_arguments).trim_end().to_owned()
}

const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n";
const GROUP: &str = "root:x:0:\nnogroup:x:65534:\n";

/// The guest's first program: mounts what a system has, runs the tests, and switches off.
fn init(boot: &Boot) -> String {
    let Boot { scale, places, filter, .. } = boot;
    let filter = filter.as_deref().map(quote).unwrap_or_default();
    let ci = if machine::is_ci() { "CI=true " } else { "" };
    format!(
        "#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t securityfs securityfs /sys/kernel/security
hostname guest
echo
cd /root
[ -x /bin/psgo ] && export OBSERVER_PSGO=/bin/psgo
export OBSERVER_GUEST=1 OBSERVER_SCALE={scale} OBSERVER_PLACES={places}
{ci}OBSERVER_BIN=/bin/observer /bin/live {filter}
echo \"{ENDED} $?\"
poweroff -f
"
    )
}

/// The line less what moves a terminal's cursor, clears or colours it: a guest's firmware does.
pub(crate) fn without_escapes(line: &str) -> String {
    let mut kept = String::new();
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            if characters.next() == Some('[') {
                characters.by_ref().find(|c| ('@'..='~').contains(c));
            }
        } else if character == '\t' || !character.is_control() {
            kept.push(character);
        }
    }
    kept
}

/// The exit status of the tests, of the line that tells it.
pub(crate) fn ended(line: &str) -> Option<i32> {
    line.split_once(ENDED)?.1.trim().parse().ok()
}

fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn archive_tree(tree: &Path, archive: &Path) -> Result<()> {
    let script = "find . | cpio --quiet --create --format newc --owner 0:0 > \"$1\"";
    let mut pack = Command::new("sh");
    pack.args(["-c", script, "sh"]).arg(archive).current_dir(tree);
    shell::run(&mut pack)
}

fn install(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .with_context(|| format!("cannot copy `{}` to `{}`", from.display(), to.display()))?;
    Ok(())
}

fn write(file: &Path, text: &str, mode: u32) -> Result<()> {
    fs::write(file, text).with_context(|| failed("write", file))?;
    fs::set_permissions(file, fs::Permissions::from_mode(mode))
        .with_context(|| failed("set the mode of", file))
}

fn failed(what: &str, file: &Path) -> String {
    format!("cannot {what} `{}`", file.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boot(filter: Option<&str>) -> Boot {
        Boot {
            name: "x",
            kernel_arguments: "",
            scale: "1".to_owned(),
            places: "guest".to_owned(),
            filter: filter.map(str::to_owned),
        }
    }

    #[test]
    fn the_status_is_read_from_the_console() {
        assert_eq!(ended(&format!("{ENDED} 0")), Some(0));
        assert_eq!(ended(&format!("\u{1b}[0m{ENDED} 101\r")), Some(101));
        assert_eq!(ended("test result: ok. 1 passed;"), None);
        // The kernel may echo the script; that is no end.
        assert_eq!(ended(&format!("echo \"{ENDED} $?\"")), None);
    }

    #[test]
    fn nothing_of_the_guest_moves_our_terminal() {
        let line = "\u{1b}c\u{1b}[?7l\u{1b}[2Jtest a ... \u{1b}[32mok\u{1b}[0m\u{7}\tb";
        assert_eq!(without_escapes(line), "test a ... ok\tb");
        assert_eq!(without_escapes("cut \u{1b}["), "cut ");
    }

    #[test]
    fn a_guest_must_end_its_tests_well() {
        let some = Tally { passed: 1, ..Tally::default() };
        assert!(judge(Some(0), &some).is_ok());
        assert!(judge(Some(101), &some).is_err());
        assert!(judge(None, &some).is_err());
        assert!(judge(Some(0), &Tally::default()).is_err());
    }

    #[test]
    fn a_filter_reaches_the_tests_as_it_is() {
        let script = init(&boot(Some("it's")));
        assert!(script.contains("/bin/live 'it'\\''s'\n"), "{script}");
        assert!(script.contains(" OBSERVER_PLACES=guest\n"), "{script}");
        assert!(init(&boot(None)).contains("/bin/live \n"));
    }

    #[test]
    fn a_boot_appends_to_the_command_line() {
        let mut boot = boot(None);
        assert_eq!(command_line(&boot), "console=ttyS0 panic=-1 quiet");
        boot.kernel_arguments = "lockdown=confidentiality";
        assert_eq!(command_line(&boot), "console=ttyS0 panic=-1 quiet lockdown=confidentiality");
    }
}
