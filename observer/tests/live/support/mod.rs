//! What all tests share: who runs them and where, what they start, and how they read the answers.
//!
//! | file | its job |
//! | --- | --- |
//! | `harness`, `place`, `need` | cases become trials: where each runs, and what it needs |
//! | `machine` | the kernel and the pace of the machine; how much patience it takes |
//! | `caller` | whoever starts the tests changes nothing about them |
//! | `act`, `child` | this program as its own child; children reaped |
//! | `program`, `observed` | the program under test; a stream of `observer events --json` |
//! | `event` | one line of it |
//! | `proc` | what /proc says of a process |
//! | `sys` | system calls, as directly as can be |
//! | `engine` | a container engine of our own |

pub(crate) mod act;
pub(crate) mod caller;
pub(crate) mod child;
pub(crate) mod engine;
pub(crate) mod event;
pub(crate) mod harness;
pub(crate) mod machine;
pub(crate) mod need;
pub(crate) mod observed;
pub(crate) mod place;
pub(crate) mod proc;
pub(crate) mod program;
pub(crate) mod sys;
