//! The committed JSON Schema is the one that the types say. `OBSERVER_BLESS=1` writes it anew.

#![expect(clippy::tests_outside_test_module, reason = "a test that panics has failed")]

use std::{env, fs, path::Path};

#[test]
fn the_committed_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/event-v1.json");
    let current = observer::render::schema::json_schema();
    if env::var_os("OBSERVER_BLESS").is_some() {
        fs::write(&path, &current).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == current,
        "`schema/event-v1.json` is not what the types say; see the difference with \
         `OBSERVER_BLESS=1 cargo test --all-features --test schema && git diff`"
    );
}
