//! The only unsafe code of this crate.
#![cfg_attr(
    feature = "snapshot",
    expect(unsafe_code, reason = "system calls and promises that the compiler cannot check")
)]

#[cfg(feature = "ebpf")]
mod bpf;
#[cfg(feature = "perf")]
mod detached_mount;
#[cfg(feature = "perf")]
mod fork;
#[cfg(feature = "ebpf")]
pub(crate) mod iterator;
#[cfg(feature = "snapshot")]
mod link;
#[cfg(feature = "ebpf")]
mod map_value;
#[cfg(feature = "ebpf")]
mod memory;
#[cfg(feature = "snapshot")]
pub(crate) mod namespace;
#[cfg(feature = "snapshot")]
mod netns_id;
#[cfg(feature = "perf")]
pub(crate) mod perf;
#[cfg(feature = "perf")]
mod perf_limits;
#[cfg(feature = "perf")]
mod perf_ring;
#[cfg(feature = "ebpf")]
pub(crate) mod program;
#[cfg(feature = "ebpf")]
pub(crate) mod program_info;
#[cfg(feature = "ebpf")]
pub(crate) mod raw_tracepoint;
#[cfg(feature = "tokio")]
mod readable;

#[cfg(feature = "perf")]
pub(crate) use detached_mount::detached_mount;
#[cfg(feature = "perf")]
pub(crate) use fork::fork_for;
#[cfg(feature = "snapshot")]
pub(crate) use link::read_link;
#[cfg(feature = "ebpf")]
pub(crate) use map_value::MapValue;
#[cfg(feature = "ebpf")]
pub(crate) use memory::give_back_freed_memory;
#[cfg(feature = "snapshot")]
pub(crate) use netns_id::NetnsIds;
#[cfg(feature = "perf")]
pub(crate) use perf_limits::raise_open_files;
#[cfg(feature = "perf")]
pub(crate) use perf_ring::PerfRing;
#[cfg(feature = "tokio")]
pub(crate) use readable::watch_readable;
