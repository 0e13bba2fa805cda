//! Thousands of short lives: the report has each of them once, as the spawner's own log has it.

use std::collections::BTreeMap;

use super::document::Document;
use crate::support::child::{act_argv, program, unique};
use crate::support::harness::{Case, cases};
use crate::support::machine::scaled;
use crate::support::need::bpf;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] { every_life_is_in_it_once }
    ]
}

fn every_life_is_in_it_once() {
    let (token, count) = (unique("storm"), scaled(2000));
    let program = program();
    let words = ["--act", "run", "storm", &token, &count.to_string()];
    let command = [&[program.to_str().expect("UTF-8")], &words[..]].concat();
    let document = Document::with(&["--strict"], &command);
    assert_eq!(document.answer.code, Some(0), "nothing lost: {}", document.answer.errors);
    let log: BTreeMap<u32, (&str, i32)> = document.answer.out.lines().map(parsed).collect();
    assert_eq!(log.len(), count, "the log has each pid once");
    let mut seen = 0;
    for row in document.rows().filter(|row| log.contains_key(&row.pid())) {
        let (word, status) = log[&row.pid()];
        let execs = row.execs();
        assert_eq!(execs.len(), 1, "{row:?}");
        let code = u64::try_from(libc::WEXITSTATUS(status)).expect("a code");
        assert_eq!(row.exit("code"), Some(code), "{row:?}");
        let burn = execs[0].last().expect("arguments").to_string();
        let expected = act_argv(&["exit", &code.to_string(), word, &burn]);
        let bytes = execs[0].iter().map(|word| word.as_bytes().to_vec());
        assert_eq!(bytes.collect::<Vec<_>>(), expected, "{row:?}");
        seen += 1;
    }
    assert_eq!(seen, count, "lives in the report");
    // And the spawner itself.
    let totals = ["processes", "execs"].map(|name| document.total(name));
    assert_eq!(totals, [count as u64 + 1; 2]);
}

fn parsed(line: &str) -> (u32, (&str, i32)) {
    let mut words = line.split(' ');
    let pid = words.next().and_then(|pid| pid.parse().ok()).expect("a pid");
    let word = words.next().expect("a word");
    (pid, (word, words.next().and_then(|status| status.parse().ok()).expect("a status")))
}
