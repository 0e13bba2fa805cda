//! The one `unsafe impl Pod`.

use zerocopy::{FromBytes, Immutable};

/// A value of an eBPF map or global.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(crate) struct MapValue<T>(pub(crate) T);

// SAFETY: aya asks that any bytes of the right length be a valid value without padding or interior
// mutability; `FromBytes`, `IntoBytes` and `Immutable` are checked to mean just that, and the
// wrapper adds nothing to `T`.
unsafe impl<T: FromBytes + zerocopy::IntoBytes + Immutable + Copy + 'static> aya::Pod
    for MapValue<T>
{
}
