//! Typed reads of kernel structures, through the layout of the running kernel.
//!
//! Every read is `bpf_probe_read_kernel`: a pointer that went stale gives zeros, never a fault.
//! Zero therefore means "not there" in all of this file.

use core::{ffi::c_void, mem::MaybeUninit};

use aya_ebpf::helpers::generated::{bpf_get_current_task, bpf_probe_read_kernel};
use observer_common::{ABSENT, limits};

use crate::layout::place;

/// Reads a `T` that lies `offset` bytes behind `base` in kernel memory.
#[inline(always)]
pub fn read<T: Copy>(base: u64, offset: u32) -> T {
    let mut value = MaybeUninit::<T>::zeroed();
    let source = base.wrapping_add(u64::from(offset)) as *const c_void;
    // SAFETY: the destination is as large as `T`; callers read integers and arrays of them, for
    // which any bytes are a value. A failed read leaves zeros.
    unsafe {
        bpf_probe_read_kernel(value.as_mut_ptr().cast(), size_of::<T>() as u32, source);
        value.assume_init()
    }
}

/// A `task_struct`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Task(pub u64);

impl Task {
    #[inline(always)]
    pub fn current() -> Self {
        // SAFETY: the helper takes nothing and cannot fail.
        Self(unsafe { bpf_get_current_task() })
    }

    #[inline(always)]
    pub fn pid(self) -> u32 {
        read(self.0, place!(task_pid))
    }

    #[inline(always)]
    pub fn tgid(self) -> u32 {
        read(self.0, place!(task_tgid))
    }

    #[inline(always)]
    pub fn is_leader(self) -> bool {
        self.pid() == self.tgid()
    }

    #[inline(always)]
    pub fn leader(self) -> Self {
        Self(read(self.0, place!(task_group_leader)))
    }

    #[inline(always)]
    pub fn real_parent(self) -> Self {
        Self(read(self.0, place!(task_real_parent)))
    }

    #[inline(always)]
    pub fn start_ns(self) -> u64 {
        read(self.0, place!(task_start_boottime))
    }

    #[inline(always)]
    pub fn exec_id(self) -> u64 {
        let offset = place!(task_self_exec_id);
        if offset == ABSENT { 0 } else { read(self.0, offset) }
    }

    #[inline(always)]
    pub fn comm(self) -> [u8; limits::COMM] {
        read(self.0, place!(task_comm))
    }

    #[inline(always)]
    pub fn signal(self) -> Signal {
        Signal(read(self.0, place!(task_signal)))
    }

    #[inline(always)]
    pub fn real_cred(self) -> u64 {
        read(self.0, place!(task_real_cred))
    }

    #[inline(always)]
    pub fn nsproxy(self) -> u64 {
        read(self.0, place!(task_nsproxy))
    }

    #[inline(always)]
    pub fn css_set(self) -> u64 {
        read(self.0, place!(task_cgroups))
    }

    #[inline(always)]
    pub fn mm(self) -> u64 {
        read(self.0, place!(task_mm))
    }

    /// Its open files; 0 where it has let go of them.
    #[inline(always)]
    pub fn files(self) -> u64 {
        read(self.0, place!(task_files))
    }

    /// Whether the system call that it is in came by the 32-bit ABI.
    #[inline(always)]
    pub fn is_in_32_bit_call(self) -> bool {
        const TS_COMPAT: u32 = 0x2;
        let place = place!(task_thread_status);
        place != ABSENT && read::<u32>(self.0, place) & TS_COMPAT != 0
    }

    #[inline(always)]
    pub fn used(self) -> Usage {
        Usage {
            user_ns: read(self.0, place!(task_utime)),
            system_ns: read(self.0, place!(task_stime)),
            runtime_ns: read(self.0, place!(task_sum_exec_runtime)),
            minor_faults: read(self.0, place!(task_min_flt)),
            major_faults: read(self.0, place!(task_maj_flt)),
        }
    }
}

