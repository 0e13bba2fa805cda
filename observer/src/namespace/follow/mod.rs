//! What becomes of namespaces, as it happens: made, entered and left by the events of a live table, gone by
//! a look at all of them every second. Pure: [`NamespaceFollower`] wishes for the looks.
//!
//! With eBPF nothing is missed, however short. Tracepoints tell of the calls, and of the namespaces of
//! those that live long enough to be asked; listings of /proc find what is there each second. To look at
//! other users' processes takes `CAP_SYS_PTRACE`. While it runs, every system call of the machine takes
//! some 25 ns longer.

mod event;
mod fates;
mod follower;
#[cfg(test)]
mod tests;

pub use self::{
    event::{Actor, Fate, NamespaceEvent, News},
    fates::Fates,
    follower::NamespaceFollower,
};
