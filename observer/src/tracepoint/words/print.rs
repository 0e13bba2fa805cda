//! The tables of words in the format line for printing.
//!
//! Understood are `__print_symbolic(REC->x, {1, "one"}, …)` and `__print_flags(REC->x & 7, "|",
//! {1 << 2, "two"}, …)`, alone or as `REC->x & 7 ? … : "none"`. A field that is printed in two
//! ways, or after any other calculation, gets no words.

use std::collections::BTreeMap;

use super::{
    Style, Words,
    token::{Token, tokens},
};
use crate::tracepoint::format::CType;

/// The words of each field that has a table; `None` for one that has different ones.
pub(in crate::tracepoint) fn of_print(print: &str) -> BTreeMap<String, Option<Words>> {
    let tokens = tokens(print);
    let mut found = BTreeMap::new();
    let mut argument = 0;
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign("(" | "{") => depth += 1,
            Token::Sign(")" | "}") => depth = depth.saturating_sub(1),
            Token::Sign(",") if depth == 0 => argument = at + 1,
            Token::Name(name) if let Some(style) = style_of(name) => {
                if let Some((field, words)) = table(&tokens, argument, at, style) {
                    add(&mut found, field, words);
                }
            }
            _ => {}
        }
    }
    found
}

fn style_of(function: &str) -> Option<Style> {
    match function {
        "__print_symbolic" | "__print_symbolic_u64" => Some(Style::Symbols),
        "__print_flags" | "__print_flags_u64" => Some(Style::Flags { delimiter: String::new() }),
        _ => None,
    }
}

fn add(found: &mut BTreeMap<String, Option<Words>>, field: &str, words: Words) {
    let Some(known) = found.get_mut(field) else {
        found.insert(field.to_owned(), Some(words));
        return;
    };
    *known = known.take().and_then(|known| both(known, words));
}

/// Of two tables the one that they are.
fn both(mut one: Words, mut other: Words) -> Option<Words> {
    let zero = one.zero.take().or(other.zero.take());
    (one == other).then_some(Words { zero, ..one })
}

/// The table of the call at `at`, in an argument that begins at `argument`.
fn table<'a>(
    tokens: &'a [Token<'a>],
    argument: usize,
    at: usize,
    style: Style,
) -> Option<(&'a str, Words)> {
    let mut call = Parser::new(tokens.get(at + 1..)?);
    call.sign("(")?;
    let Operand::Field { name, mask } = call.expression()? else {
        return None;
    };
    let style = match style {
        Style::Symbols => style,
        Style::Flags { .. } => {
            call.sign(",")?;
            Style::Flags { delimiter: call.text()?.to_owned() }
        }
    };
    let mut pairs = Vec::new();
    while call.sign(",").is_some() {
        call.pair(&mut pairs)?;
    }
    call.sign(")")?;
    let condition = tokens.get(argument..at)?;
    let zero = zero(condition, call.rest, &Operand::Field { name, mask });
    Some((name, Words { style, mask, pairs, zero }))
}

/// The word that stands for zero: `"R"` in `REC->x ? __print_flags(REC->x, …) : "R"`.
fn zero<'a>(before: &[Token<'a>], behind: &[Token<'a>], asked: &Operand<'a>) -> Option<String> {
    let mut condition = Parser::new(before);
    let same = condition.expression()? == *asked;
    condition.sign("?")?;
    let mut otherwise = Parser::new(behind);
    otherwise.sign(":")?;
    let word = otherwise.text()?;
    let ends = matches!(otherwise.rest.first(), None | Some(Token::Sign(",")));
    (same && condition.rest.is_empty() && ends).then(|| word.to_owned())
}

/// What an expression comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operand<'a> {
    Constant(u64),
    Field { name: &'a str, mask: u64 },
}

/// Takes tokens from the front; `None` as soon as they are not what is understood.
struct Parser<'t, 'a> {
    rest: &'t [Token<'a>],
    depth: usize,
}

impl<'t, 'a> Parser<'t, 'a> {
    /// Deeper brackets than any kernel has.
    const DEEPEST: usize = 100;

