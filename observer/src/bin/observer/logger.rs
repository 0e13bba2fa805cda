//! Prints the lines of an object built with `cargo xtask build-ebpf --log`.

use log::{Log, Metadata, Record};
use observer::render::Escaped;

struct Stderr;

/// From here on they are printed.
pub(crate) fn install() {
    if log::set_logger(&Stderr).is_ok() {
        log::set_max_level(log::LevelFilter::Debug);
    }
}

impl Log for Stderr {
    /// The loader's own lines are not about the programs.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        !metadata.target().starts_with("aya")
    }

    #[expect(clippy::print_stderr, reason = "this is what it is for")]
    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string();
        eprintln!("observer: [{}] {}", record.target(), Escaped(text.as_bytes()));
    }

    fn flush(&self) {}
}
