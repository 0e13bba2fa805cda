//! Where the running kernel keeps the members that the programs read.
//!
//! Rust emits no CO-RE relocations, so user space looks each place up in the running kernel's BTF
//! and patches a [`Layout`] into the programs' read-only data before they are loaded. One line
//! below is all that a new member takes on either side.

#![expect(missing_debug_implementations, reason = "zerocopy derives a hidden type for each field")]

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// The value of a place that the running kernel does not have.
pub const ABSENT: u32 = u32::MAX;

/// One value of the [`Layout`] and where to look for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name in [`Layout`].
    pub field: &'static str,
    /// Where to look; the first that exists counts.
    pub places: &'static [Place],
    /// Whether the programs can do without.
    pub optional: bool,
}

/// A place in BTF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Byte offset of a member, as `struct.member.member`; anonymous structs and unions in between
    /// are not named.
    Member(&'static str),
    /// Offset in bits of a bit field of one bit, likewise.
    Bit(&'static str),
    /// Size of a struct.
    Size(&'static str),
    /// Value of an enumerator, as `enum.enumerator`.
    Enumerator(&'static str),
}

use Place::{Bit, Enumerator, Member, Size};

macro_rules! layout {
    ($($field:ident: [$($place:expr),+] $(, $optional:ident)?;)+) => {
        /// Byte offsets, sizes and indices in the running kernel, [`ABSENT`] where it has none.
        #[expect(missing_docs, reason = "each field's place in the kernel's types stands in `Layout::WANTED`")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
        #[repr(C)]
        pub struct Layout {
            $(pub $field: u32,)+
        }

        impl Layout {
            /// Every field in order.
            pub const WANTED: &'static [Wanted] = &[$(Wanted {
                field: stringify!($field),
                places: &[$($place),+],
                optional: layout!(@optional $($optional)?),
            },)+];

            /// A layout that knows no place; what the object holds until it is patched.
            pub const UNKNOWN: Self = Self { $($field: ABSENT,)+ };
        }
    };
    (@optional optional) => { true };
    (@optional) => { false };
}

layout! {
    task_pid: [Member("task_struct.pid")];
    task_tgid: [Member("task_struct.tgid")];
    task_start_boottime: [Member("task_struct.start_boottime"), Member("task_struct.real_start_time")];
    task_comm: [Member("task_struct.comm")];
    task_real_parent: [Member("task_struct.real_parent")];
    task_group_leader: [Member("task_struct.group_leader")];
    task_real_cred: [Member("task_struct.real_cred")];
    task_nsproxy: [Member("task_struct.nsproxy")];
    task_signal: [Member("task_struct.signal")];
    task_mm: [Member("task_struct.mm")];
    task_cgroups: [Member("task_struct.cgroups")];
    task_utime: [Member("task_struct.utime")];
    task_stime: [Member("task_struct.stime")];
    task_sum_exec_runtime: [Member("task_struct.se.sum_exec_runtime")];
    task_self_exec_id: [Member("task_struct.self_exec_id")], optional;
    task_thread_node: [Member("task_struct.thread_node")];
    signal_live: [Member("signal_struct.live")];
    signal_group_exit_code: [Member("signal_struct.group_exit_code")];
    signal_is_child_subreaper: [Bit("signal_struct.is_child_subreaper")];
    signal_has_child_subreaper: [Bit("signal_struct.has_child_subreaper")];
    signal_pids: [Member("signal_struct.pids")];
    signal_thread_head: [Member("signal_struct.thread_head")];
    signal_utime: [Member("signal_struct.utime")];
    signal_stime: [Member("signal_struct.stime")];
    signal_sum_sched_runtime: [Member("signal_struct.sum_sched_runtime")];
    signal_maxrss: [Member("signal_struct.maxrss")];
    pidtype_tgid: [Enumerator("pid_type.PIDTYPE_TGID")];
    pid_level: [Member("pid.level")];
    pid_numbers: [Member("pid.numbers")];
    upid_size: [Size("upid")];
    upid_nr: [Member("upid.nr")];
    upid_ns: [Member("upid.ns")];
    cred_uid: [Member("cred.uid")];
    cred_gid: [Member("cred.gid")];
    cred_euid: [Member("cred.euid")];
    cred_egid: [Member("cred.egid")];
    cred_user_ns: [Member("cred.user_ns")];
    nsproxy_mnt_ns: [Member("nsproxy.mnt_ns")];
    nsproxy_net_ns: [Member("nsproxy.net_ns")];
    nsproxy_uts_ns: [Member("nsproxy.uts_ns")];
    nsproxy_ipc_ns: [Member("nsproxy.ipc_ns")];
    nsproxy_cgroup_ns: [Member("nsproxy.cgroup_ns")];
    nsproxy_time_ns: [Member("nsproxy.time_ns")];
    pid_ns_child_reaper: [Member("pid_namespace.child_reaper")];
    pid_ns_inum: [Member("pid_namespace.ns.inum")];
    mnt_ns_inum: [Member("mnt_namespace.ns.inum")];
    net_ns_inum: [Member("net.ns.inum")];
    user_ns_inum: [Member("user_namespace.ns.inum")];
    uts_ns_inum: [Member("uts_namespace.ns.inum")], optional;
    ipc_ns_inum: [Member("ipc_namespace.ns.inum")], optional;
    cgroup_ns_inum: [Member("cgroup_namespace.ns.inum")], optional;
    time_ns_inum: [Member("time_namespace.ns.inum")], optional;
    css_set_dfl_cgrp: [Member("css_set.dfl_cgrp")];
    css_set_subsys: [Member("css_set.subsys")];
    css_cgroup: [Member("cgroup_subsys_state.cgroup")];
    subsys_memory: [Enumerator("cgroup_subsys_id.memory_cgrp_id")], optional;
    subsys_pids: [Enumerator("cgroup_subsys_id.pids_cgrp_id")], optional;
    subsys_cpu: [Enumerator("cgroup_subsys_id.cpu_cgrp_id")], optional;
    subsys_freezer: [Enumerator("cgroup_subsys_id.freezer_cgrp_id")], optional;
    subsys_devices: [Enumerator("cgroup_subsys_id.devices_cgrp_id")], optional;
    cgroup_kn: [Member("cgroup.kn")];
    cgroup_level: [Member("cgroup.level")];
    cgroup_root: [Member("cgroup.root")];
    cgroup_root_hierarchy_id: [Member("cgroup_root.hierarchy_id")];
    kernfs_parent: [Member("kernfs_node.__parent"), Member("kernfs_node.parent")];
    kernfs_name: [Member("kernfs_node.name")];
    mm_arg_start: [Member("mm_struct.arg_start")];
    mm_arg_end: [Member("mm_struct.arg_end")];
    bprm_filename: [Member("linux_binprm.filename")];
    bprm_argc: [Member("linux_binprm.argc")];
}
