//! What user space patches into read-only data before the verifier sees the programs: offsets of
//! the running kernel and the settings of this run.

use observer_common::{Config, Layout, limits};

#[unsafe(no_mangle)]
pub static LAYOUT: Layout = Layout::UNKNOWN;

#[unsafe(no_mangle)]
pub static CONFIG: Config = Config {
    args_max: u64::MAX,
    args_inline: limits::ARGS_INLINE,
    args_chunk: limits::ARGS_CHUNK,
    args_room: 0,
    wake_bytes: 0,
    has_group_dead: 0,
    has_second_copies: 0,
    linger: 0,
    reserved: 0,
};

/// The value that user space put there, not the one that the compiler saw.
#[inline(always)]
pub fn patched<T: Copy>(value: &T) -> T {
    // SAFETY: a reference is valid for reads.
    unsafe { core::ptr::read_volatile(value) }
}

/// One place of the running kernel, by its name in [`Layout`].
macro_rules! place {
    ($field:ident) => {
        crate::layout::patched(&crate::layout::LAYOUT.$field)
    };
}

/// One setting, by its name in [`Config`].
macro_rules! setting {
    ($field:ident) => {
        crate::layout::patched(&crate::layout::CONFIG.$field)
    };
}

pub(crate) use {place, setting};
