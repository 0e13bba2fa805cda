//! Finds the compilers that make eBPF objects, and says which they are.
//!
//! Two ways lead to an object: Debian's own rustc, which has a BPF code generator and a precompiled
//! `core`, or a nightly toolchain of rustup with `rust-src`. Either needs `bpf-linker`.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::shell;

/// The target of the eBPF crate.
pub(crate) const TARGET: &str = "bpfel-unknown-none";
/// The bpf-linker that made the committed object.
pub(crate) const LINKER_VERSION: &str = "0.13.0";
/// The compiler of the distribution, wherever rustup's stands on PATH.
pub(crate) const SYSTEM_RUSTC: &str = "/usr/bin/rustc";

/// Variables through which a caller's settings would reach the object.
const LEAKS: [&str; 10] = [
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_TARGET",
    "CARGO_INCREMENTAL",
    "LD_LIBRARY_PATH",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
];

/// How the object is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By the distribution's rustc.
    Distribution,
    /// By rustup's nightly, which builds `core` on the spot.
    Nightly,
}

/// One complete set of programs that makes an object.
#[derive(Debug)]
pub(crate) struct Toolchain {
    way: Way,
    linker: PathBuf,
    objcopy: PathBuf,
    versions: Versions,
}

/// What a toolchain calls itself; equal versions make equal objects.
#[derive(Debug, PartialEq, Eq)]
struct Versions {
    rustc: String,
    llvm: String,
    linker: String,
}

impl Toolchain {
    /// The distribution's way if it is complete, else the nightly one.
    pub(crate) fn find() -> Result<Self> {
        let distribution = match Self::distribution() {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        match Self::nightly() {
            Ok(found) => Ok(found),
            Err(nightly) => bail!(
                "no eBPF toolchain (distribution: {distribution:#}; nightly: {nightly:#}): \
                 run `cargo xtask setup build`"
            ),
        }
    }

    fn distribution() -> Result<Self> {
        let details = system_rustc().with_context(|| {
            format!("`{SYSTEM_RUSTC}` is missing or has no `core` for `{TARGET}`")
        })?;
        let major = llvm_major(&details).context("`rustc -vV` names no LLVM version")?;
        let linker = find_linker(Some(major))
            .with_context(|| format!("no `bpf-linker` {LINKER_VERSION} for LLVM {major}"))?;
        let objcopy = PathBuf::from(format!("/usr/lib/llvm-{major}/bin/llvm-objcopy"));
        if !shell::is_executable(&objcopy) {
            bail!("`{}` is missing", objcopy.display());
        }
        let versions = Versions::read(&details, &linker)?;
        Ok(Self { way: Way::Distribution, linker, objcopy, versions })
    }

    fn nightly() -> Result<Self> {
        let details = shell::ask(rustup_nightly("rustc").arg("-vV"))
            .context("`rustup run nightly rustc` does not run")?;
        let sysroot = shell::ask(rustup_nightly("rustc").args(["--print", "sysroot"]))
            .context("the nightly toolchain has no sysroot")?;
        let library = Path::new(sysroot.trim()).join("lib/rustlib");
        if !library.join("src/rust/library").is_dir() {
            bail!("the nightly toolchain has no `rust-src`");
        }
        let linker = find_linker(None).context("no `bpf-linker` runs")?;
        let host = value_of(&details, "host").unwrap_or_default();
        let objcopy = find_objcopy(&library.join(host).join("bin")).context("no `llvm-objcopy`")?;
        let versions = Versions::read(&details, &linker)?;
        Ok(Self { way: Way::Nightly, linker, objcopy, versions })
    }

    /// A cargo that builds with this toolchain, untouched by the caller's compiler settings.
    pub(crate) fn cargo_build(&self, remaps: &[(PathBuf, &str)]) -> Command {
        let mut command = match self.way {
            Way::Distribution => {
                let mut command = shell::cargo();
                command.arg("build").env("RUSTC", SYSTEM_RUSTC).env("RUSTC_BOOTSTRAP", "1");
                command
            }
            Way::Nightly => {
                let mut command = rustup_nightly("cargo");
                command.args(["build", "-Z", "build-std=core"]).env_remove("RUSTC");
                command
            }
        };
        clean(&mut command);
        command.args(["--release", "--locked", "--target", TARGET]);
        command.env("CARGO_ENCODED_RUSTFLAGS", self.encoded_flags(remaps));
        command
    }

    /// LLVM's objcopy, to be told what to do to an object.
    pub(crate) fn objcopy(&self) -> Command {
        let mut command = Command::new(&self.objcopy);
        clean(&mut command);
        command
    }

    /// The text of the file that stands beside the object.
    pub(crate) fn record(&self) -> String {
        self.versions.to_string()
    }

    fn encoded_flags(&self, remaps: &[(PathBuf, &str)]) -> OsString {
        let mut linker = OsString::from("-Clinker=");
        linker.push(&self.linker);
        let mut flags = vec!["-Cdebuginfo=2".into(), "-Clink-arg=--btf".into(), linker];
        for (from, to) in remaps {
            let mut flag = OsString::from("--remap-path-prefix=");
            flag.push(from);
            flag.push("=");
            flag.push(to);
            flags.push(flag);
        }
        flags.join(OsStr::new("\u{1f}"))
    }
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Versions { rustc, llvm, linker } = &self.versions;
        let way = match self.way {
            Way::Distribution => "the distribution's",
            Way::Nightly => "rustup's nightly",
        };
        write!(f, "{way} {rustc}, LLVM {llvm}, bpf-linker {linker}")
    }
}

