//! The names of a process's cgroups, from the leaf up to the root, without the root itself.
//!
//! Both hierarchies are told where the process is not at their root: the unified one, and the
//! first v1 controller that has a cgroup of its own. A container's id is in one of them.

use core::ffi::c_void;

use aya_ebpf::helpers::generated::bpf_loop;
use observer_common::{ABSENT, limits};

use crate::{layout::place, scratch::Draft, task::read};

/// Appends the names and returns the bytes of the v2 and of the v1 ones.
#[inline(always)]
pub fn append_names(css_set: u64, draft: Draft) -> (u32, u32) {
    let v2: u64 = read(css_set, place!(css_set_dfl_cgrp));
    let v2_len = append_path(v2, draft);
    let v1_len = append_path(v1_cgroup(css_set), draft);
    (v2_len, v1_len)
}

/// Whether a move to this cgroup may change the names of a process that is in it now.
#[inline(always)]
pub fn is_named(cgroup: u64, css_set: u64) -> bool {
    let is_root = parent_node(node(cgroup)) == 0;
    is_root || in_unified_hierarchy(cgroup) || cgroup == v1_cgroup(css_set)
}

/// The cgroup of the first controller that is mounted as v1 and in which the process is not at
/// the root; 0 when there is none.
#[inline(always)]
fn v1_cgroup(css_set: u64) -> u64 {
    let controllers = [
        place!(subsys_memory),
        place!(subsys_pids),
        place!(subsys_cpu),
        place!(subsys_freezer),
        place!(subsys_devices),
    ];
    for index in controllers {
        if index == ABSENT {
            continue;
        }
        let css: u64 = read(css_set, place!(css_set_subsys) + index * 8);
        let cgroup: u64 = read(css, place!(css_cgroup));
        // Most are at their root: that costs one read to know.
        let level: u32 = read(cgroup, place!(cgroup_level));
        if level != 0 && !in_unified_hierarchy(cgroup) {
            return cgroup;
        }
    }
    0
}

/// Whether a cgroup belongs to the v2 hierarchy, which has the id 0.
#[inline(always)]
fn in_unified_hierarchy(cgroup: u64) -> bool {
    let root: u64 = read(cgroup, place!(cgroup_root));
    let hierarchy: u32 = read(root, place!(cgroup_root_hierarchy_id));
    hierarchy == 0
}

#[inline(always)]
fn node(cgroup: u64) -> u64 {
    read(cgroup, place!(cgroup_kn))
}

#[inline(always)]
fn parent_node(node: u64) -> u64 {
    read(node, place!(kernfs_parent))
}

/// A walk from a directory upwards.
struct Walk {
    node: u64,
    draft: Draft,
    limit: u64,
}

#[inline(always)]
fn append_path(cgroup: u64, draft: Draft) -> u32 {
    if cgroup == 0 {
        return 0;
    }
    let begin = draft.len();
    let limit = begin + (limits::CGROUP_PATH - limits::CGROUP_NAME) as u64;
    let mut walk = Walk { node: node(cgroup), draft, limit };
    // SAFETY: the callback gets the pointer to `walk` back, which outlives the call.
    unsafe {
        bpf_loop(limits::CGROUP_DEPTH, append_name as *mut c_void, (&raw mut walk).cast(), 0)
    };
    (draft.len() - begin) as u32
}

/// One directory of the walk. Returns 1 at its end.
#[inline(never)]
unsafe extern "C" fn append_name(_index: u64, walk: *mut Walk) -> i64 {
    // SAFETY: `bpf_loop` hands on the pointer that `append_path` gave it.
    let walk = unsafe { &mut *walk };
    let parent = parent_node(walk.node);
    if parent == 0 || walk.draft.len() > walk.limit {
        return 1;
    }
    let name: u64 = read(walk.node, place!(kernfs_name));
    walk.draft.append_kernel_str::<{ limits::CGROUP_NAME }>(name);
    walk.node = parent;
    0
}
