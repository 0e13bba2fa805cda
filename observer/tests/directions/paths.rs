//! A file's words → the paths that it names, as they stand, and what each `use` calls them.

use std::collections::BTreeSet;

use crate::tokens::{Token, tokens};

/// A path in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// The modules within the file that it stands in.
    pub(crate) within: Vec<String>,
    pub(crate) path: Vec<String>,
    /// What a `use` calls it in that module.
    pub(crate) alias: Option<String>,
    pub(crate) line: usize,
}

/// What a file names, tests left out.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) paths: Vec<Named>,
    /// Modules in files of their own that are built for tests alone.
    pub(crate) of_tests: BTreeSet<String>,
    /// Modules within the file.
    pub(crate) inline: Vec<Vec<String>>,
}

impl Names {
    pub(crate) fn of(text: &str) -> Self {
        let tokens = tokens(text);
        let mut reading = Reading {
            tokens: &tokens,
            at: 0,
            depth: 0,
            within: Vec::new(),
            names: Self::default(),
        };
        while reading.at < tokens.len() {
            reading.step();
        }
        reading.names
    }
}

struct Reading<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    /// The modules around, and how deep each lies.
    within: Vec<(String, usize)>,
    names: Names,
}

impl Reading<'_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &token.text)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |token| token.line)
    }

    fn step(&mut self) {
        let before = self.at.checked_sub(1).map_or("", |at| self.text(at));
        match self.text(self.at) {
            "#" => self.attribute(),
            // Who may see something is no import.
            "pub" if self.text(self.at + 1) == "(" => self.at = self.behind_group(self.at + 1),
            "use" => {
                self.at += 1;
                self.tree(&[]);
            }
            "mod" if self.text(self.at + 2) == "{" => {
                self.within.push((self.text(self.at + 1).to_owned(), self.depth));
                self.names.inline.push(self.modules());
                self.at += 2;
            }
            "{" => {
                self.depth += 1;
                self.at += 1;
            }
            "}" => {
                self.depth = self.depth.saturating_sub(1);
                self.within.retain(|(_, depth)| *depth < self.depth);
                self.at += 1;
            }
            _ if self.text(self.at + 1) == "::" && before != "::" => self.path_in_code(),
            _ => self.at += 1,
        }
    }

    fn modules(&self) -> Vec<String> {
        self.within.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The place behind the group that begins here.
    fn behind_group(&self, begin: usize) -> usize {
        let mut open = 0;
        for at in begin..self.tokens.len() {
            match self.text(at) {
                "(" | "[" | "{" => open += 1,
                ")" | "]" | "}" => open -= 1,
                _ => {}
            }
            if open == 0 {
                return at + 1;
            }
        }
        self.tokens.len()
    }

    fn attribute(&mut self) {
        let begin = self.at;
        // An attribute of the whole file has a `!`.
        let bracket = if self.text(begin + 1) == "!" { begin + 2 } else { begin + 1 };
        self.at = self.behind_group(bracket);
        let words: String = (bracket..self.at).map(|at| self.text(at)).collect();
        if words == "[cfg(test)]" {
            self.leave_out();
        }
    }

    /// Passes over an item that is built for tests alone.
    fn leave_out(&mut self) {
        while self.text(self.at) == "#" {
            self.at = self.behind_group(self.at + 1);
        }
        if self.text(self.at) == "pub" && self.text(self.at + 1) == "(" {
            self.at = self.behind_group(self.at + 1);
        }
        if self.text(self.at) == "mod" {
            self.names.of_tests.insert(self.text(self.at + 1).to_owned());
        }
        let is_use = (self.at..self.at + 2).any(|at| self.text(at) == "use");
        while self.at < self.tokens.len() {
            match self.text(self.at) {
                ";" => return self.at += 1,
                "{" if !is_use => return self.at = self.behind_group(self.at),
                "(" | "[" | "{" => self.at = self.behind_group(self.at),
                _ => self.at += 1,
            }
        }
    }

    fn path_in_code(&mut self) {
        let mut path = Vec::new();
        let line = self.line();
        while self.tokens.get(self.at).is_some_and(Token::is_word) {
            path.push(self.text(self.at).to_owned());
            self.at += 1;
            if self.text(self.at) != "::"
                || !self.tokens.get(self.at + 1).is_some_and(Token::is_word)
            {
                break;
            }
            self.at += 1;
        }
        if path.is_empty() {
            self.at += 1;
            return;
        }
        self.names.paths.push(Named { within: self.modules(), path, alias: None, line });
    }

    /// A tree of a `use` from here on, behind a path.
    fn tree(&mut self, before: &[String]) {
        let mut path = before.to_vec();
        let line = self.line();
        loop {
            match self.text(self.at) {
                "{" => {
                    self.at += 1;
                    while !matches!(self.text(self.at), "}" | "") {
                        self.tree(&path);
                        self.at += usize::from(self.text(self.at) == ",");
                    }
                    self.at += 1;
                    return;
                }
                "::" => self.at += 1,
                "*" => {
                    self.at += 1;
                    return self.import(path, None, line);
                }
                "as" => {
                    let alias = self.text(self.at + 1).to_owned();
                    self.at += 2;
                    return self.import(path, Some(alias), line);
                }
                _ if self.tokens.get(self.at).is_some_and(Token::is_word) => {
                    path.push(self.text(self.at).to_owned());
                    self.at += 1;
                }
                _ => {
                    let alias = path.iter().rfind(|name| *name != "self").cloned();
                    return self.import(path, alias, line);
                }
            }
        }
    }

    fn import(&mut self, mut path: Vec<String>, alias: Option<String>, line: usize) {
        // `a::{self}` is `a`.
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        self.names.paths.push(Named { within: self.modules(), path, alias, line });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let paths = Names::of(text).paths.into_iter();
        paths
            .map(|named| {
                let alias = named.alias.map_or_else(String::new, |alias| format!(" as {alias}"));
                format!("{}{alias}", [named.within, named.path].concat().join("::"))
            })
            .collect()
    }

    #[test]
    fn a_tree_is_its_leaves() {
        let text = "pub use crate::{a::{self, B as C}, d::*, e};";
        let expected = ["crate::a as a", "crate::a::B as C", "crate::d", "crate::e as e"];
        assert_eq!(paths(text), expected);
    }

    #[test]
    fn paths_in_code_count_and_those_of_tests_do_not() {
        let text = "pub(in crate::x) fn f() { crate::y::g::<crate::z::T>(h); }
            #[cfg(test)]\nmod tests { use crate::w::W; }
            #[cfg(test)] pub(crate) use crate::v::{V, U};
            #[cfg(test)] fn t() { crate::u::g() }
            mod m { use super::k; }";
        assert_eq!(paths(text), ["crate::y::g", "crate::z::T", "m::super::k as k"]);
    }
}
