//! Comments, messages and pages are plain English: this test refuses the turns of phrase that stop
//! a reader, and says what to write instead.

#![expect(clippy::tests_outside_test_module, reason = "this whole crate is a test")]
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected stops and says so")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders and files of the repository whose words are looked at.
const READ: [&str; 8] = [
    "CONTRIBUTING.md",
    "README.md",
    "bench",
    "docs",
    "observer",
    "observer-common",
    "observer-ebpf",
    "xtask",
];

/// Words that do not stand one behind the other, and what to write instead.
const REFUSED: [(&[&str], &str); 3] = [
    (&["is", "none"], "`is not a …`; `there is none` is fine"),
    (&["are", "none"], "`are not …`; `there are none` is fine"),
    (&["told", "of"], "`reported`, `said of`, or who is informed about what"),
];

/// Words that no doc comment begins with: it begins with the thing, and is understood alone.
const NO_BEGINNING: [&[&str]; 3] = [&["Who"], &["Whom"], &["The", "same"]];

/// A word, and the line on which it stands.
#[derive(Debug)]
struct Word<'a> {
    text: &'a str,
    line: usize,
}

#[test]
fn no_phrase_stops_a_reader() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for name in READ {
        gather(&root.join(name), &mut files);
    }
    assert!(files.len() > 300, "only {} files were found", files.len());
    let mut found = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let name = file.strip_prefix(&root).unwrap().display();
        found.extend(faults(&text).into_iter().map(|(line, why)| format!("{name}:{line}: {why}")));
    }
    assert!(found.is_empty(), "{} places:\n{}", found.len(), found.join("\n"));
}

#[test]
fn phrases_are_seen() {
    let seen = |text: &str| faults(text).iter().map(|(line, _)| *line).collect::<Vec<_>>();
    let none = ["is", "none"].join(" ");
    assert_eq!(seen(&format!("/// What {none} is left out.")), [1]);
    assert_eq!(seen("let a = 1; // An answer that is\n// none, as it were."), [1]);
    assert_eq!(seen("\"what it\nis \\\n  none\""), [2]);
    assert_eq!(seen(&format!("/// There {none}, or where there {none}.")), [0; 0]);
    assert_eq!(seen("/// Where there is\n/// none."), [0; 0]);
    assert_eq!(seen("/// Someone who is nonetheless there."), [0; 0]);
    assert_eq!(seen("    /// Who waits.\n    /// Whom it waits for."), [1]);
    assert_eq!(seen("//! Whoever waits.\n\n/// The same for\n/// groups."), [3]);
    assert_eq!(seen("/// The\n/// same again."), [1]);
    assert_eq!(seen("// Who waits.\n/// It waits.\n/// Who knows."), [0; 0]);
}

/// The sources and pages below a folder, or the one file. What a build has made is passed over.
fn gather(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        if path.ends_with("target") {
            return;
        }
        let mut inside: Vec<_> =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        inside.sort();
        for path in &inside {
            gather(path, files);
        }
    } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "md") {
        files.push(path.to_owned());
    }
}

/// Lines of a text that a reader would stop at, and what to write there.
fn faults(text: &str) -> Vec<(usize, String)> {
    let words = words(text);
    let mut faults = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let rest = words.get(place..).unwrap_or_default();
        let before = place.checked_sub(1).and_then(|before| words.get(before));
        let is_there = before.is_some_and(|before| before.text.eq_ignore_ascii_case("there"));
        for (phrase, instead) in REFUSED {
            if begins_with(rest, phrase) && !is_there {
                faults.push((word.line, format!("`{}`: write {instead}", phrase.join(" "))));
            }
        }
    }
    let mut marker_before = None;
    for (place, line) in text.lines().enumerate() {
        let marker = doc_marker(line);
        if marker.is_some() && marker != marker_before {
            let rest: Vec<_> = words.iter().skip_while(|word| word.line <= place).take(2).collect();
            let texts: Vec<_> = rest.iter().map(|word| word.text).collect();
            if let Some(beginning) = NO_BEGINNING.iter().find(|it| texts.starts_with(it)) {
                let phrase = beginning.join(" ");
                faults.push((place + 1, format!("begins with `{phrase}`: name the thing first")));
            }
        }
        marker_before = marker;
    }
    faults
}

fn begins_with(words: &[Word<'_>], phrase: &[&str]) -> bool {
    words.len() >= phrase.len()
        && phrase.iter().zip(words).all(|(it, word)| it.eq_ignore_ascii_case(word.text))
}

fn doc_marker(line: &str) -> Option<&'static str> {
    ["///", "//!"].into_iter().find(|marker| line.trim_start().starts_with(marker))
}

/// Runs of letters, digits and `_`: an identifier is one word. A sign between two words parts them,
/// so that it stands as a word of its own; a comment's marker and the end of a line do not.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let inner = line.trim().trim_start_matches('/').trim_start_matches('!');
        let inner = inner.trim_end_matches('\\');
        for piece in inner.split_whitespace() {
            let mut rest = piece;
            while let Some(first) = rest.chars().next() {
                let end = if is_in_word(first) {
                    rest.find(|character| !is_in_word(character)).unwrap_or(rest.len())
                } else {
                    first.len_utf8()
                };
                let (text, behind) = rest.split_at(end);
                words.push(Word { text, line: place + 1 });
                rest = behind;
            }
        }
    }
    words
}

fn is_in_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}
