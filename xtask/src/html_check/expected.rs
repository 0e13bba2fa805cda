//! The JSON of a run → what a page of it has to show.
//!
//! The tree is built here from `because` alone, and texts are made from exact bytes, by nobody's
//! code but ours: the product is not asked what it meant.

#![expect(clippy::indexing_slicing, reason = "what a JSON value does not have is null")]

use std::collections::BTreeMap;
use std::str::Utf8Chunk;

use anyhow::{Context as _, Result, anyhow, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::shown::{Bar, Row, Shown};

/// As many digits of a container's id as people read.
const SHORT_ID: usize = 12;
const TOTALS: [&str; 5] = ["processes", "running", "execs", "failures", "containers"];

/// What the page shows, and beyond that what has to be said in some way.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) shown: Shown,
    /// Words that stand in the line of a container, by its id.
    pub(crate) said: BTreeMap<String, Vec<String>>,
    /// Words that stand in the notes.
    pub(crate) noted: Vec<String>,
}

impl Expected {
    pub(crate) fn read(json: &[u8]) -> Result<Self> {
        let document: Value = serde_json::from_slice(json).context("no JSON")?;
        let tree = Tree::read(&document)?;
        let totals = TOTALS.iter().map(|name| {
            Ok(((*name).to_owned(), number(&document["totals"][*name]).context(*name)?))
        });
        let shown = Shown {
            command: joined(&words(&document["command"], &document["raw"]["command"])?),
            rows: tree.rows()?,
            totals: totals.collect::<Result<_>>()?,
            notes: Vec::new(),
        };
        let said = list(&document["containers"]).map(|it| (text(&it["id"]), facts(it))).collect();
        Ok(Self { shown, said, noted: noted(&document) })
    }
}

/// Parents and children in the tree.
struct Tree<'a> {
    /// What the time axis spans.
    span_ns: u64,
    items: BTreeMap<String, &'a Value>,
    /// By the id of the one above; of those at the top by nothing.
    under: BTreeMap<String, Vec<String>>,
}

impl<'a> Tree<'a> {
    fn read(document: &'a Value) -> Result<Self> {
        let processes = list(&document["processes"]).map(|it| (text(&it["process"]["id"]), it));
        let containers = list(&document["containers"]).map(|it| (text(&it["id"]), it));
        let all: Vec<_> = processes.chain(containers).collect();
        let items: BTreeMap<_, _> = all.iter().cloned().collect();
        if items.len() != all.len() {
            bail!("two processes or containers have the same id");
        }
        let mut under: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut span_ns = number(&document["duration_ns"]).context("no duration")?.max(1);
        for (id, item) in all {
            let above =
                Some(text(&item["because"]["of"])).filter(|above| items.contains_key(above));
            under.entry(above.unwrap_or_default()).or_default().push(id);
            let life = [&item["start_offset_ns"], &item["duration_ns"]].map(number);
            span_ns = span_ns.max(life.into_iter().flatten().sum());
        }
        Ok(Self { span_ns, items, under })
    }

    fn rows(&self) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let below = |id: &str, level: usize| {
            let children = self.under.get(id).into_iter().flatten().rev();
            children.map(move |child| (child.clone(), level)).collect::<Vec<_>>()
        };
        let mut waiting = below("", 1);
        while let Some((id, level)) = waiting.pop() {
            let item = self.items.get(&id).context("an id that nobody has")?;
            rows.push(self.row(&id, level, item)?);
            waiting.extend(below(&id, level + 1));
        }
        if rows.len() != self.items.len() {
            bail!("some processes of the JSON cause each other");
        }
        Ok(rows)
    }

    fn row(&self, id: &str, level: usize, item: &Value) -> Result<Row> {
        let inferred = if item["because"]["inferred"] == true { "?" } else { "" };
        let fact = item["because"]["fact"].as_str().unwrap_or("-");
        let because = format!("{fact}{inferred}");
        let row = Row { level, id: id.to_owned(), because, ..Row::default() };
        let process = &item["process"];
        if process.is_null() {
            return Ok(row);
        }
        Ok(Row {
            pid: number(&process["pid"]),
            texts: programs(item)?,
            exit: ending(&process["exit"]),
            role: text(&item["role"]),
            bar: Some(Bar {
                left: self.percent(&item["start_offset_ns"])?,
                width: self.percent(&item["duration_ns"])?,
            }),
            ..row
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "a page is drawn with fewer digits")]
    fn percent(&self, ns: &Value) -> Result<f64> {
        let ns = number(ns).context("a process without a life")?;
        Ok(ns as f64 * 100.0 / self.span_ns as f64)
    }
}

/// What a process ran; the name that it had from its creator, if only ever that.
fn programs(item: &Value) -> Result<Vec<String>> {
    let programs: Vec<_> = list(&item["execs"]).map(program).collect::<Result<_>>()?;
    if !programs.is_empty() {
        return Ok(programs);
    }
    let process = &item["process"];
    let name = bytes(&process["comm"], &process["raw"]["comm"])?;
    Ok(vec![format!("({})", escaped(&name))])
}

fn program(exec: &Value) -> Result<String> {
    let raw = &exec["raw"];
    let mut line = joined(&words(&exec["command_args"], &raw["command_args"])?);
    if list(&exec["command_args"]).next().is_none() {
        let path = bytes(&exec["executable"]["path"], &raw["executable_path"])?;
        line = format!("[{}]", escaped(&path));
    }
    if exec["args_truncated"] == true {
        line.push_str(" ...");
    }
    Ok(line)
}

