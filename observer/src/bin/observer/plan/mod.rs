//! What will happen: everything that was left open on the command line is decided here.

mod events;
mod ps;
mod verify;

use std::io::{IsTerminal as _, stdout};

use observer::render::Color;

pub(crate) use self::{
    events::{EventsPlan, Format, events},
    ps::{Backend, Every, Processes, PsPlan, ps},
    verify::{VerifyPlan, verify},
};
use crate::args::ColorName;

fn color(name: ColorName) -> Color {
    let wanted = match name {
        ColorName::Always => true,
        ColorName::Never => false,
        ColorName::Auto => {
            let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
            stdout().is_terminal() && !refused && !dumb
        }
    };
    if wanted { Color::Yes } else { Color::No }
}
