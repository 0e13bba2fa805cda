//! One line of the JSON stream, and what its fields say. The only place that knows their names.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::child::Ended;
use crate::support::machine::tick_ns;

#[derive(Clone)]
pub(crate) struct Event(pub(crate) Value);

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    Code(i32),
    Signal { number: i32, name: String, core: bool },
}

impl Death {
    /// What a status of `wait4` means.
    pub(crate) fn of_status(status: i32) -> Self {
        let number = libc::WTERMSIG(status);
        if number == 0 {
            return Self::Code(libc::WEXITSTATUS(status));
        }
        Self::Signal {
            number,
            name: Signal::try_from(number).map_or_else(|_| number.to_string(), |s| s.to_string()),
            core: libc::WCOREDUMP(status),
        }
    }
}

impl Event {
    pub(crate) fn parse(line: &[u8]) -> Self {
        let value = serde_json::from_slice(line).unwrap_or_else(|error| {
            let text = String::from_utf8_lossy(&line[..line.len().min(400)]);
            panic!("not a JSON line ({error}): {text}")
        });
        Self(value)
    }

    pub(crate) fn kind(&self) -> &str {
        self.text("/event").unwrap_or("")
    }

    pub(crate) fn is(&self, kind: &str) -> bool {
        self.kind() == kind
    }

    /// Whether it tells of a process, and not of the stream.
    pub(crate) fn is_of_process(&self) -> bool {
        !matches!(self.kind(), "hello" | "ready" | "lost" | "repair" | "bye" | "")
    }

    pub(crate) fn field(&self, pointer: &str) -> Option<&Value> {
        self.0.pointer(pointer)
    }

    pub(crate) fn text(&self, pointer: &str) -> Option<&str> {
        self.field(pointer)?.as_str()
    }

    /// A number, which stands as a string when it is large.
    pub(crate) fn number(&self, pointer: &str) -> Option<u64> {
        let value = self.field(pointer)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    }

    /// A number that has to be there.
    pub(crate) fn expect_number(&self, pointer: &str) -> u64 {
        self.number(pointer).unwrap_or_else(|| panic!("no number {pointer} in {self:?}"))
    }

    pub(crate) fn pid(&self) -> u32 {
        u32::try_from(self.number("/process/pid").unwrap_or(0)).expect("a pid")
    }

    pub(crate) fn parent_pid(&self) -> u32 {
        u32::try_from(self.number("/process/parent_pid").unwrap_or(0)).expect("a pid")
    }

    /// The pid of the creator, of a fork.
    pub(crate) fn creator_pid(&self) -> u32 {
        u32::try_from(self.number("/parent/pid").unwrap_or(0)).expect("a pid")
    }

    pub(crate) fn id(&self) -> &str {
        self.text("/process/id").unwrap_or("")
    }

    pub(crate) fn container(&self) -> Option<&str> {
        self.text("/container/id")
    }

    /// The argument list, byte for byte.
    pub(crate) fn arguments(&self) -> Option<Vec<Vec<u8>>> {
        let lossy = self.field("/process/command_args")?.as_array()?;
        let Some(raw) = self.field("/process/raw/command_args") else {
            let text = |value: &Value| value.as_str().map(|text| text.as_bytes().to_vec());
            return lossy.iter().map(text).collect();
        };
        let raw = raw.as_array().expect("raw arguments should be an array");
        assert_eq!(raw.len(), lossy.len(), "raw and lossy arguments");
        raw.iter().map(decode).collect()
    }

    /// A text field of `process`, byte for byte.
    pub(crate) fn bytes(&self, name: &str, pointer: &str) -> Option<Vec<u8>> {
        let raw = self.field(&format!("/process/raw/{name}"));
        match raw {
            Some(raw) => decode(raw),
            None => self.text(pointer).map(str::as_bytes).map(<[u8]>::to_vec),
        }
    }

    pub(crate) fn comm(&self) -> Vec<u8> {
        self.bytes("comm", "/process/comm").unwrap_or_default()
    }

    /// The name before a rename; its exact bytes stand beside it when it is not UTF-8.
    pub(crate) fn old_comm(&self) -> &[u8] {
        self.text("/old_comm").unwrap_or("").as_bytes()
    }

    pub(crate) fn path(&self) -> Vec<u8> {
        self.bytes("executable_path", "/process/executable/path").unwrap_or_default()
    }

    /// Whether one of the arguments is `word`.
    pub(crate) fn has_argument(&self, word: &str) -> bool {
        let list = self.field("/process/command_args").and_then(Value::as_array);
        list.is_some_and(|list| list.iter().any(|argument| argument == word))
    }

    pub(crate) fn death(&self) -> Option<Death> {
        let exit = self.field("/process/exit")?;
        if let Some(code) = exit.get("code") {
            return Some(Death::Code(i32::try_from(code.as_i64()?).ok()?));
        }
        Some(Death::Signal {
            number: i32::try_from(exit.get("signal")?.as_i64()?).ok()?,
            name: exit.get("name")?.as_str()?.to_owned(),
            core: exit.get("core_dumped")?.as_bool()?,
        })
    }

    /// What this exit says that `wait4` and the clock contradict.
    pub(crate) fn differences_from(&self, ended: &Ended) -> Vec<String> {
        let mut found = Vec::new();
        let mut note = |what: &str, got: &dyn fmt::Debug, truth: &dyn fmt::Debug| {
            found.push(format!("process {}: {what} is {got:?}, should be {truth:?}", ended.pid));
        };
        let death = Death::of_status(ended.status);
        if self.death().as_ref() != Some(&death) {
            note("exit", &self.field("/process/exit"), &death);
        }
        let cpu = self.number("/cpu_time_ns");
        if cpu.is_none_or(|cpu| cpu.abs_diff(ended.cpu_ns) > tick_ns()) {
            note("cpu_time_ns", &cpu, &ended.cpu_ns);
        }
        let max_rss = self.number("/max_rss");
        if max_rss != Some(ended.max_rss) {
            note("max_rss", &max_rss, &ended.max_rss);
        }
        let duration = self.number("/duration_ns");
        let longest = ended.over - ended.began;
        if duration.is_none_or(|duration| duration > longest) {
            note("duration_ns", &duration, &(0..longest));
        }
        let creation = self.number("/process/creation/boot_ns");
        if creation.is_some_and(|at| !(ended.began..ended.over).contains(&at)) {
            note("creation", &creation, &(ended.began..ended.over));
        }
        found
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        match text.char_indices().nth(1500) {
            Some((cut, _)) => write!(f, "{}… ({} bytes)", &text[..cut], text.len()),
            None => f.write_str(&text),
        }
    }
}

fn decode(value: &Value) -> Option<Vec<u8>> {
    let text = value.as_str()?;
    Some(STANDARD.decode(text).unwrap_or_else(|error| panic!("not base64 ({error}): {text}")))
}

/// Fails with all that differs, the first twenty in full.
pub(crate) fn none_of(differences: &[String]) {
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("\n")
    );
}
