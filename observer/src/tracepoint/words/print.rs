//! The tables of words in the format line for printing.
//!
//! Understood are `__print_symbolic(REC->x, {1, "one"}, …)` and `__print_flags(REC->x & 7, "|",
//! {1 << 2, "two"}, …)`, alone or as `REC->x & 7 ? … : "none"`. A field that is printed in two
//! ways, or after any other calculation, gets no words. A number that the file gives by the name of
//! an enum is left out of its table.

use std::collections::BTreeMap;

use super::{
    Style, Words,
    expression::{Operand, Parser},
    token::{Token, tokens},
};

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
        pairs.extend(pair(call.braces()?));
    }
    call.sign(")")?;
    if pairs.is_empty() {
        return None;
    }
    let condition = tokens.get(argument..at)?;
    let zero = zero(condition, call.rest, &Operand::Field { name, mask });
    Some((name, Words { style, mask, pairs, zero }))
}

/// A number and its word; `None` for one that is named by an enum, and for what ends a table.
fn pair(tokens: &[Token<'_>]) -> Option<(u64, String)> {
    let mut inside = Parser::new(tokens);
    let Operand::Constant(number) = inside.expression()? else {
        return None;
    };
    inside.sign(",")?;
    let word = inside.text()?.to_owned();
    inside.rest.is_empty().then_some((number, word))
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
    fn what_is_no_number_with_a_word_is_left_out() {
        let rest = "{SOME_ENUM, \"b\"}, {1 << OTHER, \"c\"}, {-1, NULL}, {0, ((void *)0)}";
        let print = format!("\"\", __print_symbolic(REC->x, {{1, \"a\"}}, {rest})");
        assert_eq!(words(&print, "x").unwrap().pairs().collect::<Vec<_>>(), [(1, "a")]);
        assert_eq!(words(&format!("\"\", __print_symbolic(REC->x, {rest})"), "x"), None);
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
