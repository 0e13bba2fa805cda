//! What will happen: everything that was left open on the command line is decided here.

mod events;
mod ps;
mod verify;

use std::io::{IsTerminal as _, stdout};

use observer::{render::Color, source::Backend};

pub(crate) use self::{
    events::{EventsPlan, Format, events},
    ps::{Every, From, Processes, PsPlan, ps},
    verify::{VerifyPlan, verify},
};
use crate::args::{BackendName, ColorName};

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

fn backend(name: BackendName) -> Backend {
    match name {
        BackendName::Auto => Backend::Auto,
        BackendName::Bpf => Backend::Bpf,
        BackendName::Perf => Backend::Perf,
        BackendName::Proc => Backend::Proc,
    }
}
