//! What will happen: everything that was left open on the command line is decided here.

mod doctor;
mod events;
mod ns;
mod ps;
mod run;
mod trace;
mod verify;

use std::io::{IsTerminal, stdout};

use jiff::tz::TimeZone;
use observer::{
    render::{Color, TimeStyle},
    source::{Backend, Options, bpf::Object},
};

pub(crate) use self::{
    doctor::{DoctorPlan, doctor},
    events::{EventsPlan, Format, events},
    ns::{FollowPlan, Layout, NsPlan, Of, follow, ns},
    ps::{Every, From, Processes, PsPlan, ps},
    run::{Following, Place, RunPlan, Shape, run},
    trace::{Job, Stream, TracePlan, Watched, trace},
    verify::{VerifyPlan, verify},
};
use crate::args::{BackendName, ColorName, SourceArgs, TimeName};

fn color(name: ColorName) -> Color {
    color_of(name, &stdout())
}

/// Whether what is written there is coloured.
pub(crate) fn color_of(name: ColorName, place: &impl IsTerminal) -> Color {
    let wanted = match name {
        ColorName::Always => true,
        ColorName::Never => false,
        ColorName::Auto => {
            let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
            place.is_terminal() && !refused && !dumb
        }
    };
    if wanted { Color::Yes } else { Color::No }
}

/// These options, with the source that was asked for.
fn sourced(args: &SourceArgs, options: Options) -> Options {
    let backend = match args.backend {
        BackendName::Auto => Backend::Auto,
        BackendName::Bpf => Backend::Bpf,
        BackendName::Perf => Backend::Perf,
        BackendName::Proc => Backend::Proc,
    };
    let object = args.bpf_object.clone().map_or(Object::BuiltIn, Object::File);
    Options { backend, ring: args.ring, object, ..options }
}

fn time_style(name: TimeName) -> TimeStyle {
    match name {
        TimeName::Local => TimeStyle::Clock(TimeZone::system()),
        TimeName::Utc => TimeStyle::Clock(TimeZone::UTC),
        TimeName::Unix => TimeStyle::Unix,
        TimeName::Boot => TimeStyle::Boot,
        TimeName::Delta => TimeStyle::Delta,
        TimeName::None => TimeStyle::None,
    }
}
