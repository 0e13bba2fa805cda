//! `iter/task`: what each process is and does now. Threads that do not lead are passed over.

use observer_common::{ABSENT, Kind, TaskFacts, limits, portion};

use super::{
    Context, memory,
    typed::{comm, inode, load, load_optional},
    write,
};
use crate::{
    cgroup,
    layout::place,
    maps::WALK,
    scratch::{self, Draft},
    task::{Signal, global_id, read},
    threads,
};

#[unsafe(link_section = "iter/task")]
#[unsafe(no_mangle)]
pub fn walk_tasks(context: *mut Context) -> i32 {
    // SAFETY: the kernel gives a valid context.
    let task = unsafe { (*context).task } as u64;
    // The last call of a walk has no task.
    if task != 0 {
        let pid: u32 = load(task, place!(task_pid));
        if pid == load(task, place!(task_tgid)) {
            tell(context, task, pid);
        }
    }
    0
}

#[inline(always)]
fn tell(context: *mut Context, task: u64, pid: u32) {
    let (Some(draft), Some(wanted)) = (Draft::new(&scratch::TASK), WALK.get(0)) else {
        return;
    };
    let wanted = *wanted;
    let facts: &mut TaskFacts = draft.begin();
    let signal: u64 = load(task, place!(task_signal));
    identity(task, pid, facts);
    ending(task, signal, facts);
    if wanted & portion::STAT != 0 {
        scheduling(task, facts);
        groups_and_terminal(signal, facts);
    }
    if wanted & portion::CPU_TIME != 0 {
        usage(task, signal, facts);
    }
    if wanted & (portion::STAT | portion::MEMORY) != 0 {
        memory::sizes(load(task, place!(task_mm)), facts);
    }
    let cred: u64 = load(task, place!(task_real_cred));
    if wanted & portion::IDS != 0 {
        ids(cred, facts);
    }
    if wanted & portion::CAPABILITIES != 0 {
        security(task, cred, facts);
    }
    if wanted & portion::NAMESPACES != 0 {
        namespaces(task, cred, facts);
    }
    tail(task, cred, wanted, facts, draft);
    write(context, draft, Kind::TASK);
}

#[inline(always)]
fn identity(task: u64, pid: u32, facts: &mut TaskFacts) {
    let parent: u64 = load(task, place!(task_real_parent));
    let parent_leader: u64 = load(parent, place!(task_group_leader));
    let process = &mut facts.process;
    process.start_ns = load(task, place!(task_start_boottime));
    process.parent_start_ns = load(parent_leader, place!(task_start_boottime));
    process.exec_id = load_optional(task, place!(task_self_exec_id));
    process.pid = pid;
    process.tid = pid;
    process.parent_pid = load(parent, place!(task_tgid));
    process.comm = comm(task);
}

#[inline(always)]
fn ending(task: u64, signal: u64, facts: &mut TaskFacts) {
    facts.exit_state = load(task, place!(task_exit_state));
    facts.flags = load(task, place!(task_flags));
    facts.status = load(signal, place!(signal_group_exit_code));
}

#[inline(always)]
fn scheduling(task: u64, facts: &mut TaskFacts) {
    facts.state = load(task, place!(task_state));
    facts.prio = load(task, place!(task_prio));
    facts.static_prio = load(task, place!(task_static_prio));
    facts.rt_priority = load(task, place!(task_rt_priority));
    facts.policy = load(task, place!(task_policy));
    facts.processor = load_optional(task, place!(task_cpu));
}

#[inline(always)]
fn groups_and_terminal(signal: u64, facts: &mut TaskFacts) {
    facts.threads = load(signal, place!(signal_nr_threads));
    let group = |pid_type: u32| global_id(load(signal, place!(signal_pids) + pid_type * 8));
    facts.pgid = group(place!(pidtype_pgid));
    facts.sid = group(place!(pidtype_sid));
    facts.tty = 0;
    facts.tpgid = 0;
    let tty: u64 = load(signal, place!(signal_tty));
    if tty == 0 {
        return;
    }
    let driver: u64 = read(tty, place!(tty_driver));
    let major: u32 = read(driver, place!(tty_driver_major));
    let first: u32 = read(driver, place!(tty_driver_minor_start));
    let index: u32 = read(tty, place!(tty_index));
    let minor = first.wrapping_add(index);
    facts.tty = (minor & 0xff) | (major << 8) | ((minor & !0xff) << 12);
    facts.tpgid = global_id(read(tty, place!(tty_pgrp)));
}

#[inline(always)]
fn usage(task: u64, signal: u64, facts: &mut TaskFacts) {
    let threads: u32 = load(signal, place!(signal_nr_threads));
    if threads != 1 {
        let used = threads::used(Signal::new(signal));
        facts.user_ns = used.user_ns;
        facts.system_ns = used.system_ns;
        facts.runtime_ns = used.runtime_ns;
        facts.minor_faults = used.minor_faults;
        facts.major_faults = used.major_faults;
        return;
    }
    // Most processes have one thread: what it used and what those used that are gone.
    let sum = |own: u32, gone: u32| {
        let own: u64 = load(task, own);
        own.wrapping_add(load(signal, gone))
    };
    facts.user_ns = sum(place!(task_utime), place!(signal_utime));
    facts.system_ns = sum(place!(task_stime), place!(signal_stime));
    facts.runtime_ns = sum(place!(task_sum_exec_runtime), place!(signal_sum_sched_runtime));
    facts.minor_faults = sum(place!(task_min_flt), place!(signal_min_flt));
    facts.major_faults = sum(place!(task_maj_flt), place!(signal_maj_flt));
}

