//! Events → text. Knows neither sources nor engine.

mod escape;
#[cfg(feature = "cli")]
mod json;
#[cfg(feature = "cli")]
pub mod schema;
#[cfg(feature = "cli")]
mod text;
#[cfg(feature = "cli")]
mod time;

pub use escape::Escaped;
#[cfg(feature = "cli")]
pub use json::JsonLines;
#[cfg(feature = "cli")]
pub use text::{Color, TextLines, plain_line};
#[cfg(feature = "cli")]
pub use time::TimeStyle;
