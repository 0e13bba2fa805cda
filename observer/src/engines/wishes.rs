//! What a causal set wishes to hear of containers, and what it is told.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::{
    ask::Named,
    asker::{Answer, Question},
};
use crate::cause::{CausalSet, Wish};

impl Question {
    /// The question that grants a wish, if engines can grant it.
    pub fn of(wish: Wish) -> Option<Self> {
        match wish {
            Wish::Describe { id, socket } => Some(Self::Describe { id, socket: path(&socket) }),
            Wish::Resolve { name, socket } => Some(Self::Resolve { name, socket: path(&socket) }),
            Wish::Overhear(_) | Wish::StopOverhearing(_) => None,
        }
    }
}

impl Answer {
    /// Tells the set what it has wished to hear.
    pub fn tell(self, set: &mut CausalSet) {
        match self {
            Self::Described(containers) => {
                for Named { id, name, image, marks } in containers {
                    set.describe(&id, name, image, marks);
                }
            }
            Self::Resolved { name, id } => set.resolve(&name, &id),
            Self::Names(_) | Self::Unresolved => {}
        }
    }
}

fn path(socket: &Bytes) -> PathBuf {
    Path::new(OsStr::from_bytes(socket)).to_owned()
}
