//! What the machine says about perf: read only once something was refused, to name the reason.

use std::fs;

use nix::{errno::Errno, unistd::geteuid};

use crate::sys::perf;

/// The state of everything that can stand against an event.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts that have nothing to do with each other")]
pub(super) struct Circumstances {
    /// `/proc/sys/kernel/perf_event_paranoid`.
    pub(super) paranoid: Option<i32>,
    /// `CAP_PERFMON`, or `CAP_SYS_ADMIN`, which stands for it.
    pub(super) capable: bool,
    pub(super) root: bool,
    pub(super) initial_user_namespace: bool,
    pub(super) confidential: bool,
    pub(super) seccomp: bool,
    /// The answer to an event that takes no rights.
    pub(super) harmless: Result<(), Errno>,
    /// `/proc/sys/kernel/perf_event_mlock_kb`.
    pub(super) mlock_kib: u64,
    /// `RLIMIT_MEMLOCK`, in words.
    pub(super) memlock: String,
    /// Whether the kernel can tell cgroups apart.
    pub(super) cgroup_perf: bool,
    /// The version 1 hierarchy that has the controller.
    pub(super) perf_hierarchy: Option<String>,
}

impl Circumstances {
    pub(super) fn read() -> Self {
        let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let status = file("/proc/self/status");
        Self {
            paranoid: number(&file("/proc/sys/kernel/perf_event_paranoid")),
            capable: is_capable(&status),
            root: geteuid().is_root(),
            initial_user_namespace: maps_everyone(&file("/proc/self/uid_map")),
            confidential: file("/sys/kernel/security/lockdown").contains("[confidentiality]"),
            seccomp: member(&status, "Seccomp:").is_some_and(|mode| mode != "0"),
            harmless: perf::open_harmless(),
            mlock_kib: number(&file("/proc/sys/kernel/perf_event_mlock_kb")).unwrap_or(0),
            memlock: locked_memory(&file("/proc/self/limits")),
            cgroup_perf: has_controller(&file("/proc/cgroups")),
            perf_hierarchy: perf_hierarchy(&file("/proc/self/cgroup")),
        }
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}

fn member<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

/// Of the text of `/proc/self/status`. What cannot be read is no reason.
fn is_capable(status: &str) -> bool {
    const CAP_SYS_ADMIN: u32 = 21;
    const CAP_PERFMON: u32 = 38;
    let mask = member(status, "CapEff:").and_then(|mask| u64::from_str_radix(mask, 16).ok());
    mask.is_none_or(|mask| mask & (1 << CAP_PERFMON | 1 << CAP_SYS_ADMIN) != 0)
}

/// Of the text of a `uid_map`: only the initial user namespace has all ids as they are.
fn maps_everyone(map: &str) -> bool {
    map.is_empty() || map.split_ascii_whitespace().eq(["0", "0", "4294967295"])
}

/// Of the text of `/proc/self/limits`: the soft limit with its unit.
fn locked_memory(limits: &str) -> String {
    let soft = member(limits, "Max locked memory").and_then(|line| line.split_whitespace().next());
    match soft {
        None => "unknown".to_owned(),
        Some("unlimited") => "none".to_owned(),
        Some(bytes) => format!("{bytes} bytes"),
    }
}

/// Of the text of `/proc/cgroups`. A kernel without that file says nothing against it.
fn has_controller(cgroups: &str) -> bool {
    cgroups.is_empty() || cgroups.lines().any(|line| line.starts_with("perf_event\t"))
}

/// Of the text of `/proc/self/cgroup`: the controllers mounted with it, `perf_event` alone mostly.
fn perf_hierarchy(cgroup: &str) -> Option<String> {
    let controllers = cgroup.lines().filter_map(|line| line.split(':').nth(1));
    let mut serving = controllers.filter(|list| list.split(',').any(|name| name == "perf_event"));
    serving.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_capability_will_do() {
        let status = |mask: u64| format!("Name:\tx\nCapEff:\t{mask:016x}\nSeccomp:\t0\n");
        assert!(!is_capable(&status(0)));
        assert!(!is_capable(&status(1 << 39)), "CAP_BPF is not enough");
        assert!(is_capable(&status(1 << 38)));
        assert!(is_capable(&status(1 << 21)));
    }

    #[test]
    fn only_the_initial_user_namespace_has_everyone() {
        assert!(maps_everyone("         0          0 4294967295\n"));
        assert!(!maps_everyone("         0       1000          1\n"));
    }

    #[test]
    fn the_limit_of_locked_memory_is_in_words() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max locked memory         8388608              8388608              bytes\n";
        assert_eq!(locked_memory(limits), "8388608 bytes");
        assert_eq!(locked_memory(&limits.replace("8388608", "unlimited")), "none");
    }

    #[test]
    fn the_hierarchy_of_the_controller_is_found() {
        assert_eq!(perf_hierarchy("4:perf_event,net_cls:/\n0::/\n").unwrap(), "perf_event,net_cls");
        assert_eq!(perf_hierarchy("4:memory:/a\n0::/\n"), None);
        assert!(has_controller("#subsys_name\thierarchy\nperf_event\t0\t1\t1\n"));
        assert!(!has_controller("#subsys_name\thierarchy\nmemory\t0\t1\t1\n"));
    }
}
