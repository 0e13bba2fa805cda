//! The table of all columns, by name.

use super::{Field, Getter, process, security, time, usage, users};
use crate::facts::Facts;

/// Columns of a listing that asks for none.
pub const DEFAULT: [&str; 8] = ["user", "pid", "ppid", "pcpu", "etime", "tty", "time", "args"];

/// The columns that psgo has too.
pub const PSGO: [&str; 32] = [
    "args", "capamb", "capbnd", "capeff", "capinh", "capprm", "comm", "etime", "group", "groups",
    "hgroup", "hgroups", "hpid", "huid", "huser", "label", "nice", "pcpu", "pgid", "pid", "ppid",
    "rgroup", "rss", "ruser", "seccomp", "state", "stime", "time", "tty", "uid", "user", "vsz",
];

const PID: Facts = Facts::NONE;
const IDENTITY: Facts = Facts::IDENTITY;
const NAME: Facts = Facts::IDENTITY.and(Facts::NAME);
const TASK: Facts = Facts::TASK;
const CPU_TIME: Facts = Facts::CPU_TIME;
const OWNER: Facts = Facts::OWNER;
const USER: Facts = OWNER.and(Facts::USER_NAMES);
const GROUP: Facts = OWNER.and(Facts::GROUP_NAMES);
const IDS: Facts = Facts::IDS;
const USERS: Facts = IDS.and(Facts::USER_NAMES);
const GROUPS: Facts = IDS.and(Facts::GROUP_NAMES);
const SUPPLEMENTARY: Facts = Facts::GROUPS;
const NAMED_GROUPS: Facts = SUPPLEMENTARY.and(Facts::SUPPLEMENTARY_NAMES);
const CAPABILITIES: Facts = Facts::CAPABILITIES;
const MEMORY: Facts = Facts::MEMORY;

