//! A listing → the JSON document of a snapshot, written process by process.

use std::borrow::Cow;

use hashbrown::HashMap;
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::{
    json::append,
    process::namespaces,
    ps_time::rfc3339_hundredths,
    schema::{
        self, Base64, Container, Creation, Digits, Executable, Id, Linux, Listed, ListedProcess,
        RawBytes, SnapshotHead,
    },
    time::rfc3339,
    write_cell,
};
use crate::{
    Listing,
    facts::Facts,
    field::{Column, Owner, Row},
    machine::Machine,
};

/// Writes a listing as one document.
#[derive(Debug)]
pub struct JsonSnapshot<'a> {
    listing: &'a Listing,
    /// Each column once.
    columns: Vec<&'a Column>,
    /// To tell a parent's identity.
    ids: HashMap<u32, String>,
    any: bool,
    /// Between two processes.
    separator: &'static [u8],
}

impl<'a> JsonSnapshot<'a> {
    /// What a document tells of every process, whatever its columns are.
    pub const FACTS: Facts = Facts::IDENTITY
        .and(Facts::NAME)
        .and(Facts::IDS)
        .and(Facts::PIDS)
        .and(Facts::ARGUMENTS)
        .and(Facts::EXECUTABLE)
        .and(Facts::CGROUP)
        .and(Facts::ALL_NAMESPACES);

    /// A document of these columns.
    pub fn new(listing: &'a Listing, columns: &'a [Column]) -> Self {
        let mut once: Vec<&Column> = Vec::with_capacity(columns.len());
        for column in columns {
            if once.iter().all(|known| known.field != column.field) {
                once.push(column);
            }
        }
        let machine = &listing.view.machine;
        let ids = listing.rows.iter().filter_map(|row| Some((row.pid, id(machine, row)?)));
        let ids = ids.collect();
        Self { listing, columns: once, ids, any: false, separator: b",\n" }
    }

    /// Writes the whole document into one line, for readers of one after the other.
    #[must_use]
    pub fn in_one_line(mut self) -> Self {
        self.separator = b",";
        self
    }

    /// The beginning.
    pub fn begin(&self, out: &mut Vec<u8>) {
        let listing = self.listing;
        let head = SnapshotHead {
            boot_id: &listing.view.machine.boot_id,
            seq: listing.seq,
            lost: listing.lost,
            complete: listing.is_complete(),
            time: rfc3339(listing.now().unix_ns),
            boot_ns: Digits(listing.now().boot_ns),
            origin: listing.origin.name(),
            vanished: listing.vanished,
            refused: listing.refused,
            curtailed: listing.curtailed,
        };
        out.extend_from_slice(format!("{{\"v\":{},\"snapshot\":", schema::VERSION).as_bytes());
        append(out, &head);
        out.extend_from_slice(b",\"processes\":[");
    }

    /// One process.
    pub fn process(&mut self, out: &mut Vec<u8>, row: &Row) {
        if std::mem::replace(&mut self.any, true) {
            out.extend_from_slice(self.separator);
        }
        let container = row.cgroup.as_ref().and_then(|cgroup| cgroup.container.as_ref());
        let listed = Listed {
            process: self.listed(row),
            container: container.map(Container::from),
            columns: Cells { row, listing: self.listing, columns: &self.columns },
        };
        append(out, &listed);
    }

    /// The end.
    pub fn end(out: &mut Vec<u8>) {
        out.extend_from_slice(b"]}\n");
    }

