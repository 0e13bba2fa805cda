//! The committed JSON Schemas are those that the types say. `OBSERVER_BLESS=1` writes them anew.

#![expect(
    clippy::tests_outside_test_module,
    clippy::expect_used,
    reason = "a test that panics has failed"
)]

use std::{env, fs, path::Path};

use observer::render::schema::{
    Diagnosis, Document, Line, NamespaceOutput, RunReport, TraceLine, Verification, text_of,
};

#[test]
fn the_committed_event_schema_is_current() {
    assert_current("event-v1.json", &text_of::<Line<'static>>());
}

#[test]
fn the_committed_snapshot_schema_is_current() {
    assert_current("snapshot-v1.json", &text_of::<Document<'static>>());
}

#[test]
fn the_committed_verify_schema_is_current() {
    assert_current("verify-v1.json", &text_of::<Verification<'static>>());
}

#[test]
fn the_committed_trace_schema_is_current() {
    assert_current("trace-v1.json", &text_of::<TraceLine<'static>>());
}

#[test]
fn the_committed_doctor_schema_is_current() {
    assert_current("doctor-v1.json", &text_of::<Diagnosis<'static>>());
}

#[test]
fn the_committed_ns_schema_is_current() {
    assert_current("ns-v1.json", &text_of::<NamespaceOutput<'static>>());
}

#[test]
fn the_committed_run_schema_is_current() {
    assert_current("run-v1.json", &text_of::<RunReport<'static>>());
}

fn assert_current(file: &str, current: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(file);
    if env::var_os("OBSERVER_BLESS").is_some() {
        fs::write(&path, current).expect("a folder that can be written to");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == current,
        "`schema/{file}` is not what the types say; see the difference with \
         `OBSERVER_BLESS=1 cargo test --all-features --test schema && git diff`"
    );
}
