//! The text of a Rust file → its words and marks, without comments, strings and lifetimes.

/// A piece of a file that may be a part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Token {
    pub(crate) fn is_word(&self) -> bool {
        self.text.starts_with(is_in_word)
    }
}

/// Takes a file apart. `::` is one token, any other mark as well.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut rest = text;
    let mut line = 1;
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            '"' => 1 + quoted(&rest[1..]),
            '\'' => after_tick(&rest[1..]) + 1,
            _ if let Some(length) = raw_string(rest) => length,
            _ if is_in_word(first) => rest.find(|c| !is_in_word(c)).unwrap_or(rest.len()),
            ':' if rest.starts_with("::") => 2,
            _ => first.len_utf8(),
        };
        let (piece, after) = rest.split_at(length);
        let is_text = piece.starts_with(['"', '\'']) || piece.contains(['"', '\n']);
        if !(is_text || piece.starts_with("//") || piece.trim().is_empty()) {
            found.push(Token { text: piece.to_owned(), line });
        }
        line += piece.matches('\n').count();
        rest = after;
    }
    found
}

fn is_in_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// How far a string reaches behind its first quote.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// A character reaches to the tick behind it; a lifetime has none.
fn after_tick(text: &str) -> usize {
    let skipped =
        if text.starts_with('\\') { 2 } else { text.chars().next().map_or(0, char::len_utf8) };
    let behind = &text[skipped.min(text.len())..];
    match behind.find('\'') {
        Some(0) => skipped + 1,
        Some(at) if text.starts_with('\\') => skipped + at + 1,
        _ => text.find(|c| !is_in_word(c)).unwrap_or(text.len()),
    }
}

/// How long a raw string is, if one begins here.
fn raw_string(text: &str) -> Option<usize> {
    let begin = ["r", "br", "cr"].into_iter().find(|it| {
        text.strip_prefix(it).is_some_and(|rest| rest.trim_start_matches('#').starts_with('"'))
    })?;
    let hashes = text[begin.len()..].find('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let inside = begin.len() + hashes + 1;
    text[inside..].find(&end).map(|at| inside + at + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_comments_are_left_out() {
        let text = "/// a::b\nuse x::y; /* c */ f(\"d::\\\"e\", 'g', '\\'', r#\"h::\"i\"#, &'j k);";
        let words: Vec<_> = tokens(text).into_iter().filter(Token::is_word).collect();
        let names: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(names, ["use", "x", "y", "f", "k"]);
        assert!(words.iter().all(|word| word.line == 2));
    }
}