#[rustfmt::skip]
pub(super) static FIELDS: [Field; 83] = [
    field("args", "COMMAND", NAME.and(Facts::ARGUMENTS), process::args, "arguments separated by spaces; name in brackets where there are none").code('a').also(&["command", "cmd"]),
    field("capall", "CAPS", CAPABILITIES, security::capall, "all five capability sets"),
    field("capamb", "AMBIENT CAPS", CAPABILITIES, security::capamb, "ambient capabilities"),
    field("capbnd", "BOUNDING CAPS", CAPABILITIES, security::capbnd, "capability bounding set"),
    field("capeff", "EFFECTIVE CAPS", CAPABILITIES, security::capeff, "effective capabilities"),
    field("capinh", "INHERITED CAPS", CAPABILITIES, security::capinh, "inheritable capabilities"),
    field("capprm", "PERMITTED CAPS", CAPABILITIES, security::capprm, "permitted capabilities"),
    field("cgroup", "CGROUP", Facts::CGROUP, process::cgroup, "path of the cgroup"),
    field("cgroupns", "CGROUPNS", Facts::CGROUP_NAMESPACE, process::namespace::<6>, "inode number of its cgroup namespace"),
    field("cls", "CLS", TASK, usage::cls, "scheduling policy: TS, FF, RR, B, IDL, DLN").also(&["policy", "class"]),
    field("comm", "COMMAND", NAME, process::comm, "name of the process").code('c').also(&["ucmd", "ucomm"]),
    field("container", "CONTAINER", Facts::CGROUP, process::container, "container id, shortened as engines do").absent("-"),
    field("containerid", "CONTAINER ID", Facts::CGROUP, process::containerid, "full container id").absent("-"),
    field("cputimes", "TIME", CPU_TIME, time::cputimes, "CPU time in whole seconds").also(&["times"]).always_changes(),
    field("cwd", "CWD", Facts::WORKING_DIRECTORY, process::cwd, "working directory").absent("-"),
    field("etime", "ELAPSED", IDENTITY, time::etime, "time since the process started").code('t').always_changes(),
    field("etimes", "ELAPSED", IDENTITY, time::etimes, "time since the process started, in whole seconds").always_changes(),
    field("exe", "EXE", Facts::EXECUTABLE, process::exe, "path of the executable").absent("-"),
    field("f", "F", TASK, usage::f, "1: forked without exec, 4: used root's rights").also(&["flag", "flags"]),
    field("fsgid", "FSGID", IDS, users::fsgid, "file system group, by number").also(&["fgid"]),
    field("fsgroup", "FSGROUP", GROUPS, users::fsgroup, "file system group").also(&["fgroup"]),
    field("fsuid", "FSUID", IDS, users::fsuid, "file system user, by number").also(&["fuid"]),
    field("fsuser", "FSUSER", USERS, users::fsuser, "file system user").also(&["fuser"]),
    field("gid", "GID", OWNER, users::gid, "effective group, by number").also(&["egid"]),
    field("gids", "GIDS", SUPPLEMENTARY, users::gids, "supplementary groups, by number").also(&["supgid"]),
    field("group", "GROUP", GROUP, users::group, "effective group").code('G').also(&["egroup"]),
    field("groups", "GROUPS", NAMED_GROUPS, users::groups, "supplementary groups").also(&["supgrp"]),
    field("hgid", "HGID", OWNER, users::hgid, "joined: effective group on the host, by number"),
    field("hgids", "HGIDS", SUPPLEMENTARY, users::hgids, "joined: supplementary groups on the host, by number"),
    field("hgroup", "HGROUP", GROUP, users::hgroup, "joined: effective group on the host"),
    field("hgroups", "HGROUPS", NAMED_GROUPS, users::hgroups, "joined: supplementary groups on the host"),
    field("hpid", "HPID", PID, process::hpid, "joined: pid on the host"),
    field("hppid", "HPPID", IDENTITY, process::hppid, "joined: parent's pid on the host"),
    field("huid", "HUID", OWNER, users::huid, "joined: effective user on the host, by number"),
    field("huser", "HUSER", USER, users::huser, "joined: effective user on the host"),
    field("ipcns", "IPCNS", Facts::IPC_NAMESPACE, process::namespace::<5>, "inode number of its IPC namespace"),
    field("label", "LABEL", Facts::LABEL, security::label, "label of the security module").also(&["context"]),
    field("lstart", "STARTED", IDENTITY, time::lstart, "start time: day, time and year").always_changes(),
    field("majflt", "MAJFLT", TASK, usage::majflt, "major page faults (needed disk I/O)").also(&["maj_flt", "pagein"]),
    field("minflt", "MINFLT", TASK, usage::minflt, "minor page faults (no I/O)").also(&["min_flt"]),
    field("mntns", "MNTNS", Facts::MOUNT_NAMESPACE, process::namespace::<1>, "inode number of its mount namespace"),
    field("netns", "NETNS", Facts::NETWORK_NAMESPACE, process::namespace::<2>, "inode number of its network namespace"),
    field("nice", "NI", TASK, usage::nice, "nice value, -20 to 19").code('n').also(&["ni"]),
    field("nnp", "NNP", CAPABILITIES, security::nnp, "1: can never gain privileges (no_new_privs)"),
    field("pcpu", "%CPU", IDENTITY.and(CPU_TIME), time::pcpu, "CPU use over the whole life of the process, in percent of one CPU").code('C').also(&["%cpu"]).always_changes(),
    field("pgid", "PGID", TASK, process::pgid, "process group id").code('r').also(&["pgrp"]),
    field("pid", "PID", PID, process::pid, "process id").code('p').also(&["tgid"]),
    field("pidns", "PIDNS", Facts::PID_NAMESPACE, process::namespace::<0>, "inode number of its pid namespace"),
    field("pmem", "%MEM", MEMORY, usage::pmem, "resident size, in percent of the machine's memory").also(&["%mem"]).always_changes(),
    field("ppid", "PPID", IDENTITY, process::ppid, "parent's process id").code('P'),
    field("pri", "PRI", TASK, usage::pri, "priority; larger is more urgent"),
    field("psr", "PSR", TASK, usage::psr, "CPU it last ran on"),
    field("rgid", "RGID", IDS, users::rgid, "real group, by number"),
    field("rgroup", "RGROUP", GROUPS, users::rgroup, "real group").code('g'),
    field("rss", "RSS", MEMORY, usage::rss, "resident size in KiB").also(&["rssize", "rsz"]),
    field("rtprio", "RTPRIO", TASK, usage::rtprio, "real-time priority").absent("-"),
    field("ruid", "RUID", IDS, users::ruid, "real user, by number"),
    field("runtime", "RUNTIME", Facts::CGROUP, process::runtime, "container runtime").absent("-"),
    field("ruser", "RUSER", USERS, users::ruser, "real user").code('u'),
    field("seccomp", "SECCOMP", CAPABILITIES, security::seccomp, "seccomp mode: disabled, strict, filter"),
    field("seccompfilters", "SECCOMP FILTERS", CAPABILITIES, security::seccompfilters, "number of seccomp filters"),
    field("sgid", "SGID", IDS, users::sgid, "saved group, by number").also(&["svgid"]),
    field("sgroup", "SGROUP", GROUPS, users::sgroup, "saved group"),
    field("sid", "SID", TASK, process::sid, "session id").also(&["sess", "session"]),
    field("start", "START", IDENTITY, time::start, "start time, RFC 3339 in UTC").always_changes(),
    field("start_time", "START", IDENTITY, time::start_time, "start time (HH:MM, date or year)").always_changes(),
    field("stat", "STAT", TASK.and(MEMORY), usage::stat, "state with the marks of ps(1)"),
    field("state", "STATE", TASK, usage::state, "state, one letter: R S D Z T t I X").also(&["s"]),
    field("stime", "STIME", IDENTITY, time::stime, "start time").always_changes(),
    field("suid", "SUID", IDS, users::suid, "saved user, by number").also(&["svuid"]),
    field("suser", "SUSER", USERS, users::suser, "saved user"),
    field("threads", "THREADS", TASK, usage::threads, "number of threads").also(&["nlwp", "thcount"]),
    field("time", "TIME", CPU_TIME, time::time, "CPU time").code('x').also(&["cputime"]).always_changes(),
    field("timens", "TIMENS", Facts::TIME_NAMESPACE, process::namespace::<7>, "inode number of its time namespace"),
    field("tpgid", "TPGID", TASK, process::tpgid, "foreground process group of its terminal"),
    field("tty", "TTY", TASK, process::tty, "controlling terminal").code('y').also(&["tt", "tname"]),
    field("uid", "UID", OWNER, users::uid, "effective user, by number").also(&["euid"]),
    field("user", "USER", USER, users::user, "effective user").code('U').also(&["euser", "uname"]),
    field("userns", "USERNS", Facts::USER_NAMESPACE, process::namespace::<3>, "inode number of its user namespace"),
    field("utsns", "UTSNS", Facts::UTS_NAMESPACE, process::namespace::<4>, "inode number of its UTS namespace"),
    field("vpid", "VPID", Facts::PIDS, process::vpid, "pid in its own pid namespace"),
    field("vsz", "VSZ", TASK, usage::vsz, "virtual size in KiB").code('z').also(&["vsize"]),
    field("wchan", "WCHAN", Facts::WAIT_CHANNEL, usage::wchan, "kernel function it sleeps in").absent("-"),
];

