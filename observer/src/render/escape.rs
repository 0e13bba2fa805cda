//! Hostile bytes → harmless text. Names and arguments are chosen by whoever is observed: printed
//! as they are, they could recolour a terminal, retitle it, or forge a line.

use std::fmt::{self, Write as _};

/// Bytes that print without a control character: C0, DEL, C1 and bytes that are not UTF-8 as
/// `\xNN`, newline and tab as `\n` and `\t`, characters that reorder or hide text as `\u{…}`.
/// Everything else stands as it is; a backslash is doubled only where something was escaped.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = as_harmless(self.0) {
            return f.write_str(text);
        }
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                write_character(f, character)?;
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

fn as_harmless(bytes: &[u8]) -> Option<&str> {
    // Nearly all text of the field is printable ASCII, which takes no look at its characters.
    let printable = bytes.iter().all(|byte| matches!(byte, b' '..=b'~'));
    str::from_utf8(bytes).ok().filter(|text| printable || !text.contains(is_harmful))
}

fn write_character(f: &mut fmt::Formatter<'_>, character: char) -> fmt::Result {
    match character {
        '\n' => f.write_str("\\n"),
        '\t' => f.write_str("\\t"),
        '\r' => f.write_str("\\r"),
        '\\' => f.write_str("\\\\"),
        '\0'..='\u{ff}' if is_harmful(character) => write!(f, "\\x{:02x}", u32::from(character)),
        _ if is_harmful(character) => write!(f, "\\u{{{:x}}}", u32::from(character)),
        _ => f.write_char(character),
    }
}

/// Controls, and what reorders, joins or hides text without being one.
pub(crate) fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(bytes: &[u8], expected: &str) {
        assert_eq!(Escaped(bytes).to_string(), expected);
    }

    #[test]
    fn what_is_harmless_stands_as_it_is() {
        check(b"", "");
        check(b"/usr/bin/sh -c 'a\\b'", "/usr/bin/sh -c 'a\\b'");
        check("grüße 日本 😀".as_bytes(), "grüße 日本 😀");
    }

    #[test]
    fn what_is_not_is_spelled_out() {
        check(b"\x1b[31m", "\\x1b[31m");
        check(b"a\nb\tc\\d\x7f", "a\\nb\\tc\\\\d\\x7f");
        check(b"\xff\xfeok", "\\xff\\xfeok");
        check("\u{9b}x\u{202e}y".as_bytes(), "\\x9bx\\u{202e}y");
    }

    proptest! {
        #[test]
        fn no_control_ever_comes_through(bytes: Vec<u8>) {
            prop_assert!(!Escaped(&bytes).to_string().contains(is_harmful));
        }

        #[test]
        fn different_bytes_never_print_alike_once_escaped(left: Vec<u8>, right: Vec<u8>) {
            let harmless = as_harmless(&left).is_some() || as_harmless(&right).is_some();
            if left != right && !harmless {
                prop_assert_ne!(Escaped(&left).to_string(), Escaped(&right).to_string());
            }
        }
    }
}
