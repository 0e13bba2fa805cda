//! Whether a kernel module stands for a system of tracepoints that is not there.
//!
//! Most modules with tracepoints call their system by their own name, and only such are found.

use std::{fs, path::Path};

use nix::sys::utsname::uname;

/// The module of that name, when this kernel has it and has not loaded it.
pub(super) fn not_loaded(system: &str) -> Option<String> {
    let names = uname().ok()?;
    let folder = Path::new("/lib/modules").join(names.release());
    not_loaded_of(system, &folder, Path::new("/sys/module"))
}

fn not_loaded_of(system: &str, modules: &Path, loaded: &Path) -> Option<String> {
    let wanted = system.replace('-', "_");
    // What is built in is not loaded either, nor can it be.
    if loaded.join(&wanted).exists() || listed(&modules.join("modules.builtin"), &wanted).is_some()
    {
        return None;
    }
    ["modules.order", "modules.dep"].iter().find_map(|list| listed(&modules.join(list), &wanted))
}

/// The module as the list spells it.
fn listed(list: &Path, wanted: &str) -> Option<String> {
    let text = fs::read_to_string(list).ok()?;
    let mut names = text.lines().filter_map(module);
    names.find(|name| name.replace('-', "_") == wanted).map(str::to_owned)
}

/// `kernel/fs/btrfs/btrfs.ko.xz: kernel/lib/raid6/raid6_pq.ko.xz` → `btrfs`
fn module(line: &str) -> Option<&str> {
    let path = line.split(':').next()?;
    let (name, _) = path.rsplit('/').next()?.split_once(".ko")?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn a_module_is_found_in_either_list() {
        let none = TempDir::new().unwrap();
        for files in [
            [("modules.order", "kernel/fs/xfs/xfs.ko\nkernel/drivers/snd-soc.ko\n")],
            [("modules.dep", "kernel/fs/xfs/xfs.ko.zst: kernel/lib/x.ko.zst\nm/snd-soc.ko:\n")],
        ] {
            let modules = folder(&files);
            let find = |system| not_loaded_of(system, modules.path(), none.path());
            assert_eq!(find("xfs").as_deref(), Some("xfs"));
            assert_eq!(find("snd_soc").as_deref(), Some("snd-soc"), "as it is spelled");
            assert_eq!(find("x"), None);
            assert_eq!(find("sched"), None);
        }
    }

    #[test]
    fn what_is_there_already_is_not_offered() {
        let loaded = TempDir::new().unwrap();
        fs::create_dir(loaded.path().join("snd_soc")).unwrap();
        let modules = folder(&[
            ("modules.order", "kernel/fs/xfs/xfs.ko\nkernel/drivers/snd-soc.ko\n"),
            ("modules.builtin", "kernel/fs/xfs/xfs.ko\n"),
        ]);
        assert_eq!(not_loaded_of("snd-soc", modules.path(), loaded.path()), None);
        assert_eq!(not_loaded_of("xfs", modules.path(), loaded.path()), None);
    }
}
