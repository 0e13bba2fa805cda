//! A committed file that is generated: compared, or with `OBSERVER_BLESS=1` written anew.

use std::{env, fs, path::Path};

/// Fails if the file, whose path is from the crate's folder on, is not this. `made_of` is what it is
/// generated from, `test` the arguments of `cargo test` that write it anew.
#[track_caller]
pub(crate) fn assert_current(file: &str, current: &str, made_of: &str, test: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if env::var_os("OBSERVER_BLESS").is_some() {
        fs::write(&path, current).expect("a folder that can be written to");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == current,
        "`{file}` is not what {made_of}; see the difference with `OBSERVER_BLESS=1 cargo test {test} \
         && git diff`"
    );
}
