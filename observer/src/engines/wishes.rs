//! What followers wish to hear of containers, and what they are told.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::{
    ask::Named,
    asker::{Answer, Names, Question},
};
use crate::follow;

impl Question {
    /// The question that grants a wish, if engines can grant it.
    pub fn of(wish: follow::Wish) -> Option<Self> {
        match wish {
            follow::Wish::Describe { id, socket } => {
                Some(Self::Describe { id, socket: path(&socket) })
            }
            follow::Wish::Resolve { name, socket } => {
                Some(Self::Resolve { name, socket: path(&socket) })
            }
            follow::Wish::Names { ids } => Some(Self::Names { ids }),
            _ => None,
        }
    }
}

impl Answer {
    /// What followers are told: nothing where no engine knows, and of a description one answer for each
    /// container.
    pub fn tell(self, each: &mut dyn FnMut(&follow::Answer)) {
        match self {
            Self::Described(containers) => {
                for Named { id, name, image, marks } in containers {
                    each(&follow::Answer::Described { id, name, image, marks });
                }
            }
            Self::Resolved { name, id } => each(&follow::Answer::Resolved { name, id }),
            Self::Names(Names { asked, named, failure }) => {
                each(&follow::Answer::Names { asked, named, failure });
            }
            Self::Unresolved => {}
        }
    }
}

fn path(socket: &Bytes) -> PathBuf {
    Path::new(OsStr::from_bytes(socket)).to_owned()
}
