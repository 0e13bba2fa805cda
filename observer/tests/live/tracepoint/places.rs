//! tracefs where it usually is, elsewhere, nowhere, and kept from the user.

use std::ffi::CString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use nix::unistd::{Uid, setresuid};
use observer::tracepoint::Tracefs;
use tempfile::TempDir;

use super::heard;
use crate::support::act::say;
use crate::support::child::c_string;
use crate::support::harness::{Case, cases};
use crate::support::need::perf;
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [perf] {
            at_its_usual_place,
            mounted_nowhere,
            kept_from_the_user,
        }
        Host [perf] {
            at_another_place,
            mounted_nowhere_and_kept_from_the_user,
        }
    ]
}

const NOBODY: u32 = 65_534;
const USUAL: &str = "/sys/kernel/tracing";

/// Opens it with mounts of its own, as root or as nobody, and says what came of it.
pub(super) fn open(place: &str, user: &str) -> ExitCode {
    sys::private_mounts().expect("own mounts");
    take_away();
    if place != "nowhere" {
        let place = c_string(Path::new(place));
        sys::mount(c"none", &place, Some(c"tracefs"), 0).expect("tracefs");
    }
    if user == "nobody" {
        let nobody = Uid::from_raw(NOBODY);
        setresuid(nobody, nobody, nobody).expect("another user");
    }
    let before = mounts();
    match Tracefs::open() {
        Ok(tracefs) => {
            let exec = tracefs.find("sched:sched_process_exec").expect("an event");
            let id = tracefs.id(&exec[0]).expect("an id");
            say(&format!("{}, {}", tracefs.how(), if id > 0 { "read" } else { "not read" }));
        }
        Err(error) => {
            let remedy = error.remedy().expect("a remedy");
            say(&format!("{error}; {remedy}; forbidden: {}", error.is_not_permitted()));
        }
    }
    assert_eq!(mounts(), before, "mounts");
    ExitCode::SUCCESS
}

fn mounts() -> String {
    fs::read_to_string("/proc/self/mountinfo").expect("mountinfo")
}

/// Leaves no tracefs behind, only the empty folders to mount it on.
fn take_away() {
    let is_tracefs = |line: &&str| line.contains(" - tracefs ");
    for line in mounts().lines().filter(is_tracefs) {
        let point = line.split(' ').nth(4).expect("a mount point");
        sys::detach(&CString::new(point).expect("no NUL")).expect("no mount");
    }
    for folder in [c"/sys/kernel/tracing", c"/sys/kernel/debug"] {
        if Path::new(folder.to_str().expect("UTF-8")).exists() {
            sys::mount(c"none", folder, Some(c"tmpfs"), 0).expect("an empty folder");
        }
    }
}

fn at_its_usual_place() {
    assert_eq!(heard(&["open", USUAL, "root"]).trim_end(), format!("{USUAL}, read"));
}

fn at_another_place() {
    let folder = TempDir::with_prefix("trace fs").expect("a folder");
    let path = folder.path().to_str().expect("UTF-8");
    assert_eq!(heard(&["open", path, "root"]).trim_end(), format!("{path}, read"));
}

fn mounted_nowhere() {
    assert_eq!(heard(&["open", "nowhere", "root"]).trim_end(), "a detached mount, read");
}

fn kept_from_the_user() {
    let told = heard(&["open", USUAL, "nobody"]);
    // Its permissions are those of the last who mounted it.
    for word in [USUAL, "its mode is 07", "65534", "CAP_DAC_READ_SEARCH", "forbidden: true"] {
        assert!(told.to_uppercase().contains(&word.to_uppercase()), "no `{word}` in: {told}");
    }
    // Where a folder above it refuses, that is named.
    let folder = TempDir::new().expect("a folder");
    let closed = fs::Permissions::from_mode(0o700);
    fs::set_permissions(folder.path(), closed).expect("a closed folder");
    let inside = folder.path().join("inside");
    fs::create_dir(&inside).expect("a folder");
    let told = heard(&["open", inside.to_str().expect("UTF-8"), "nobody"]);
    let above = format!("`{}`", folder.path().display());
    assert!(told.contains(&above), "what refuses is {above}: {told}");
}

fn mounted_nowhere_and_kept_from_the_user() {
    let told = heard(&["open", "nowhere", "nobody"]);
    for word in ["not mounted", "operation not permitted", "mount -t tracefs", "forbidden: true"] {
        assert!(told.contains(word), "no `{word}` in: {told}");
    }
}