impl Versions {
    fn read(details: &str, linker: &Path) -> Result<Self> {
        Ok(Self {
            rustc: details.lines().next().unwrap_or_default().to_owned(),
            llvm: value_of(details, "LLVM version").unwrap_or_default().to_owned(),
            linker: linker_version(linker).context("`bpf-linker --version` says nothing")?,
        })
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rustc, llvm, linker } = self;
        writeln!(f, "rustc: {rustc}")?;
        writeln!(f, "llvm: {llvm}")?;
        writeln!(f, "bpf-linker: {linker}")
    }
}

/// What `rustc -vV` says of the distribution's compiler, if it can compile for BPF.
pub(crate) fn system_rustc() -> Option<String> {
    let library = Path::new("/usr/lib/rustlib").join(TARGET).join("lib");
    if !library.is_dir() {
        return None;
    }
    shell::ask(clean(Command::new(SYSTEM_RUSTC).arg("-vV")))
}

/// The major version of the LLVM in what `rustc -vV` says.
pub(crate) fn llvm_major(details: &str) -> Option<u32> {
    value_of(details, "LLVM version")?.split('.').next()?.parse().ok()
}

/// A bpf-linker that starts. With an LLVM asked for: the version of the recipe, for that LLVM.
pub(crate) fn find_linker(llvm: Option<u32>) -> Option<PathBuf> {
    let linker = shell::find_program("bpf-linker")?;
    let version = linker_version(&linker)?;
    let Some(wanted) = llvm else {
        return Some(linker);
    };
    let libraries = shell::ask(Command::new("ldd").arg(&linker)).unwrap_or_default();
    let fits = linked_llvm(&libraries).is_none_or(|major| major == wanted);
    (version == LINKER_VERSION && fits).then_some(linker)
}

fn linker_version(linker: &Path) -> Option<String> {
    let text = shell::ask(clean(Command::new(linker).arg("--version")))?;
    text.split_whitespace().last().map(str::to_owned)
}

/// The LLVM that a program is linked with, by what `ldd` says; `None` if it carries its own.
fn linked_llvm(libraries: &str) -> Option<u32> {
    let name = libraries.lines().map(str::trim).find(|line| line.starts_with("libLLVM"))?;
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

/// rustc ships LLVM's as `rust-objcopy`.
fn find_objcopy(folder: &Path) -> Option<PathBuf> {
    let shipped = folder.join("rust-objcopy");
    if shell::is_executable(&shipped) { Some(shipped) } else { shell::find_program("llvm-objcopy") }
}

fn rustup_nightly(program: &str) -> Command {
    let mut command = Command::new("rustup");
    clean(&mut command).args(["run", "nightly", program]);
    command
}

fn clean(command: &mut Command) -> &mut Command {
    let profile = env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PROFILE_") || name.starts_with("CARGO_TARGET_BPF")
    });
    for name in profile {
        command.env_remove(name);
    }
    for name in LEAKS {
        command.env_remove(name);
    }
    command
}

fn value_of<'a>(details: &'a str, key: &str) -> Option<&'a str> {
    details.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DETAILS: &str = "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)\n\
        binary: rustc\nhost: x86_64-unknown-linux-gnu\nrelease: 1.96.0\nLLVM version: 22.1.8\n";

    #[test]
    fn the_llvm_of_rustc_is_read() {
        assert_eq!(llvm_major(DETAILS), Some(22));
        assert_eq!(llvm_major("rustc 1.96.0\nrelease: 1.96.0\n"), None);
    }

    #[test]
    fn the_llvm_of_a_linker_is_read() {
        let debian = "\tlinux-vdso.so.1 (0x0)\n\tlibLLVM.so.22.1 => /usr/lib/llvm-22/lib/libLLVM.so.22.1 (0x0)\n";
        assert_eq!(linked_llvm(debian), Some(22));
        assert_eq!(linked_llvm("\tlibLLVM-19.so.1 => /x/libLLVM-19.so.1 (0x0)\n"), Some(19));
        assert_eq!(linked_llvm("\tlibc.so.6 => /lib/libc.so.6 (0x0)\n"), None);
    }

    #[test]
    fn a_record_has_one_line_a_program() {
        let versions = Versions {
            rustc: DETAILS.lines().next().unwrap().to_owned(),
            llvm: "22.1.8".to_owned(),
            linker: "0.13.0".to_owned(),
        };
        assert_eq!(
            versions.to_string(),
            "rustc: rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)\n\
             llvm: 22.1.8\nbpf-linker: 0.13.0\n"
        );
    }
}
