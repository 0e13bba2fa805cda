//! What the running kernel offers.

use std::fs;

use nix::sys::utsname::uname;

use crate::{Error, tracepoint::Tracefs};

/// The running kernel, as far as it matters here.
#[derive(Debug)]
pub struct Kernel {
    /// As uname(2) has it.
    pub release: String,
    /// The machine that it was built for, likewise.
    pub architecture: String,
    /// `none`, `integrity` or `confidentiality`, see `kernel_lockdown(7)`; `None` where the kernel
    /// does not say, as most that have no lockdown.
    pub lockdown: Option<String>,
    /// `/proc/sys/kernel/perf_event_paranoid`, see `perf_event_open(2)`; `None` where the kernel
    /// has no such events.
    pub perf_event_paranoid: Option<i32>,
    /// Its own description of its types.
    pub btf: Result<Btf, Error>,
    /// Where it describes its tracepoints.
    pub tracefs: Result<String, Error>,
}

/// A kernel's description of its types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Btf {
    /// Bytes.
    pub size: u64,
    /// Of the places that the eBPF programs read: those that are in it.
    pub found: usize,
    /// Those that are not, by name.
    pub missing: Vec<&'static str>,
    /// Likewise those that the programs do without.
    pub dispensable: Vec<&'static str>,
}

impl Kernel {
    pub(super) fn look() -> Self {
        let name = uname().ok();
        let text = |of: fn(&nix::sys::utsname::UtsName) -> &std::ffi::OsStr| {
            name.as_ref().map_or_else(String::new, |name| of(name).to_string_lossy().into_owned())
        };
        let lockdown = fs::read_to_string("/sys/kernel/security/lockdown").ok();
        let paranoid = fs::read_to_string("/proc/sys/kernel/perf_event_paranoid").ok();
        Self {
            release: text(|name| name.release()),
            architecture: text(|name| name.machine()),
            lockdown: lockdown.as_deref().and_then(in_force),
            perf_event_paranoid: paranoid.and_then(|text| text.trim().parse().ok()),
            btf: btf(),
            tracefs: tracefs(),
        }
    }
}

/// The mode in brackets.
fn in_force(lockdown: &str) -> Option<String> {
    let (_, rest) = lockdown.split_once('[')?;
    rest.split_once(']').map(|(mode, _)| mode.to_owned())
}

#[cfg(feature = "ebpf")]
fn btf() -> Result<Btf, Error> {
    use observer_common::{Layout, Place, Wanted};

    use crate::source::bpf::btf::{Btf as Types, VMLINUX};

    let types = Types::from_kernel()?;
    let is_missing =
        |wanted: &&Wanted| wanted.places.iter().all(|place| types.find(*place).is_none());
    let (dispensable, missing): (Vec<_>, Vec<_>) =
        Layout::WANTED.iter().filter(is_missing).partition(|wanted| wanted.optional);
    let names = |list: Vec<&Wanted>| -> Vec<&'static str> {
        let first = list.into_iter().filter_map(|wanted| wanted.places.first());
        first
            .map(|place| match place {
                Place::Member(name)
                | Place::Bit(name)
                | Place::Size(name)
                | Place::Enumerator(name) => *name,
            })
            .collect()
    };
    let (missing, dispensable) = (names(missing), names(dispensable));
    let found = Layout::WANTED.len().saturating_sub(missing.len() + dispensable.len());
    let size = fs::metadata(VMLINUX).map_or(0, |file| file.len());
    Ok(Btf { size, found, missing, dispensable })
}

#[cfg(not(feature = "ebpf"))]
fn btf() -> Result<Btf, Error> {
    Err(Error::NotBuilt("ebpf"))
}

fn tracefs() -> Result<String, Error> {
    Ok(Tracefs::open()?.how())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_in_force_is_the_one_in_brackets() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(in_force(text).as_deref(), expected);
        };
        check("[none] integrity confidentiality\n", Some("none"));
        check("none integrity [confidentiality]\n", Some("confidentiality"));
        check("none\n", None);
    }

    #[test]
    fn this_kernel_has_a_name() {
        let kernel = Kernel::look();
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
        assert_eq!(kernel.release, release.trim());
        assert!(!kernel.architecture.is_empty());
    }
}
