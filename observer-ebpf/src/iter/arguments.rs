//! `iter.s/task`: the arguments of each process as they stand in its memory now. The walk may
//! sleep, so that it reads what was swapped out as well.

use core::ffi::c_void;

use aya_ebpf::{bindings::task_struct, helpers::generated::bpf_copy_from_user_task};
use observer_common::{Kind, TaskArgsFacts, limits};

use super::{Context, write};
use crate::{
    layout::place,
    scratch::{self, Draft},
    task::{Task, read},
};

#[unsafe(link_section = "iter.s/task")]
#[unsafe(no_mangle)]
pub fn walk_arguments(context: *mut Context) -> i32 {
    // SAFETY: the kernel gives a valid context.
    let typed = unsafe { (*context).task };
    if typed.is_null() {
        return 0;
    }
    let task = Task(typed as u64);
    // Kernel threads and the dead have no memory.
    if task.is_leader() && task.mm() != 0 {
        tell(context, typed, task);
    }
    0
}

#[inline(always)]
fn tell(context: *mut Context, typed: *mut task_struct, task: Task) {
    let Some(draft) = Draft::new(&scratch::TASK_ARGS) else {
        return;
    };
    let facts: &mut TaskArgsFacts = draft.begin();
    let mm = task.mm();
    let begin: u64 = read(mm, place!(mm_arg_start));
    let end: u64 = read(mm, place!(mm_arg_end));
    let size = end.saturating_sub(begin);
    facts.start_ns = task.start_ns();
    facts.exec_id = task.exec_id();
    facts.args_size = size;
    facts.pid = task.pid();
    facts.is_title = 0;
    let max = u64::from(limits::TASK_ARGS);
    let mut len = if size > max { max } else { size };
    let mut read_all = copy(draft, begin, len, typed);
    if read_all && len == size && size != 0 && last_byte(draft, len) != 0 {
        facts.is_title = 1;
        len = title_len(mm, begin, end);
        read_all = copy(draft, begin, len, typed);
    }
    // Between the look at the area and the copy of it another program may have come.
    let same = task.mm() == mm && task.exec_id() == facts.exec_id;
    let told = read_all && same;
    facts.failed = u32::from(!told);
    facts.args_len = if told { len as u32 } else { 0 };
    draft.set_tail::<TaskArgsFacts>(u64::from(facts.args_len));
    write(context, draft, Kind::TASK_ARGS);
}

#[inline(always)]
fn last_byte(draft: Draft, len: u64) -> u8 {
    let last = len.wrapping_sub(1);
    if last >= u64::from(limits::TASK_ARGS) {
        return 0;
    }
    let tail = draft.tail::<TaskArgsFacts>().cast::<u8>();
    // SAFETY: the tail has room for `TASK_ARGS` bytes.
    unsafe { tail.add(last as usize).read_volatile() }
}

/// As far as /proc looks for a title: to the end of the environment if that lies right behind.
#[inline(always)]
fn title_len(mm: u64, begin: u64, end: u64) -> u64 {
    let env_start: u64 = read(mm, place!(mm_env_start));
    let env_end: u64 = read(mm, place!(mm_env_end));
    let goes_on = env_start == end && env_end > end;
    let most = if goes_on { env_end } else { end }.wrapping_sub(begin);
    let page = u64::from(limits::TITLE);
    if most > page { page } else { most }
}

/// Copies the process's memory behind the fixed part.
#[inline(always)]
fn copy(draft: Draft, begin: u64, len: u64, task: *mut task_struct) -> bool {
    let max = u64::from(limits::TASK_ARGS);
    let len = if len > max { max } else { len };
    // SAFETY: the fixed part is short: what lies behind it has room for `TASK_ARGS` bytes.
    let failed = unsafe {
        let to: *mut c_void = draft.tail::<TaskArgsFacts>();
        bpf_copy_from_user_task(to, len as u32, begin as *const c_void, task, 0)
    };
    failed == 0
}
