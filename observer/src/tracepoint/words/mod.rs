//! Numbers → the words that the kernel prints for them: `S|D` for the state of a task.
//!
//! The tables stand in the format file, as arguments of `__print_flags` and `__print_symbolic`.
//! Only what is plain there is taken over; a field with no words is a number and nothing worse.

mod expression;
mod print;
mod token;

use std::borrow::Cow;

use super::Value;

pub(super) use self::print::of_print;

/// The words of a field's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    style: Style,
    /// The bits that are looked at.
    mask: u64,
    pairs: Vec<(u64, String)>,
    /// The word for none of these bits.
    zero: Option<String>,
}

/// What the numbers of a table are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Style {
    /// Each number is a value and has its word.
    Symbols,
    /// Each number is one or more bits; a value has the words of all its bits.
    Flags {
        /// What stands between two words.
        delimiter: String,
    },
}

impl Words {
    /// What the numbers are.
    pub fn style(&self) -> &Style {
        &self.style
    }

    /// The bits of a value that have words; the others mean something else.
    pub fn mask(&self) -> u64 {
        self.mask
    }

    /// The numbers with their words, in the kernel's order.
    pub fn pairs(&self) -> impl Iterator<Item = (u64, &str)> {
        self.pairs.iter().map(|(number, word)| (*number, word.as_str()))
    }

    /// The word for a value, or the words of its flags with the delimiter between, as the kernel
    /// prints them: bits without a word follow as a hexadecimal number. `None` where there is no
    /// word at all.
    pub fn of(&self, value: Value<'_>) -> Option<Cow<'_, str>> {
        let bits = value.bits()? & self.mask;
        if bits == 0 && self.zero.is_some() {
            return self.zero.as_deref().map(Cow::Borrowed);
        }
        match &self.style {
            Style::Symbols => self.symbol(bits),
            Style::Flags { delimiter } => self.flags(bits, delimiter),
        }
    }

    fn symbol(&self, bits: u64) -> Option<Cow<'_, str>> {
        self.pairs().find_map(|(number, word)| (number == bits).then_some(Cow::Borrowed(word)))
    }

    fn flags(&self, mut bits: u64, delimiter: &str) -> Option<Cow<'_, str>> {
        let mut text: Option<Cow<'_, str>> = None;
        for (flags, word) in self.pairs() {
            if flags != 0 && bits & flags == flags {
                bits &= !flags;
                text = Some(match text {
                    None => Cow::Borrowed(word),
                    Some(others) => Cow::Owned(format!("{others}{delimiter}{word}")),
                });
            }
        }
        text.map(|words| match bits {
            0 => words,
            rest => Cow::Owned(format!("{words}{delimiter}{rest:#x}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(style: Style, mask: u64, zero: Option<&str>) -> Words {
        let pairs = [(1, "S"), (2, "D"), (6, "both"), (0, "none"), (u64::MAX, "all")];
        let pairs = pairs.map(|(number, word)| (number, word.to_owned())).to_vec();
        Words { style, mask, pairs, zero: zero.map(str::to_owned) }
    }

    #[test]
    fn a_symbol_is_the_word_of_its_number() {
        let words = words(Style::Symbols, u64::MAX, None);
        let of = |value| words.of(value).map(Cow::into_owned);
        assert_eq!(of(Value::Unsigned(2)).as_deref(), Some("D"));
        assert_eq!(of(Value::Signed(0)).as_deref(), Some("none"));
        assert_eq!(of(Value::Signed(-1)).as_deref(), Some("all"));
        assert_eq!(of(Value::Bool(true)).as_deref(), Some("S"));
        assert_eq!(of(Value::Unsigned(3)), None);
        assert_eq!(of(Value::Text(b"S")), None);
    }

    #[test]
    fn flags_are_taken_away_in_the_order_of_the_table() {
        let words = words(Style::Flags { delimiter: "|".to_owned() }, 0xff, Some("R"));
        let of = |bits| words.of(Value::Unsigned(bits)).map(Cow::into_owned);
        assert_eq!(of(1).as_deref(), Some("S"));
        assert_eq!(of(3).as_deref(), Some("S|D"));
        assert_eq!(of(7).as_deref(), Some("S|D|0x4"));
        assert_eq!(of(0x81).as_deref(), Some("S|0x80"));
        assert_eq!(of(0x100).as_deref(), Some("R"), "outside of the mask");
        assert_eq!(of(0x80), None, "no word at all");
    }
}
