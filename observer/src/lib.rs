//! A live process observer for Linux: every fork, exec and exit of the machine, from eBPF.
//!
//! ```no_run
//! # #[cfg(feature = "perf")]
//! # fn main() -> Result<(), observer::Error> {
//! use observer::{Events, event::What, source::Options};
//!
//! for event in Events::open(&Options::default())? {
//!     if let What::Exec { process, args: Some(args), .. } = event?.what {
//!         println!("{} {args}", process.key.pid);
//!     }
//! }
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "perf"))]
//! # fn main() {}
//! ```
//!
//! # Which type do I want?
//!
//! | question | type |
//! | --- | --- |
//! | What starts and ends from now on? | `Events`, an iterator; a `Stream` by `Events::into_stream` |
//! | Which processes are there, once? | `Listing`, with columns of `field` |
//! | The same often, or a copy that stays current? | `Monitor`: `Snapshot`s and `Subscription`s |
//! | What did this command start, across a container engine? | [`cause::CausalSet`], with `live::Live` or `Monitor::join` |
//! | Which namespaces are there, and what becomes of them? | `namespace::Namespaces`, `namespace::NamespaceFollower` |
//! | Several of these in one process? | `Monitor`, or `live::Live` in a loop of your own |
//! | What does this tracepoint say? | `tracepoint::Observer`, or `tracepoint::Reader` |
//! | psgo's functions, by their names? | `psgo` |
//! | What works on this machine? | `doctor` |
//!
//! # In Cargo.toml
//!
//! ```toml
//! [dependencies]
//! process-observer = { version = "0.1", default-features = false, features = ["ebpf"] }
//! ```
//!
//! | feature | adds |
//! | --- | --- |
//! | `snapshot` | listings of /proc, columns, namespaces: no eBPF, no async runtime |
//! | `perf` | any tracepoint by name; events without eBPF; `Events`, `Monitor` |
//! | `ebpf` | the eBPF programs, compiled in: complete events, and walks of the kernel's own list |
//! | `engine` | names of containers, from the sockets of their engines |
//! | `tokio` | `Stream`s |
//! | `cli` (default) | the `observer` program, and text and JSON as it writes them |
//!
//! # How it is built
//!
//! The modules in the order in which a fact passes through them:
//!
//! 1. [`source`]: what the kernel tells → owned [`Event`]s, whoever tells it
//! 2. [`event`]: what an event says
//! 3. [`feed`]: a source's events with every loss in its place; no thread and no timer of its own
//! 4. `events`: the feed for programs: a blocking iterator, a `Stream` under feature `tokio`
//! 5. [`table`]: events → the processes that there are, and what each event changed
//! 6. `census`, `engine`: looks at all processes, and the one place where source, feed, census and
//!    table meet
//! 7. `live`: the engine and whoever follows its changes ([`follow`]), driven; `monitor`: that in a
//!    thread: snapshots, subscriptions
//! 8. `snapshot`, `listing`, `field`: the table at an instant → rows → columns
//! 9. [`cause`]: changes → what one command caused, across a container engine
//! 10. [`render`]: events and listings → text or JSON, hostile bytes made harmless
//!
//! [`tracepoint`] stands beside them: any tracepoint of the kernel, decoded by name; and
//! `namespace`: who is in which, and who keeps them alive. [`doctor`] says which sources work here.
//!
//! [`container`] knows whose cgroup a name stands for, `engines` asks container engines for the
//! names, `btf` knows where the running kernel keeps its members, [`machine`] what is the same for
//! every event, [`pace`] how a stream is driven, [`error`] what can go wrong. Numbers of /proc
//! become words in `capabilities`, `tty`, `names` and `id_map`.
//!
//! # Privileges
//!
//! Loading the programs takes `CAP_BPF` and `CAP_PERFMON` (or root) in the initial user namespace,
//! and a kernel from 5.18 with BTF. Once they are loaded nothing more is needed.
//!
//! # Loss
//!
//! A reader that is too slow, or a ring that is too small, loses events. Nothing vanishes in
//! silence: each CPU counts what it could not send, the place of each gap is an event of its own
//! ([`event::What::Lost`]), and at the end [`pace::Totals`] holds
//! `produced = delivered + lost` exactly.

#[cfg(feature = "snapshot")]
pub mod capabilities;
pub mod cause;
#[cfg(feature = "perf")]
mod census;
pub mod container;
#[cfg(feature = "perf")]
pub mod doctor;
#[cfg(any(feature = "engine", feature = "perf"))]
mod doorbell;
#[cfg(feature = "perf")]
pub mod engine;
#[cfg(feature = "engine")]
pub mod engines;
pub mod error;
pub mod event;
#[cfg(feature = "perf")]
pub mod events;
pub mod facts;
pub mod feed;
#[cfg(feature = "snapshot")]
pub mod field;
pub mod follow;
#[cfg(feature = "snapshot")]
pub mod id_map;
#[cfg(feature = "snapshot")]
pub mod listing;
#[cfg(feature = "perf")]
pub mod live;
pub mod machine;
#[cfg(feature = "perf")]
pub mod monitor;
#[cfg(feature = "snapshot")]
pub mod names;
#[cfg(feature = "snapshot")]
pub mod namespace;
#[cfg(feature = "snapshot")]
mod nearest;
#[cfg(feature = "snapshot")]
mod obs;
pub mod origin;
pub mod pace;
#[cfg(feature = "snapshot")]
pub mod psgo;
pub mod render;
#[cfg(feature = "perf")]
pub mod snapshot;
pub mod source;
pub mod table;
#[cfg(feature = "perf")]
pub mod tracepoint;
#[cfg(feature = "snapshot")]
pub mod tty;
#[cfg(feature = "perf")]
pub mod verify;

#[cfg(feature = "snapshot")]
mod rooted;
mod sys;

pub use error::Error;
pub use event::Event;
#[cfg(feature = "perf")]
pub use events::Events;
#[cfg(feature = "snapshot")]
pub use listing::Listing;
#[cfg(feature = "perf")]
pub use monitor::Monitor;
#[cfg(feature = "snapshot")]
pub use obs::Process;
#[cfg(feature = "perf")]
pub use snapshot::Snapshot;
#[cfg(feature = "ebpf")]
pub use source::bpf::btf;
