//! Events and values → text. Knows neither sources nor engine.

#[cfg(feature = "cli")]
mod art;
#[cfg(feature = "snapshot")]
mod calendar;
#[cfg(feature = "snapshot")]
mod cell;
mod display;
mod escape;
#[cfg(feature = "snapshot")]
pub mod go;
#[cfg(feature = "cli")]
mod json;
#[cfg(feature = "cli")]
pub mod namespace;
#[cfg(feature = "cli")]
mod process;
#[cfg(feature = "snapshot")]
pub mod ps_time;
#[cfg(feature = "cli")]
pub mod run;
#[cfg(feature = "cli")]
pub mod schema;
#[cfg(feature = "cli")]
mod snapshot;
#[cfg(feature = "cli")]
mod table;
#[cfg(feature = "cli")]
mod text;
#[cfg(feature = "cli")]
mod time;
#[cfg(feature = "cli")]
pub mod trace;

#[cfg(feature = "snapshot")]
pub use cell::{write_cell, write_value};
pub use escape::Escaped;
#[cfg(feature = "cli")]
pub use json::{JsonLines, Place};
#[cfg(feature = "cli")]
pub use snapshot::JsonSnapshot;
#[cfg(feature = "cli")]
pub use table::Table;
#[cfg(feature = "cli")]
pub use text::{Color, TextLines, plain_line};
#[cfg(feature = "cli")]
pub use time::TimeStyle;
