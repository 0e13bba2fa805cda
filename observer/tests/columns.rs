//! `docs/columns.md` is what the registry says. `OBSERVER_BLESS=1` writes it anew.

#![expect(
    clippy::tests_outside_test_module,
    clippy::expect_used,
    reason = "a test that panics has failed"
)]

use std::{env, fmt::Write as _, fs, path::Path};

use observer::field::{DEFAULT, Field, PSGO};

#[test]
fn the_page_of_columns_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/columns.md");
    let current = page();
    if env::var_os("OBSERVER_BLESS").is_some() {
        fs::write(&path, &current).expect("a folder that can be written to");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == current,
        "`docs/columns.md` is not what the registry says; see the difference with \
         `OBSERVER_BLESS=1 cargo test --test columns && git diff`"
    );
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
