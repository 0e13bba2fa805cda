//! `cargo xtask html-check`: opens pages of `observer run` in a browser and reads them back.

mod browser;
mod dom;
mod expected;
mod shown;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use self::browser::Browser;
use self::dom::Element;
use self::expected::Expected;
use self::shown::{Bar, Row, Shown};
use crate::machine::{self, Rights};
use crate::tally::Tally;
use crate::{product, shell, workspace};

/// Open pages of `observer run` in headless Chromium and compare them with the JSON of the same run.
///
/// Read back from what the browser made of a page are the tree, all texts, the bars and the sums;
/// any element or attribute that a page has no use for is a failure. Without a file, pages of
/// hostile and of plain commands are made, and one of a real run, which wants root.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Pages to check; the JSON of each stands beside it, as .json
    #[arg(value_name = "FILE")]
    pages: Vec<PathBuf>,
    /// The JSON of the same run, if it stands elsewhere
    #[arg(long, value_name = "FILE", requires = "pages")]
    json: Option<PathBuf>,
    /// The program of the real run, instead of building it
    #[arg(long, value_name = "FILE", conflicts_with = "pages")]
    observer: Option<PathBuf>,
}

/// Names the folder in which a test of the product leaves its pages.
const FOLDER: &str = "OBSERVER_PAGES";
const GENERATOR: &str = "render::run::tests::pages";
/// Bars are drawn with four digits.
const PERCENT_SLACK: f64 = 0.001;

pub(crate) fn html_check(options: &Options) -> Result<()> {
    let browser = Browser::find()?;
    if let [page] = options.pages.as_slice() {
        let beside = page.with_extension("json");
        return browser.check(page, options.json.as_deref().unwrap_or(&beside));
    }
    ensure!(options.json.is_none(), "--json is of one page");
    if !options.pages.is_empty() {
        return options.pages.iter().try_for_each(|page| browser.check_beside(page));
    }
    let observer = options.observer.clone().map_or_else(product::build_release, Ok)?;
    let mut tally = Tally::default();
    let result = check_own(&observer, &mut tally);
    for reason in &tally.reasons {
        println!("skipped: {reason}");
    }
    println!("{tally}");
    result
}

/// Checks pages made for it, and one of a real run of `observer`. Each counts as a test.
pub(crate) fn check_own(observer: &Path, tally: &mut Tally) -> Result<()> {
    let browser = Browser::find()?;
    let folder = tempfile::tempdir().context("cannot make a folder for pages")?;
    generate(folder.path())?;
    let mut pages: Vec<_> = fs::read_dir(folder.path())
        .context("cannot list the pages")?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "html"))
        .collect();
    pages.sort();
    ensure!(!pages.is_empty(), "`{GENERATOR}` wrote no page");
    match real_run(observer, folder.path())? {
        Ok(page) => pages.push(page),
        Err(_) if machine::is_ci() => bail!("no page of a real run, as there must be under `CI`"),
        Err(reason) => {
            tally.skipped += 1;
            tally.reasons.push(format!("a page of a real run: {reason}"));
        }
    }
    for page in &pages {
        match browser.check_beside(page) {
            Ok(()) => tally.passed += 1,
            Err(error) => {
                tally.failed += 1;
                eprintln!("{error:#}");
            }
        }
    }
    ensure!(
        tally.failed == 0,
        "{} of {} pages are not what their JSON is",
        tally.failed,
        pages.len()
    );
    Ok(())
}

/// Has the product write its pages. With all features of all packages, as the tests are built.
fn generate(folder: &Path) -> Result<()> {
    let mut cargo = shell::cargo();
    cargo.args(["test", "--quiet", "--locked", "--workspace", "--all-features", "--lib"]);
    cargo.arg("--target-dir").arg(workspace::target()?).arg(GENERATOR);
    shell::run(cargo.env(FOLDER, folder).current_dir(workspace::root()?))
}

