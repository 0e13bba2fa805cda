//! One typed cell. Text is made of it only at the end, in [`render`](crate::render).

use std::{borrow::Cow, cmp::Ordering};

/// What a column says of a process. What is unknown is no value at all.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// A number: an id, a count, a size in the column's unit.
    Number(i64),
    /// A word of ours or of the kernel's: harmless, for display as it is.
    Word(Cow<'static, str>),
    /// Bytes that somebody else chose.
    Bytes(Cow<'a, [u8]>),
    /// Names of users or groups; a number stands for one without a name.
    Names(Vec<Cow<'a, [u8]>>),
    /// A set of capabilities, see capabilities(7); `last` is the highest that the kernel knows.
    Capabilities {
        /// One bit each.
        mask: u64,
        /// The number of the highest.
        last: u32,
    },
    /// A part of a whole, in thousandths of a per cent.
    Percent(u64),
    /// Time since something began, in nanoseconds.
    Elapsed(u64),
    /// CPU time, in nanoseconds.
    CpuTime(u64),
    /// A moment, in nanoseconds since 1970, and how the column writes it.
    Moment(i128, MomentStyle),
}

/// How a column writes a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MomentStyle {
    /// `2026-11-22 01:02:03 +0000 UTC`, or what ps writes when its style was asked for.
    Go,
    /// RFC 3339 in UTC.
    Machine,
    /// `Sun Nov 22 01:02:03 2026`.
    Long,
    /// Hour and minute today, else the day, else the year.
    Short,
}

impl<'a> Value<'a> {
    /// A number that fits, whatever its type.
    pub(crate) fn number(number: impl TryInto<i64>) -> Self {
        Self::Number(number.try_into().unwrap_or(i64::MAX))
    }

    pub(crate) fn bytes(bytes: &'a [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }

    /// By size or by time where it has one, by its bytes where it has not.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self.magnitude(), other.magnitude()) {
            (Some(left), Some(right)) => left.cmp(&right),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => self.words().cmp(other.words()),
        }
    }

    fn magnitude(&self) -> Option<i128> {
        match self {
            Self::Number(number) => Some((*number).into()),
            Self::Percent(number) | Self::Elapsed(number) | Self::CpuTime(number) => {
                Some((*number).into())
            }
            Self::Moment(unix_ns, _) => Some(*unix_ns),
            Self::Capabilities { mask, .. } => Some((*mask).into()),
            Self::Word(_) | Self::Bytes(_) | Self::Names(_) => None,
        }
    }

    fn words(&self) -> impl Iterator<Item = &[u8]> {
        let (one, many): (Option<&[u8]>, &[Cow<'_, [u8]>]) = match self {
            Self::Word(word) => (Some(word.as_bytes()), &[]),
            Self::Bytes(bytes) => (Some(bytes), &[]),
            Self::Names(names) => (None, names),
            _ => (None, &[]),
        };
        one.into_iter().chain(many.iter().map(AsRef::as_ref))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_by_size_and_names_by_their_bytes() {
        assert_eq!(Value::Number(9).compare(&Value::Number(10)), Ordering::Less);
        assert_eq!(Value::bytes(b"9").compare(&Value::bytes(b"10")), Ordering::Greater);
        let names = |names: &[&'static str]| {
            Value::Names(names.iter().map(|name| name.as_bytes().into()).collect())
        };
        assert_eq!(names(&["a", "z"]).compare(&names(&["b"])), Ordering::Less);
        assert_eq!(Value::Elapsed(5).compare(&Value::Elapsed(5)), Ordering::Equal);
    }
}
