//! Events → JSON, one object a line.

use serde::Serialize;

use super::{
    escape::is_harmful,
    process::{ProcessFacts, executable, exit},
    schema::{
        self, Base64, Bye, Container, Creator, Digits, Freed, FreedProcess, Hello, Line, Lost,
        Number, ProcessEvent, Raw, RawArgs, Ready, Repair, TextArgs,
    },
    time::rfc3339,
};
use crate::{
    event::{self, Args, Cgroup, Event, ProcessKey, Status, What},
    machine::{Machine, WallClock},
    origin::Origin,
    pace::Totals,
};

/// Writes events as lines of JSON.
#[derive(Debug)]
pub struct JsonLines {
    machine: Machine,
    origin: Origin,
}

/// An event's place in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its number, before filters.
    pub seq: u64,
    /// Which life of its pid in that clock tick the process is, as far as a table has counted them;
    /// see [`Entry::life`](crate::table::Entry::life).
    pub life: u32,
}

impl JsonLines {
    /// For events of this machine, which that kind of source tells.
    pub fn new(machine: Machine, origin: Origin) -> Self {
        Self { machine, origin }
    }

    /// The first line.
    pub fn hello(out: &mut Vec<u8>) {
        write(out, &Line::Hello(Hello::of("observer.event/1")));
    }

    /// The line that says that nothing is missed any more.
    pub fn ready(out: &mut Vec<u8>) {
        write(out, &Line::Ready(Ready {}));
    }

    /// The last line.
    pub fn bye(out: &mut Vec<u8>, totals: &Totals, printed: u64) {
        write(out, &Line::Bye(Bye::of(totals, printed)));
    }

    /// One event; nothing for what only the table needs to know.
    pub fn event(&self, out: &mut Vec<u8>, event: &Event, at: Place, clock: WallClock) {
        let Place { seq, life } = at;
        let Self { machine, origin } = self;
        let told = Told { machine, origin: origin.name(), clock, event, life, seq };
        if let Some(line) = told.line() {
            write(out, &line);
        }
    }
}

/// One event on its way into a line.
struct Told<'a> {
    machine: &'a Machine,
    origin: &'static str,
    clock: WallClock,
    event: &'a Event,
    life: u32,
    seq: u64,
}

