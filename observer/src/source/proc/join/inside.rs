//! What a process is called inside: its pids there, and its ids by its own maps.

use std::sync::Arc;

use hashbrown::HashMap;
use nix::errno::Errno;

use super::{Target, USER};
use crate::{
    field::{Inside, Row, Status},
    id_map::{self, IdMap},
    machine::Machine,
    source::proc::Directory,
};

/// Gives rows the look from inside.
pub(super) struct Insider<'a> {
    proc: &'a Directory,
    own_user_namespace: u32,
    machine: &'a Machine,
    /// By the number of the user namespace.
    maps: HashMap<u32, Arc<Maps>>,
}

/// What the maps of a user namespace say.
#[derive(Default)]
struct Maps {
    users: Vec<IdMap>,
    groups: Vec<IdMap>,
}

impl<'a> Insider<'a> {
    pub(super) fn new(proc: &'a Directory, own_user_namespace: u32, machine: &'a Machine) -> Self {
        Self { proc, own_user_namespace, machine, maps: HashMap::new() }
    }

    /// The processes of a namespace by their pid there.
    pub(super) fn look_at(&mut self, target: &Target, rows: &[&Row]) -> Vec<Row> {
        let pid_of = |row: &&Row| Some((row.pid, *row.status.as_ref()?.pids.get(target.level)?));
        let pids: HashMap<u32, u32> = rows.iter().filter_map(pid_of).collect();
        let mut joined: Vec<Row> = rows
            .iter()
            .filter_map(|row| {
                let inside = self.inside(target, row, &pids)?;
                Some(Row { inside: Some(Box::new(inside)), ..(*row).clone() })
            })
            .collect();
        joined.sort_by_key(|row| row.inside.as_ref().map(|inside| inside.pid));
        joined
    }

    fn inside(&mut self, target: &Target, row: &Row, pids: &HashMap<u32, u32>) -> Option<Inside> {
        let status = row.status.as_ref()?;
        let at_level = |list: &[u32]| list.get(target.level).copied().unwrap_or(0);
        let parent = row.identity.as_ref().and_then(|known| pids.get(&known.parent));
        let mut inside = Inside {
            pid: *pids.get(&row.pid)?,
            parent: parent.copied().unwrap_or(0),
            pgid: at_level(&status.pgids),
            sid: at_level(&status.sids),
            uids: status.uids,
            gids: status.gids,
            groups: status.groups.clone(),
            names: Arc::clone(&target.names),
        };
        if target.user_namespace != self.own_user_namespace {
            self.map_ids(&mut inside, status, row);
        }
        Some(inside)
    }

    fn map_ids(&mut self, inside: &mut Inside, status: &Status, row: &Row) {
        let Machine { overflow_uid, overflow_gid, .. } = *self.machine;
        let maps = self.maps_of(row);
        let uid = |id| id_map::to_container(&maps.users, id).unwrap_or(overflow_uid);
        let gid = |id| id_map::to_container(&maps.groups, id).unwrap_or(overflow_gid);
        inside.uids = status.uids.map(|ids| ids.map(uid));
        inside.gids = status.gids.map(|ids| ids.map(gid));
        let groups = status.groups.as_ref();
        inside.groups = groups.map(|ids| ids.iter().map(|id| gid(*id)).collect());
    }

    /// The maps of its user namespace. They are written once, before anything can run in there
    /// with another id.
    fn maps_of(&mut self, row: &Row) -> Arc<Maps> {
        let number = row.namespaces[USER];
        if let Some(maps) = number.and_then(|number| self.maps.get(&number)) {
            return Arc::clone(maps);
        }
        // Those of a process that has gone meanwhile map nothing.
        let Ok(maps) = self.read_maps(row.pid).map(Arc::new) else {
            return Arc::default();
        };
        if let Some(number) = number {
            self.maps.insert(number, Arc::clone(&maps));
        }
        maps
    }

    fn read_maps(&self, pid: u32) -> Result<Maps, Errno> {
        let folder = self.proc.process(pid)?;
        Ok(Maps {
            users: id_map::parse(&folder.read_lines(c"uid_map")?),
            groups: id_map::parse(&folder.read_lines(c"gid_map")?),
        })
    }
}
