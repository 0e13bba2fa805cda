//! Namespaces → text and JSON: columns, the lines of a tree, who is in them.

mod cell;
mod column;
mod item;
mod json;
mod kept;
mod members;
mod news;

pub use self::{
    column::{Column, OF_DIFFERENCES, USUAL},
    item::write_item,
    json::{MemberDetails, document},
    members::members,
    news::{NewsJson, NewsText},
};
pub use super::art::{Art, Joint};
