//! `cargo xtask setup`: finds what is missing for building, testing or comparing, and gets it.
//!
//! It never starts a service, and leaves one that runs alone.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use crate::packages::{self, Installer};
use crate::toolchain::{LINKER_VERSION, Toolchain};
use crate::{kernels, peers, shell, toolchain};

/// Get what building, testing or comparing takes, as far as it is missing.
///
/// On Debian, as root or through `sudo`, it installs; elsewhere it prints the commands and fails.
/// When everything is there it changes nothing and asks nobody.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What to prepare for; each includes those before it
    #[arg(value_enum, default_value_t = Level::Build)]
    level: Level,
}

/// What a machine can be prepared for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Level {
    /// Compiling the eBPF programs: rustc for BPF, LLVM, bpf-linker
    Build,
    /// The whole check: also qemu and its kernels, busybox, cpio, a container engine, ps, strace, bpftrace, psgo, a browser
    Test,
    /// Benchmarks: also the programs to compare with
    Bench,
}

/// What we look for, and the Debian package that has it.
#[derive(Debug)]
struct Need {
    level: Level,
    what: What,
    package: &'static str,
}

#[derive(Debug)]
enum What {
    Program(&'static str),
    /// A program without libraries: a guest has none.
    StaticProgram(&'static str),
    Folder(&'static str),
}

const NEEDS: [Need; 18] = [
    Need::program(Level::Test, "qemu-system-x86_64", "qemu-system-x86"),
    Need { level: Level::Test, what: What::StaticProgram("busybox"), package: "busybox-static" },
    Need::program(Level::Test, "cpio", "cpio"),
    Need::program(Level::Test, "dockerd", "docker.io"),
    Need::program(Level::Test, "crun", "crun"),
    Need::program(Level::Test, "ps", "procps"),
    Need::program(Level::Test, "lsns", "util-linux"),
    Need::program(Level::Test, "strace", "strace"),
    Need::program(Level::Test, "go", "golang-go"),
    Need {
        level: Level::Test,
        what: What::Folder(peers::PSGO_LIBRARY),
        package: "golang-github-containers-psgo-dev",
    },
    Need::program(Level::Test, "bpftrace", "bpftrace"),
    Need::program(Level::Test, "chromium-headless-shell", "chromium-headless-shell"),
    Need::program(Level::Bench, "execsnoop", "libbpf-tools"),
    Need::program(Level::Bench, "perf", "linux-perf"),
    Need::program(Level::Bench, "setpriv", "util-linux"),
    Need::program(Level::Bench, "dpkg-source", "dpkg-dev"),
    Need::program(Level::Bench, "make", "make"),
    Need::program(Level::Bench, "gcc", "gcc"),
];

/// Tools of cargo that a minimal toolchain lacks, with their rustup components.
const CARGO_TOOLS: [(&str, &str); 2] = [("fmt", "rustfmt"), ("clippy", "clippy")];

/// What has to be got, in the order of getting it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Missing {
    packages: Vec<String>,
    /// A bpf-linker for that LLVM.
    linker: Option<u32>,
    components: Vec<&'static str>,
    /// The rustup way to an eBPF toolchain, which is a person's choice to make.
    nightly: Option<&'static str>,
}

/// What there is of the eBPF toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ebpf {
    Complete,
    /// Debian's compiler is there or on offer, with that LLVM.
    Distribution {
        compiler: bool,
        llvm: u32,
        llvm_dev: bool,
        cxx: bool,
        linker: bool,
    },
    /// Only rustup's nightly can be had.
    Elsewhere,
}

const NIGHTLY: &str = "rustup toolchain install nightly --profile minimal --component rust-src\n\
    cargo install bpf-linker";

pub(crate) fn setup(options: &Options) -> Result<()> {
    ensure(options.level)
}

/// Gets everything that `level` takes, or says how.
pub(crate) fn ensure(level: Level) -> Result<()> {
    let mut missing = detect(level);
    if missing != Missing::default() {
        missing = get(level, missing)?;
    }
    if missing != Missing::default() {
        let commands = missing.commands().join("\n  ");
        bail!("something is missing: run\n  {commands}\nand then this command again");
    }
    eprintln!("eBPF toolchain: {}", Toolchain::find()?);
    if level >= Level::Test {
        eprintln!("psgo: {}", peers::build_psgo()?.display());
        for kernel in kernels::STOCK {
            let image = kernels::image(kernel)?;
            eprintln!("kernel {kernel}: {}", image.name);
        }
        for kernel in kernels::BACKPORTS {
            match kernels::image(kernel) {
                Ok(image) => eprintln!("kernel {kernel}: {}", image.name),
                Err(error) => eprintln!("kernel {kernel}: going on without: {error:#}"),
            }
        }
    }
    Ok(())
}

/// Gets what can be got without asking, and returns what is missing still.
fn get(level: Level, missing: Missing) -> Result<Missing> {
    let mut missing = missing;
    if let Some(installer) = Installer::find() {
        installer.update();
        missing = detect(level);
        if !missing.packages.is_empty() {
            eprintln!("installing {}", missing.packages.join(" "));
            installer.install(&missing.packages)?;
        }
    } else if !missing.packages.is_empty() {
        return Ok(missing);
    }
    if !missing.components.is_empty() && shell::find_program("rustup").is_some() {
        shell::run(Command::new("rustup").args(["component", "add"]).args(&missing.components))?;
    }
    if let Some(llvm) = missing.linker {
        shell::run(&mut linker_install(llvm)).context("cannot build bpf-linker")?;
    }
    Ok(detect(level))
}

fn detect(level: Level) -> Missing {
    let packages = NEEDS.iter().filter(|need| need.level <= level && !need.is_met());
    let mut missing = Missing {
        packages: packages.map(|need| need.package.to_owned()).collect(),
        ..Missing::default()
    };
    missing.add_ebpf(Ebpf::detect());
    if level >= Level::Test {
        let absent = CARGO_TOOLS.iter().filter(|(tool, _)| !has_cargo_tool(tool));
        missing.components.extend(absent.map(|(_, component)| component));
    }
    missing
}

impl Need {
    const fn program(level: Level, name: &'static str, package: &'static str) -> Self {
        Self { level, what: What::Program(name), package }
    }

