//! The committed JSON Schemas are those that the types say. `OBSERVER_BLESS=1` writes them anew.

#![expect(
    clippy::tests_outside_test_module,
    clippy::expect_used,
    reason = "a test that panics has failed"
)]

mod committed;

use observer::render::schema::{
    Diagnosis, Document, Line, NamespaceOutput, RunReport, TraceLine, Verification, text_of,
};

use crate::committed::assert_current;

#[test]
fn the_committed_event_schema_is_current() {
    assert_schema("event-v1.json", &text_of::<Line<'static>>());
}

#[test]
fn the_committed_snapshot_schema_is_current() {
    assert_schema("snapshot-v1.json", &text_of::<Document<'static>>());
}

#[test]
fn the_committed_verify_schema_is_current() {
    assert_schema("verify-v1.json", &text_of::<Verification<'static>>());
}

#[test]
fn the_committed_trace_schema_is_current() {
    assert_schema("trace-v1.json", &text_of::<TraceLine<'static>>());
}

#[test]
fn the_committed_doctor_schema_is_current() {
    assert_schema("doctor-v1.json", &text_of::<Diagnosis<'static>>());
}

#[test]
fn the_committed_ns_schema_is_current() {
    assert_schema("ns-v1.json", &text_of::<NamespaceOutput<'static>>());
}

#[test]
fn the_committed_run_schema_is_current() {
    assert_schema("run-v1.json", &text_of::<RunReport<'static>>());
}

fn assert_schema(file: &str, current: &str) {
    let file = format!("schema/{file}");
    assert_current(&file, current, "the types say", "--all-features --test schema");
}
