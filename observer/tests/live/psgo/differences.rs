//! `docs/psgo.md`, "Differences on purpose", as far as it is about cells: where an entry applies,
//! and what then is true.

use super::listing::Place;
use super::question::Row;
use super::reading::{Id, Reading};
use super::truth;

/// An entry of the list that applies to a cell.
pub(crate) struct Difference {
    /// Its number in the list.
    pub(crate) number: u32,
    pub(crate) truth: String,
    /// What the list says that psgo shows, where it says so exactly.
    pub(crate) psgo: Option<String>,
}

/// The entry that applies to this cell, if one does. Entries about times are ranges: see
/// [`super::compare`].
pub(crate) fn difference(column: &str, place: &Place<'_>, psgo: &Row) -> Option<Difference> {
    let reading = place.reading;
    let shown = psgo.get(column)?;
    match column {
        "tty" => terminal(reading, shown),
        "args" => Some(arguments(reading)),
        "capamb" => capabilities(reading.capabilities("CapAmb")),
        "capinh" => capabilities(reading.capabilities("CapInh")),
        "capprm" => capabilities(reading.capabilities("CapPrm")),
        "capeff" => capabilities(reading.capabilities("CapEff")),
        "capbnd" => capabilities(reading.capabilities("CapBnd")),
        "label" => label(shown),
        "hpid" | "huser" | "hgroup" | "hgroups" if place.joined => {
            host_column(column, place, shown)
        }
        "user" | "ruser" | "group" | "rgroup" | "groups" if !place.joined => {
            named_by_system(column, reading, shown)
        }
        _ => None,
    }
}

/// 5: psgo looks for the device in /dev, and with a wrong number above 255.
fn terminal(reading: &Reading, shown: &str) -> Option<Difference> {
    let truth = truth::terminal(reading);
    let (_, minor) = truth::terminal_device(reading);
    let applies = truth != shown && (minor > 255 || shown == "?" || shown.is_empty());
    applies.then_some(Difference { number: 5, truth, psgo: None })
}

/// 6, 7, 8.
fn arguments(reading: &Reading) -> Difference {
    let truth = truth::arguments(reading);
    let cut_name = || format!("[{}]", reading.status("Name").first().map_or("", String::as_str));
    let none = matches!(reading.cmdline.as_slice(), b"" | b"\0");
    let (number, psgo) = match reading.cmdline.first() {
        _ if none => (8, cut_name()),
        Some(0) => (7, cut_name()),
        // One for each NUL at the end: more where the last argument is empty, none behind a title.
        _ => {
            let nuls = reading.cmdline.iter().rev().take_while(|&&byte| byte == 0).count();
            (6, format!("{truth}{}", " ".repeat(nuls)))
        }
    };
    Difference { number, truth, psgo: Some(psgo) }
}

/// 9: the psgo beside us knows 38 capabilities.
fn capabilities(mask: u64) -> Option<Difference> {
    const KNOWN: u64 = (1 << 38) - 1;
    let applies = mask >= KNOWN;
    applies.then(|| Difference { number: 9, truth: truth::capabilities(mask), psgo: None })
}

/// 23.
fn label(shown: &str) -> Option<Difference> {
    let truth = shown.strip_suffix('\0')?.to_owned();
    Some(Difference { number: 23, truth, psgo: None })
}

/// 11, 12: the host's side of a joined process.
fn host_column(column: &str, place: &Place<'_>, shown: &str) -> Option<Difference> {
    let reading = place.reading;
    let groups = reading.groups();
    let truth = match column {
        "hpid" => reading.pid.to_string(),
        "huser" => truth::host_name(Id::User, reading.effective(Id::User)),
        "hgroup" => truth::host_name(Id::Group, reading.effective(Id::Group)),
        _ => truth::host_names(Id::Group, &groups),
    };
    if !is_found_by_psgo(place) || shown == "?" {
        return Some(Difference { number: 11, truth, psgo: None });
    }
    let numbers: Vec<_> = groups.iter().map(u32::to_string).collect();
    (column == "hgroups").then(|| Difference { number: 12, truth, psgo: Some(numbers.join(",")) })
}

/// psgo takes the second number of `NSpid` for the container's pid, and so needs a namespace
/// right below its own with nothing in between.
fn is_found_by_psgo(place: &Place<'_>) -> bool {
    place.depth == 1 && place.reading.pid_spaces.len() == 2
}

/// 24: only ids that psgo does not find in its two files.
fn named_by_system(column: &str, reading: &Reading, shown: &str) -> Option<Difference> {
    let truth = match column {
        "user" => truth::host_name(Id::User, reading.effective(Id::User)),
        "ruser" => truth::host_name(Id::User, reading.real(Id::User)),
        "group" => truth::host_name(Id::Group, reading.effective(Id::Group)),
        "rgroup" => truth::host_name(Id::Group, reading.real(Id::Group)),
        _ => truth::host_names(Id::Group, &reading.groups()),
    };
    let nameless = shown.split(',').any(|name| name.parse::<u32>().is_ok());
    (nameless && truth != shown).then_some(Difference { number: 24, truth, psgo: None })
}
