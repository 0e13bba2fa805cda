//! What a source says to people: errors with their remedies, and all other texts that have words.

use std::collections::{BTreeMap, BTreeSet};

use crate::lexer::{Token, tokens};

/// A text that people may read.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) is_error: bool,
    /// What can be done about the error.
    pub(crate) remedies: Vec<String>,
}

impl Said {
    pub(crate) fn lines(&self) -> String {
        let text = self.text.trim_matches('\n').replace('\n', "\n  ");
        let remedies = self.remedies.iter().map(|remedy| format!("  → {remedy}\n"));
        format!("{text}\n{}", remedies.collect::<String>())
    }
}

/// The texts of a source in their order, each once; its tests are left out.
pub(crate) fn said_in(source: &str) -> Vec<Said> {
    let product = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let tokens = tokens(product);
    let mut remedies = BTreeMap::new();
    let mut said: Vec<Said> = Vec::new();
    let mut rest = &tokens[..];
    while let [first, behind @ ..] = rest {
        rest = behind;
        match first {
            Token::Sign('#') => {
                let (attribute, behind) = attribute(rest);
                rest = behind;
                if let [Token::Word(word), inside @ ..] = attribute
                    && word == "error"
                {
                    let name = name(rest);
                    said.extend(texts(inside).map(|text| new((text, Some(name.clone())))));
                }
            }
            Token::Word(word) if word == "fn" && is_word(rest.first(), "remedy") => {
                let (body, behind) = body(rest);
                rest = behind;
                remedies.extend(arms(body));
            }
            Token::Text(text) => {
                said.extend(texts(&[Token::Text(text.clone())]).map(|text| new((text, None))));
            }
            _ => {}
        }
    }
    let mut seen = BTreeSet::new();
    said.retain(|it| seen.insert(it.text.clone()));
    for it in said.iter_mut().filter(|it| it.is_error) {
        it.remedies =
            it.remedies.iter().filter_map(|name| remedies.get(name)).flatten().cloned().collect();
    }
    said
}

/// A text; of an error the name of its case stands in the place of its remedies, for now.
fn new((text, name): (String, Option<String>)) -> Said {
    Said { text, is_error: name.is_some(), remedies: name.into_iter().collect() }
}

/// Those that have words for people.
fn texts(tokens: &[Token]) -> impl Iterator<Item = String> {
    tokens.iter().filter_map(|token| match token {
        Token::Text(text) if has_words(text) => Some(text.clone()),
        _ => None,
    })
}

/// Whether two words stand beside each other.
fn has_words(text: &str) -> bool {
    let is_word = |word: &str| word.chars().filter(char::is_ascii_lowercase).count() > 1;
    text.split_whitespace().filter(|word| is_word(word)).count() > 1
}

fn is_word(token: Option<&Token>, expected: &str) -> bool {
    matches!(token, Some(Token::Word(word)) if word == expected)
}

/// What is between the brackets of an attribute, and what is behind them.
fn attribute(tokens: &[Token]) -> (&[Token], &[Token]) {
    let tokens = tokens.strip_prefix(&[Token::Sign('!')]).unwrap_or(tokens);
    enclosed(tokens, '[', ']')
}

fn body(tokens: &[Token]) -> (&[Token], &[Token]) {
    let begin = tokens.iter().position(|token| *token == Token::Sign('{')).unwrap_or(tokens.len());
    enclosed(tokens.get(begin..).unwrap_or_default(), '{', '}')
}

fn enclosed(tokens: &[Token], open: char, close: char) -> (&[Token], &[Token]) {
    let mut depth = 0_usize;
    for (place, token) in tokens.iter().enumerate() {
        if *token == Token::Sign(open) {
            depth += 1;
        } else if *token == Token::Sign(close) {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            let (inside, behind) = tokens.split_at(place);
            return (inside.get(1..).unwrap_or_default(), behind.get(1..).unwrap_or_default());
        }
    }
    (tokens, &[])
}

/// The first name behind an attribute that is a case's or a type's.
fn name(tokens: &[Token]) -> String {
    let is_name = |word: &&String| word.starts_with(char::is_uppercase);
    let mut words = tokens.iter().filter_map(|token| match token {
        Token::Word(word) => Some(word),
        _ => None,
    });
    words.find(is_name).cloned().unwrap_or_default()
}

/// The texts of a match's arms, by the names of their cases.
fn arms(body: &[Token]) -> BTreeMap<String, Vec<String>> {
    let mut arms: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut names: Vec<String> = Vec::new();
    let mut is_open = false;
    for (place, token) in body.iter().enumerate() {
        match token {
            Token::Word(word) if word == "Self" => {
                if is_open {
                    names.clear();
                    is_open = false;
                }
                names.push(name(body.get(place + 1..).unwrap_or_default()));
            }
            Token::Sign('>')
                if body.get(..place).is_some_and(|it| it.ends_with(&[Token::Sign('=')])) =>
            {
                is_open = true;
            }
            Token::Text(text) if is_open && has_words(text) => {
                for name in &names {
                    arms.entry(name.clone()).or_default().push(text.clone());
                }
            }
            _ => {}
        }
    }
    arms
}
