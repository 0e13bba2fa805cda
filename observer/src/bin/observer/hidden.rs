//! What the mount of /proc keeps from the caller, which nothing in a listing tells.

use std::fs;
use std::path::Path;

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
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let level = hidepid(&mounts)?;
    // The first process belongs to another user, as a rule, and is always there.
    let hides = !matches!(level, "0" | "off" | "1" | "noaccess");
    (hides && !Path::new("/proc/1").exists()).then(|| level.to_owned())
}

/// Of the last mount on /proc, which is the one that is seen. The options of the file system stand
/// last in a line; see `proc_pid_mountinfo(5)`.
fn hidepid(mounts: &str) -> Option<&str> {
    let is_proc = |mount: &&str| mount.split(' ').nth(4) == Some("/proc");
    let (_, options) = mounts.lines().rev().find(is_proc)?.rsplit_once(' ')?;
    options.split(',').find_map(|option| option.strip_prefix("hidepid="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_mount_counts() {
        let below = "21 1 0:5 / /proc rw shared:1 - proc proc rw\n";
        let above = "30 21 0:9 / /proc rw - proc proc rw,gid=4,hidepid=invisible\n";
        assert_eq!(hidepid(below), None);
        assert_eq!(hidepid(&[below, above].concat()), Some("invisible"));
        assert_eq!(hidepid(&[above, below].concat()), None);
    }
}
