//! What a row alone does not know and a column needs: the instant, the machine, the names. All of
//! it is fetched before, so that a column is a pure function.

use jiff::tz::TimeZone;

use crate::{
    id_map::{self, IdMap},
    machine::Machine,
    names::Names,
};

/// What all rows of a listing are seen with.
#[derive(Clone, Debug)]
pub struct View {
    /// The instant of the listing.
    pub now: Instant,
    /// The running machine.
    pub machine: Machine,
    /// The caller's time zone.
    pub zone: TimeZone,
    /// Whose words times are written in.
    pub times: Times,
    /// Names of the caller's users and groups.
    pub names: Names,
    /// Maps the caller's user ids to the real host's, for the host columns; empty for a caller
    /// that is the host.
    pub uid_map: Vec<IdMap>,
    /// Maps for the groups, likewise.
    pub gid_map: Vec<IdMap>,
}

impl View {
    /// The host's id of a user of the caller's.
    pub(crate) fn host_uid(&self, uid: u32) -> u32 {
        outside(&self.uid_map, uid, self.machine.overflow_uid)
    }

    /// The host's id of a group of the caller's.
    pub(crate) fn host_gid(&self, gid: u32) -> u32 {
        outside(&self.gid_map, gid, self.machine.overflow_gid)
    }
}

/// Without maps the caller is the host.
fn outside(maps: &[IdMap], id: u32, overflow: u32) -> u32 {
    if maps.is_empty() { id } else { id_map::to_host(maps, id).unwrap_or(overflow) }
}

/// One instant by two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant {
    /// Nanoseconds since boot, suspended time included.
    pub boot_ns: u64,
    /// Nanoseconds since 1970.
    pub unix_ns: i128,
}

impl Instant {
    /// Nanoseconds since 1970 of a moment given in nanoseconds since boot.
    pub fn unix_ns_of(self, boot_ns: u64) -> i128 {
        self.unix_ns - i128::from(self.boot_ns) + i128::from(boot_ns)
    }

    /// Nanoseconds from such a moment to this one; 0 for what came later.
    pub fn since(self, boot_ns: u64) -> u64 {
        self.boot_ns.saturating_sub(boot_ns)
    }
}

/// How times and CPU shares are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// As psgo does, in Go's words: `1h2m3.45s`.
    #[default]
    Psgo,
    /// As ps(1) does: `01:02:03`.
    Ps,
}
