//! A page as a browser sees it → the report that it shows, and what it may not have.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};

use super::dom::Element;

/// All that a page is made of.
const ELEMENTS: [&str; 29] = [
    "body", "code", "dd", "details", "div", "dl", "dt", "footer", "h1", "head", "header", "html",
    "li", "main", "meta", "p", "span", "style", "summary", "table", "tbody", "td", "th", "thead",
    "title", "tr", "ul", "section", "time",
];
const ATTRIBUTES: [&str; 18] = [
    "aria-label",
    "aria-level",
    "charset",
    "class",
    "colspan",
    "content",
    "data-column",
    "data-id",
    "data-pid",
    "data-role",
    "data-total",
    "http-equiv",
    "lang",
    "name",
    "role",
    "scope",
    "style",
    "title",
];
/// Nothing is loaded and nothing runs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// What a page, or the JSON of the same run, says.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) command: String,
    pub(crate) rows: Vec<Row>,
    pub(crate) totals: BTreeMap<String, u64>,
    /// The sentences below the tree.
    pub(crate) notes: Vec<String>,
}

/// A line of the tree.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) level: usize,
    pub(crate) id: String,
    /// `None` of a container.
    pub(crate) pid: Option<u64>,
    /// What a process ran, one text for each program; what is said of a container.
    pub(crate) texts: Vec<String>,
    pub(crate) exit: String,
    pub(crate) role: String,
    pub(crate) because: String,
    pub(crate) bar: Option<Bar>,
}

/// Where a process stands on the time axis, in percent of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bar {
    pub(crate) left: f64,
    pub(crate) width: f64,
}

impl Shown {
    /// Reads it from a page, and fails if there is anything on it that should not be.
    pub(crate) fn read(page: &Element) -> Result<Self> {
        let all = page.all();
        all.iter().try_for_each(|element| is_harmless(element))?;
        let policy = all.iter().find(|it| it.attribute("http-equiv").is_some());
        if policy.and_then(|it| it.attribute("content")) != Some(POLICY) {
            bail!("the page does not forbid to load anything");
        }
        let titles = all.iter().filter(|it| it.name == "h1").copied().collect::<Vec<_>>();
        let [title] = titles.as_slice() else { bail!("{} titles", titles.len()) };
        let rows = all.iter().filter(|it| it.name == "tr" && it.attribute("aria-level").is_some());
        let totals = all.iter().filter_map(|it| {
            Some((it.attribute("data-total")?.to_owned(), it.text().parse().ok()?))
        });
        Ok(Self {
            command: whole_texts(title).concat(),
            rows: rows.map(|row| Row::read(row)).collect::<Result<_>>()?,
            totals: totals.collect(),
            notes: all.iter().filter(|it| it.name == "li").map(|it| it.text()).collect(),
        })
    }
}

impl Row {
    fn read(row: &Element) -> Result<Self> {
        let number = |name| row.attribute(name).map(str::parse).transpose();
        let level = number("aria-level")?.context("a row without a level")?;
        let level = usize::try_from(level)?;
        let id = row.attribute("data-id").context("a row without an id")?.to_owned();
        let pid: Option<u64> = number("data-pid")?;
        let cells = row.all();
        let column = |name| {
            let cell = cells.iter().find(|it| it.attribute("data-column") == Some(name));
            cell.map(|it| it.text()).unwrap_or_default()
        };
        let bars: Vec<_> = cells.iter().filter(|it| it.has_class("life")).collect();
        let lines = cells.iter().filter(|it| it.has_class("box")).map(|it| it.text());
        let shown = Self {
            level,
            pid,
            texts: if pid.is_some() { whole_texts(row) } else { lines.collect() },
            exit: column("exit"),
            role: column("role"),
            because: column("because"),
            bar: bars.first().map(|bar| Bar::read(bar)).transpose()?,
            id,
        };
        if bars.len() != usize::from(pid.is_some()) {
            bail!("{} bars of `{}`", bars.len(), shown.id);
        }
        if pid.is_some_and(|pid| column("pid") != pid.to_string()) {
            bail!("the row of `{}` shows the pid {}", shown.id, column("pid"));
        }
        Ok(shown)
    }
}

impl Bar {
    fn read(bar: &Element) -> Result<Self> {
        let style = bar.attribute("style").unwrap_or_default();
        let read = || {
            let (left, width) = style.strip_prefix("left:")?.split_once(";width:")?;
            let percent = |text: &str| text.trim_end_matches(';').strip_suffix('%')?.parse().ok();
            Some(Self { left: percent(left)?, width: percent(width)? })
        };
        read().with_context(|| format!("a bar stands at `{style}`"))
    }
}

/// Texts that may be folded, each in full.
fn whole_texts(element: &Element) -> Vec<String> {
    let all = element.all().into_iter();
    all.filter(|it| it.name == "code" && it.has_class("args")).map(Element::text).collect()
}

fn is_harmless(element: &Element) -> Result<()> {
    let name = &element.name;
    if !ELEMENTS.contains(&name.as_str()) {
        bail!("a page has no `<{name}>`: {element:?}");
    }
    for (attribute, value) in &element.attributes {
        if !ATTRIBUTES.contains(&attribute.as_str()) {
            bail!("no element has `{attribute}`, as `<{name}>` does: `{value}`");
        }
        let is_plain = |it: char| it.is_ascii_alphanumeric() || "-:;.%".contains(it);
        if attribute == "style" && !value.chars().all(is_plain) {
            bail!("the style of `<{name}>` is `{value}`");
        }
    }
    let loads = ["url(", "@import", "<", "expression("];
    if name == "style" && loads.iter().any(|it| element.text().contains(it)) {
        bail!("the page's style loads something");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(row: &str) -> Result<Shown> {
        let page = format!(
            "<!DOCTYPE html>\n<html><head><meta http-equiv=\"Content-Security-Policy\" \
             content=\"{POLICY}\"></head><body><h1><code class=\"args\">x</code></h1>\
             <table><tbody>{row}</tbody></table></body></html>"
        );
        Shown::read(&Element::parse(&page)?)
    }

    const ROW: &str = "<tr aria-level=\"2\" data-id=\"a-7-1\" data-pid=\"7\"><td>\
        <code class=\"args\">sh</code></td><td data-column=\"pid\">7</td><td>\
        <span class=\"life\" style=\"left:1.5%;width:20%\"></span></td></tr>";

    #[test]
    fn a_row_is_read_back() {
        let shown = page(ROW).unwrap();
        assert_eq!(shown.command, "x");
        let row = &shown.rows[0];
        assert_eq!((row.level, row.id.as_str(), row.pid), (2, "a-7-1", Some(7)));
        assert_eq!(row.texts, ["sh"]);
        assert_eq!(row.bar, Some(Bar { left: 1.5, width: 20.0 }));
    }

    #[test]
    fn what_could_load_or_run_something_is_refused() {
        for (from, to) in [
            ("<code class=\"args\">", "<code class=\"args\" onclick=\"x\">"),
            ("sh</code>", "<script></script></code>"),
            ("sh</code>", "<img src=\"x\"></code>"),
            ("sh</code>", "<a href=\"x\"></a></code>"),
            ("left:1.5%", "background:url(x)"),
            ("left:1.5%", "left:auto"),
            ("data-column=\"pid\">7", "data-column=\"pid\">8"),
        ] {
            assert!(ROW.contains(from));
            assert!(page(&ROW.replacen(from, to, 1)).is_err(), "{to}");
        }
    }
}
