//! The JSON of the event stream, of snapshots, verifications, tracepoints, diagnoses, namespaces
//! and reports, as types. Names are OpenTelemetry's `process.*`, nested.
//!
//! These are the only types that serialise: what happened and how it is told can change apart.
//! `schema/event-v1.json`, `schema/snapshot-v1.json`, `schema/verify-v1.json`,
//! `schema/trace-v1.json`, `schema/doctor-v1.json`, `schema/ns-v1.json` and `schema/run-v1.json`
//! are generated from them.

mod doctor;
mod event;
mod namespace;
mod process;
mod run;
mod scalar;
mod snapshot;
mod trace;
mod verify;

pub use self::{
    doctor::{DiagnosedBackend, DiagnosedBtf, DiagnosedTracefs, Diagnosis},
    event::{Bye, Freed, FreedProcess, Hello, Line, Lost, LostWhere, ProcessEvent, Ready, Repair},
    namespace::{
        HeldBy, ListedNamespace, MappedRange, MissingKin, NamedNamespace, NamespaceActor,
        NamespaceDocument, NamespaceLead, NamespaceLine, NamespaceMember, NamespaceNews,
        NamespaceOutput,
    },
    process::{
        Container, Creation, Creator, Executable, Exit, Id, Linux, Namespaces, Process, Raw,
    },
    run::{
        CausedContainer, CausedProcess, Longest, RawCommand, Reason, RunDoubt, RunReport,
        RunTotals, StartedProgram,
    },
    scalar::{Base64, Digits, Number, RawArgs, TextArgs},
    snapshot::{Document, Listed, ListedProcess, RawBytes, SnapshotHead},
    trace::{
        CountedEvent, Counts, DescribedField, TraceLine, TraceNews, Traced, TracepointDescription,
        TracepointList, WordOfNumber,
    },
    verify::{ComparedColumn, DifferingCell, Verification},
};

/// Version of the schema: raised by a change that a reader would notice, not by an addition.
pub const VERSION: u32 = 1;

/// The schema of one of these types, as it is committed.
#[cfg(feature = "schema")]
pub fn text_of<T: schemars::JsonSchema>() -> String {
    serde_json::to_string_pretty(&schemars::schema_for!(T)).unwrap_or_default() + "\n"
}
