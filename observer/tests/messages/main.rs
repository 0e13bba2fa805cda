//! `docs/messages.md` is every text that the program says to people, read from its source and its
//! help. `OBSERVER_BLESS=1` writes it anew.

#![expect(clippy::tests_outside_test_module, reason = "this whole crate is a test")]
#![expect(clippy::expect_used, reason = "a test that meets the unexpected stops and says so")]

#[path = "../committed/mod.rs"]
mod committed;
mod lexer;
mod said;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    committed::assert_current,
    said::{Said, said_in},
};

const HEAD: &str = "\
# Messages

Every text that `observer` and its library say to people. This page is made of the source and of the
program's help; `cargo test --test messages` compares, and `OBSERVER_BLESS=1` writes it anew. It is
here to be read as a whole: each message has to be understood without its neighbours.

What stands in braces is filled in. A line that begins with an arrow is the remedy of the error above
it; both are printed in one line, with a semicolon between them. Pieces that are put together stand
as they are in the source.
";

/// Files, by their stem, in which texts are not for people: tests, pages of HTML, requests.
const WITHOUT_WORDS: [&str; 7] = ["html", "http", "markup", "model", "page", "properties", "tests"];

/// Commands with a help of their own; first the program's.
const COMMANDS: [&str; 8] = ["", "ps", "events", "run", "trace", "ns", "verify", "doctor"];

#[test]
fn the_page_of_messages_is_current() {
    assert_current("../docs/messages.md", &page(), "the program says", "--test messages");
}

#[test]
fn every_message_is_one_clause() {
    let all: Vec<Said> = sources("src").iter().flat_map(|(_, text)| said_in(text)).collect();
    let remedies: Vec<&String> = all.iter().flat_map(|said| &said.remedies).collect();
    assert!(all.len() > 300 && remedies.len() > 60, "{} and {}", all.len(), remedies.len());
    for said in all.iter().filter(|said| said.is_error) {
        let text = &said.text;
        assert!(!text.ends_with('.') && !text.contains('\n'), "an error is a clause: {text}");
    }
    for remedy in remedies {
        assert!(!remedy.ends_with('.'), "a remedy is a clause: {remedy}");
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n## Help\n");
    for command in COMMANDS {
        block(&mut page, format!("observer {command}").trim_end(), &help(command));
    }
    page.push_str("\n## Errors and notes of the program\n");
    messages(&mut page, &sources("src/bin/observer"));
    page.push_str("\n## Errors and words of the library\n");
    let library = sources("src").into_iter().filter(|(name, _)| !name.starts_with("src/bin/"));
    messages(&mut page, &library.collect::<Vec<_>>());
    page
}

fn messages(page: &mut String, sources: &[(String, String)]) {
    for (name, text) in sources {
        let lines: String = said_in(text).iter().map(Said::lines).collect();
        if !lines.is_empty() {
            block(page, name, &lines);
        }
    }
}

fn block(page: &mut String, title: &str, text: &str) {
    page.extend(["\n### `", title, "`\n\n```text\n", text, "```\n"]);
}

fn help(command: &str) -> String {
    let words = [command, "--help"].into_iter().filter(|word| !word.is_empty());
    let output = Command::new(env!("CARGO_BIN_EXE_observer"))
        .args(words)
        .env("NO_COLOR", "1")
        .output()
        .expect("the program");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// The sources below a folder of the crate, by name, without tests.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    gather(&root.join(folder), &mut files);
    let read = |file: &PathBuf| {
        let name = file.strip_prefix(root).expect("a file of the crate").display().to_string();
        (name, fs::read_to_string(file).expect("a source"))
    };
    files.iter().map(read).collect()
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if WITHOUT_WORDS.contains(&stem) {
            continue;
        }
        if path.is_dir() {
            gather(&path, files);
        } else {
            files.push(path);
        }
    }
}
