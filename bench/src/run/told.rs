//! What was written down of a build.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// What was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    /// Programs that were executed.
    pub(crate) execs: u64,
    /// What it says it lost, where it says so.
    pub(crate) lost: Option<u64>,
    /// How long the command itself ran, where it says so.
    pub(crate) command: Option<Duration>,
}

/// From the JSON of `observer run`. Execs are counted one by one: the sum beside them is not what a
/// reader of the report has.
pub(crate) fn by_observer(report: &Path) -> Result<Told> {
    from_report(&read(report)?).with_context(|| format!("`{}`", report.display()))
}

/// From the log of `strace -f`: calls that did not fail. A path that is tried in vain does not
/// count.
pub(crate) fn by_strace(log: &Path) -> Result<Told> {
    let execs = read(log)?.lines().filter(|line| line.trim_end().ends_with("= 0")).count();
    Ok(Told { execs: execs as u64, lost: None, command: None })
}

fn from_report(text: &str) -> Result<Told> {
    let report: Value = serde_json::from_str(text).context("it is no JSON")?;
    let processes = report.get("processes").and_then(Value::as_array).context("no `processes`")?;
    let execs = processes.iter().filter_map(|process| process.get("execs")?.as_array());
    let nanoseconds = report.get("duration_ns").and_then(number).context("no `duration_ns`")?;
    Ok(Told {
        execs: execs.map(|execs| execs.len() as u64).sum(),
        lost: Some(report.get("lost").and_then(number).context("no `lost`")?),
        command: Some(Duration::from_nanos(nanoseconds)),
    })
}

/// Those above 2^53 are text.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_counted() {
        let report = r#"{"v":1,"duration_ns":"1500000000","lost":2,"processes":[
            {"execs":[{},{}]},{"execs":[]},{"execs":[{}]}],"totals":{"execs":9}}"#;
        let told = from_report(report).unwrap();
        assert_eq!((told.execs, told.lost), (3, Some(2)));
        assert_eq!(told.command, Some(Duration::from_millis(1500)));
        assert!(from_report("{}").is_err());
    }

    #[test]
    fn strace_tells_only_what_was_executed() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let text = "1 execve(\"/bin/a\", [\"a\"], 0x1 /* 2 vars */) = 0\n\
            2 execve(\"/x/b\", [\"b\"], 0x1 /* 2 vars */) = -1 ENOENT (No such file or directory)\n\
            3 execve(\"/bin/b\", [\"b\"], 0x1 <unfinished ...>\n\
            3 <... execve resumed>)             = 0\n";
        fs::write(&log, text).unwrap();
        assert_eq!(by_strace(&log).unwrap().execs, 2);
    }
}
