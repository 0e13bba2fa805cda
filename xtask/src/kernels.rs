//! Stock kernels of Debian, fetched once and kept in `target/kernels`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::backports::Backports;
use crate::packages::Installer;
use crate::{packages, shell, workspace};

/// The distribution's own kernels.
pub(crate) const STOCK: [&str; 2] = ["6.1", "6.12"];

/// The newest kernels of the distribution's backports. They preempt tracepoint programs.
pub(crate) const BACKPORTS: [&str; 2] = ["backports", "backports-rt"];

/// A kernel that qemu can boot.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// What to call it when talking about it.
    pub(crate) name: String,
    pub(crate) file: PathBuf,
}

/// The kernel that `wanted` names: a file, a version such as `6.12`, or one of [`BACKPORTS`]; the
/// newest of these is fetched unless it is here already.
pub(crate) fn image(wanted: &str) -> Result<Image> {
    let file = Path::new(wanted);
    if wanted.contains('/') {
        if !file.is_file() {
            bail!("no kernel `{wanted}`: give a version such as `6.12`, or a `vmlinuz` file");
        }
        return Ok(Image { name: wanted.to_owned(), file: file.to_owned() });
    }
    if let Some(flavour) = backports_flavour(wanted) {
        return backported(flavour);
    }
    if let Some(package) = newest_package(wanted) {
        return packaged(&package);
    }
    if let Some(installer) =
        Installer::find().filter(|_| kept(|name| is_version(name, wanted)).is_none())
    {
        installer.update();
        if let Some(package) = newest_package(wanted) {
            return packaged(&package);
        }
    }
    kept(|name| is_version(name, wanted)).with_context(|| {
        format!("apt offers no kernel `{wanted}` here: give the path of a `vmlinuz` file")
    })
}

fn backports_flavour(wanted: &str) -> Option<&'static str> {
    match wanted {
        "backports" => Some("cloud"),
        "backports-rt" => Some("rt"),
        _ => None,
    }
}

/// The newest kernel of that flavour in the backports; one that is here already if they cannot be read.
fn backported(flavour: &str) -> Result<Image> {
    let newest = Backports::read().and_then(|backports| {
        let package = backports.newest(flavour)?;
        Ok((backports, package))
    });
    let (backports, (package, version)) = match newest {
        Ok(newest) => newest,
        Err(error) => {
            return kept(|name| {
                name.starts_with("linux-binary-") && name.contains(&format!("-{flavour}-"))
            })
            .with_context(|| format!("{error:#}, and no such kernel was fetched before"));
        }
    };
    let folder = workspace::target_folder("kernels")?.join(folder_name(&package, &version));
    if vmlinuz(&folder).is_none() {
        unpack(&package, &folder, |aside| backports.download(&package, aside))?;
    }
    found(&package, &version, &folder)
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
    if vmlinuz(&folder).is_none() {
        unpack(package, &folder, |aside| fetch(package, aside))?;
    }
    found(package, version, &folder)
}

fn found(package: &str, version: &str, folder: &Path) -> Result<Image> {
    let file = vmlinuz(folder).with_context(|| format!("`{}` has no kernel", folder.display()))?;
    Ok(Image { name: format!("{package} {version}"), file })
}

fn fetch(package: &str, aside: &Path) -> Result<()> {
    let Err(error) = packages::download(package, aside) else { return Ok(()) };
    let installer = Installer::find()
        .with_context(|| format!("{error:#}: run `apt-get update` and try again"))?;
    installer.update();
    packages::download(package, aside)
}

/// Unpacks aside and moves into place, so that a broken download is never taken for a kernel.
fn unpack(package: &str, folder: &Path, download: impl Fn(&Path) -> Result<()>) -> Result<()> {
    let aside = folder.with_extension("unpacking");
    remove(&aside)?;
    remove(folder)?;
    fs::create_dir_all(&aside).with_context(|| format!("cannot make `{}`", aside.display()))?;
    download(&aside)?;
    let archive = first_file(&aside, is_archive)
        .with_context(|| format!("`apt-get download {package}` left no archive"))?;
    let unpacked = aside.join("unpacked");
    shell::run(Command::new("dpkg-deb").arg("-x").arg(&archive).arg(&unpacked))?;
    let kernel = vmlinuz(&unpacked.join("boot"))
        .or_else(|| {
            let modules = fs::read_dir(unpacked.join("usr/lib/modules")).ok()?;
            modules.flatten().find_map(|entry| vmlinuz(&entry.path()))
        })
        .with_context(|| format!("package `{package}` has no `vmlinuz`"))?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let name = kernel.file_name().context("a kernel without a name")?;
    fs::rename(&kernel, folder.join(name))
        .with_context(|| format!("cannot keep `{}`", kernel.display()))?;
    remove(&aside)
}

/// A kernel fetched earlier whose folder has a name like that, for a machine without network.
fn kept(is_wanted: impl Fn(&str) -> bool) -> Option<Image> {
    let folders = fs::read_dir(workspace::target().ok()?.join("kernels")).ok()?;
    let mut images: Vec<_> = folders
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().to_string_lossy().into_owned();
            is_wanted(&name).then_some(name)
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
    name == "vmlinuz" || name.starts_with("vmlinuz-")
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
