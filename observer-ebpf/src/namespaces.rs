//! Reads what a thread's namespaces are beyond what every record says: the kernel's own ids, and
//! those that are meant for its children.

use observer_common::{ABSENT, NamespaceFacts};

use crate::{
    layout::place,
    task::{Task, read},
};

/// Fills in ids, and what children get.
#[inline(always)]
pub fn tell(thread: Task, facts: &mut NamespaceFacts) {
    let leader = thread.leader();
    let (_, pid_ns) = leader.signal().own_pid();
    let user_ns = read(leader.real_cred(), place!(cred_user_ns));
    let nsproxy = thread.nsproxy();
    let of = |place: u32| member(nsproxy, place);
    let pid_for_children = of(place!(nsproxy_pid_ns_for_children));
    let time_for_children = of(place!(nsproxy_time_ns_for_children));
    facts.ids = [
        id(pid_ns, place!(pid_ns_inum)),
        id(of(place!(nsproxy_mnt_ns)), place!(mnt_ns_inum)),
        id(of(place!(nsproxy_net_ns)), place!(net_ns_inum)),
        id(user_ns, place!(user_ns_inum)),
        id(of(place!(nsproxy_uts_ns)), place!(uts_ns_inum)),
        id(of(place!(nsproxy_ipc_ns)), place!(ipc_ns_inum)),
        id(of(place!(nsproxy_cgroup_ns)), place!(cgroup_ns_inum)),
        id(of(place!(nsproxy_time_ns)), place!(time_ns_inum)),
        id(pid_for_children, place!(pid_ns_inum)),
        id(time_for_children, place!(time_ns_inum)),
    ];
    facts.for_children = [
        inode(pid_for_children, place!(pid_ns_inum)),
        inode(time_for_children, place!(time_ns_inum)),
    ];
}

#[inline(always)]
fn member(nsproxy: u64, place: u32) -> u64 {
    if nsproxy == 0 || place == ABSENT { 0 } else { read(nsproxy, place) }
}

#[inline(always)]
fn inode(namespace: u64, inum: u32) -> u32 {
    if namespace == 0 || inum == ABSENT { 0 } else { read(namespace, inum) }
}

/// The id lies beside the inode number, in what namespaces of all kinds have in common.
#[inline(always)]
fn id(namespace: u64, inum: u32) -> u64 {
    let (common_inum, common_id) = (place!(ns_common_inum), place!(ns_common_id));
    let is_there = inum != ABSENT && common_inum != ABSENT && common_id != ABSENT;
    if namespace == 0 || !is_there {
        return 0;
    }
    read(namespace, inum.wrapping_sub(common_inum).wrapping_add(common_id))
}
