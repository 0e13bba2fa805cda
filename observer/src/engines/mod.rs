//! Names of containers ↔ their ids, which only the engines know: they are asked over their
//! sockets, by the Docker API that Podman speaks as well.
//!
//! Never on a hot path: it takes two seconds at worst. Nothing that an engine says is believed
//! further than it has to be: sizes and times are bounded, and an id has 64 hex digits or is
//! refused. Names may hold anything; escape them before a terminal.

mod ask;
mod asker;
mod failure;
mod http;
mod wishes;

pub use self::{
    ask::{Found, Named, id_of, id_of_at, names, of_ids},
    asker::{Answer, Asker, Names, Question},
    failure::{EngineError, Failure, Why, list_failures},
};
