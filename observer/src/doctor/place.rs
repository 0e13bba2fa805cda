//! Where this process runs: what is around it keeps rights from it that it seems to have.

use std::{fmt, fs, path::Path};

use crate::event::CgroupCache;

/// Namespaces, container and cgroups of this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Whether its user namespace is the machine's own: only there capabilities count. `None` where
    /// that may not be known.
    pub initial_user_namespace: Option<bool>,
    /// Whether its pid namespace is the machine's own: elsewhere /proc has other pids than events.
    pub initial_pid_namespace: Option<bool>,
    /// Whether a filter of system calls is on it, see seccomp(2).
    pub seccomp: Option<bool>,
    /// What says that it runs in a container.
    pub container: Option<String>,
    /// Which hierarchies of cgroups are mounted.
    pub cgroups: Option<Cgroups>,
}

/// Hierarchies of cgroups, see cgroups(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cgroups {
    /// The first kind only.
    V1,
    /// The unified one only.
    V2,
    /// Both.
    Hybrid,
}

impl Cgroups {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::Hybrid => "hybrid",
        }
    }
}

impl fmt::Display for Cgroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Place {
    pub(super) fn look() -> Self {
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok();
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self {
            initial_user_namespace: is_initial("user", 4_026_531_837),
            initial_pid_namespace: is_initial("pid", 4_026_531_836),
            seccomp: has_seccomp(&status),
            container: container(),
            cgroups: mounts.as_deref().and_then(cgroups),
        }
    }
}

/// The kernel's own numbers of the first namespaces.
fn is_initial(kind: &str, inode: u32) -> Option<bool> {
    let link = fs::read_link(format!("/proc/self/ns/{kind}")).ok()?;
    Some(link.to_str()? == format!("{kind}:[{inode}]"))
}

fn has_seccomp(status: &str) -> Option<bool> {
    let mode = status.lines().find_map(|line| line.strip_prefix("Seccomp:"))?;
    Some(mode.trim() != "0")
}

/// The cgroup, or a file that an engine leaves in its containers.
fn container() -> Option<String> {
    let lines = fs::read("/proc/self/cgroup").unwrap_or_default();
    if let Some(container) = &CgroupCache::default().of_lines(&lines).container {
        return Some(format!("{} {}", container.runtime, container.id));
    }
    let marks = ["/.dockerenv", "/run/.containerenv"];
    marks.into_iter().find(|mark| Path::new(mark).exists()).map(str::to_owned)
}

/// Of the text of `/proc/self/mountinfo`: a file system's type stands behind the dash.
fn cgroups(mounts: &str) -> Option<Cgroups> {
    let kinds = mounts.lines().filter_map(|line| line.split_once(" - ")?.1.split(' ').next());
    let (mut v1, mut v2) = (false, false);
    for kind in kinds {
        v1 |= kind == "cgroup";
        v2 |= kind == "cgroup2";
    }
    match (v1, v2) {
        (true, true) => Some(Cgroups::Hybrid),
        (true, false) => Some(Cgroups::V1),
        (false, true) => Some(Cgroups::V2),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies_are_those_that_are_mounted() {
        let line = |kind: &str| format!("30 23 0:26 / /sys/fs/cgroup rw shared:4 - {kind} x rw\n");
        let check = |mounts: &[&str], expected: Option<Cgroups>| {
            let text: String = mounts.iter().map(|kind| line(kind)).collect();
            assert_eq!(cgroups(&text), expected, "{mounts:?}");
        };
        check(&["proc", "cgroup2"], Some(Cgroups::V2));
        check(&["cgroup", "tmpfs"], Some(Cgroups::V1));
        check(&["cgroup", "cgroup2"], Some(Cgroups::Hybrid));
        check(&["proc"], None);
    }

    #[test]
    fn a_filter_of_system_calls_is_seen() {
        assert_eq!(has_seccomp("NoNewPrivs:\t0\nSeccomp:\t2\nSeccomp_filters:\t1\n"), Some(true));
        assert_eq!(has_seccomp("Seccomp:\t0\n"), Some(false));
        assert_eq!(has_seccomp("Name:\tx\n"), None);
    }
}
