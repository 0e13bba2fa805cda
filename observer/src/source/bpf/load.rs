//! Puts the programs into the kernel: finds the offsets they need, patches them in, loads what was asked
//! for.

use std::{
    collections::{BTreeMap, HashMap},
    os::fd::{AsFd as _, OwnedFd},
};

use observer_common::{Kind, Layout};
use zerocopy::IntoBytes as _;

use super::{
    kernel::Kernel,
    object::{Loaded, Settings},
    overhear::Overhearing,
    privilege,
    walk::Iterators,
};
use crate::{Error, source::Options};

/// Of each program that has a second copy the memory for records.
const MEMORY_OF_COPIES: [&str; 6] = ["FORK", "EXEC", "EXIT", "FREE", "RENAME", "CGROUP"];

/// The object with its maps in the kernel, its programs not yet, and the kernel for which they are.
pub(super) struct Prepared {
    pub(super) loaded: Loaded,
    /// What its read-only data says of this kernel.
    layout: Layout,
    /// Whether programs that are always on are to be attached twice.
    pub(super) has_second_copies: bool,
    /// The kernel's function that calls the iterators.
    iterates: u32,
}

/// Makes the object's maps, with the offsets of this kernel in its read-only data.
pub(super) fn prepare(options: &Options) -> Result<Prepared, Error> {
    privilege::check()?;
    let kernel = Kernel::read()?;
    let config = kernel.config(options);
    let has_second_copies = kernel.has_second_copies(options);
    let mut entries = BTreeMap::from([("EVENTS", options.ring.bytes())]);
    if !has_second_copies {
        entries.extend(MEMORY_OF_COPIES.map(|memory| (memory, 1)));
    }
    let data = HashMap::from([("LAYOUT", kernel.layout.as_bytes()), ("CONFIG", config.as_bytes())]);
    let loaded = Loaded::load(&options.object, &Settings { data, entries })?;
    let Kernel { layout, iterates, .. } = kernel;
    Ok(Prepared { loaded, layout, has_second_copies, iterates })
}

impl Prepared {
    pub(super) fn load_program(&self, name: &str) -> Result<OwnedFd, Error> {
        self.loaded.load_program(name, self.iterates)
    }

    /// Loads the program that tells requests, if they are asked for and this kernel shows the way to
    /// them. Others attach it.
    pub(super) fn overhearing(&mut self, options: &Options) -> Result<Option<Overhearing>, Error> {
        if !options.all_kinds().contains(&Kind::REQUEST) || !self.layout.leads_to_unix_sockets() {
            return Ok(None);
        }
        let list = self.loaded.take_map("OVERHEARD")?;
        Overhearing::new(self.load_program("request")?, list).map(Some)
    }

    /// Loads the programs that walk over all processes, if they are asked for.
    pub(super) fn walks(&mut self, options: &Options) -> Result<Option<Iterators>, Error> {
        if !options.walks {
            return Ok(None);
        }
        let wanted = self.loaded.take_map("WALK")?;
        let tasks = self.load_program("walk_tasks")?;
        let arguments = self.load_program("walk_arguments")?;
        Iterators::new(tasks.as_fd(), arguments.as_fd(), wanted).map(Some)
    }
}