    fn new(rest: &'t [Token<'a>]) -> Self {
        Self { rest, depth: 0 }
    }

    fn next(&mut self) -> Option<&'t Token<'a>> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn sign(&mut self, wanted: &str) -> Option<()> {
        let is_next = matches!(self.rest.first()?, Token::Sign(sign) if *sign == wanted);
        is_next.then(|| self.next()).map(drop)
    }

    fn text(&mut self) -> Option<&'t str> {
        match self.next()? {
            Token::Text(text) => Some(text),
            _ => None,
        }
    }

    /// `{ 1, "one" }`, or one with `NULL` that only ends the table.
    fn pair(&mut self, pairs: &mut Vec<(u64, String)>) -> Option<()> {
        self.sign("{")?;
        let Operand::Constant(number) = self.expression()? else {
            return None;
        };
        self.sign(",")?;
        match self.next()? {
            Token::Text(word) => pairs.push((number, word.clone())),
            Token::Name("NULL") => {}
            _ => return None,
        }
        self.sign("}")
    }

    fn expression(&mut self) -> Option<Operand<'a>> {
        self.binary(0)
    }

    /// Operators that bind at least this strongly.
    fn binary(&mut self, strength: u8) -> Option<Operand<'a>> {
        self.depth += 1;
        let mut left = (self.depth < Self::DEEPEST).then(|| self.unary())??;
        while let Some(Token::Sign(sign)) = self.rest.first()
            && let Some(own) = strength_of(sign)
            && own >= strength
        {
            self.next();
            left = combine(sign, left, self.binary(own + 1)?)?;
        }
        self.depth -= 1;
        Some(left)
    }

    fn unary(&mut self) -> Option<Operand<'a>> {
        match self.next()? {
            Token::Number(number) => Some(Operand::Constant(*number)),
            Token::Name("REC") => {
                self.sign("->")?;
                match self.next()? {
                    Token::Name(name) => Some(Operand::Field { name, mask: u64::MAX }),
                    _ => None,
                }
            }
            Token::Sign("~") => self.constant().map(|number| Operand::Constant(!number)),
            Token::Sign("-") => {
                self.constant().map(|number| Operand::Constant(number.wrapping_neg()))
            }
            Token::Sign("(") => self.brackets(),
            _ => None,
        }
    }

    fn constant(&mut self) -> Option<u64> {
        self.depth += 1;
        match (self.depth < Self::DEEPEST).then(|| self.unary())?? {
            Operand::Constant(number) => {
                self.depth -= 1;
                Some(number)
            }
            Operand::Field { .. } => None,
        }
    }

    /// Behind an opening bracket: a cast and what it is for, or an expression and its end.
    fn brackets(&mut self) -> Option<Operand<'a>> {
        if let Some((ctype, behind)) = cast(self.rest) {
            self.rest = behind;
            self.depth += 1;
            let operand = (self.depth < Self::DEEPEST).then(|| self.unary())??;
            self.depth -= 1;
            return convert(operand, ctype);
        }
        let inside = self.expression()?;
        self.sign(")")?;
        Some(inside)
    }
}

fn strength_of(sign: &str) -> Option<u8> {
    match sign {
        "|" => Some(0),
        "^" => Some(1),
        "&" => Some(2),
        "<<" | ">>" => Some(3),
        "+" | "-" => Some(4),
        _ => None,
    }
}

fn combine<'a>(sign: &str, left: Operand<'a>, right: Operand<'a>) -> Option<Operand<'a>> {
    use Operand::{Constant, Field};
    match (left, right) {
        (Constant(left), Constant(right)) => calculate(sign, left, right).map(Constant),
        (Field { name, mask }, Constant(other)) | (Constant(other), Field { name, mask })
            if sign == "&" =>
        {
            Some(Field { name, mask: mask & other })
        }
        _ => None,
    }
}

fn calculate(sign: &str, left: u64, right: u64) -> Option<u64> {
    match sign {
        "|" => Some(left | right),
        "^" => Some(left ^ right),
        "&" => Some(left & right),
        "<<" => left.checked_shl(u32::try_from(right).ok()?),
        ">>" => left.checked_shr(u32::try_from(right).ok()?),
        "+" => Some(left.wrapping_add(right)),
        "-" => Some(left.wrapping_sub(right)),
        _ => None,
    }
}

/// The type of a cast and what is behind its bracket. Names of fields stand behind an arrow, so
/// nothing else in brackets is made of names alone.
fn cast<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<(Option<CType>, &'t [Token<'a>])> {
    let end = tokens.iter().position(|token| !matches!(token, Token::Name(_)))?;
    let (words, behind) = tokens.split_at_checked(end)?;
    let behind = behind.strip_prefix(&[Token::Sign(")")])?;
    let words = words.iter().filter_map(|word| match word {
        Token::Name(word) => Some(*word),
        _ => None,
    });
    let words = words.collect::<Vec<_>>().join(" ");
    (!words.is_empty()).then(|| (CType::named(&words), behind))
}

