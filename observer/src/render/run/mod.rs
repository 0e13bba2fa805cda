//! What a command caused → a report: text for people, JSON, one page of HTML.

mod axis;
mod html;
mod json;
mod markup;
mod report;
mod row;
mod text;
mod timeline;
mod words;

use self::report::Report;
use super::Color;
use crate::{
    cause::Account,
    machine::{Machine, WallClock},
    origin::Origin,
};

/// What a report needs to know beside the account.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The running machine.
    pub machine: &'a Machine,
    /// Turns time since boot into dates.
    pub clock: WallClock,
    /// What told the events.
    pub origin: Origin,
}

/// How the report looks as text.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns of the terminal, beyond which lines are cut; `None` cuts none.
    pub width: Option<usize>,
    /// Whether to colour.
    pub color: Color,
}

/// The report as text.
pub fn text(account: &Account<'_>, setting: Setting<'_>, look: Look) -> String {
    text::text(&Report::new(account, setting), look)
}

/// The report as one JSON document.
pub fn json(account: &Account<'_>, setting: Setting<'_>) -> Vec<u8> {
    json::document(&Report::new(account, setting))
}

/// The report as a page of HTML that needs nothing else.
pub fn html(account: &Account<'_>, setting: Setting<'_>) -> String {
    html::page(&Report::new(account, setting))
}

#[cfg(test)]
mod tests;
