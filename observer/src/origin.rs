//! Which kind of source told something. A leaf, so that those who only print it need no source.

/// A kind of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The eBPF programs.
    Bpf,
    /// Tracepoints by `perf_event_open(2)`, and /proc at once after them.
    Perf,
    /// Listings of /proc, one after the other.
    Proc,
}

impl Origin {
    /// As the JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bpf => "bpf",
            Self::Perf => "perf",
            Self::Proc => "proc",
        }
    }
}