#[inline(always)]
fn ids(cred: u64, facts: &mut TaskFacts) {
    facts.process.uid = load(cred, place!(cred_uid));
    facts.process.gid = load(cred, place!(cred_gid));
    facts.process.euid = load(cred, place!(cred_euid));
    facts.process.egid = load(cred, place!(cred_egid));
    facts.suid = load(cred, place!(cred_suid));
    facts.sgid = load(cred, place!(cred_sgid));
    facts.fsuid = load(cred, place!(cred_fsuid));
    facts.fsgid = load(cred, place!(cred_fsgid));
}

#[inline(always)]
fn security(task: u64, cred: u64, facts: &mut TaskFacts) {
    const NO_NEW_PRIVS: u64 = 1;
    facts.capabilities = [
        // Up to 6.2 an array of two words.
        read(cred, place!(cred_cap_inheritable)),
        read(cred, place!(cred_cap_permitted)),
        read(cred, place!(cred_cap_effective)),
        read(cred, place!(cred_cap_bset)),
        read(cred, place!(cred_cap_ambient)),
    ];
    let flags: u64 = load(task, place!(task_atomic_flags));
    facts.no_new_privs = u32::from(flags & NO_NEW_PRIVS != 0);
    facts.seccomp = load_optional(task, place!(task_seccomp_mode));
    let filters = place!(task_seccomp_filter_count);
    facts.seccomp_filters = if filters == ABSENT { ABSENT } else { load(task, filters) };
}

#[inline(always)]
fn namespaces(task: u64, cred: u64, facts: &mut TaskFacts) {
    let (vpid, pid_ns) = Signal::new(load(task, place!(task_signal))).own_pid();
    let user_ns: u64 = load(cred, place!(cred_user_ns));
    let nsproxy: u64 = load(task, place!(task_nsproxy));
    facts.process.vpid = vpid;
    facts.process.namespaces = [
        read(pid_ns, place!(pid_ns_inum)),
        inode(nsproxy, place!(nsproxy_mnt_ns), place!(mnt_ns_inum)),
        inode(nsproxy, place!(nsproxy_net_ns), place!(net_ns_inum)),
        load(user_ns, place!(user_ns_inum)),
        inode(nsproxy, place!(nsproxy_uts_ns), place!(uts_ns_inum)),
        inode(nsproxy, place!(nsproxy_ipc_ns), place!(ipc_ns_inum)),
        inode(nsproxy, place!(nsproxy_cgroup_ns), place!(cgroup_ns_inum)),
        inode(nsproxy, place!(nsproxy_time_ns), place!(time_ns_inum)),
    ];
    facts.for_children = [
        inode(nsproxy, place!(nsproxy_pid_ns_for_children), place!(pid_ns_inum)),
        inode(nsproxy, place!(nsproxy_time_ns_for_children), place!(time_ns_inum)),
    ];
}

/// What has no fixed length, in the order of the record: cgroups, name, groups.
#[inline(always)]
fn tail(task: u64, cred: u64, wanted: u32, facts: &mut TaskFacts, draft: Draft) {
    let (v2_len, v1_len) = if wanted & portion::CGROUP != 0 {
        cgroup::append_names(load(task, place!(task_cgroups)), draft)
    } else {
        (0, 0)
    };
    facts.process.cgroup_v2_len = v2_len;
    facts.process.cgroup_v1_len = v1_len;
    facts.name_len = append_name(task, facts.flags, draft);
    facts.groups_count = 0;
    facts.groups_len = 0;
    if wanted & portion::GROUPS != 0 {
        groups(cred, facts, draft);
    }
}

#[inline(always)]
fn groups(cred: u64, facts: &mut TaskFacts, draft: Draft) {
    let list: u64 = load(cred, place!(cred_group_info));
    let count: u32 = load(list, place!(group_info_ngroups));
    facts.groups_count = count;
    let begin = list.wrapping_add(u64::from(place!(group_info_gid)));
    let len = u64::from(count) * 4;
    if len != 0 && draft.append_kernel::<{ limits::TASK_GROUPS as usize }>(begin, len) {
        let max = u64::from(limits::TASK_GROUPS);
        facts.groups_len = if len > max { limits::TASK_GROUPS } else { len as u32 };
    }
}

/// The name of a kernel thread whose name is longer than a task's may be.
#[inline(always)]
fn append_name(task: u64, flags: u32, draft: Draft) -> u32 {
    const PF_KTHREAD: u32 = 0x0020_0000;
    if flags & PF_KTHREAD == 0
        || place!(task_worker_private) == ABSENT
        || place!(kthread_full_name) == ABSENT
    {
        return 0;
    }
    let kthread: u64 = read(task, place!(task_worker_private));
    let name: u64 = read(kthread, place!(kthread_full_name));
    if name == 0 {
        return 0;
    }
    draft.append_kernel_str::<{ limits::THREAD_NAME }>(name) as u32
}
