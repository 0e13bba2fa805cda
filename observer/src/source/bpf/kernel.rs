//! What the programs must know of the running kernel and of this run.

use nix::sys::utsname::uname;
use observer_common::{Config, Layout, limits};

use super::btf::Btf;
use crate::{
    Error,
    source::{Options, RingSize},
};

/// The running kernel.
pub(super) struct Kernel {
    pub(super) layout: Layout,
    has_group_dead: bool,
    /// The type id of the function that calls iterators over tasks.
    pub(super) iterates: u32,
    /// Whether a task may be preempted inside a tracepoint program.
    pub(super) preempts_programs: bool,
}

impl Kernel {
    pub(super) fn read() -> Result<Self, Error> {
        let btf = Btf::from_kernel()?;
        let layout = btf.layout()?;
        if !has_ids_together(&layout) {
            return Err(Error::DamagedBtf("the ids in `cred` are not neighbours"));
        }
        Ok(Self {
            layout,
            has_group_dead: btf
                .tracepoint_arguments("sched_process_exit")
                .is_some_and(|count| count >= 2),
            iterates: btf
                .function(ITERATES)
                .ok_or_else(|| Error::MissingMember(ITERATES.to_owned()))?,
            preempts_programs: preempts_programs(),
        })
    }

    pub(super) fn config(&self, options: &Options) -> Config {
        let ring = options.ring.bytes();
        Config {
            args_max: options.args_max.unwrap_or(u64::MAX),
            args_inline: inline_limit(options.ring),
            args_chunk: chunk_limit(options.ring),
            args_room: ring / 4 * 3 - chunk_limit(options.ring),
            wake_bytes: WAKE_BYTES.min(ring / 4),
            has_group_dead: u32::from(self.has_group_dead),
            has_second_copies: u32::from(self.has_second_copies(options)),
            linger: options.trial.linger,
            reserved: 0,
        }
    }

    /// Whether each program that is always on needs a second copy.
    pub(super) fn has_second_copies(&self, options: &Options) -> bool {
        self.preempts_programs && !options.trial.single
    }
}

/// What the kernel calls for each task of a walk. Programs that walk stand for it.
const ITERATES: &str = "bpf_iter_task";

/// The programs take the ids of a process with one read of this many bytes.
fn has_ids_together(layout: &Layout) -> bool {
    const READ: u32 = 32;
    let ids = [layout.cred_gid, layout.cred_euid, layout.cred_egid];
    ids.iter().all(|id| id.wrapping_sub(layout.cred_uid) < READ)
}

/// Tracepoints keep preemption off up to Linux 6.19 and leave it on since 7.0. A kernel that says less
/// than it does costs nothing but losses that a second copy would have prevented: they are told.
fn preempts_programs() -> bool {
    const SINCE: u32 = 7;
    uname().is_ok_and(|names| {
        let release = names.release().to_string_lossy();
        major(&release).is_some_and(|major| major >= SINCE)
    })
}

/// The `7` of `7.3.4+deb13-cloud-amd64`.
fn major(release: &str) -> Option<u32> {
    release.split('.').next()?.parse().ok()
}

/// At 10,000 execs a second with their exits this much gathers in a few milliseconds.
const WAKE_BYTES: u32 = 32 * 1024;

/// A small ring takes small pieces: one that does not fit is always lost.
fn inline_limit(ring: RingSize) -> u32 {
    limits::ARGS_INLINE.min(ring.bytes() / 4)
}

fn chunk_limit(ring: RingSize) -> u32 {
    limits::ARGS_CHUNK.min(ring.bytes() / 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_begins_with_its_major_number() {
        assert_eq!(major("7.3.4+deb13-cloud-amd64"), Some(7));
        assert_eq!(major("6.18.44"), Some(6));
        assert_eq!(major("10.0.0-rc1"), Some(10));
        assert_eq!(major("next"), None);
    }
}