/// What a thread or several have used: CPU time in nanoseconds, page faults.
#[derive(Clone, Copy)]
pub struct Usage {
    pub user_ns: u64,
    pub system_ns: u64,
    pub runtime_ns: u64,
    pub minor_faults: u64,
    pub major_faults: u64,
}

impl Usage {
    #[inline(always)]
    pub fn add(&mut self, other: Self) {
        self.user_ns = self.user_ns.wrapping_add(other.user_ns);
        self.system_ns = self.system_ns.wrapping_add(other.system_ns);
        self.runtime_ns = self.runtime_ns.wrapping_add(other.runtime_ns);
        self.minor_faults = self.minor_faults.wrapping_add(other.minor_faults);
        self.major_faults = self.major_faults.wrapping_add(other.major_faults);
    }
}

/// A `signal_struct`: what the threads of a process share.
#[derive(Clone, Copy)]
pub struct Signal(u64);

impl Signal {
    #[inline(always)]
    pub fn new(address: u64) -> Self {
        Self(address)
    }

    /// Threads that have not begun to exit.
    #[inline(always)]
    pub fn live(self) -> u32 {
        read(self.0, place!(signal_live))
    }

    /// The process's status in the form of wait(2); fixed before the last thread is gone.
    #[inline(always)]
    pub fn status(self) -> u32 {
        read(self.0, place!(signal_group_exit_code))
    }

    #[inline(always)]
    pub fn max_rss_pages(self) -> u64 {
        read(self.0, place!(signal_maxrss))
    }

    /// What the threads used that the kernel has let go of.
    #[inline(always)]
    pub fn used_by_the_gone(self) -> Usage {
        Usage {
            user_ns: read(self.0, place!(signal_utime)),
            system_ns: read(self.0, place!(signal_stime)),
            runtime_ns: read(self.0, place!(signal_sum_sched_runtime)),
            minor_faults: read(self.0, place!(signal_min_flt)),
            major_faults: read(self.0, place!(signal_maj_flt)),
        }
    }

    /// Whether orphans among its descendants become its children.
    #[inline(always)]
    pub fn is_subreaper(self) -> bool {
        self.bit(place!(signal_is_child_subreaper))
    }

    /// Whether one of its ancestors is such a process.
    #[inline(always)]
    pub fn has_subreaper(self) -> bool {
        self.bit(place!(signal_has_child_subreaper))
    }

    #[inline(always)]
    fn bit(self, place: u32) -> bool {
        let byte: u8 = read(self.0, place / 8);
        (byte >> (place % 8)) & 1 != 0
    }

    /// How deep its pid namespace is below the initial one.
    #[inline(always)]
    pub fn pid_level(self) -> u32 {
        read(self.pid_struct(), place!(pid_level))
    }

    #[inline(always)]
    fn pid_struct(self) -> u64 {
        read(self.0, place!(signal_pids) + place!(pidtype_tgid) * 8)
    }

    /// The list head of the threads that it has not.
    #[inline(always)]
    pub fn thread_head(self) -> u64 {
        self.0.wrapping_add(u64::from(place!(signal_thread_head)))
    }

    /// The process's id in its own pid namespace, and that namespace.
    #[inline(always)]
    pub fn own_pid(self) -> (u32, u64) {
        let pid = self.pid_struct();
        let level: u32 = read(pid, place!(pid_level));
        let numbers = pid.wrapping_add(u64::from(place!(pid_numbers)));
        let upid = numbers.wrapping_add(u64::from(level) * u64::from(place!(upid_size)));
        (read(upid, place!(upid_nr)), read(upid, place!(upid_ns)))
    }
}

/// The id of a `struct pid` in the initial pid namespace; 0 for none.
#[inline(always)]
pub fn global_id(pid: u64) -> u32 {
    if pid == 0 { 0 } else { read(pid, place!(pid_numbers) + place!(upid_nr)) }
}