    fn is_met(&self) -> bool {
        match self.what {
            What::Program(name) => shell::find_program(name).is_some(),
            What::StaticProgram(name) => {
                shell::find_program(name).is_some_and(|program| is_static(&program))
            }
            What::Folder(path) => Path::new(path).is_dir(),
        }
    }
}

impl Ebpf {
    fn detect() -> Self {
        if Toolchain::find().is_ok() {
            return Self::Complete;
        }
        let compiler = toolchain::system_rustc();
        let llvm = match &compiler {
            Some(details) => toolchain::llvm_major(details),
            None if packages::is_offered("libstd-rust-web-dev-bpf") => {
                packages::llvm_behind("rustc-web")
            }
            None => None,
        };
        let Some(llvm) = llvm else {
            return Self::Elsewhere;
        };
        let llvm_folder = Path::new(&llvm_prefix(llvm)).join("bin");
        let llvm_has = |program| shell::is_executable(&llvm_folder.join(program));
        Self::Distribution {
            compiler: compiler.is_some(),
            llvm,
            llvm_dev: llvm_has("llvm-config") && llvm_has("llvm-objcopy"),
            cxx: shell::find_program("g++").is_some(),
            linker: toolchain::find_linker(Some(llvm)).is_some(),
        }
    }
}

impl Missing {
    fn add_ebpf(&mut self, found: Ebpf) {
        match found {
            Ebpf::Complete => {}
            Ebpf::Elsewhere => self.nightly = Some(NIGHTLY),
            Ebpf::Distribution { compiler, llvm, llvm_dev, cxx, linker } => {
                if !compiler {
                    self.packages.extend(["rustc-web", "libstd-rust-web-dev-bpf"].map(Into::into));
                }
                if !llvm_dev {
                    self.packages.push(format!("llvm-{llvm}-dev"));
                }
                if !linker {
                    if !cxx {
                        self.packages.push("g++".to_owned());
                    }
                    self.linker = Some(llvm);
                }
            }
        }
    }

