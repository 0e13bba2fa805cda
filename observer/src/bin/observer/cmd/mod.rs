//! One file a command.

pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod ns;
pub(crate) mod ps;
pub(crate) mod run;
pub(crate) mod trace;
pub(crate) mod verify;
