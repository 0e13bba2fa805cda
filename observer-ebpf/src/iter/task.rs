//! `iter/task`: what each process is and does now. Threads that do not lead are passed over.

use observer_common::{ABSENT, Kind, TaskFacts, limits, portion};

use super::{Context, memory, write};
use crate::{
    cgroup,
    layout::place,
    maps::WALK,
    process::{credentials, identity, namespaces},
    scratch::{self, Draft},
    task::{Signal, Task, global_id, read},
    threads,
};

#[unsafe(link_section = "iter/task")]
#[unsafe(no_mangle)]
pub fn walk_tasks(context: *mut Context) -> i32 {
    // SAFETY: the kernel gives a valid context.
    let task = Task(unsafe { (*context).task } as u64);
    // The last call of a walk has no task.
    if task.0 != 0 && task.is_leader() {
        tell(context, task);
    }
    0
}

#[inline(always)]
fn tell(context: *mut Context, task: Task) {
    let (Some(draft), Some(wanted)) = (Draft::new(&scratch::TASK), WALK.get(0)) else {
        return;
    };
    let wanted = *wanted;
    let facts: &mut TaskFacts = draft.begin();
    let signal = task.signal();
    identity(task, task, &mut facts.process);
    facts.exit_state = read(task.0, place!(task_exit_state));
    facts.flags = read(task.0, place!(task_flags));
    facts.status = signal.status();
    facts.is_subreaper = u32::from(signal.is_subreaper());
    facts.reserved = 0;
    if wanted & portion::STAT != 0 {
        scheduling(task, facts);
        groups_and_terminal(signal, facts);
    }
    if wanted & portion::CPU_TIME != 0 {
        usage(task, signal, facts);
    }
    if wanted & (portion::STAT | portion::MEMORY) != 0 {
        memory::sizes(task.mm(), facts);
    }
    if wanted & portion::CAPABILITIES != 0 {
        security(task, facts);
    }
    if wanted & portion::NAMESPACES != 0 {
        namespaces(task, task, &mut facts.process);
    }
    tail(task, wanted, facts, draft);
    write(context, draft, Kind::TASK);
}

#[inline(always)]
fn scheduling(task: Task, facts: &mut TaskFacts) {
    facts.state = read(task.0, place!(task_state));
    facts.prio = read(task.0, place!(task_prio));
    facts.static_prio = read(task.0, place!(task_static_prio));
    facts.rt_priority = read(task.0, place!(task_rt_priority));
    facts.policy = read(task.0, place!(task_policy));
    facts.processor = optional(task.0, place!(task_cpu));
}

#[inline(always)]
fn groups_and_terminal(signal: Signal, facts: &mut TaskFacts) {
    facts.threads = signal.threads();
    facts.pgid = signal.group_id(place!(pidtype_pgid));
    facts.sid = signal.group_id(place!(pidtype_sid));
    let tty = signal.tty();
    if tty == 0 {
        facts.tty = 0;
        facts.tpgid = 0;
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
fn usage(task: Task, signal: Signal, facts: &mut TaskFacts) {
    // Most processes have one thread: no walk is needed then.
    let used = if signal.threads() == 1 {
        let mut used = signal.used_by_the_gone();
        used.add(task.used());
        used
    } else {
        threads::used(signal)
    };
    facts.user_ns = used.user_ns;
    facts.system_ns = used.system_ns;
    facts.runtime_ns = used.runtime_ns;
    facts.minor_faults = used.minor_faults;
    facts.major_faults = used.major_faults;
}

#[inline(always)]
fn security(task: Task, facts: &mut TaskFacts) {
    const NO_NEW_PRIVS: u64 = 1;
    let cred = task.real_cred();
    facts.capabilities = [
        read(cred, place!(cred_cap_inheritable)),
        read(cred, place!(cred_cap_permitted)),
        read(cred, place!(cred_cap_effective)),
        read(cred, place!(cred_cap_bset)),
        read(cred, place!(cred_cap_ambient)),
    ];
    let flags: u64 = read(task.0, place!(task_atomic_flags));
    facts.no_new_privs = u32::from(flags & NO_NEW_PRIVS != 0);
    facts.seccomp = optional(task.0, place!(task_seccomp_mode));
    let filters = place!(task_seccomp_filter_count);
    facts.seccomp_filters = if filters == ABSENT { ABSENT } else { read(task.0, filters) };
}

/// What has no fixed length, in the order of the record: cgroups, name, groups.
#[inline(always)]
fn tail(task: Task, wanted: u32, facts: &mut TaskFacts, draft: Draft) {
    let (v2_len, v1_len) = if wanted & portion::CGROUP != 0 {
        cgroup::append_names(task.css_set(), draft)
    } else {
        (0, 0)
    };
    facts.process.cgroup_v2_len = v2_len;
    facts.process.cgroup_v1_len = v1_len;
    facts.name_len = append_name(task, facts.flags, draft);
    facts.groups_count = 0;
    facts.groups_len = 0;
    if wanted & portion::IDS != 0 {
        credentials(task, &mut facts.process);
        ids(task, facts);
    }
    if wanted & portion::GROUPS != 0 {
        groups(task, facts, draft);
    }
}

#[inline(always)]
fn ids(task: Task, facts: &mut TaskFacts) {
    let cred = task.real_cred();
    facts.suid = read(cred, place!(cred_suid));
    facts.sgid = read(cred, place!(cred_sgid));
    facts.fsuid = read(cred, place!(cred_fsuid));
    facts.fsgid = read(cred, place!(cred_fsgid));
}

#[inline(always)]
fn groups(task: Task, facts: &mut TaskFacts, draft: Draft) {
    let list: u64 = read(task.real_cred(), place!(cred_group_info));
    let count: u32 = read(list, place!(group_info_ngroups));
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
fn append_name(task: Task, flags: u32, draft: Draft) -> u32 {
    const PF_KTHREAD: u32 = 0x0020_0000;
    if flags & PF_KTHREAD == 0
        || place!(task_worker_private) == ABSENT
        || place!(kthread_full_name) == ABSENT
    {
        return 0;
    }
    let kthread: u64 = read(task.0, place!(task_worker_private));
    let name: u64 = read(kthread, place!(kthread_full_name));
    if name == 0 {
        return 0;
    }
    draft.append_kernel_str::<{ limits::THREAD_NAME }>(name) as u32
}

#[inline(always)]
fn optional(base: u64, place: u32) -> u32 {
    if place == ABSENT { 0 } else { read(base, place) }
}