    fn listed<'r>(&self, row: &'r Row) -> ListedProcess<'r> {
        let machine = &self.listing.view.machine;
        let identity = row.identity.as_ref();
        let status = row.status.as_ref();
        let parent = identity.map(|identity| identity.parent);
        let owned = |number: Option<u32>| number.map(|id| Id { id });
        let effective = row.effective();
        let uids = status.and_then(|status| status.uids);
        let gids = status.and_then(|status| status.gids);
        ListedProcess {
            id: id(machine, row),
            pid: row.pid,
            vpid: status.and_then(|status| status.pids.last().copied()),
            parent_pid: parent,
            parent_id: parent.and_then(|pid| self.ids.get(&pid).cloned()),
            comm: identity.map(|identity| String::from_utf8_lossy(&identity.comm)),
            executable: row
                .executable
                .as_deref()
                .map(|path| Executable { path: String::from_utf8_lossy(path) }),
            command_args: row.arguments.as_deref().map(arguments),
            creation: identity.map(|identity| Creation {
                time: self.began(identity.start_ns),
                boot_ns: Digits(identity.start_ns),
            }),
            user: owned(effective.map(|Owner { uid, .. }| uid)),
            real_user: owned(uids.map(|[real, ..]| real)),
            group: owned(effective.map(|Owner { gid, .. }| gid)),
            real_group: owned(gids.map(|[real, ..]| real)),
            ns: namespaces(row.namespaces),
            linux: row.cgroup.as_deref().map(|cgroup| Linux { cgroup: cgroup.path() }),
            raw: raw(row),
        }
    }

    /// As exactly as the start is known: a whole number of clock ticks comes from /proc, which
    /// tells no more.
    fn began(&self, start_ns: u64) -> String {
        let unix_ns = self.listing.now().unix_ns_of(start_ns);
        if !start_ns.is_multiple_of(self.listing.view.machine.tick_ns()) {
            return rfc3339(unix_ns);
        }
        let mut text = Vec::new();
        rfc3339_hundredths(&mut text, unix_ns);
        String::from_utf8_lossy(&text).into_owned()
    }
}

fn id(machine: &Machine, row: &Row) -> Option<String> {
    Some(machine.life_id(row.key()?, row.life))
}

/// Each argument as text, without its NUL.
pub(super) fn arguments(list: &[u8]) -> Vec<Cow<'_, str>> {
    split(list).map(String::from_utf8_lossy).collect()
}

fn split(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ended = list.strip_suffix(b"\0").unwrap_or(list);
    let empty = list.is_empty();
    ended.split(|byte| *byte == 0).filter(move |_| !empty)
}

/// Exact bytes of what is not UTF-8.
fn raw(row: &Row) -> Option<RawBytes<'_>> {
    let lossy = |bytes: &&[u8]| str::from_utf8(bytes).is_err();
    let raw = RawBytes {
        comm: row.identity.as_ref().map(|identity| &*identity.comm).filter(lossy).map(Base64),
        command_args: row
            .arguments
            .as_deref()
            .filter(lossy)
            .map(|list| split(list).map(Base64).collect()),
        executable_path: row.executable.as_deref().filter(lossy).map(Base64),
    };
    let needed = raw.comm.is_some() || raw.command_args.is_some() || raw.executable_path.is_some();
    needed.then_some(raw)
}

/// The asked-for columns of a row, by name.
#[derive(Debug)]
pub struct Cells<'a> {
    row: &'a Row,
    listing: &'a Listing,
    columns: &'a [&'a Column],
}

impl Serialize for Cells<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.columns.len()))?;
        let mut text = Vec::new();
        for column in self.columns {
            text.clear();
            write_cell(&mut text, column.field, self.row, &self.listing.view);
            map.serialize_entry(column.field.name, &String::from_utf8_lossy(&text))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        field::{Identity, Instant},
        origin::Origin,
    };

    #[test]
    fn a_start_is_told_as_exactly_as_it_is_known() {
        let row = |pid, start_ns| Row {
            pid,
            identity: Some(Identity { start_ns, ..Identity::default() }),
            ..Row::default()
        };
        let now = Instant { boot_ns: 9_000_000_000, unix_ns: 109_123_456_789 };
        let rows = vec![row(1, 2_340_000_000), row(2, 2_340_000_001)];
        let machine = Machine::read().unwrap();
        let listing = Listing::of_rows(rows, now, JsonSnapshot::FACTS, machine, Origin::Bpf);
        let mut text = Vec::new();
        let mut json = JsonSnapshot::new(&listing, &[]);
        json.begin(&mut text);
        for row in &listing.rows {
            json.process(&mut text, row);
        }
        JsonSnapshot::end(&mut text);
        let document: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let began = |index: usize| &document["processes"][index]["process"]["creation"]["time"];
        assert_eq!(began(0), "1970-01-01T00:01:42.46Z");
        assert_eq!(began(1), "1970-01-01T00:01:42.463456790Z");
        assert_eq!(document["snapshot"]["origin"], "bpf");
    }
}
