//! The words and signs of a C expression, as far as format files have them.

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Name(&'a str),
    Number(u64),
    /// A string, what is escaped in it resolved.
    Text(String),
    Sign(&'a str),
}

/// All tokens of a text. What C does not have is a sign too, and fits nowhere.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, behind) = match first {
            '"' => string(rest),
            '0'..='9' => number(rest),
            'a'..='z' | 'A'..='Z' | '_' => {
                let (name, behind) = split_while(rest, is_word);
                (Token::Name(name), behind)
            }
            _ => sign(rest, first),
        };
        match (tokens.last_mut(), token) {
            // Strings beside each other are one.
            (Some(Token::Text(before)), Token::Text(more)) => before.push_str(&more),
            (_, token) => tokens.push(token),
        }
        rest = behind.trim_start();
    }
    tokens
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|character| !keep(character)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn sign(text: &str, first: char) -> (Token<'_>, &str) {
    let long = ["->", "<<", ">>", "&&", "||", "==", "!=", "<=", ">="];
    let found = long.iter().find(|sign| text.starts_with(**sign));
    let length = found.map_or(first.len_utf8(), |sign| sign.len());
    let (sign, behind) = text.split_at_checked(length).unwrap_or((text, ""));
    (Token::Sign(sign), behind)
}

/// A number in C's notation; one that is too large fits nowhere.
fn number(text: &str) -> (Token<'_>, &str) {
    let (word, behind) = split_while(text, is_word);
    let digits = word.trim_end_matches(['u', 'U', 'l', 'L']);
    let value = if let Some(digits) = digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        u64::from_str_radix(digits, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        u64::from_str_radix(digits, 8)
    } else {
        digits.parse()
    };
    (value.map_or(Token::Sign(word), Token::Number), behind)
}

/// A string; one that is not closed ends with the text.
fn string(text: &str) -> (Token<'_>, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (Token::Text(value), text.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(characters.next().map(|(_, escaped)| unescaped(escaped))),
            other => value.push(other),
        }
    }
    (Token::Text(value), "")
}

fn unescaped(character: char) -> char {
    match character {
        'n' => '\n',
        't' => '\t',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tokens_of_every_kind() {
        let found = tokens("\"a\\\"b\" \"c\\n\", (REC->x<<0x1fUL)| 010u+ 7 ,{");
        let sign = Token::Sign;
        let expected = [
            Token::Text("a\"bc\n".to_owned()),
            sign(","),
            sign("("),
            Token::Name("REC"),
            sign("->"),
            Token::Name("x"),
            sign("<<"),
            Token::Number(31),
            sign(")"),
            sign("|"),
            Token::Number(8),
            sign("+"),
            Token::Number(7),
            sign(","),
            sign("{"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_number_fits_nowhere() {
        assert_eq!(tokens("18446744073709551616"), [Token::Sign("18446744073709551616")]);
        assert_eq!(tokens("09 0x"), [Token::Sign("09"), Token::Sign("0x")]);
        assert_eq!(tokens("0"), [Token::Number(0)]);
    }

    proptest! {
        #[test]
        fn any_text_has_tokens(text in ".{0,40}") {
            let _tokens = tokens(&text);
        }
    }
}
