//! Just as much of Rust's grammar as it takes to find the texts in a source.

/// What a source consists of, as far as texts are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A name or a keyword.
    Word(String),
    /// A text, with its escapes undone.
    Text(String),
    /// Any other character.
    Sign(char),
}

/// Takes a source apart. Comments, bytes and characters are left out.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("//") {
            rest = behind.find('\n').and_then(|end| behind.get(end..)).unwrap_or_default();
        } else if first.is_alphabetic() || first == '_' {
            let (word, behind) = word(rest);
            rest = behind;
            if let Some((text, behind)) = literal(word, rest) {
                rest = behind;
                tokens.extend(text.map(Token::Text));
            } else {
                tokens.push(Token::Word(word.to_owned()));
            }
        } else if first == '"' {
            let (text, behind) = quoted(rest.get(1..).unwrap_or_default());
            tokens.push(Token::Text(text));
            rest = behind;
        } else if first == '\'' {
            rest = character(rest.get(1..).unwrap_or_default());
        } else {
            if !first.is_whitespace() {
                tokens.push(Token::Sign(first));
            }
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    tokens
}

fn word(text: &str) -> (&str, &str) {
    let is_in_word = |character: char| character.is_alphanumeric() || character == '_';
    let end = text.find(|character| !is_in_word(character)).unwrap_or(text.len());
    text.split_at(end)
}

/// What follows a prefix of literals: `r"…"` is a text; bytes and C strings are left out.
fn literal<'a>(prefix: &str, rest: &'a str) -> Option<(Option<String>, &'a str)> {
    match prefix {
        "r" => {
            let hashes = rest.len() - rest.trim_start_matches('#').len();
            let inner = rest.get(hashes..)?.strip_prefix('"')?;
            let close = format!("\"{}", "#".repeat(hashes));
            let (text, behind) = inner.split_once(&close)?;
            Some((Some(text.to_owned()), behind))
        }
        "b" if rest.starts_with('\'') => Some((None, character(rest.get(1..)?))),
        "b" | "c" => Some((None, quoted(rest.strip_prefix('"')?).1)),
        _ => None,
    }
}

/// The text up to the closing quote, and what is behind that.
fn quoted(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut characters = text.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => return (out, text.get(place + 1..).unwrap_or_default()),
            '\\' => match characters.next().map(|(_, escaped)| escaped) {
                Some('\n') => {
                    let behind = characters.as_str();
                    let blanks = behind.len() - behind.trim_start().len();
                    while characters.offset() < text.len() - behind.len() + blanks {
                        characters.next();
                    }
                }
                Some('n') => out.push('\n'),
                Some('r') | None => {}
                Some(escaped) => out.push(escaped),
            },
            _ => out.push(character),
        }
    }
    (out, "")
}

/// What is behind a character's closing quote; behind the first quote if it is a lifetime.
fn character(text: &str) -> &str {
    if let Some(escaped) = text.strip_prefix('\\') {
        let end = escaped.char_indices().skip(1).find(|(_, character)| *character == '\'');
        return end.and_then(|(end, _)| escaped.get(end + 1..)).unwrap_or_default();
    }
    let mut characters = text.chars();
    characters.next();
    characters.as_str().strip_prefix('\'').unwrap_or(text)
}

#[test]
fn texts_are_found() {
    let source = r##"
        // "no"
        let a = 'x'; let b: &'static str = "a \"b\" \
            c"; let c = '"'; b"bytes"; c"bytes"; r#"raw "text" too"#; '\'' "last"
    "##;
    let texts = tokens(source).into_iter().filter_map(|token| match token {
        Token::Text(text) => Some(text),
        _ => None,
    });
    assert_eq!(texts.collect::<Vec<_>>(), ["a \"b\" c", "raw \"text\" too", "last"]);
}
