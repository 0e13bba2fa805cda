//! The kernel side of observer: one program a file in [`probe`], each of which reads facts through
//! [`task`], builds its record in [`scratch`] memory and sends it through [`emit`].
//!
//! Every program is a raw tracepoint: no BTF of its own is needed to attach it, and what it reads
//! it finds through the [`layout`] that user space patches in.

#![no_std]
#![no_main]

mod args;
mod cgroup;
mod copies;
mod emit;
mod iter;
mod layout;
mod log;
mod maps;
mod namespaces;
mod probe;
mod process;
mod reaper;
mod scratch;
mod task;
mod threads;
mod unix_socket;
mod written;

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