const fn field(
    name: &'static str,
    header: &'static str,
    needs: Facts,
    get: Getter,
    doc: &'static str,
) -> Field {
    Field {
        name,
        code: None,
        synonyms: &[],
        header,
        doc,
        needs,
        absent: "?",
        always_changes: false,
        get,
    }
}

impl Field {
    const fn code(mut self, code: char) -> Self {
        self.code = Some(code);
        self
    }

    const fn also(mut self, synonyms: &'static [&'static str]) -> Self {
        self.synonyms = synonyms;
        self
    }

    const fn always_changes(mut self) -> Self {
        self.always_changes = true;
        self
    }

    const fn absent(mut self, text: &'static str) -> Self {
        self.absent = text;
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_sorted_and_stand_for_one_column() {
        let names: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        let all = FIELDS.iter().flat_map(|field| field.synonyms.iter().chain([&field.name]));
        let mut seen = HashSet::new();
        for name in all {
            assert!(seen.insert(name), "`{name}` stands for two columns");
        }
        let mut codes = HashSet::new();
        assert!(FIELDS.iter().filter_map(|field| field.code).all(|code| codes.insert(code)));
    }

    #[test]
    fn psgo_has_32_columns_and_15_codes() {
        assert!(PSGO.is_sorted());
        let known = |name: &&str| FIELDS.iter().any(|field| field.name == *name);
        assert!(PSGO.iter().all(known));
        assert!(DEFAULT.iter().all(|name| PSGO.contains(name)));
        let coded = FIELDS.iter().filter(|field| field.code.is_some());
        let coded: Vec<&str> = coded.map(|field| field.name).collect();
        assert_eq!(coded.len(), 15);
        assert!(coded.iter().all(|name| PSGO.contains(name)));
    }
}