impl<'a> Told<'a> {
    fn line(&self) -> Option<Line<'a>> {
        Some(match &self.event.what {
            What::Fork { process, creator, clone_flags } => Line::Fork(ProcessEvent {
                parent: Some(self.creator(creator)),
                clone_flags: Some(Number(*clone_flags)),
                ..self.process_event(process)
            }),
            What::Exec { process, filename, args } => {
                Line::Exec(self.exec(process, filename, args.as_ref()))
            }
            What::Exit { process, status, usage, .. } => {
                Line::Exit(self.exit(process, *status, *usage))
            }
            What::Rename { process, old_comm } => Line::Rename(ProcessEvent {
                old_comm: Some(String::from_utf8_lossy(old_comm.as_bytes())),
                ..self.process_event(process)
            }),
            What::Cgroup { process, old_cgroup } => Line::Cgroup(ProcessEvent {
                old_cgroup: old_cgroup.as_deref().map(Cgroup::path),
                ..self.process_event(process)
            }),
            What::Reparent { process, old_parent } => Line::Reparent(ProcessEvent {
                old_parent_pid: Some(old_parent.pid),
                old_parent_id: Some(self.machine.process_id(*old_parent)),
                ..self.process_event(process)
            }),
            What::Found { .. }
            | What::Gone { .. }
            | What::Namespaces { .. }
            | What::Request { .. } => return None,
            What::Free { key, status, usage } => Line::Free(self.freed(*key, *status, *usage)),
            What::Lost { count, loss } => {
                let Event { boot_ns, cpu, .. } = *self.event;
                Line::Lost(Lost::of(self.seq, boot_ns, *count, (*loss, cpu), self.clock))
            }
            What::Repair { added, removed } => Line::Repair(Repair {
                v: schema::VERSION,
                seq: self.seq,
                time: rfc3339(self.clock.unix_ns(self.event.boot_ns)),
                boot_ns: Digits(self.event.boot_ns),
                added: *added,
                removed: *removed,
            }),
        })
    }

    fn exec(
        &self,
        process: &'a event::Process,
        filename: &'a [u8],
        args: Option<&'a Args>,
    ) -> ProcessEvent<'a> {
        let mut event = self.process_event(process);
        let told = &mut event.process;
        told.executable = executable(filename);
        told.command_args = args.map(TextArgs);
        told.args_truncated = args.map(Args::is_truncated);
        told.args_size = args.map(|args| Number(args.size()));
        let cut = args.filter(|args| args.is_truncated());
        told.args_captured = cut.map(|args| Number(args.captured_size()));
        let exact = Raw {
            comm: told.raw.take().and_then(|raw| raw.comm),
            command_args: args.filter(|args| !args.is_text()).map(RawArgs),
            executable_path: str::from_utf8(filename).is_err().then_some(Base64(filename)),
        };
        let needed =
            exact.comm.is_some() || exact.command_args.is_some() || exact.executable_path.is_some();
        told.raw = needed.then_some(exact);
        event
    }

    fn exit(
        &self,
        process: &'a event::Process,
        status: Option<Status>,
        usage: Option<event::Usage>,
    ) -> ProcessEvent<'a> {
        let mut event = self.process_event(process);
        event.process.exit = status.map(exit);
        event.duration_ns = Some(Number(self.event.boot_ns.saturating_sub(process.key.start_ns)));
        event.cpu_time_ns = usage.map(|usage| Number(usage.cpu_ns()));
        event.user_time_ns = usage.map(|usage| Number(usage.user_ns));
        event.system_time_ns = usage.map(|usage| Number(usage.system_ns));
        event.max_rss = usage.map(|usage| self.facts().max_rss(usage));
        event
    }

    fn freed(
        &self,
        key: ProcessKey,
        status: Option<Status>,
        usage: Option<event::Usage>,
    ) -> Freed<'a> {
        Freed {
            v: schema::VERSION,
            seq: self.seq,
            time: rfc3339(self.clock.unix_ns(self.event.boot_ns)),
            boot_ns: Digits(self.event.boot_ns),
            cpu: self.event.cpu,
            origin: self.origin,
            process: FreedProcess {
                id: self.machine.life_id(key, self.life),
                pid: key.pid,
                creation: self.facts().creation(key.start_ns),
                exit: status.map(exit),
            },
            cpu_time_ns: usage.map(|usage| Number(usage.cpu_ns())),
            user_time_ns: usage.map(|usage| Number(usage.user_ns)),
            system_time_ns: usage.map(|usage| Number(usage.system_ns)),
            max_rss: usage.map(|usage| self.facts().max_rss(usage)),
        }
    }

    fn process_event(&self, process: &'a event::Process) -> ProcessEvent<'a> {
        ProcessEvent {
            v: schema::VERSION,
            seq: self.seq,
            time: rfc3339(self.clock.unix_ns(self.event.boot_ns)),
            boot_ns: Digits(self.event.boot_ns),
            cpu: self.event.cpu,
            origin: self.origin,
            process: self.facts().process(process, self.life),
            parent: None,
            clone_flags: None,
            duration_ns: None,
            cpu_time_ns: None,
            user_time_ns: None,
            system_time_ns: None,
            max_rss: None,
            old_comm: None,
            old_parent_pid: None,
            old_parent_id: None,
            old_cgroup: None,
            container: process.container().map(Container::from),
        }
    }

    fn facts(&self) -> ProcessFacts<'a> {
        ProcessFacts { machine: self.machine, clock: self.clock }
    }

    fn creator(&self, creator: &'a event::Creator) -> Creator<'a> {
        Creator {
            id: self.machine.process_id(creator.key),
            pid: creator.key.pid,
            comm: String::from_utf8_lossy(creator.comm.as_bytes()),
        }
    }
}

/// Appends a value as a line.
pub(super) fn write(out: &mut Vec<u8>, line: &impl Serialize) {
    if append(out, line) {
        out.push(b'\n');
    }
}

/// Appends a value, or nothing if it cannot be written.
pub(super) fn append(out: &mut Vec<u8>, value: &impl Serialize) -> bool {
    let begin = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        // Writing to memory cannot fail, and no type of the schema fails to serialise.
        out.truncate(begin);
        return false;
    }
    make_harmless(out, begin);
    true
}

/// Escapes what `serde_json` leaves as it is of control and reordering characters: a terminal that
/// the line reaches must not be hurt by it. They stand in strings only, since all else is ASCII.
fn make_harmless(out: &mut Vec<u8>, begin: usize) {
    let line = out.get(begin..).unwrap_or_default();
    // Without a way out in the middle, so that the compiler looks at many bytes at once.
    let suspect = |byte: u8| (byte & 0x80) | u8::from(byte == 0x7f);
    if line.iter().fold(0, |any, byte| any | suspect(*byte)) == 0 {
        return;
    }
    let text = String::from_utf8_lossy(line).into_owned();
    out.truncate(begin);
    for character in text.chars() {
        if is_harmful(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        } else {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}
