//! A field's bytes in a record → a typed value that borrows them.
//!
//! Total: any bytes give a value or [`Damaged`], never a panic, and nothing is read through an
//! aligned pointer. Not every text is UTF-8, and none is made harmless here.

use std::iter;

use super::format::{Field, Kind, Scalar, Shape};
pub use crate::error::record::Damaged;

/// What a field of a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A number that may be negative.
    Signed(i64),
    /// A number that cannot be negative.
    Unsigned(u64),
    /// A truth value.
    Bool(bool),
    /// An address, of the kernel or of the process; what it points to is not in the record.
    Pointer(u64),
    /// A text up to its NUL, which is left out. Chosen by whoever is observed: any bytes.
    Text(&'a [u8]),
    /// Bytes with no meaning that is known.
    Bytes(&'a [u8]),
    /// Several values of one kind.
    Array(Array<'a>),
}

impl Field {
    /// What the field holds in a record: the whole data of the sample, padding included.
    ///
    /// # Errors
    ///
    /// [`Damaged`] when the record is too short for it, or says that its data are elsewhere.
    pub fn value<'a>(&self, record: &'a [u8]) -> Result<Value<'a>, Damaged> {
        match self.shape {
            Shape::Scalar(scalar) => Ok(scalar.value(part(record, self.offset, self.size)?)),
            Shape::Array { element, .. } => {
                Ok(element.values(part(record, self.offset, self.size)?))
            }
            Shape::Dynamic { element, relative, locators: count } => {
                let arrays = Located { record, begin: self.offset, relative, count };
                if count == 1 {
                    return Ok(element.values(arrays.nth(0)?));
                }
                arrays.check()?;
                Ok(Value::Array(Array { element, items: Items::Located(arrays) }))
            }
        }
    }

    /// The bytes of the field, all of them and as they stand: of a text also those behind its NUL.
    /// Of several dynamic arrays, their locators.
    ///
    /// # Errors
    ///
    /// As [`value`](Self::value).
    pub fn bytes<'a>(&self, record: &'a [u8]) -> Result<&'a [u8], Damaged> {
        match self.shape {
            Shape::Dynamic { relative, locators: 1, .. } => {
                Located { record, begin: self.offset, relative, count: 1 }.nth(0)
            }
            _ => part(record, self.offset, self.size),
        }
    }
}

fn part(record: &[u8], begin: usize, size: usize) -> Result<&[u8], Damaged> {
    let end = begin.saturating_add(size);
    record.get(begin..end).ok_or(Damaged { end, len: record.len() })
}

/// Up to eight bytes as a number of the machine's order.
fn unsigned(bytes: &[u8]) -> u64 {
    let mut whole = [0; 8];
    let len = bytes.len().min(whole.len());
    let range = if cfg!(target_endian = "little") { 0..len } else { whole.len() - len..8 };
    if let (Some(to), Some(from)) = (whole.get_mut(range), bytes.get(..len)) {
        to.copy_from_slice(from);
    }
    u64::from_ne_bytes(whole)
}

impl Scalar {
    fn value(self, bytes: &[u8]) -> Value<'_> {
        let unused = 64_usize.saturating_sub(self.width.saturating_mul(8));
        let unused = u32::try_from(unused).unwrap_or_default().min(63);
        // The upper bytes, which do not count, go out at the top.
        let top = unsigned(bytes) << unused;
        match self.kind {
            Kind::Signed => Value::Signed(top.cast_signed() >> unused),
            Kind::Unsigned | Kind::Char => Value::Unsigned(top >> unused),
            Kind::Bool => Value::Bool(top != 0),
            Kind::Pointer => Value::Pointer(top >> unused),
            Kind::Opaque => Value::Bytes(bytes),
        }
    }

    /// Many of it.
    fn values(self, bytes: &[u8]) -> Value<'_> {
        if self.kind == Kind::Char {
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            return Value::Text(bytes.get(..end).unwrap_or(bytes));
        }
        if self.is_byte() {
            return Value::Bytes(bytes);
        }
        Value::Array(Array { element: self, items: Items::Adjacent(bytes) })
    }
}