/// A page of a command that really ran, with arguments to be wary of; else why there is none.
fn real_run(observer: &Path, folder: &Path) -> Result<Result<PathBuf, String>> {
    if shell::ask(Command::new(observer).args(["run", "--help"])).is_none() {
        return Ok(Err("this observer has no command `run`".to_owned()));
    }
    let rights = Rights::detect();
    if rights == Rights::Unprivileged {
        return Ok(Err("not root".to_owned()));
    }
    let page = folder.join("real.html");
    let mut command = rights.command(observer, &[]);
    command.arg("run").arg("--output").arg(&page).arg("--output").arg(page.with_extension("json"));
    let script = "for word; do /bin/echo \"$word\" \"$word\" & done; wait; exec /bin/true";
    command.args(["--", "/bin/sh", "-c", script, "<sh>", "</style><script>alert(1)</script>"]);
    command.args(["\" onclick='x' \"", "\u{1b}[31m\u{202e}\n&amp;"]);
    shell::capture(&mut command).context("cannot have a page of a real run")?;
    Ok(Ok(page))
}

impl Browser {
    /// The JSON stands beside the page.
    fn check_beside(&self, page: &Path) -> Result<()> {
        self.check(page, &page.with_extension("json"))
    }

    fn check(&self, page: &Path, json: &Path) -> Result<()> {
        let check = || {
            let json =
                fs::read(json).with_context(|| format!("cannot read `{}`", json.display()))?;
            let expected = Expected::read(&json)?;
            let shown = Shown::read(&Element::parse(&self.dump(page)?)?)?;
            compare(&shown, &expected)?;
            Ok(shown.rows.len())
        };
        let rows: Result<usize> = check();
        let rows = rows.with_context(|| format!("`{}`", page.display()))?;
        println!("{}: {rows} rows, as in the JSON", page.display());
        Ok(())
    }
}

fn compare(shown: &Shown, expected: &Expected) -> Result<()> {
    let wanted = &expected.shown;
    ensure!(
        shown.command == wanted.command,
        "the command is shown as `{}`, not `{}`",
        shown.command,
        wanted.command
    );
    for (row, wanted) in shown.rows.iter().zip(&wanted.rows) {
        compare_row(row, wanted, expected)
            .with_context(|| format!("shown is {row:?}, not {wanted:?}"))?;
    }
    let (found, wanted_rows) = (shown.rows.len(), wanted.rows.len());
    ensure!(found == wanted_rows, "{found} rows are shown, not {wanted_rows}");
    for (name, wanted) in &wanted.totals {
        let found = shown.totals.get(name);
        ensure!(found == Some(wanted), "the sum `{name}` is shown as {found:?}, not {wanted}");
    }
    for words in &expected.noted {
        let said = shown.notes.iter().any(|note| note.contains(words));
        ensure!(said, "no note says `{words}`: {:?}", shown.notes);
    }
    Ok(())
}

fn compare_row(row: &Row, wanted: &Row, expected: &Expected) -> Result<()> {
    let stands = match (row.bar, wanted.bar) {
        (Some(found), Some(wanted)) => is_near(found, wanted),
        (found, wanted) => found == wanted,
    };
    ensure!(stands, "the bar stands elsewhere");
    let mut row = Row { bar: wanted.bar, ..row.clone() };
    if row.pid.is_none() {
        let line = std::mem::take(&mut row.texts).concat();
        for words in expected.said.get(&wanted.id).context("no such container")? {
            ensure!(line.contains(words), "the container's line does not say `{words}`: {line}");
        }
    }
    ensure!(row == *wanted, "they differ");
    Ok(())
}

fn is_near(left: Bar, right: Bar) -> bool {
    let apart = [left.left - right.left, left.width - right.width];
    apart.iter().all(|distance| distance.abs() <= PERCENT_SLACK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(left: f64) -> Row {
        let bar = Some(Bar { left, width: 1.0 });
        Row { level: 1, id: "a".to_owned(), pid: Some(1), bar, ..Row::default() }
    }

    fn compared(rows: &[Row]) -> Result<()> {
        let wanted = Shown { rows: vec![row(10.0)], ..Shown::default() };
        let (said, noted) = Default::default();
        let expected = Expected { shown: wanted, said, noted };
        compare(&Shown { rows: rows.to_vec(), ..Shown::default() }, &expected)
    }

    #[test]
    fn every_difference_is_found() {
        compared(&[row(10.0)]).unwrap();
        compared(&[row(10.0005)]).unwrap();
        let exit = Row { exit: "1".to_owned(), ..row(10.0) };
        let texts = Row { texts: vec!["x".to_owned()], ..row(10.0) };
        let level = Row { level: 2, ..row(10.0) };
        for rows in [&[][..], &[row(11.0)], &[exit], &[texts], &[level], &[row(10.0), row(10.0)]] {
            assert!(compared(rows).is_err(), "{rows:?}");
        }
    }
}
