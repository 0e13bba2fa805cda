//! Fills in what every record says of its process.

use observer_common::{ABSENT, ProcessFacts};

use crate::{
    cgroup,
    layout::place,
    scratch::Draft,
    task::{Task, read},
};

/// Describes the process of `thread` and appends the names of its cgroup to the record's tail.
///
/// Name and credentials are the leader's, as /proc shows them; namespaces and cgroup are the
/// acting thread's, since a leader that has ended has let go of its own.
#[inline(never)]
pub fn describe(thread: Task, facts: &mut ProcessFacts, draft: Draft) {
    let leader = thread.leader();
    identity(leader, thread, facts);
    credentials(leader, facts);
    namespaces(leader, thread, facts);
    let (v2_len, v1_len) = cgroup::append_names(thread.css_set(), draft);
    facts.cgroup_v2_len = v2_len;
    facts.cgroup_v1_len = v1_len;
}

#[inline(always)]
fn identity(leader: Task, thread: Task, facts: &mut ProcessFacts) {
    let parent = leader.real_parent();
    facts.start_ns = leader.start_ns();
    facts.parent_start_ns = parent.leader().start_ns();
    facts.pid = thread.tgid();
    facts.tid = thread.pid();
    facts.parent_pid = parent.tgid();
    facts.exec_id = leader.exec_id();
    facts.comm = leader.comm();
}

#[inline(always)]
fn credentials(leader: Task, facts: &mut ProcessFacts) {
    let cred = leader.real_cred();
    let user_ns: u64 = read(cred, place!(cred_user_ns));
    // The ids are neighbours: one read for all.
    let ids: [u32; 8] = read(cred, place!(cred_uid));
    let id = |offset: u32| ids[(offset.wrapping_sub(place!(cred_uid)) / 4) as usize % ids.len()];
    facts.uid = id(place!(cred_uid));
    facts.euid = id(place!(cred_euid));
    facts.gid = id(place!(cred_gid));
    facts.egid = id(place!(cred_egid));
    facts.namespaces[3] = read(user_ns, place!(user_ns_inum));
}

#[inline(always)]
fn namespaces(leader: Task, thread: Task, facts: &mut ProcessFacts) {
    let (vpid, pid_ns) = leader.signal().own_pid();
    let nsproxy = thread.nsproxy();
    facts.vpid = vpid;
    facts.namespaces[0] = read(pid_ns, place!(pid_ns_inum));
    facts.namespaces[1] = inode(nsproxy, place!(nsproxy_mnt_ns), place!(mnt_ns_inum));
    facts.namespaces[2] = inode(nsproxy, place!(nsproxy_net_ns), place!(net_ns_inum));
    facts.namespaces[4] = inode(nsproxy, place!(nsproxy_uts_ns), place!(uts_ns_inum));
    facts.namespaces[5] = inode(nsproxy, place!(nsproxy_ipc_ns), place!(ipc_ns_inum));
    facts.namespaces[6] = inode(nsproxy, place!(nsproxy_cgroup_ns), place!(cgroup_ns_inum));
    facts.namespaces[7] = inode(nsproxy, place!(nsproxy_time_ns), place!(time_ns_inum));
}

#[inline(always)]
fn inode(nsproxy: u64, member: u32, inum: u32) -> u32 {
    if inum == ABSENT {
        return 0;
    }
    let namespace: u64 = read(nsproxy, member);
    if namespace == 0 { 0 } else { read(namespace, inum) }
}
