//! `cargo xtask build-ebpf`: compiles the eBPF programs into the object that is committed, and
//! checks that the committed one is what its source makes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::toolchain::{TARGET, Toolchain};
use crate::{shell, workspace};

const OBJECT: &str = "observer/bpf/observer.bpf.o";
const RECORD: &str = "observer/bpf/observer.bpf.toolchain";

/// Compile the eBPF programs into `observer/bpf/observer.bpf.o`.
///
/// Takes the distribution's rustc if it can compile for BPF, else rustup's nightly, and says which.
/// The versions of the programs that took part are written beside the object.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Compile the programs with their log lines, into `target/observer-log.bpf.o`
    #[arg(long)]
    log: bool,
    /// Write the object there, and leave the committed one alone
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What the programs are compiled with.
#[derive(Debug, Clone, Copy)]
enum Flavour {
    Committed,
    Log,
}

/// What compiling the source again gave.
#[derive(Debug)]
pub(crate) enum Rebuilt {
    /// The committed bytes.
    Same,
    /// Another object, by another toolchain than the recorded one: it must pass the live tests too.
    Differs(PathBuf),
}

pub(crate) fn build_ebpf(options: &Options) -> Result<()> {
    let toolchain = Toolchain::find()?;
    eprintln!("building with {toolchain}");
    let root = workspace::root()?;
    match (&options.out, options.log) {
        (Some(out), true) => build(&toolchain, Flavour::Log, out)?,
        (Some(out), false) => build(&toolchain, Flavour::Committed, out)?,
        (None, true) => {
            build(&toolchain, Flavour::Log, &workspace::target()?.join("observer-log.bpf.o"))?;
        }
        (None, false) => {
            build(&toolchain, Flavour::Committed, &root.join(OBJECT))?;
            write(&root.join(RECORD), toolchain.record().as_bytes())?;
        }
    }
    Ok(())
}

/// Builds the object aside. By the recorded toolchain it must equal the committed one.
pub(crate) fn rebuild_and_compare() -> Result<Rebuilt> {
    let root = workspace::root()?;
    let committed = read(&root.join(OBJECT))?;
    let recorded = String::from_utf8_lossy(&read(&root.join(RECORD))?).into_owned();
    let toolchain = Toolchain::find()?;
    eprintln!("building with {toolchain}");
    let object = workspace::target_folder("ebpf")?.join("observer.bpf.o");
    build(&toolchain, Flavour::Committed, &object)?;
    let built = read(&object)?;
    if built == committed {
        return Ok(Rebuilt::Same);
    }
    let here = toolchain.record();
    let sizes = format!("{} bytes committed, {} bytes built", committed.len(), built.len());
    if here == recorded {
        bail!(
            "`{OBJECT}` is not what its source makes ({sizes}, same toolchain): \
             run `cargo xtask build-ebpf` and commit the result"
        );
    }
    eprintln!("another toolchain made another object: {sizes}");
    eprintln!("recorded:\n{}\nhere:\n{}", recorded.trim_end(), here.trim_end());
    Ok(Rebuilt::Differs(object))
}

/// Compiles, strips and writes one object, and fails if the compiler warned.
fn build(toolchain: &Toolchain, flavour: Flavour, out: &Path) -> Result<()> {
    let target = workspace::target_folder("ebpf")?;
    let warnings = compile(&mut compiler(toolchain, flavour, &target)?)?;
    if warnings > 0 {
        bail!("the eBPF programs compile with {warnings} warnings: see above");
    }
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make `{}`", folder.display()))?;
    }
    finish(toolchain, &target.join(TARGET).join("release/observer"), out)?;
    eprintln!("wrote `{}`, {} bytes", out.display(), read(out)?.len());
    Ok(())
}

fn compiler(toolchain: &Toolchain, flavour: Flavour, target: &Path) -> Result<Command> {
    let root = workspace::root()?;
    let remaps = remaps(&root)?;
    let mut command = toolchain.cargo_build(&remaps);
    command
        .args(["--color", "never", "--bin", "observer", "--target-dir"])
        .arg(target)
        .current_dir(root.join("observer-ebpf"));
    if matches!(flavour, Flavour::Log) {
        command.args(["--features", "log"]);
    }
    Ok(command)
}

