//! A probe of a function of this very program, with fields as no event of the kernel has them: a
//! record's bytes are known to the test.

use std::fs;
use std::hint::black_box;
use std::process::ExitCode;

use super::act::see_tracefs;
use super::traced;
use crate::support::act::{say, wait_for_word};
use crate::support::child::{Actor, act, program};
use crate::support::harness::{Case, cases};
use crate::support::need::{Lack, perf};

/// Registers have names of their own on each architecture.
pub(crate) fn cases() -> Vec<Case> {
    if cfg!(target_arch = "x86_64") {
        cases![
            EveryKernel [perf, probes] {
                every_kind_of_field_is_read,
                a_filter_on_every_kind_of_field,
            }
        ]
    } else {
        Vec::new()
    }
}

fn probes() -> Option<Lack> {
    let config = fs::read_to_string("/proc/kallsyms").unwrap_or_default();
    let there = config.lines().any(|line| line.ends_with(" uprobe_register"));
    (!there).then(|| "the kernel was built without uprobes".into())
}

const SYSTEM: &str = "observer_live";

/// What the probed function is called with.
#[repr(C, packed)]
struct Sight {
    u8: u8,
    u16: u16,
    u32: u32,
    u64: u64,
    s8: i8,
    s16: i16,
    s32: i32,
    s64: i64,
    list: [u32; 4],
    text: [u8; 16],
}

/// Where each lies, and as what the probe reads it. The odd one in front leaves all others
/// unaligned in the record.
const FIELDS: &str = "u8=+0(%di):u8 u16=+1(%di):u16 u32=+3(%di):u32 u64=+7(%di):u64 \
    s8=+15(%di):s8 s16=+16(%di):s16 s32=+18(%di):s32 s64=+22(%di):s64 \
    list=+30(%di):u32[4] text=+46(%di):string";

const SIGHT: Sight = Sight {
    u8: 200,
    u16: 60_000,
    u32: 4_000_000_000,
    u64: 18_000_000_000_000_000_000,
    s8: -5,
    s16: -500,
    s32: -70_000,
    s64: -5_000_000_000,
    list: [1, 2, 3, u32::MAX],
    text: *b"a probed text\0\0\0",
};

const NOTHING: Sight = Sight {
    u8: 0,
    u16: 0,
    u32: 0,
    u64: 0,
    s8: 0,
    s16: 0,
    s32: 0,
    s64: 0,
    list: [0; 4],
    text: [0; 16],
};

#[inline(never)]
extern "C" fn probed(sight: &Sight) {
    black_box(sight);
}

/// Calls the function, with something to see for `1` and with nothing for `0`.
pub(super) fn call_when_told() -> ExitCode {
    say(&format!("offset {:#x}", offset()));
    while let Some(word) = wait_for_word() {
        let probed = black_box(probed as extern "C" fn(&Sight));
        probed(if word == "1" { &SIGHT } else { &NOTHING });
        say("done");
    }
    ExitCode::SUCCESS
}

/// Of the function in this program's file.
fn offset() -> u64 {
    let address = probed as *const () as u64;
    let maps = fs::read_to_string("/proc/self/maps").expect("maps");
    let hex = |text: &str| u64::from_str_radix(text, 16).expect("a number");
    let found = maps.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let (begin, end) = words.next()?.split_once('-')?;
        let offset = words.nth(1)?;
        let (begin, end) = (hex(begin), hex(end));
        (begin..end).contains(&address).then(|| address - begin + hex(offset))
    });
    found.expect("a mapping of the program")
}

/// Makes a probe, and takes it away when its input ends.
pub(super) fn make(definition: &str) -> ExitCode {
    const EVENTS: &str = "/sys/kernel/tracing/uprobe_events";
    see_tracefs().expect("tracefs");
    let write = |text: &str| {
        let file = fs::OpenOptions::new().append(true).open(EVENTS);
        std::io::Write::write_all(&mut file.expect("the list of probes"), text.as_bytes())
    };
    write(&format!("p:{definition}\n")).expect("a probe");
    say("ready");
    while wait_for_word().is_some() {}
    let (name, _) = definition.split_once(' ').expect("a name");
    write(&format!("-:{name}\n")).expect("no probe");
    ExitCode::SUCCESS
}

/// A probe that goes with this, whatever becomes of the test.
struct Probe {
    name: String,
    maker: Option<Actor>,
}

impl Probe {
    fn at(offset: &str) -> Self {
        let name = format!("{SYSTEM}/p{}", std::process::id());
        let path = program();
        let definition = format!("{name} {}:{offset} {FIELDS}", path.display());
        let maker = Actor::new(&mut act(&["trace", "make-probe", &definition]));
        maker.hear("ready");
        Self { name: name.replace('/', ":"), maker: Some(maker) }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        if let Some(maker) = self.maker.take() {
            let ended = maker.dismiss();
            assert_eq!(ended.status, 0, "the probe may still be there");
        }
    }
}

/// The probe, and who fires it.
fn scene() -> (Probe, Actor) {
    let actor = Actor::new(&mut act(&["trace", "call-when-told"]));
    let offset = actor.hear("offset");
    (Probe::at(&offset), actor)
}

fn fire(actor: &mut Actor, what: &str) {
    actor.tell(what);
    actor.hear("done");
}

fn every_kind_of_field_is_read() {
    let (probe, mut actor) = scene();
    let mut observed = traced(&[&probe.name]);
    fire(&mut actor, "1");
    let event = observed.wait_for("the probe", |event| event.is(&probe.name));
    let mut fields = event.0["fields"].clone();
    let address = fields.as_object_mut().and_then(|fields| fields.remove("__probe_ip"));
    assert!(address.is_some(), "{event:?}");
    assert_eq!(
        fields,
        serde_json::json!({
            "u8": 200, "u16": 60_000, "u32": 4_000_000_000_u64, "u64": "18000000000000000000",
            "s8": -5, "s16": -500, "s32": -70_000, "s64": -5_000_000_000_i64,
            "list": [1, 2, 3, u32::MAX], "text": "a probed text",
        })
    );
    assert_eq!(event.number("/pid"), Some(actor.pid().into()), "{event:?}");
    observed.stop().assert_nothing_lost();
}

fn a_filter_on_every_kind_of_field() {
    let (probe, mut actor) = scene();
    for filter in [
        "u8 == 200",
        "u8 > 199 && u8 < 201",
        "u8 & 8",
        "u16 == 60000",
        "u16 >= 0xea60",
        "u32 == 4000000000",
        "u32 & 0x80000000",
        "u64 == 18000000000000000000",
        "u64 > 0x7fffffffffffffff",
        "s8 == -5",
        "s8 < 0",
        "s16 < -499",
        "s16 != 0",
        "s32 == -70000",
        "s64 <= -5000000000",
        "s64 & 1 || s64 < 0",
        "text == \"a probed text\"",
        "text ~ 'a*[s-u]ext'",
        "text != \"\"",
    ] {
        let mut observed = traced(&[&probe.name, "--filter", filter]);
        fire(&mut actor, "0");
        fire(&mut actor, "1");
        observed.wait_for(filter, |event| event.is(&probe.name));
        let stream = observed.stop();
        let events: Vec<_> = stream.of_kind(&probe.name).collect();
        assert_eq!(events.len(), 1, "with {filter}: {events:?}");
        assert_eq!(events[0].number("/fields/u8"), Some(200), "with {filter}");
    }
}