fn ending(exit: &Value) -> String {
    let core = if exit["core_dumped"] == true { "+core" } else { "" };
    match (exit["code"].as_u64(), exit["name"].as_str()) {
        (Some(code), _) => code.to_string(),
        (None, Some(signal)) => format!("{signal}{core}"),
        (None, None) => "-".to_owned(),
    }
}

/// What is known of a container.
fn facts(container: &Value) -> Vec<String> {
    let id = short(&container["id"]);
    let known = ["name", "image", "runtime"].map(|name| escaped(text(&container[name]).as_bytes()));
    let inferred = (container["because"]["inferred"] == true).then(|| "inferred".to_owned());
    let before = (container["started"] == false).then(|| "was there before".to_owned());
    known.into_iter().chain([id]).chain(inferred).chain(before).collect()
}

fn noted(document: &Value) -> Vec<String> {
    let mut noted = Vec::new();
    for doubt in list(&document["doubts"]) {
        noted.extend(list(&doubt["containers"]).map(short));
        noted.extend(number(&doubt["count"]).map(|count| count.to_string()));
    }
    let counts = [(&document["lost"], "event"), (&document["totals"]["running"], "process")];
    for (count, of_what) in counts {
        noted.extend(number(count).filter(|it| *it > 0).map(|it| format!("{it} {of_what}")));
    }
    noted
}

fn short(id: &Value) -> String {
    let id = text(id);
    escaped(id.get(..SHORT_ID).unwrap_or(&id).as_bytes())
}

fn joined(words: &[Vec<u8>]) -> String {
    words.iter().map(|word| escaped(word)).collect::<Vec<_>>().join(" ")
}

/// Words by their exact bytes.
fn words(lossy: &Value, exact: &Value) -> Result<Vec<Vec<u8>>> {
    list(lossy).enumerate().map(|(index, word)| bytes(word, &exact[index])).collect()
}

fn bytes(lossy: &Value, exact: &Value) -> Result<Vec<u8>> {
    match exact.as_str() {
        Some(exact) => STANDARD.decode(exact).map_err(|error| anyhow!("no base64: {error}")),
        None => Ok(text(lossy).into_bytes()),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A number, or a large one in digits.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// As the contract has it: no control character is printed, and a backslash is doubled only where
/// something was spelled out.
fn escaped(bytes: &[u8]) -> String {
    match str::from_utf8(bytes) {
        Ok(text) if !text.contains(is_hidden) => text.to_owned(),
        _ => bytes.utf8_chunks().map(|chunk| spelled_out(&chunk)).collect(),
    }
}

fn spelled_out(chunk: &Utf8Chunk<'_>) -> String {
    let characters = chunk.valid().chars().map(|character| match (character, character.into()) {
        ('\n', _) => "\\n".to_owned(),
        ('\t', _) => "\\t".to_owned(),
        ('\r', _) => "\\r".to_owned(),
        ('\\', _) => "\\\\".to_owned(),
        (_, code @ ..0x100_u32) if is_hidden(character) => format!("\\x{code:02x}"),
        (_, code) if is_hidden(character) => format!("\\u{{{code:x}}}"),
        _ => character.to_string(),
    });
    characters.chain(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"))).collect()
}

/// Controls, and what reorders, joins or hides text.
fn is_hidden(character: char) -> bool {
    matches!(
        u32::from(character),
        0..=0x1f | 0x7f..=0x9f | 0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e
            | 0x2060..=0x206f | 0xfeff | 0xfff9..=0xfffb | 0xe0000..=0xe007f
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tree_follows_from_the_facts() {
        let process = |pid: u32, of: &str, start: u64| {
            json!({
                "process": {"id": format!("a-{pid}-1"), "pid": pid, "comm": "x"}, "role": "command",
                "because": {"fact": "parent", "of": of, "inferred": pid == 3},
                "start_offset_ns": start, "duration_ns": 50, "execs": [],
            })
        };
        let document = json!({
            "command": ["sh", "\u{fffd}"], "raw": {"command": ["c2g=", "/w=="]}, "duration_ns": 100,
            "processes": [process(1, "a-0-1", 0), process(2, "a-1-1", 10), process(3, "c0", 150)],
            "containers": [{"id": "c0", "because": {"fact": "socket", "of": "a-1-1"}}],
            "totals": {"processes": 3, "running": 0, "execs": 0, "failures": 0, "containers": 1},
        });
        let expected = Expected::read(document.to_string().as_bytes()).unwrap().shown;
        assert_eq!(expected.command, "sh \\xff");
        let rows: Vec<_> = expected.rows.iter().map(|row| (row.level, row.id.as_str())).collect();
        assert_eq!(rows, [(1, "a-1-1"), (2, "a-2-1"), (2, "c0"), (3, "a-3-1")]);
        let last = &expected.rows[3];
        assert_eq!(last.because, "parent?");
        assert_eq!(last.texts, ["(x)"]);
        assert_eq!(last.bar, Some(Bar { left: 75.0, width: 25.0 }));
    }

    #[test]
    fn a_backslash_is_doubled_only_beside_what_is_spelled_out() {
        assert_eq!(escaped(b"a\\b"), "a\\b");
        assert_eq!(escaped(b"a\\b\x1b"), "a\\\\b\\x1b");
        assert_eq!(escaped("\u{202e}é\u{9b}".as_bytes()), "\\u{202e}é\\x9b");
    }
}