    /// What a person types to get all of it.
    fn commands(&self) -> Vec<String> {
        let mut commands = Vec::new();
        if !self.packages.is_empty() {
            commands.extend(packages::commands(&self.packages));
        }
        if !self.components.is_empty() {
            commands.push(format!("rustup component add {}", self.components.join(" ")));
        }
        if let Some(llvm) = self.linker {
            let install = shell::describe(&linker_install(llvm));
            commands.push(format!(
                "LLVM_PREFIX={} {}",
                llvm_prefix(llvm),
                install.trim_matches('`')
            ));
        }
        commands.extend(self.nightly.iter().flat_map(|lines| lines.lines()).map(Into::into));
        commands
    }
}

fn linker_install(llvm: u32) -> Command {
    let mut command = Command::new("cargo");
    command.env("LLVM_PREFIX", llvm_prefix(llvm)).env_remove("RUSTFLAGS");
    command.args(["install", "bpf-linker", "--version", LINKER_VERSION, "--locked", "--force"]);
    command.args(["--no-default-features", "--features"]).arg(format!("llvm-{llvm}"));
    command
}

fn llvm_prefix(llvm: u32) -> String {
    format!("/usr/lib/llvm-{llvm}")
}

fn has_cargo_tool(tool: &str) -> bool {
    shell::ask(shell::cargo().args([tool, "--version"])).is_some()
}

/// `ldd` refuses a program without libraries, or says that it has none.
fn is_static(program: &Path) -> bool {
    shell::ask(Command::new("ldd").arg(program))
        .is_none_or(|libraries| libraries.contains("statically linked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(found: Ebpf) -> Missing {
        let mut missing = Missing::default();
        missing.add_ebpf(found);
        missing
    }

    #[test]
    fn a_complete_toolchain_needs_nothing() {
        assert_eq!(missing(Ebpf::Complete), Missing::default());
        assert!(missing(Ebpf::Complete).commands().is_empty());
    }

    #[test]
    fn an_empty_debian_needs_the_whole_toolchain() {
        let found = Ebpf::Distribution {
            compiler: false,
            llvm: 22,
            llvm_dev: false,
            cxx: false,
            linker: false,
        };
        let missing = missing(found);
        assert_eq!(
            missing.packages,
            ["rustc-web", "libstd-rust-web-dev-bpf", "llvm-22-dev", "g++"]
        );
        assert_eq!(missing.linker, Some(22));
        let last = missing.commands().pop().unwrap();
        assert_eq!(
            last,
            "LLVM_PREFIX=/usr/lib/llvm-22 cargo install bpf-linker --version 0.13.0 --locked \
             --force --no-default-features --features llvm-22"
        );
    }

    #[test]
    fn a_linker_of_another_llvm_is_built_anew() {
        let found = Ebpf::Distribution {
            compiler: true,
            llvm: 23,
            llvm_dev: true,
            cxx: true,
            linker: false,
        };
        assert_eq!(missing(found), Missing { linker: Some(23), ..Missing::default() });
    }

    #[test]
    fn elsewhere_the_nightly_way_is_shown() {
        let commands = missing(Ebpf::Elsewhere).commands();
        assert_eq!(commands.len(), 2, "{commands:?}");
        assert!(commands[0].starts_with("rustup toolchain install nightly"));
    }

    #[test]
    fn a_level_includes_those_before_it() {
        let count = |level| NEEDS.iter().filter(|need| need.level <= level).count();
        let [build, test, bench] = [Level::Build, Level::Test, Level::Bench].map(count);
        assert!(build == 0 && build < test && test < bench, "{build}, {test}, {bench}");
    }
}
