//! A place in an expression.

/// Goes through an expression byte by byte, as the kernel does. Never stands inside a character:
/// what it takes is ASCII.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Bytes before it.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What is behind it.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest().bytes().next()
    }

    /// A `!` that turns what follows round, and begins no operator.
    pub(super) fn is_not(&self) -> bool {
        let rest = self.rest();
        rest.starts_with('!') && !rest.starts_with("!=") && !rest.starts_with("!~")
    }

    /// Goes behind `word` if it is next.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let there = self.rest().starts_with(word);
        self.at += if there { word.len() } else { 0 };
        there
    }

    pub(super) fn skip_blank(&mut self) {
        self.take_while(is_blank);
    }

    /// Letters, digits and underscores.
    pub(super) fn take_name(&mut self) -> &'a str {
        self.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    }

    /// Goes behind all bytes of this kind, which must be ASCII.
    pub(super) fn take_while(&mut self, is_one: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.bytes().position(|byte| !is_one(byte)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// What is before `end`, and goes behind it; `None` where there is none.
    pub(super) fn take_until(&mut self, end: char) -> Option<&'a str> {
        let (inside, _) = self.rest().split_once(end)?;
        self.at += inside.len() + end.len_utf8();
        Some(inside)
    }

    /// What a person would call the next thing: up to a blank or a parenthesis, a character at
    /// least.
    pub(super) fn word(&self) -> &'a str {
        let rest = self.rest();
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest
            .char_indices()
            .find(|(at, character)| *at > 0 && is_end(*character))
            .map_or(rest.len(), |(at, _)| at);
        rest.get(..end.max(first)).unwrap_or_default()
    }
}

fn is_end(character: char) -> bool {
    character.is_whitespace() || matches!(character, '(' | ')')
}

/// Blanks of the kernel's `isspace`.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
