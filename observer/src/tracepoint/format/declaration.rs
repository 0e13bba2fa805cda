//! `__data_loc char[] filename` → the name of the field and the shape of what it holds.
//!
//! Dynamic fields are written with their brackets before the name (`__data_loc char[] x`) or, when
//! relative, behind it (`__rel_loc char x[]`), and some have none (`__data_loc cpumask_t x`).

use super::{
    ctype::CType,
    scalar::{Kind, Scalar},
    shape::Shape,
};

/// A declaration taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Declaration<'a> {
    pub(super) name: &'a str,
    /// The type alone, without name, brackets and locator.
    base: &'a str,
    /// What stands between the first brackets, if there are any.
    brackets: Option<&'a str>,
    locator: Option<Locator>,
}

/// How a field says where its data are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Locator {
    /// From the beginning of the record.
    Absolute,
    /// From the end of the locator.
    Relative,
}

impl<'a> Declaration<'a> {
    /// `None` for what declares nothing.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (locator, text) = locator(text);
        let (head, behind) = split_brackets(text.trim_end());
        let begin = head.rfind(|c: char| !is_name(c)).map_or(0, |at| at + 1);
        let (before_name, name) = head.split_at_checked(begin)?;
        let (base, before) = split_brackets(before_name.trim_end());
        let declares = !(name.is_empty() || base.is_empty());
        declares.then_some(Self { name, base, brackets: before.or(behind), locator })
    }

    /// What a field of this declaration holds, by what the format file says besides: its size, and
    /// which kind of number it is if it is one. `None` when the two contradict each other.
    pub(super) fn shape(&self, size: usize, number: Kind) -> Option<Shape> {
        let ctype = CType::named(self.base);
        if let Some(locator) = self.locator {
            let locators = size / Shape::LOCATOR;
            let element = element(ctype, ctype.map_or(1, CType::size), number);
            let whole = locators > 0 && size.is_multiple_of(Shape::LOCATOR);
            let relative = locator == Locator::Relative;
            return whole.then_some(Shape::Dynamic { element, relative, locators });
        }
        let Some(brackets) = self.brackets else {
            return (size > 0).then(|| Shape::Scalar(scalar(ctype, size, number)));
        };
        // What cannot be divided into elements is bytes.
        let element = element_size(brackets, size, ctype)
            .map_or(Scalar::BYTE, |each| element(ctype, each, number));
        Some(Shape::Array { element, count: size / element.size.max(1) })
    }
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn locator(text: &str) -> (Option<Locator>, &str) {
    if let Some(rest) = text.strip_prefix("__data_loc ") {
        (Some(Locator::Absolute), rest)
    } else if let Some(rest) = text.strip_prefix("__rel_loc ") {
        (Some(Locator::Relative), rest)
    } else {
        (None, text)
    }
}

/// What comes before the brackets at the end, and what stands in the first of them.
fn split_brackets(text: &str) -> (&str, Option<&str>) {
    if !text.ends_with(']') {
        return (text, None);
    }
    let Some((head, inside)) = text.split_once('[') else {
        return (text, None);
    };
    let first = inside.split_once(']').map(|(first, _)| first);
    (head.trim_end(), first)
}

/// By the number in the brackets; where none divides the size evenly, by the type.
fn element_size(brackets: &str, size: usize, ctype: Option<CType>) -> Option<usize> {
    let even = |count: &usize| *count > 0 && size > 0 && size.is_multiple_of(*count);
    let by_count = brackets.trim().parse().ok().filter(even).map(|count: usize| size / count);
    let of_type = ctype.map(CType::size).filter(|of_type| size.is_multiple_of(*of_type));
    by_count.or(of_type)
}

fn scalar(ctype: Option<CType>, size: usize, number: Kind) -> Scalar {
    if !matches!(size, 1 | 2 | 4 | 8) {
        return Scalar::whole(Kind::Opaque, size);
    }
    match ctype {
        Some(CType::Pointer) => Scalar::whole(Kind::Pointer, size),
        Some(CType::Bool) => Scalar { kind: Kind::Bool, size, width: 1 },
        Some(known @ CType::Integer { .. }) => {
            let kind = if known.is_signed() { Kind::Signed } else { number };
            Scalar { kind, size, width: size.min(known.size()) }
        }
        Some(CType::Char) | None => Scalar::whole(number, size),
    }
}

fn element(ctype: Option<CType>, size: usize, number: Kind) -> Scalar {
    match ctype {
        Some(CType::Char) if size == 1 => Scalar::whole(Kind::Char, 1),
        None if size == 1 => Scalar::BYTE,
        _ => scalar(ctype, size, number),
    }
}
