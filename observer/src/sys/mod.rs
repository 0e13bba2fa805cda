//! The only unsafe code of this crate.
#![cfg_attr(
    feature = "ebpf",
    expect(
        unsafe_code,
        reason = "aya's map values are a promise that the compiler cannot check"
    )
)]

#[cfg(feature = "ebpf")]
mod map_value;

#[cfg(feature = "ebpf")]
pub(crate) use map_value::MapValue;
