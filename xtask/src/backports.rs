//! Kernels newer than the distribution's own, by an apt configuration of our own: the machine's stays
//! as it is, and no rights are needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::packages::{self, Installer};
use crate::{machine, shell, workspace};

/// Where Debian's newest kernels are.
const SUITE: &str = "trixie-backports";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// What apt knows of that suite alone.
pub(crate) struct Backports {
    folder: PathBuf,
}

impl Backports {
    /// Reads what the suite offers, from the mirror that the machine's own apt uses.
    pub(crate) fn read() -> Result<Self> {
        if !machine::has_apt() {
            bail!("cannot read {SUITE}: there is no apt here");
        }
        if !Path::new(KEYRING).is_file() {
            bail!("cannot read {SUITE}: there is no `{KEYRING}`: install `debian-archive-keyring`");
        }
        let folder = workspace::target_folder("apt")?;
        for name in ["lists/partial", "cache/archives/partial"] {
            let made = folder.join(name);
            fs::create_dir_all(&made)
                .with_context(|| format!("cannot make `{}`", made.display()))?;
        }
        let source = source(&mirror().context("apt has no Debian mirror in its sources")?);
        let file = folder.join("debian.sources");
        fs::write(&file, source).with_context(|| format!("cannot write `{}`", file.display()))?;
        let backports = Self { folder };
        shell::run(backports.apt("apt-get").arg("update"))
            .with_context(|| format!("cannot read {SUITE}"))?;
        Ok(backports)
    }

    /// The package with the image of the newest kernel of a flavour, and its version.
    pub(crate) fn newest(&self, flavour: &str) -> Result<(String, String)> {
        let meta = format!("linux-image-{flavour}-amd64");
        let missing = || format!("{SUITE} offers no kernel by `{meta}`");
        let image = self.dependency(&meta, "linux-image-").with_context(missing)?;
        // Since 7.0 the image itself lies in a package of its own.
        let package = self.dependency(&image, "linux-binary-").unwrap_or(image);
        let policy = shell::ask(self.apt("apt-cache").args(["policy", &package]));
        let version = policy.as_deref().and_then(packages::candidate).with_context(missing)?;
        Ok((package, version.to_owned()))
    }

    /// Fetches a package's archive into a folder.
    pub(crate) fn download(&self, package: &str, folder: &Path) -> Result<()> {
        shell::run(self.apt("apt-get").args(["download", package]).current_dir(folder))
    }

    /// The first package that `package` depends on whose name begins so.
    fn dependency(&self, package: &str, beginning: &str) -> Option<String> {
        let mut ask = self.apt("apt-cache");
        let depends = shell::ask(ask.args(["depends", "--important", package]))?;
        packages::dependencies(&depends).find(|name| name.starts_with(beginning)).map(str::to_owned)
    }

    fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let folder = self.folder.display();
        let settings = [
            "APT::Sandbox::User=".to_owned(),
            format!("Dir::Etc::SourceList={folder}/debian.sources"),
            "Dir::Etc::SourceParts=-".to_owned(),
            format!("Dir::State::Lists={folder}/lists"),
            "Dir::State::Status=/dev/null".to_owned(),
            format!("Dir::Cache={folder}/cache"),
        ];
        command.arg("-q");
        for setting in settings {
            command.args(["-o", &setting]);
        }
        command
    }
}

/// The address of Debian's packages in the machine's own sources, which may have to be read first.
fn mirror() -> Option<String> {
    let ask = || {
        let mut targets = Command::new("apt-get");
        targets.args(["indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(LABEL)"]);
        shell::ask(&mut targets).as_deref().and_then(debian).map(str::to_owned)
    };
    ask().or_else(|| {
        Installer::find()?.update();
        ask()
    })
}

fn debian(targets: &str) -> Option<&str> {
    targets.lines().find_map(|line| line.strip_suffix(" Debian Debian"))
}

fn source(mirror: &str) -> String {
    format!(
        "Types: deb\nURIs: {mirror}\nSuites: {SUITE}\nComponents: main\nArchitectures: amd64\n\
         Signed-By: {KEYRING}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_that_of_debian_itself() {
        let targets = "http://m/security/ Debian Debian-Security\nhttp://m/other/ Else Debian\n\
            http://m/debian/ Debian Debian\n";
        assert_eq!(debian(targets), Some("http://m/debian/"));
        assert_eq!(debian("http://m/other/ Else Else\n"), None);
    }
}
