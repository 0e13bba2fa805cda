//! What a command caused: its descendants, and across the boundary of a container engine the
//! processes of the containers that it had started, with the engine's helpers that led to them.
//!
//! A container is no child of the client that asked for it: the engine, its shim and its runtime
//! start it. What joins the two is told by facts, and each process says by which ([`Because`]):
//!
//! * `parent`: a process of the set created it;
//! * `socket`: what a client of the set wrote to the engine's socket names the id that it carries
//!   among its arguments;
//! * `argv`: the engine started it, and its arguments name a container of the set;
//! * `cgroup`: it runs in the cgroup of a container of the set.
//!
//! Pure: it is fed with the
//! [`Change`](crate::table::Change)s of a table and asks nobody; what only others can find out
//! it asks for by [`Wish`]es, and does without where they are not fulfilled. Then a container may be
//! [`inferred`](Because::inferred), if there is no other that it could be.
//!
//! ```no_run
//! use observer::cause::CausalSet;
//! # fn main() -> Result<(), observer::Error> {
//! # let (pid, spawned_ns, changes) = (0, 0, Vec::<observer::table::Change>::new());
//! let mut set = CausalSet::of_command(pid, spawned_ns);
//! for change in &changes {
//!     set.apply(change);
//! }
//! for caused in set.processes() {
//!     println!("{} {}", caused.process.key.pid, caused.role.name());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Loss
//!
//! Of a process whose events were lost the table finds what it can, as after any loss: one that is
//! found alive is attributed by its parent or its cgroup. One that lived and died within a loss is
//! missing; [`Account::lost`] says how many events were.

mod account;
mod bystanders;
mod caused;
mod clients;
mod container;
mod exec;
mod program;
mod request;
mod role;
mod set;
mod tree;

pub use self::{
    account::{Account, Totals},
    caused::{Because, Cause, Caused, Fact},
    container::CausedContainer,
    exec::Exec,
    role::Role,
    set::{CausalSet, Doubt},
    tree::{Branch, Item},
};
pub use crate::follow::Wish;

#[cfg(test)]
mod tests;
