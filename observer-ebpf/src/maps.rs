//! Every map.

use aya_ebpf::{
    bindings::BPF_F_NO_PREALLOC,
    macros::map,
    maps::{Array, HashMap, LruHashMap, PerCpuArray, RingBuf},
};
use observer_common::{Counters, limits};

/// The records. User space sets the size.
#[map]
pub static EVENTS: RingBuf = RingBuf::with_byte_size(4096, 0);

/// How many records were tried and lost, by each copy of the programs.
#[map]
pub static COUNTERS: PerCpuArray<Counters> = PerCpuArray::with_max_entries(2, 0);

/// 1 while the reader sleeps without a timer: the next record wakes it at once.
#[map]
pub static READER_SLEEPS: Array<u32> = Array::with_max_entries(1, 0);

/// What the next walk over all tasks is asked for: bits of [`observer_common::portion`].
#[map]
pub static WALK: Array<u32> = Array::with_max_entries(1, 0);

/// Processes whose exit has been told, where the kernel may tell it twice.
#[map]
pub static EXITED: LruHashMap<ExitedKey, u8> = LruHashMap::with_max_entries(limits::EXITED, 0);

/// Processes whose requests are told, by pid, with when they began: a pid is used again.
#[map]
pub static OVERHEARD: HashMap<u32, u64> =
    HashMap::with_max_entries(limits::OVERHEARD, BPF_F_NO_PREALLOC);

/// Calls that the first copy of a program has taken and its second has yet to pass over.
#[map]
pub static TAKEN: HashMap<TakenKey, u8> = HashMap::with_max_entries(limits::TAKEN, 0);

/// One call of a hook: of this kind, about one task, in the context of another or of the same.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct TakenKey {
    pub subject: u64,
    pub caller: u64,
    pub kind: u64,
}

/// Identity of a process.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ExitedKey {
    pub start_ns: u64,
    pub pid: u64,
}
