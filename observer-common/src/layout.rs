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
    task_state: [Member("task_struct.__state")];
    task_exit_state: [Member("task_struct.exit_state")];
    task_flags: [Member("task_struct.flags")];
    task_prio: [Member("task_struct.prio")];
    task_static_prio: [Member("task_struct.static_prio")];
    task_rt_priority: [Member("task_struct.rt_priority")];
    task_policy: [Member("task_struct.policy")];
    task_min_flt: [Member("task_struct.min_flt")];
    task_maj_flt: [Member("task_struct.maj_flt")];
    task_cpu: [Member("task_struct.thread_info.cpu"), Member("task_struct.cpu")], optional;
    task_atomic_flags: [Member("task_struct.atomic_flags")];
    task_seccomp_mode: [Member("task_struct.seccomp.mode")], optional;
    task_seccomp_filter_count: [Member("task_struct.seccomp.filter_count")], optional;
    task_worker_private: [Member("task_struct.worker_private")], optional;
    kthread_full_name: [Member("kthread.full_name")], optional;
    task_thread_node: [Member("task_struct.thread_node")];
    task_thread_status: [Member("task_struct.thread_info.status")], optional;
    signal_live: [Member("signal_struct.live")];
    signal_group_exit_code: [Member("signal_struct.group_exit_code")];
    signal_is_child_subreaper: [Bit("signal_struct.is_child_subreaper")];
    signal_has_child_subreaper: [Bit("signal_struct.has_child_subreaper")];
    signal_nr_threads: [Member("signal_struct.nr_threads")];
    signal_min_flt: [Member("signal_struct.min_flt")];
    signal_maj_flt: [Member("signal_struct.maj_flt")];
    signal_tty: [Member("signal_struct.tty")];
    tty_driver: [Member("tty_struct.driver")];
    tty_index: [Member("tty_struct.index")];
    tty_pgrp: [Member("tty_struct.ctrl.pgrp"), Member("tty_struct.pgrp")];
    tty_driver_major: [Member("tty_driver.major")];
    tty_driver_minor_start: [Member("tty_driver.minor_start")];
    signal_pids: [Member("signal_struct.pids")];
    signal_thread_head: [Member("signal_struct.thread_head")];
    signal_utime: [Member("signal_struct.utime")];
    signal_stime: [Member("signal_struct.stime")];
    signal_sum_sched_runtime: [Member("signal_struct.sum_sched_runtime")];
    signal_maxrss: [Member("signal_struct.maxrss")];
    pidtype_tgid: [Enumerator("pid_type.PIDTYPE_TGID")];
    pidtype_pgid: [Enumerator("pid_type.PIDTYPE_PGID")];
    pidtype_sid: [Enumerator("pid_type.PIDTYPE_SID")];
    pid_level: [Member("pid.level")];
    pid_numbers: [Member("pid.numbers")];
    upid_size: [Size("upid")];
    upid_nr: [Member("upid.nr")];
    upid_ns: [Member("upid.ns")];
    cred_uid: [Member("cred.uid")];
    cred_gid: [Member("cred.gid")];
    cred_euid: [Member("cred.euid")];
    cred_egid: [Member("cred.egid")];
    cred_suid: [Member("cred.suid")];
    cred_sgid: [Member("cred.sgid")];
    cred_fsuid: [Member("cred.fsuid")];
    cred_fsgid: [Member("cred.fsgid")];
    cred_cap_inheritable: [Member("cred.cap_inheritable")];
    cred_cap_permitted: [Member("cred.cap_permitted")];
    cred_cap_effective: [Member("cred.cap_effective")];
    cred_cap_bset: [Member("cred.cap_bset")];
    cred_cap_ambient: [Member("cred.cap_ambient")];
    cred_group_info: [Member("cred.group_info")];
    group_info_ngroups: [Member("group_info.ngroups")];
    group_info_gid: [Member("group_info.gid")];
    cred_user_ns: [Member("cred.user_ns")];
    nsproxy_mnt_ns: [Member("nsproxy.mnt_ns")];
    nsproxy_net_ns: [Member("nsproxy.net_ns")];
    nsproxy_uts_ns: [Member("nsproxy.uts_ns")];
    nsproxy_ipc_ns: [Member("nsproxy.ipc_ns")];
    nsproxy_cgroup_ns: [Member("nsproxy.cgroup_ns")];
    nsproxy_time_ns: [Member("nsproxy.time_ns")];
    nsproxy_pid_ns_for_children: [Member("nsproxy.pid_ns_for_children")], optional;
    nsproxy_time_ns_for_children: [Member("nsproxy.time_ns_for_children")], optional;
    ns_common_inum: [Member("ns_common.inum")], optional;
    ns_common_id: [Member("ns_common.ns_id")], optional;
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
    mm_total_vm: [Member("mm_struct.total_vm")];
    mm_locked_vm: [Member("mm_struct.locked_vm")];
    mm_rss_stat: [Member("mm_struct.rss_stat")];
    mm_rss_stat_count: [Member("mm_struct.rss_stat.count")], optional;
    percpu_counter_size: [Size("percpu_counter")];
    percpu_counter_count: [Member("percpu_counter.count")];
    mm_arg_start: [Member("mm_struct.arg_start")];
    mm_arg_end: [Member("mm_struct.arg_end")];
    mm_env_start: [Member("mm_struct.env_start")];
    mm_env_end: [Member("mm_struct.env_end")];
    bprm_filename: [Member("linux_binprm.filename")];
    regs_orig_ax: [Member("pt_regs.orig_ax")], optional;
    regs_di: [Member("pt_regs.di")], optional;
    regs_si: [Member("pt_regs.si")], optional;
    regs_bx: [Member("pt_regs.bx")], optional;
    regs_cx: [Member("pt_regs.cx")], optional;
    regs_dx: [Member("pt_regs.dx")], optional;
    task_files: [Member("task_struct.files")], optional;
    files_fdt: [Member("files_struct.fdt")], optional;
    fdtable_max_fds: [Member("fdtable.max_fds")], optional;
    fdtable_fd: [Member("fdtable.fd")], optional;
    file_inode: [Member("file.f_inode")], optional;
    file_private_data: [Member("file.private_data")], optional;
    inode_mode: [Member("inode.i_mode")], optional;
    socket_sk: [Member("socket.sk")], optional;
    sock_family: [Member("sock.__sk_common.skc_family")], optional;
    sock_peer_pid: [Member("sock.sk_peer_pid")], optional;
    sock_peer_cred: [Member("sock.sk_peer_cred")], optional;
    unix_sock_peer: [Member("unix_sock.peer")], optional;
    unix_sock_addr: [Member("unix_sock.addr")], optional;
    unix_address_len: [Member("unix_address.len")], optional;
    unix_address_name: [Member("unix_address.name")], optional;
    sockaddr_un_path: [Member("sockaddr_un.sun_path")], optional;
}

impl Layout {
    /// Whether it knows every place on the way from a system call to the other end of a unix socket:
    /// what the program of [`crate::Kind::REQUEST`] cannot do without.
    pub fn leads_to_unix_sockets(&self) -> bool {
        let places = [
            self.regs_di,
            self.regs_si,
            self.regs_dx,
            self.task_files,
            self.files_fdt,
            self.fdtable_max_fds,
            self.fdtable_fd,
            self.file_inode,
            self.file_private_data,
            self.inode_mode,
            self.socket_sk,
            self.sock_family,
            self.sock_peer_pid,
            self.sock_peer_cred,
            self.unix_sock_peer,
            self.unix_sock_addr,
            self.unix_address_len,
            self.unix_address_name,
            self.sockaddr_un_path,
        ];
        !places.contains(&ABSENT)
    }
}
