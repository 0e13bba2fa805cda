//! A report of `observer run` in JSON, and what its fields say. The only place that knows their
//! names.

use std::collections::BTreeSet;

use serde_json::Value;

pub(super) struct Report(Value);

/// A process of the report.
#[derive(Clone, Copy)]
pub(super) struct Row<'a>(&'a Value);

/// A container of the report.
#[derive(Clone, Copy)]
pub(super) struct Contained<'a>(&'a Value);

impl Report {
    pub(super) fn parse(text: &[u8]) -> Self {
        let value = serde_json::from_slice(text);
        Self(value.unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(text))))
    }

    pub(super) fn number(&self, pointer: &str) -> u64 {
        let value = self.0.pointer(pointer).and_then(Value::as_u64);
        value.unwrap_or_else(|| panic!("no number {pointer}:\n{}", self.list()))
    }

    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        let rows = self.0["processes"].as_array().expect("processes");
        rows.iter().map(Row).collect()
    }

    pub(super) fn of_role(&self, role: &str) -> Vec<Row<'_>> {
        self.rows().into_iter().filter(|row| row.role() == role).collect()
    }

    pub(super) fn containers(&self) -> Vec<Contained<'_>> {
        let containers = self.0["containers"].as_array();
        containers.map_or_else(Vec::new, |all| all.iter().map(Contained).collect())
    }

    /// Times that it was in doubt which client started what.
    pub(super) fn doubts(&self) -> usize {
        let doubts = self.0["doubts"].as_array().expect("doubts");
        doubts.iter().filter(|doubt| doubt["kind"] == "several_candidates").count()
    }

    pub(super) fn ids(&self) -> BTreeSet<&str> {
        self.rows().iter().map(|row| row.id()).collect()
    }

    /// All rows, for the failure that shows what there is.
    pub(super) fn list(&self) -> String {
        let line = |row: &Row<'_>| {
            let run = row.execs().iter().map(|args| args.join(" ")).collect::<Vec<_>>();
            format!("{} {} {}: {}", row.pid(), row.role(), row.fact(), run.join(" -> "))
        };
        self.rows().iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// What holds of every report: each row hangs on another row or a container of the report, the
    /// command alone on what is not in it, nothing was lost, nothing still runs.
    pub(super) fn assert_whole(&self) {
        let ids = self.ids();
        let containers: BTreeSet<_> =
            self.containers().iter().map(|container| container.id()).collect();
        assert_eq!(ids.len(), self.rows().len(), "each once:\n{}", self.list());
        for (index, row) in self.rows().into_iter().enumerate() {
            let hangs = ids.contains(row.of()) || containers.contains(row.of());
            assert_eq!(hangs, index > 0, "{}, of {}:\n{}", row.pid(), row.of(), self.list());
            assert!(row.has_ended(), "{} still runs:\n{}", row.pid(), self.list());
        }
        for container in self.containers() {
            if let Some(client) = container.client() {
                assert!(ids.contains(client), "the client of {}", container.id());
            }
        }
        assert_eq!(self.number("/lost"), 0, "lost events");
        assert_eq!(self.number("/totals/processes"), self.rows().len() as u64);
    }
}

impl<'a> Row<'a> {
    fn text(self, pointer: &str) -> Option<&'a str> {
        self.0.pointer(pointer)?.as_str()
    }

    pub(super) fn id(self) -> &'a str {
        self.text("/process/id").expect("an id")
    }

    pub(super) fn pid(self) -> u64 {
        self.0.pointer("/process/pid").and_then(Value::as_u64).expect("a pid")
    }

    pub(super) fn vpid(self) -> Option<u64> {
        self.0.pointer("/process/vpid").and_then(Value::as_u64)
    }

    pub(super) fn role(self) -> &'a str {
        self.text("/role").expect("a role")
    }

    pub(super) fn fact(self) -> &'a str {
        self.text("/because/fact").expect("a fact")
    }

    pub(super) fn of(self) -> &'a str {
        self.text("/because/of").expect("a cause")
    }

    pub(super) fn is_inferred(self) -> bool {
        self.0.pointer("/because/inferred") == Some(&Value::Bool(true))
    }

    pub(super) fn container(self) -> Option<&'a str> {
        self.text("/container/id")
    }

    pub(super) fn exit_code(self) -> Option<u64> {
        self.0.pointer("/process/exit/code")?.as_u64()
    }

    pub(super) fn signal(self) -> Option<&'a str> {
        self.text("/process/exit/name")
    }

    pub(super) fn has_ended(self) -> bool {
        self.0.pointer("/process/exit").is_some()
    }

    /// File and arguments of each program that it ran.
    pub(super) fn execs(self) -> Vec<Vec<&'a str>> {
        let execs = self.0["execs"].as_array();
        let args = |exec: &'a Value| {
            // Those of a short life are gone before /proc can be asked.
            let args = exec["command_args"].as_array();
            args.map_or_else(Vec::new, |args| args.iter().filter_map(Value::as_str).collect())
        };
        execs.map_or_else(Vec::new, |execs| execs.iter().map(args).collect())
    }

    pub(super) fn files(self) -> Vec<&'a str> {
        let execs = self.0["execs"].as_array();
        let path = |exec: &'a Value| exec.pointer("/executable/path")?.as_str();
        execs.map_or_else(Vec::new, |execs| execs.iter().filter_map(path).collect())
    }

    /// Whether its last program had these arguments.
    pub(super) fn ran(self, args: &[&str]) -> bool {
        self.execs().last().is_some_and(|last| last == args)
    }
}

impl<'a> Contained<'a> {
    fn text(self, pointer: &str) -> Option<&'a str> {
        self.0.pointer(pointer)?.as_str()
    }

    pub(super) fn id(self) -> &'a str {
        self.text("/id").expect("an id")
    }

    pub(super) fn name(self) -> Option<&'a str> {
        self.text("/name")
    }

    pub(super) fn image(self) -> Option<&'a str> {
        self.text("/image")
    }

    pub(super) fn client(self) -> Option<&'a str> {
        self.text("/because/of")
    }

    pub(super) fn fact(self) -> Option<&'a str> {
        self.text("/because/fact")
    }

    pub(super) fn is_started(self) -> bool {
        self.0["started"] == Value::Bool(true)
    }
}
