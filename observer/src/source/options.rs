//! What to watch, and with which source.

use observer_common::Kind;

use super::RingSize;
#[cfg(feature = "ebpf")]
use super::bpf::Object;

/// What to watch and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The source to use.
    pub backend: Backend,
    /// The kinds of event to report. [`Kind::NAMESPACE`] costs every system call of the machine
    /// some 25 ns. [`Kind::REQUEST`] makes ready for [`Overhears`](super::Overhears).
    pub kinds: Vec<Kind>,
    /// Kinds that [`Source::attach`](super::Source::attach) may ask for later. Until then they slow
    /// no system call down.
    pub on_demand: Vec<Kind>,
    /// Size of the ring between kernel and reader; of perf the rings of all CPUs together.
    pub ring: RingSize,
    /// The most bytes of arguments to keep of one exec; `None` keeps all.
    pub args_max: Option<u64>,
    /// Whether [`Source::walks`](super::Source::walks) will be called.
    pub walks: bool,
    /// Which eBPF object to load.
    #[cfg(feature = "ebpf")]
    pub object: Object,
    /// For tests.
    #[doc(hidden)]
    pub trial: Trial,
}

/// What tests do to the eBPF programs.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trial {
    /// Rounds of an empty loop in the middle of each record: makes preemption there frequent.
    pub linger: u32,
    /// No second copies of the programs, whatever the kernel does to the first.
    pub single: bool,
}

/// Which source events come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// eBPF where it works, otherwise tracepoints.
    #[default]
    Auto,
    /// The eBPF programs.
    Bpf,
    /// Tracepoints by `perf_event_open(2)`.
    Perf,
    /// Listings of /proc.
    Proc,
}

impl Options {
    /// All kinds that may be reported, now or later.
    pub(super) fn all_kinds(&self) -> Vec<Kind> {
        [&*self.kinds, &*self.on_demand].concat()
    }

    /// The options of a source from which a table can follow the machine.
    pub fn for_a_table() -> Self {
        let kinds =
            vec![Kind::FORK, Kind::EXEC, Kind::EXIT, Kind::FREE, Kind::RENAME, Kind::CGROUP];
        Self { kinds, walks: true, ..Self::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            backend: Backend::Auto,
            kinds: vec![Kind::EXEC, Kind::EXIT],
            on_demand: Vec::new(),
            ring: RingSize::default(),
            args_max: None,
            walks: false,
            #[cfg(feature = "ebpf")]
            object: Object::BuiltIn,
            trial: Trial::default(),
        }
    }
}