impl<'a> Value<'a> {
    /// The value as a signed number; `None` for what is no number, or is too large.
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Self::Signed(number) => Some(number),
            Self::Unsigned(number) | Self::Pointer(number) => number.try_into().ok(),
            Self::Bool(value) => Some(value.into()),
            Self::Text(_) | Self::Bytes(_) | Self::Array(_) => None,
        }
    }

    /// The value as an unsigned number; `None` for what is no number, or is negative.
    pub fn as_u64(self) -> Option<u64> {
        match self {
            Self::Signed(number) => number.try_into().ok(),
            Self::Unsigned(number) | Self::Pointer(number) => Some(number),
            Self::Bool(value) => Some(value.into()),
            Self::Text(_) | Self::Bytes(_) | Self::Array(_) => None,
        }
    }

    /// The bytes of a text or of what is bytes only.
    pub fn as_bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Text(bytes) | Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The bits of a number, a negative one in two's complement.
    pub(super) fn bits(self) -> Option<u64> {
        match self {
            Self::Signed(number) => Some(number.cast_unsigned()),
            other => other.as_u64(),
        }
    }
}

/// Values of one kind, in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Array<'a> {
    element: Scalar,
    items: Items<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Items<'a> {
    Adjacent(&'a [u8]),
    Located(Located<'a>),
}

impl<'a> Array<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self.items {
            // What is left behind the last whole element is padding.
            Items::Adjacent(bytes) => bytes.len().checked_div(self.element.size).unwrap_or(0),
            Items::Located(arrays) => arrays.count,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each of them, from the first on: single values, or the texts and bytes of an array of such.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let Self { element, items } = *self;
        let mut index = 0..self.len();
        iter::from_fn(move || {
            let index = index.next()?;
            match items {
                Items::Adjacent(bytes) => {
                    let bytes = part(bytes, index * element.size, element.size).ok()?;
                    Some(element.value(bytes))
                }
                Items::Located(arrays) => Some(element.values(arrays.nth(index).ok()?)),
            }
        })
    }
}

/// Dynamic arrays whose locators stand in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Located<'a> {
    record: &'a [u8],
    begin: usize,
    relative: bool,
    count: usize,
}