/// As a cast changes it: to an unsigned type that is narrower, by cutting bits off.
fn convert(operand: Operand<'_>, ctype: Option<CType>) -> Option<Operand<'_>> {
    let Some(ctype) = ctype.filter(|ctype| !ctype.is_signed()) else {
        return Some(operand);
    };
    let unused = u64::BITS.checked_sub(u32::try_from(ctype.size() * 8).ok()?)?;
    let kept = u64::MAX.checked_shr(unused)?;
    combine("&", operand, Operand::Constant(kept))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tracepoint::Value;

    fn words(print: &str, field: &str) -> Option<Words> {
        of_print(print).remove(field).flatten()
    }

    #[track_caller]
    fn assert_word(print: &str, value: u64, expected: Option<&str>) {
        let words = words(print, "x").unwrap_or_else(|| panic!("no words in {print}"));
        assert_eq!(words.of(Value::Unsigned(value)).as_deref(), expected, "{value} in {print}");
    }

    #[test]
    fn the_state_of_a_task() {
        // As sched_switch has it.
        let mask = "((((0x00000000 | 0x00000001 | 0x0000003e | 0x00000040) + 1) << 1) - 1)";
        let print = format!(
            "\"a=%s, b=%s%s\", REC->a, (REC->x & {mask}) ? __print_flags(REC->x & {mask}, \"|\", \
             {{ 0x00000001, \"S\" }}, {{ 0x00000002, \"D\" }}, {{ 0x00000080, \"I\" }}) : \"R\", \
             REC->x & ({mask} + 1) ? \"+\" : \"\""
        );
        assert_word(&print, 0, Some("R"));
        assert_word(&print, 1, Some("S"));
        assert_word(&print, 3, Some("S|D"));
        assert_word(&print, 0x80, Some("I"));
        assert_word(&print, 0x100, Some("R"));
        assert_word(&print, 0x40, None);
    }

    #[test]
    fn constants_are_calculated() {
        let value_of = |expression: &str| {
            let print = format!("\"\", __print_symbolic(REC->x, {{ {expression}, \"w\" }})");
            words(&print, "x").map(|words| words.pairs().next().unwrap().0)
        };
        for (expression, value) in [
            ("0x01", 1),
            ("(1 << 3)", 8),
            ("1UL << 5", 32),
            ("1 | 2 ^ 3 & 1", 3),
            ("1 << 1 + 1", 4),
            ("((( gfp_t)((((1UL))) << (10))) | (( gfp_t)0)) & ~(( gfp_t)(((1UL)) << (11)))", 1024),
            ("-1", u64::MAX),
            ("(unsigned int)-1", 0xffff_ffff),
            ("(u8)~1U", 0xfe),
            ("010", 8),
        ] {
            assert_eq!(value_of(expression), Some(value), "{expression}");
        }
        for unknown in ["SOME_ENUM", "1 / 2", "REC->y", "1 << 64", "1 +", "", "sizeof(int)"] {
            assert_eq!(value_of(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_field_may_be_cast_and_masked() {
        let table = "{1, \"a\"}, {2, \"b\"}";
        for subject in ["REC->x", "(unsigned long)REC->x", "((REC->x) & 0xff)", "(int)(REC->x)"] {
            assert_word(&format!("\"\", __print_symbolic({subject}, {table})"), 2, Some("b"));
        }
        assert_word(&format!("\"\", __print_symbolic((u8)REC->x, {table})"), 0x102, Some("b"));
        assert_word(&format!("\"\", __print_symbolic_u64(REC->x & 3, {table})"), 5, Some("a"));
        for subject in ["REC->x >> 1", "1 << REC->x", "~REC->x", "REC->x[0]", "2", "REC->x | 1"] {
            let print = format!("\"\", __print_symbolic({subject}, {table})");
            assert_eq!(of_print(&print).len(), 0, "{subject}");
        }
    }

    #[test]
    fn the_other_branch_stands_for_zero_only_if_the_field_is_asked() {
        let print = |condition: &str, end: &str| {
            format!(
                "\"\", {condition} ? __print_flags(REC->x, \"\", {{1, \"a\"}}) : \"none\"{end}, 1"
            )
        };
        assert_word(&print("REC->x", ""), 0, Some("none"));
        assert_word(&print("(REC->x)", ""), 0, Some("none"));
        assert_word(&print("REC->y", ""), 0, None);
        assert_word(&print("REC->x & 1", ""), 0, None);
        assert_word(&print("REC->x", " + 1"), 0, None);
    }

    #[test]
    fn what_stands_in_a_string_is_no_table() {
        let print = "\"__print_flags(REC->x, \\\"|\\\", {1, \\\"a\\\"})\", REC->x";
        assert_eq!(of_print(print).len(), 0);
    }

    #[test]
    fn a_field_with_two_tables_has_none() {
        let low = "__print_symbolic(REC->x & 0xffff, {1, \"a\"})";
        let high = "__print_flags(REC->x & ~0xffff, \"|\", {0x10000, \"b\"})";
        assert!(words(&format!("\"\", {low}, {low}"), "x").is_some(), "the same twice");
        assert!(words(&format!("\"\", {low}, {high}"), "x").is_none(), "two");
        assert!(words(&format!("\"\", {low}, {high}, {low}"), "x").is_none(), "two of three");
    }

    #[test]
    fn an_end_mark_is_no_word() {
        let print = "\"\", __print_symbolic(REC->x, {1, \"a\"}, {-1, NULL})";
        assert_eq!(words(print, "x").unwrap().pairs().collect::<Vec<_>>(), [(1, "a")]);
    }

    proptest! {
        #[test]
        fn any_text_has_words_or_not(print in "(__print_(flags|symbolic)|REC->x|[(){},~&|?:\"1a-]){0,30}") {
            let _words = of_print(&print);
        }

        #[test]
        fn brackets_of_any_depth_come_to_an_end(depth in 0_usize..5000, open in "[(~]|-|\\(u8\\)") {
            let print = format!("\"\", __print_symbolic({}1", open.repeat(depth));
            prop_assert_eq!(of_print(&print).len(), 0);
        }
    }
}
