//! Debian's source packages, fetched with all that apt checks and without touching its settings.
//!
//! A machine's lists name binary packages as a rule. A copy of them that names sources instead, with
//! an index of its own, lies in our folder; the rest of apt's settings holds as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use xtask::{machine, shell, workspace};

/// Where apt finds its lists.
const LIST: &str = "/etc/apt/sources.list";
const LISTS: &str = "/etc/apt/sources.list.d";

/// Unpacks the source package of that name, patches and all, into `folder`, which must not be there
/// yet; it is fetched once.
pub(crate) fn unpack(package: &str, folder: &Path) -> Result<()> {
    let description = fetch(package)?;
    let mut command = Command::new("dpkg-source");
    // It compares sums once more, and warns where it lacks the key of whoever signed the description:
    // what the description says was in apt's signed index.
    command.arg("--extract").arg(&description).arg(folder);
    // It tells of each patch.
    shell::capture(&mut command)?;
    Ok(())
}

/// The package's description, beside the archives that it names.
fn fetch(package: &str) -> Result<PathBuf> {
    let sources = workspace::target_folder("peers")?.join("sources");
    let folder = sources.join(package);
    if let Some(there) = description_in(&folder) {
        return Ok(there);
    }
    ensure!(machine::has_apt(), "cannot fetch the sources of `{package}`: there is no apt here");
    // What was cut off shall not be taken for the whole: the folder gets its name at the end.
    let partial = sources.join(format!("{package}.partial"));
    fs::create_dir_all(&partial).with_context(|| format!("cannot make `{}`", partial.display()))?;
    let settings = Settings::make()?;
    let mut update = settings.apt_get();
    if let Err(error) = shell::run(update.arg("update")) {
        eprintln!("going on without some of the lists of sources: {error:#}");
    }
    let mut source = settings.apt_get();
    source.args(["source", "--download-only", package]).current_dir(&partial);
    shell::run(&mut source).with_context(|| format!("cannot fetch the sources of `{package}`"))?;
    fs::rename(&partial, &folder)
        .with_context(|| format!("cannot rename `{}`", partial.display()))?;
    description_in(&folder).with_context(|| format!("apt fetched no description of `{package}`"))
}

fn description_in(folder: &Path) -> Option<PathBuf> {
    let mut files = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    files.find(|file| file.extension().is_some_and(|end| end == "dsc"))
}

/// Our own lists, with their index.
struct Settings {
    folder: PathBuf,
}

impl Settings {
    /// Writes the lists anew from those of the machine.
    fn make() -> Result<Self> {
        let folder = workspace::target_folder("peers")?.join("apt");
        let ours = Self { folder };
        let parts = ours.parts();
        if parts.exists() {
            fs::remove_dir_all(&parts).context("cannot remove the old lists of sources")?;
        }
        fs::create_dir_all(&parts).context("cannot make a folder for lists of sources")?;
        fs::create_dir_all(ours.index().join("partial")).context("cannot make a folder for apt")?;
        for list in lists() {
            let text = fs::read_to_string(&list)
                .with_context(|| format!("cannot read `{}`", list.display()))?;
            let name = list.file_name().context("a list without a name")?;
            let is_list = list.extension().is_some_and(|end| end == "list");
            let text = if is_list { lines_of_sources(&text) } else { stanzas_of_sources(&text) };
            fs::write(parts.join(name), text).context("cannot write a list of sources")?;
        }
        Ok(ours)
    }

    /// An apt-get that knows sources, and puts nothing where the machine's own looks.
    fn apt_get(&self) -> Command {
        let set = |name: &str, value: &Path| format!("{name}={}", value.display());
        let mut command = Command::new("apt-get");
        command.args(["-q", "-o", "Dir::Etc::sourcelist=/dev/null"]);
        command.args(["-o", &set("Dir::Etc::sourceparts", &self.parts())]);
        command.args(["-o", &set("Dir::State::lists", &self.index())]);
        command.args(["-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="]);
        // Its user for downloads may not write to our folder.
        command.args(["-o", "APT::Sandbox::User="]);
        command
    }

    fn parts(&self) -> PathBuf {
        self.folder.join("sources.list.d")
    }

    fn index(&self) -> PathBuf {
        self.folder.join("lists")
    }
}

/// The machine's lists that apt reads: those that end in `.list` or `.sources`.
fn lists() -> Vec<PathBuf> {
    let parts = fs::read_dir(LISTS).into_iter().flatten();
    let parts = parts.filter_map(|entry| Some(entry.ok()?.path()));
    let has_end =
        |file: &PathBuf| file.extension().is_some_and(|end| end == "list" || end == "sources");
    let main = PathBuf::from(LIST);
    main.exists().then_some(main).into_iter().chain(parts.filter(has_end)).collect()
}

/// Each line that names binary packages as one that names sources; what else there is goes.
fn lines_of_sources(list: &str) -> String {
    let binary = list.lines().filter_map(|line| line.trim_start().strip_prefix("deb"));
    let binary = binary.filter(|rest| rest.starts_with([' ', '\t']));
    binary.flat_map(|rest| ["deb-src", rest, "\n"]).collect()
}

/// Adds sources in the format of stanzas, where a field says it.
fn stanzas_of_sources(list: &str) -> String {
    let is_type = |line: &str| line.to_ascii_lowercase().starts_with("types:");
    let lines = list.lines().map(|line| if is_type(line) { "Types: deb-src" } else { line });
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_binaries_become_lists_of_sources() {
        let list = "# deb one\ndeb [signed-by=/k] file:/d stable main\ndeb-src file:/d stable x\n";
        assert_eq!(lines_of_sources(list), "deb-src [signed-by=/k] file:/d stable main\n");
    }

    #[test]
    fn stanzas_keep_all_but_their_type() {
        let list = "Types: deb deb-src\nURIs: file:/d\nSigned-By: /k\n\ntypes: deb\nEnabled: no\n";
        assert_eq!(
            stanzas_of_sources(list),
            "Types: deb-src\nURIs: file:/d\nSigned-By: /k\n\nTypes: deb-src\nEnabled: no\n"
        );
    }
}
