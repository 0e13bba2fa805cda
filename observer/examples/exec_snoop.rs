//! Prints what is executed: the event, the pid, the file. Needs root: `cargo run --example exec_snoop`.

use observer::render::Escaped;
use observer::tracepoint::{Event, Observer};

#[expect(clippy::print_stdout, reason = "an example shows what it found")]
pub(crate) fn main() -> Result<(), observer::Error> {
    let mut observer = Observer::new();
    let exec = observer.add_tracepoint("sched:sched_process_exec")?;
    observer.open()?;
    loop {
        match observer.read_event()? {
            Event::Tracepoint(event) if event.source() == exec => {
                let filename = event.get_string("filename")?;
                println!("exec\t{}\t{}", event.get_int("pid")?, Escaped(filename.as_bytes()));
            }
            Event::Lost(lost) => println!("lost\t{}", lost.count),
            _ => {}
        }
    }
}
