//! One hook a file. Each program says which tracepoint it sits on, with the arguments that the
//! kernel gives it.

mod cgroup;
mod exec;
mod exit;
mod fork;
mod free;
mod namespace;
mod rename;
mod request;
