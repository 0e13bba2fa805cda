//! What the mount of /proc keeps from the caller, which nothing in a listing tells.

use std::path::Path;

use procfs::process::{MountInfo, Process};

/// Says so if the mount of /proc hides processes from this user.
#[expect(clippy::print_stderr, reason = "what is not part of the listing")]
pub(crate) fn tell_what_is_hidden() {
    if let Some(level) = by_mount() {
        eprintln!(
            "observer: processes of other users are hidden: /proc is mounted with \
             hidepid={level}; run as root to see them"
        );
    }
}

/// The option `hidepid` of /proc, if it hides processes of other users from the caller; see
/// proc(5).
pub(crate) fn by_mount() -> Option<String> {
    let mounts = Process::myself().ok()?.mountinfo().ok()?;
    let level = hidepid(&mounts.0)?;
    // The first process belongs to another user, as a rule, and is always there.
    let hides = !matches!(level.as_str(), "0" | "off" | "1" | "noaccess");
    (hides && !Path::new("/proc/1").exists()).then_some(level)
}

/// Of the last mount on /proc, which is the one that is seen.
fn hidepid(mounts: &[MountInfo]) -> Option<String> {
    let mount = mounts.iter().rev().find(|mount| mount.mount_point == Path::new("/proc"))?;
    mount.super_options.get("hidepid").cloned().flatten()
}

#[cfg(test)]
mod tests {
    use procfs::{FromRead as _, process::MountInfos};

    use super::*;

    #[test]
    fn the_last_mount_counts() {
        let check = |text: &str, expected: Option<&str>| {
            let mounts = MountInfos::from_read(text.as_bytes()).unwrap();
            assert_eq!(hidepid(&mounts.0).as_deref(), expected);
        };
        let below = "21 1 0:5 / /proc rw shared:1 - proc proc rw\n";
        let above = "30 21 0:9 / /proc rw - proc proc rw,gid=4,hidepid=invisible\n";
        check(below, None);
        check(&[below, above].concat(), Some("invisible"));
        check(&[above, below].concat(), None);
    }
}
