//! Stock kernels of Debian, fetched once and kept in `target/kernels`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::packages::Installer;
use crate::{packages, shell, workspace};

/// The kernels that every test run boots.
pub(crate) const STOCK: [&str; 2] = ["6.1", "6.12"];

/// A kernel that qemu can boot.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// What to call it when talking about it.
    pub(crate) name: String,
    pub(crate) file: PathBuf,
}

/// The kernel that `wanted` names: a file, or a version such as `6.12`, the newest of which is
/// fetched unless it is here already.
pub(crate) fn image(wanted: &str) -> Result<Image> {
    let file = Path::new(wanted);
    if wanted.contains('/') {
        if !file.is_file() {
            bail!("no kernel `{wanted}`: give a version such as `6.12`, or a `vmlinuz` file");
        }
        return Ok(Image { name: wanted.to_owned(), file: file.to_owned() });
    }
    if let Some(package) = newest_package(wanted) {
        return packaged(&package);
    }
    if let Some(installer) = Installer::find().filter(|_| kept(wanted).is_none()) {
        installer.update();
        if let Some(package) = newest_package(wanted) {
            return packaged(&package);
        }
    }
    kept(wanted).with_context(|| {
        format!("apt offers no kernel `{wanted}` here: give the path of a `vmlinuz` file")
    })
}

/// A package's name and version.
type Package = (String, String);

/// The newest package of that kernel version, by the meta packages that may stand for it.
fn newest_package(wanted: &str) -> Option<Package> {
    [format!("linux-image-{wanted}-cloud-amd64"), "linux-image-cloud-amd64".to_owned()]
        .iter()
        .filter_map(|meta| packages::newest_behind(meta))
        .find(|(package, _)| is_version(package, wanted))
}

/// Whether `linux-image-6.1.0-56-cloud-amd64` is a `6.1`; `6.12` is not.
fn is_version(package: &str, wanted: &str) -> bool {
    package
        .strip_prefix("linux-image-")
        .and_then(|rest| rest.strip_prefix(wanted))
        .is_some_and(|rest| rest.starts_with(['.', '-', '+']))
}

fn packaged((package, version): &Package) -> Result<Image> {
    let folder = workspace::target_folder("kernels")?.join(folder_name(package, version));
    if let Some(file) = vmlinuz(&folder) {
        return Ok(Image { name: format!("{package} {version}"), file });
    }
    fetch(package, &folder)?;
    let file =
        vmlinuz(&folder).with_context(|| format!("package `{package}` has no `boot/vmlinuz-*`"))?;
    Ok(Image { name: format!("{package} {version}"), file })
}

/// Unpacks aside and moves into place, so that a broken download is never taken for a kernel.
fn fetch(package: &str, folder: &Path) -> Result<()> {
    let aside = folder.with_extension("unpacking");
    remove(&aside)?;
    remove(folder)?;
    fs::create_dir_all(&aside).with_context(|| format!("cannot make `{}`", aside.display()))?;
    if let Err(error) = packages::download(package, &aside) {
        let installer = Installer::find()
            .with_context(|| format!("{error:#}: run `apt-get update` and try again"))?;
        installer.update();
        packages::download(package, &aside)?;
    }
    let archive = first_file(&aside, is_archive)
        .with_context(|| format!("`apt-get download {package}` left no archive"))?;
    let unpacked = aside.join("unpacked");
    shell::run(Command::new("dpkg-deb").arg("-x").arg(&archive).arg(&unpacked))?;
    let kernel = first_file(&unpacked.join("boot"), is_vmlinuz)
        .with_context(|| format!("package `{package}` has no `boot/vmlinuz-*`"))?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let name = kernel.file_name().context("a kernel without a name")?;
    fs::rename(&kernel, folder.join(name))
        .with_context(|| format!("cannot keep `{}`", kernel.display()))?;
    remove(&aside)
}

/// A kernel of that version fetched earlier, for a machine without network.
fn kept(wanted: &str) -> Option<Image> {
    let folders = fs::read_dir(workspace::target().ok()?.join("kernels")).ok()?;
    let mut images: Vec<_> = folders
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().to_string_lossy().into_owned();
            is_version(&name, wanted).then_some(name)
        })
        .filter_map(|name| {
            let folder = workspace::target().ok()?.join("kernels").join(&name);
            Some(Image { name, file: vmlinuz(&folder)? })
        })
        .collect();
    images.sort_by(|a, b| a.name.cmp(&b.name));
    images.pop()
}

fn folder_name(package: &str, version: &str) -> String {
    format!("{package}_{}", version.replace(['/', ':'], "_"))
}

fn vmlinuz(folder: &Path) -> Option<PathBuf> {
    first_file(folder, is_vmlinuz)
}

fn is_vmlinuz(name: &str) -> bool {
    name.starts_with("vmlinuz-")
}

fn is_archive(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "deb")
}

fn first_file(folder: &Path, wanted: impl Fn(&str) -> bool) -> Option<PathBuf> {
    fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.file_name().is_some_and(|name| wanted(&name.to_string_lossy())))
}

fn remove(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).with_context(|| format!("cannot remove `{}`", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_ends_where_its_number_ends() {
        assert!(is_version("linux-image-6.1.0-56-cloud-amd64", "6.1"));
        assert!(is_version("linux-image-6.12.117+deb12-cloud-amd64", "6.12"));
        assert!(is_version("linux-image-6.12-cloud-amd64", "6.12"));
        assert!(!is_version("linux-image-6.12.117+deb12-cloud-amd64", "6.1"));
        assert!(!is_version("linux-image-cloud-amd64", "6.1"));
    }

    #[test]
    fn a_file_must_be_there() {
        let error = image("/nowhere/vmlinuz").unwrap_err();
        assert!(error.to_string().contains("`/nowhere/vmlinuz`"), "{error}");
    }
}