/// What to write for folders that are another's elsewhere: the checkout, cargo's home, and in it
/// the sources of crates, whose folder is named after the registry. Of several that fit a path the
/// last counts.
fn remaps(root: &Path) -> Result<Vec<(PathBuf, &'static str)>> {
    let mut remaps = vec![(root.to_owned(), "/observer")];
    let Some(home) = shell::cargo_home() else {
        return Ok(remaps);
    };
    // On a new machine the folder of the registry is not there before the first crate is.
    let manifest = root.join("observer-ebpf/Cargo.toml");
    shell::run(
        shell::cargo().args(["fetch", "--quiet", "--locked", "--manifest-path"]).arg(manifest),
    )?;
    let sources = fs::read_dir(home.join("registry/src")).into_iter().flatten();
    let registries = sources.filter_map(|entry| Some((entry.ok()?.path(), "/registry")));
    remaps.push((home, "/cargo"));
    remaps.extend(registries);
    Ok(remaps)
}

/// Drops what the kernel does not read: debug information, and what depends on where the source
/// lies. BTF stays.
fn finish(toolchain: &Toolchain, built: &Path, out: &Path) -> Result<()> {
    shell::run(toolchain.objcopy().arg("--strip-debug").arg(built).arg(out))?;
    let mut rename = toolchain.objcopy();
    for name in mangled_names(&read(out)?) {
        rename.arg("--redefine-sym").arg(format!("{name}={}", without_hashes(&name)));
    }
    shell::run(rename.arg(out))
}

/// The names in an object's string table that rustc made.
fn mangled_names(object: &[u8]) -> Vec<String> {
    object
        .split(|byte| *byte == 0)
        .filter(|text| text.starts_with(b"_RN"))
        .filter_map(|text| String::from_utf8(text.to_vec()).ok())
        .collect()
}

/// A name without its crates' hashes, which tell apart crates of one name and depend on their
/// folders: `_RNvNtCs5xPz_8observer4args4send` becomes `_RNvNtC8observer4args4send`.
fn without_hashes(name: &str) -> String {
    let mut parts = name.split("Cs");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('_') {
            Some((hash, rest))
                if is_hash(hash) && rest.starts_with(|c: char| c.is_ascii_digit()) =>
            {
                kept.push('C');
                kept.push_str(rest);
            }
            _ => {
                kept.push_str("Cs");
                kept.push_str(part);
            }
        }
    }
    kept
}

fn is_hash(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Runs the compiler, shows what it says, and counts its warnings.
fn compile(command: &mut Command) -> Result<usize> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", shell::describe(command)))?;
    let said = String::from_utf8_lossy(&output.stderr);
    eprint!("{said}");
    shell::expect_success(command, output.status)?;
    Ok(warnings(&said))
}

/// Warnings of the compiler, its own sums of them left out.
fn warnings(said: &str) -> usize {
    said.lines()
        .filter(|line| line.starts_with("warning"))
        .filter(|line| !(line.contains(" generated ") && line.contains(" warning")))
        .count()
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file)
        .with_context(|| format!("cannot read `{}`: run `cargo xtask build-ebpf`", file.display()))
}

fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(file, bytes).with_context(|| format!("cannot write `{}`", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_depends_on_the_folder() {
        assert_eq!(
            without_hashes("_RNvNtCs5xPzOt25kvq_8observer4args10send_piece"),
            "_RNvNtC8observer4args10send_piece"
        );
        assert_eq!(
            without_hashes("_RINvCs1_8observer3runNtCsAb_6common2CsE"),
            "_RINvC8observer3runNtC6common2CsE"
        );
    }

    #[test]
    fn rustcs_names_are_found_among_others() {
        let object = b"\0memcpy\0_RNvCs1_1a1b\0.text\0\x7f_RNv\0";
        assert_eq!(mangled_names(object), ["_RNvCs1_1a1b"]);
    }

    #[test]
    fn warnings_are_counted_without_their_sum() {
        let said = "   Compiling observer-ebpf v0.1.0 (/x)\n\
            warning: unused variable: `a`\n --> src/main.rs:1:1\n\
            warning: `observer-ebpf` (bin \"observer\") generated 1 warning\n\
            \x20   Finished `release` profile\n";
        assert_eq!(warnings(said), 1);
        assert_eq!(warnings("    Finished `release` profile\n"), 0);
    }
}
