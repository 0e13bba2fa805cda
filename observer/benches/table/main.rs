//! What the live table costs, measured from within. `cargo xtask bench table` builds and drives it;
//! so does `bench ns`, for namespaces.
//!
//! `live` keeps a monitor and does what the lines of its input say; `history LIVING LIVES` feeds a
//! table with made-up events. Behind `--count-heap` they count bytes and not time. Each answer is
//! one line of JSON. It knows no other program and no aim, and writes no report.

mod heap;
mod history;
mod jobs;
mod live;

use std::{env, error::Error};

/// Whatever went wrong, for the reader of the output.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    // `cargo bench` says that it is one.
    let mut words: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    if words.first().is_some_and(|word| word == "--count-heap") {
        heap::count();
        words.remove(0);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["live"] => live::run(),
        ["history", living, lives] => history::run(living.parse()?, lives.parse()?),
        [] => {
            hint();
            Ok(())
        }
        _ => Err(format!("no such words: `{}`", words.join(" ")).into()),
    }
}

/// `cargo bench` and `cargo test --all-targets` start it with no words, and that is no failure.
#[expect(clippy::print_stderr, reason = "a hint for a person")]
fn hint() {
    eprintln!("nothing was asked: run `cargo xtask bench table`, which asks");
}

/// Hands one answer to whoever asked.
#[expect(clippy::print_stdout, reason = "the answers are for whoever drives it")]
fn answer(numbers: &[(&str, u64)]) {
    let members = numbers.iter().map(|(name, number)| format!("\"{name}\":{number}"));
    println!("{{{}}}", members.collect::<Vec<_>>().join(","));
}
