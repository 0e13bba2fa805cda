//! One number, or one element of many: how wide it is in the record and what its bytes mean.

/// What is not an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// What its bytes mean.
    pub kind: Kind,
    /// Bytes that it takes in the record.
    pub size: usize,
    /// How many of these count, the lower ones of the number. Less than `size` for an argument of
    /// a system call: it comes in a register, of which an `int` uses a half.
    pub width: usize,
}

/// What the bytes of a scalar mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number that may be negative.
    Signed,
    /// A number that cannot be negative.
    Unsigned,
    /// True unless it is zero.
    Bool,
    /// A byte of a text; only an element of an array is that, a single `char` is a number.
    Char,
    /// An address, of the kernel or of the process.
    Pointer,
    /// Something of which only the bytes are known: what is neither 1, 2, 4 nor 8 bytes.
    Opaque,
}

impl Scalar {
    /// A byte of which nothing else is known.
    pub(super) const BYTE: Self = Self::whole(Kind::Unsigned, 1);

    /// A scalar all of whose bytes count.
    pub(super) const fn whole(kind: Kind, size: usize) -> Self {
        Self { kind, size, width: size }
    }

    /// Whether many of it are taken as bytes and not one by one.
    pub(crate) fn is_byte(self) -> bool {
        matches!((self.kind, self.size), (Kind::Unsigned | Kind::Opaque, 1))
    }
}