impl<'a> Located<'a> {
    /// What a locator points to: its lower half is the place, the upper half the number of bytes.
    fn nth(self, index: usize) -> Result<&'a [u8], Damaged> {
        let at = self.begin.saturating_add(index.saturating_mul(Shape::LOCATOR));
        let locator = part(self.record, at, Shape::LOCATOR)?;
        let locator = u32::try_from(unsigned(locator)).unwrap_or_default();
        let [place, size] = [locator & 0xffff, locator >> 16].map(|half| half as usize);
        let behind = at.saturating_add(Shape::LOCATOR);
        let begin = if self.relative { behind.saturating_add(place) } else { place };
        part(self.record, begin, size)
    }

    fn check(self) -> Result<(), Damaged> {
        (0..self.count).try_for_each(|index| self.nth(index).map(drop))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn field(declaration: &str, offset: usize, size: usize) -> Field {
        let text = format!(
            "name: x\nID: 1\nformat:\n\tfield:{declaration};\toffset:{offset};\tsize:{size};\t\
             signed:0;\n\nprint fmt: \"\"\n"
        );
        crate::tracepoint::Format::parse("test", &text).unwrap().common.remove(0)
    }

    #[track_caller]
    fn assert_reads(declaration: &str, bytes: &[u8], expected: Value<'_>) {
        // Not aligned, and with padding behind.
        let record = [b"\xff\xff\xff", bytes, b"\xff"].concat();
        let field = field(declaration, 3, bytes.len());
        assert_eq!(field.value(&record), Ok(expected), "{declaration}");
        assert_eq!(field.bytes(&record), Ok(bytes), "{declaration}");
    }

    #[test]
    fn numbers_of_every_width_and_sign() {
        assert_reads("u8 x", &[0xff], Value::Unsigned(255));
        assert_reads("s8 x", &[0xff], Value::Signed(-1));
        assert_reads("u16 x", &0xfffe_u16.to_ne_bytes(), Value::Unsigned(0xfffe));
        assert_reads("s16 x", &(-2_i16).to_ne_bytes(), Value::Signed(-2));
        assert_reads("u32 x", &u32::MAX.to_ne_bytes(), Value::Unsigned(u32::MAX.into()));
        assert_reads("int x", &i32::MIN.to_ne_bytes(), Value::Signed(i32::MIN.into()));
        assert_reads("u64 x", &u64::MAX.to_ne_bytes(), Value::Unsigned(u64::MAX));
        assert_reads("s64 x", &i64::MIN.to_ne_bytes(), Value::Signed(i64::MIN));
        assert_reads("bool x", &[2], Value::Bool(true));
        assert_reads("bool x", &[0], Value::Bool(false));
        assert_reads("void * x", &u64::MAX.to_ne_bytes(), Value::Pointer(u64::MAX));
        assert_reads("struct a x", &[1, 2, 3], Value::Bytes(&[1, 2, 3]));
    }

    #[test]
    fn of_a_register_only_what_the_type_uses() {
        let extended = 0xffff_ffff_ffff_ff9c_u64.to_ne_bytes();
        let half = 0x0000_0000_ffff_ff9c_u64.to_ne_bytes();
        for register in [extended, half] {
            assert_reads("int dfd", &register, Value::Signed(-100));
            assert_reads("unsigned int fd", &register, Value::Unsigned(0xffff_ff9c));
            assert_reads("umode_t mode", &register, Value::Unsigned(0xff9c));
        }
        assert_reads("long ret", &extended, Value::Signed(-100));
        assert_reads("bool x", &0xff00_u64.to_ne_bytes(), Value::Bool(false));
    }

    #[test]
    fn text_ends_at_its_nul() {
        assert_reads("char comm[8]", b"sh\0junk\0", Value::Text(b"sh"));
        assert_reads("char comm[4]", b"long", Value::Text(b"long"));
        assert_reads("u8 mac[4]", b"a\0b\0", Value::Bytes(b"a\0b\0"));
    }

    #[test]
    fn arrays_have_as_many_elements_as_fit() {
        let bytes = [1_u32, 2, u32::MAX].map(u32::to_ne_bytes).concat();
        let items = |declaration| match field(declaration, 0, bytes.len()).value(&bytes) {
            Ok(Value::Array(array)) => {
                assert_eq!(array.len(), array.iter().count());
                array.iter().collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
        let expected = [1, 2, u32::MAX.into()].map(Value::Unsigned);
        assert_eq!(items("u32 x[3]"), expected);
        assert_eq!(items("u32 x[]"), expected);
        assert_eq!(items("int x[]").last(), Some(&Value::Signed(-1)));
    }

    /// A locator at offset 1, `x` behind it, and behind that what it may point to.
    fn dynamic(place: u16, len: u16) -> Vec<u8> {
        let locator = u32::from(len) << 16 | u32::from(place);
        [&[0xff][..], &locator.to_ne_bytes(), b"xabc\0d"].concat()
    }

    #[test]
    fn dynamic_text_is_where_its_locator_says() {
        let text = field("__data_loc char[] s", 1, 4);
        assert_eq!(text.value(&dynamic(6, 4)), Ok(Value::Text(b"abc")));
        assert_eq!(text.bytes(&dynamic(6, 5)), Ok(&b"abc\0d"[..]));
        assert_eq!(text.value(&dynamic(6, 0)), Ok(Value::Text(b"")));
        assert_eq!(text.value(&dynamic(0, 0)), Ok(Value::Text(b"")));
        assert_eq!(text.value(&dynamic(6, 6)), Err(Damaged { end: 12, len: 11 }));
        for declaration in ["__rel_loc char[] s", "__rel_loc char s[]"] {
            let text = field(declaration, 1, 4);
            assert_eq!(text.value(&dynamic(1, 4)), Ok(Value::Text(b"abc")));
            assert_eq!(text.value(&dynamic(2, 5)), Err(Damaged { end: 12, len: 11 }));
        }
        let mask = field("__data_loc cpumask_t mask", 1, 4);
        assert_eq!(mask.value(&dynamic(5, 2)), Ok(Value::Bytes(b"xa")));
    }

    #[test]
    fn several_dynamic_texts_are_an_array() {
        let two = field("__data_loc char[][2] ss", 0, 8);
        let mut record = [0x0002_0008_u32, 0x0003_000a].map(u32::to_ne_bytes).concat();
        record.extend(b"a\0bc\0");
        let Ok(Value::Array(array)) = two.value(&record) else { panic!("no array") };
        let texts: Vec<_> = array.iter().collect();
        assert_eq!(texts, [Value::Text(b"a"), Value::Text(b"bc")]);
        record.pop();
        assert_eq!(two.value(&record), Err(Damaged { end: 13, len: 12 }));
    }

    #[test]
    fn numbers_are_converted_or_refused() {
        assert_eq!(Value::Unsigned(u64::MAX).as_i64(), None);
        assert_eq!(Value::Unsigned(u64::MAX).as_u64(), Some(u64::MAX));
        assert_eq!(Value::Signed(-1).as_u64(), None);
        assert_eq!(Value::Signed(-1).as_i64(), Some(-1));
        assert_eq!(Value::Bool(true).as_u64(), Some(1));
        assert_eq!(Value::Text(b"7").as_i64(), None);
        assert_eq!(Value::Text(b"7").as_bytes(), Some(&b"7"[..]));
    }

    fn kinds() -> impl Strategy<Value = Kind> {
        use Kind::{Bool, Char, Opaque, Pointer, Signed, Unsigned};
        proptest::sample::select(vec![Signed, Unsigned, Bool, Char, Pointer, Opaque])
    }

    fn scalars() -> impl Strategy<Value = Scalar> {
        let sizes = prop_oneof![0_usize..20, Just(usize::MAX)];
        (kinds(), sizes.clone(), sizes).prop_map(|(kind, size, width)| Scalar { kind, size, width })
    }

    fn shapes() -> impl Strategy<Value = Shape> {
        let shape = |(element, relative, count, which): (Scalar, bool, usize, u8)| match which {
            0 => Shape::Scalar(element),
            1 => Shape::Array { element, count },
            _ => Shape::Dynamic { element, relative, locators: count },
        };
        (scalars(), any::<bool>(), 0_usize..4, 0_u8..3).prop_map(shape)
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_value_or_damaged(
            record in proptest::collection::vec(prop_oneof![0_u8..8, any::<u8>()], 0..40),
            offset in prop_oneof![0_usize..40, Just(usize::MAX), any::<usize>()],
            size in prop_oneof![0_usize..40, Just(usize::MAX)],
            shape in shapes(),
        ) {
            let field = Field { offset, size, shape, ..field("int x", 0, 4) };
            match field.value(&record) {
                Ok(Value::Array(array)) => {
                    prop_assert_eq!(array.iter().count(), array.len());
                    prop_assert_eq!(array.is_empty(), array.iter().next().is_none());
                }
                Ok(Value::Text(bytes)) => prop_assert!(!bytes.contains(&0)),
                Ok(value) => prop_assert!(value.as_u64().is_none_or(|n| value.bits() == Some(n))),
                Err(damaged) => {
                    prop_assert!(damaged.end > damaged.len || damaged.end == usize::MAX);
                    prop_assert_eq!(damaged.len, record.len());
                }
            }
        }
    }
}
