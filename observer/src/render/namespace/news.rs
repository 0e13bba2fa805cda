//! What becomes of namespaces → lines of text and JSON.

use std::fmt::Write as _;

use crate::{
    event::Loss,
    machine::{Machine, WallClock},
    namespace::follow::{Actor, Fate, NamespaceEvent, News},
    origin::Origin,
    pace::Totals,
    render::{
        Color, Escaped, TimeStyle,
        json::write,
        schema::{
            self, Base64, Bye, Digits, Hello, Lost, NamedNamespace, NamespaceActor, NamespaceLine,
            NamespaceNews, Number, Ready,
        },
        text::{BOLD, DIM, GREEN, YELLOW, write_styled},
        time::{Moments, rfc3339},
    },
};

/// Writes lines of JSON.
#[derive(Debug)]
pub struct NewsJson {
    machine: Machine,
    origin: Origin,
}

impl NewsJson {
    /// For what happens on this machine, as that kind of source tells it.
    pub fn new(machine: Machine, origin: Origin) -> Self {
        Self { machine, origin }
    }

    /// The first lines: nothing is missed any more.
    pub fn ready(out: &mut Vec<u8>) {
        write(out, &NamespaceLine::Hello(Hello::of("observer.ns/1")));
        write(out, &NamespaceLine::Ready(Ready {}));
    }

    /// The last line.
    pub fn bye(out: &mut Vec<u8>, totals: &Totals, printed: u64) {
        write(out, &NamespaceLine::Bye(Bye::of(totals, printed)));
    }

    /// What was told, as the line of that number.
    pub fn told(&self, out: &mut Vec<u8>, told: &News, seq: u64, clock: WallClock) {
        match *told {
            News::Event(ref event) => {
                let news = self.news(event, seq, clock);
                write(
                    out,
                    &match event.what {
                        Fate::Created => NamespaceLine::Created(news),
                        Fate::Entered => NamespaceLine::Entered(news),
                        Fate::Left => NamespaceLine::Left(news),
                        Fate::Gone => NamespaceLine::Gone(news),
                    },
                );
            }
            News::Lost { count, loss, cpu, boot_ns } => {
                let lost = Lost::of(seq, boot_ns, count, (loss, cpu), clock);
                write(out, &NamespaceLine::Lost(lost));
            }
        }
    }

    fn news<'a>(
        &'a self,
        event: &'a NamespaceEvent,
        seq: u64,
        clock: WallClock,
    ) -> NamespaceNews<'a> {
        let NamespaceEvent { boot_ns, namespace, actor, inferred, .. } = event;
        NamespaceNews {
            v: schema::VERSION,
            seq,
            time: rfc3339(clock.unix_ns(*boot_ns)),
            boot_ns: Digits(*boot_ns),
            origin: self.origin.name(),
            namespace: NamedNamespace {
                id: namespace.to_string(),
                kind: namespace.kind.name(),
                inode: namespace.inode,
                kernel_id: namespace.kernel_id.map(Number),
            },
            inferred: *inferred,
            by: actor.as_ref().and_then(|actor| Some(actor.call?.name())),
            process: actor.as_ref().map(|actor| self.actor(actor)),
        }
    }

    fn actor<'a>(&self, actor: &'a Actor) -> NamespaceActor<'a> {
        let comm = actor.comm.as_bytes();
        NamespaceActor {
            id: self.machine.life_id(actor.key, actor.life),
            pid: actor.key.pid,
            tid: actor.tid,
            comm: String::from_utf8_lossy(comm),
            comm_raw: str::from_utf8(comm).is_err().then_some(Base64(comm)),
        }
    }
}

/// Writes lines of columns: `TIME EVENT TYPE NS PID BY COMMAND`.
#[derive(Debug)]
pub struct NewsText {
    moments: Moments,
    color: Color,
    /// The terminal's width, beyond which the last column is cut.
    pub cut: Option<usize>,
}

/// The cells of a line, but for the time.
struct Cells<'a> {
    event: &'a str,
    kind: &'a str,
    ns: &'a str,
    pid: &'a str,
    by: &'a str,
    rest: &'a str,
}

impl NewsText {
    /// Columns with the time in this style.
    pub fn new(time: TimeStyle, color: Color) -> Self {
        Self { moments: Moments::new(time), color, cut: None }
    }

    /// The names of the columns.
    pub fn header(&self, out: &mut Vec<u8>) {
        let names =
            Cells { event: "EVENT", kind: "TYPE", ns: "NS", pid: "PID", by: "BY", rest: "COMMAND" };
        self.write(out, BOLD, "TIME", &names);
    }

    /// What was told.
    pub fn told(&mut self, out: &mut Vec<u8>, told: &News, clock: WallClock) {
        match *told {
            News::Event(ref event) => self.event(out, event, clock),
            News::Lost { count, loss, boot_ns, .. } => {
                let time = self.time_of(boot_ns, clock);
                let rest = match loss {
                    Loss::NoRoom => format!("{count} events found no room in the ring"),
                    Loss::Skipped => {
                        format!("the kernel skipped {count} runs of observer's programs")
                    }
                };
                let cells =
                    Cells { event: "lost", kind: "-", ns: "-", pid: "-", by: "-", rest: &rest };
                self.write(out, YELLOW, &time, &cells);
            }
        }
    }

    fn event(&mut self, out: &mut Vec<u8>, event: &NamespaceEvent, clock: WallClock) {
        let time = self.time_of(event.boot_ns, clock);
        let style = match event.what {
            Fate::Created => GREEN,
            Fate::Gone => DIM,
            Fate::Entered | Fate::Left => "",
        };
        let id = event.namespace.to_string();
        // Its kind has a column of its own.
        let ns = id.split_once(':').map_or(id.as_str(), |(_, number)| number);
        let actor = event.actor.as_ref();
        let pid = actor.map_or_else(|| "-".to_owned(), |actor| actor.key.pid.to_string());
        let comm = actor.map(|actor| Escaped(actor.comm.as_bytes()).to_string());
        let cells = Cells {
            event: event.what.name(),
            kind: event.namespace.kind.name(),
            ns,
            pid: &pid,
            by: actor.and_then(|actor| Some(actor.call?.name())).unwrap_or("inferred"),
            rest: comm.as_deref().unwrap_or_default(),
        };
        self.write(out, style, &time, &cells);
    }

    fn time_of(&mut self, boot_ns: u64, clock: WallClock) -> String {
        self.moments.print(boot_ns, clock).into_owned()
    }

    fn write(&self, out: &mut Vec<u8>, style: &str, time: &str, cells: &Cells<'_>) {
        let mut line = String::with_capacity(96);
        if let Some(width) = self.moments.width() {
            let _infallible = write!(line, "{time:<width$} ");
        }
        let Cells { event, kind, ns, pid, by, rest } = cells;
        let _infallible = write!(line, "{event:<7} {kind:<6} {ns:<16} {pid:<7} {by:<8} {rest}");
        write_styled(out, &mut line, (style, self.color), self.cut);
    }
}
