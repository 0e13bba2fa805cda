//! Patterns of names: `*`, `?`, `[abc]`, `[a-z]` and `[!a]`, as the kernel's own filters have them.

/// Whether a text is a pattern rather than a name.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Whether every `[` has its `]`.
pub(super) fn is_closed(pattern: &str) -> bool {
    let mut rest = pattern.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = match first {
            b'[' => match class(tail) {
                Some((_, tail)) => tail,
                None => return false,
            },
            _ => tail,
        };
    }
    true
}

/// Whether the whole name fits. A `[` that is not closed fits nothing.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern.as_bytes(), name.as_bytes());
    // Behind the last star: what is left of the pattern, and of the name where it was tried last.
    let mut again: Option<(&[u8], &[u8])> = None;
    loop {
        if let Some((b'*', rest)) = pattern.split_first() {
            pattern = rest;
            again = Some((rest, name));
        } else if let Some((fits, rest)) = one(pattern, name)
            && fits
        {
            pattern = rest;
            name = name.get(1..).unwrap_or_default();
        } else if pattern.is_empty() && name.is_empty() {
            return true;
        } else {
            // The star takes one byte more.
            let Some((behind, [_, tail @ ..])) = again else {
                return false;
            };
            (pattern, name) = (behind, tail);
            again = Some((behind, tail));
        }
    }
}

/// Whether the first byte of the name fits the first element of the pattern, and what follows the
/// element. `None` at the end of either.
fn one<'a>(pattern: &'a [u8], name: &[u8]) -> Option<(bool, &'a [u8])> {
    let byte = *name.first()?;
    match pattern.split_first()? {
        (b'?', rest) => Some((true, rest)),
        (b'[', rest) => {
            let (members, rest) = class(rest)?;
            Some((is_member(byte, members), rest))
        }
        (other, rest) => Some((*other == byte, rest)),
    }
}

/// What stands between the brackets, and what behind them; a `]` in the first place is a member.
fn class(behind_bracket: &[u8]) -> Option<(&[u8], &[u8])> {
    let skipped = if behind_bracket.starts_with(b"!") { 2 } else { 1 };
    let end = behind_bracket.iter().skip(skipped).position(|byte| *byte == b']')? + skipped;
    Some((behind_bracket.get(..end)?, behind_bracket.get(end + 1..)?))
}

fn is_member(byte: u8, members: &[u8]) -> bool {
    let (negated, mut rest) = match members {
        [b'!', rest @ ..] => (true, rest),
        members => (false, members),
    };
    let mut found = false;
    loop {
        rest = match rest {
            [first, b'-', last, tail @ ..] => {
                found |= (*first..=*last).contains(&byte);
                tail
            }
            [member, tail @ ..] => {
                found |= *member == byte;
                tail
            }
            [] => return found != negated,
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_forms_of_the_manual() {
        let name = "sched:sched_process_exec";
        let fitting = [
            "sched:*",
            "*:*exec*",
            "*",
            "**:sched_process_????",
            "sched:sched_process_[ef]*",
            "sched:sched_process_[a-e]xec",
            "sched:sched_process_[!f]*",
            "*[:]*",
            name,
        ];
        for pattern in fitting {
            assert!(matches(pattern, name), "{pattern}");
        }
        let others = [
            "",
            "sched:",
            "sched",
            "sched:*fork",
            "?",
            "Sched:*",
            "sched:sched_process_[!e]*",
            "sched:sched_process_[f-z]*",
            "sched:sched_process_[exec",
            "*:*exec?",
        ];
        for pattern in others {
            assert!(!matches(pattern, name), "{pattern}");
        }
    }

    #[test]
    fn a_bracket_in_the_first_place_is_a_member() {
        assert!(matches("[]]", "]"));
        assert!(matches("[!]]", "a"));
        assert!(matches("[a-]", "-"));
        assert!(is_closed("a[]]"));
        assert!(!is_closed("a[]"));
        assert!(!is_closed("["));
        assert!(!is_closed("[!]"));
    }

    proptest! {
        #[test]
        fn a_name_fits_itself_and_any_star(name in "[a-z_:]{0,12}", cut in 0_usize..12) {
            prop_assert!(matches(&name, &name));
            let cut = cut.min(name.len());
            let (head, tail) = name.split_at(cut);
            let starred = format!("{head}*{tail}");
            prop_assert!(matches(&starred, &name));
            prop_assert_eq!(matches(&format!("{name}?"), &name), false);
        }

        #[test]
        fn any_pattern_comes_to_an_end(pattern in r"[ab*?\[\]!-]{0,12}", name in "[ab]{0,12}") {
            let _fits = matches(&pattern, &name);
            let _closed = is_closed(&pattern);
        }
    }
}
