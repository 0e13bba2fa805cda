//! `docs/columns.md` is what the registry says. `OBSERVER_BLESS=1` writes it anew.

#![expect(
    clippy::tests_outside_test_module,
    clippy::expect_used,
    reason = "a test that panics has failed"
)]

mod committed;

use std::fmt::Write as _;

use observer::field::{DEFAULT, Field, PSGO};

use crate::committed::assert_current;

#[test]
fn the_page_of_columns_is_current() {
    assert_current("../docs/columns.md", &page(), "the registry says", "--test columns");
}

fn page() -> String {
    let mut page = format!("{HEAD}`{}`.\n", DEFAULT.join(","));
    page.push_str(WORDS);
    for field in Field::all() {
        let mut names = format!("`{}`", field.name);
        if PSGO.contains(&field.name) {
            names.push_str(" *");
        }
        let code = field.code.map_or_else(String::new, |code| format!("`%{code}`"));
        let synonyms: Vec<_> = field.synonyms.iter().map(|name| format!("`{name}`")).collect();
        let Field { header, doc, absent, .. } = field;
        writeln!(
            page,
            "| {names} | {code} | {} | {header} | {doc} | `{absent}` |",
            synonyms.join(" ")
        )
        .expect("memory to write to");
    }
    page
}

const HEAD: &str = "\
# Columns

The columns that `observer ps -o` and `observer::psgo` understand. This page is generated from the registry in
`observer/src/field/registry.rs`; `cargo test --test columns` compares them. Without `-o` the columns are
";

const WORDS: &str = "
A name marked with * is also one of psgo's, with psgo's header, code and words. Columns whose description begins with
*joined:* have values only with `--join`. The last column is what is printed where a value is unknown.

| name | code | also | header | what it tells | unknown |
| --- | --- | --- | --- | --- | --- |
";
