//! Asks all three at one moment, and compares cell by cell.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use super::differences::difference;
use super::listing::{Place, places};
use super::question::{Answer, Question, Row};
use super::reading::Reading;
use super::{COLUMNS, truth};

/// How often all are asked again while those who matter do not keep still.
const ROUNDS: usize = 20;
/// How many wrong cells are shown.
const SHOWN: usize = 30;

/// Compares the answers to one question until each of `wanted` has kept still once. Returns who
/// did.
pub(crate) fn agree(question: &Question, wanted: &[u32]) -> BTreeSet<u32> {
    let mut compared = BTreeSet::new();
    let mut last = String::new();
    for _ in 0..ROUNDS {
        match Sample::take(question) {
            Ok(sample) => compared.extend(sample.check()),
            Err(why) => last = why,
        }
        if wanted.iter().all(|pid| compared.contains(pid)) && !compared.is_empty() {
            return compared;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let restless: Vec<_> = wanted.iter().filter(|pid| !compared.contains(pid)).collect();
    panic!("{question:?}: never compared, of {wanted:?}: {restless:?}; {last}");
}

/// Three answers, and /proc before and after.
struct Sample<'a> {
    question: &'a Question,
    before: BTreeMap<u32, Reading>,
    psgo: Answer,
    ours: [Answer; 2],
    after: BTreeMap<u32, Reading>,
}

impl<'a> Sample<'a> {
    fn take(question: &'a Question) -> Result<Self, String> {
        let before = Reading::all();
        let psgo = question.psgo()?;
        let ours = [question.program(), question.library()];
        Ok(Self { question, before, psgo, ours, after: Reading::all() })
    }

    /// The processes that kept still, all as they should be.
    fn check(&self) -> Vec<u32> {
        let mut still = places(self.question, &self.before);
        let all = still.len();
        still.retain(|place| self.after.get(&place.reading.pid) == Some(place.reading));
        // Pids of different containers are alike, so that rows are told apart by their order.
        if still.len() < all && still.iter().any(|place| place.depth > 0) {
            return Vec::new();
        }
        let psgo = rows_of(&self.psgo, &still);
        let wrong: Vec<_> =
            self.ours.iter().flat_map(|answer| self.wrong_cells(answer, &still, &psgo)).collect();
        let shown = wrong.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
        assert!(wrong.is_empty(), "{:?}: {} cells\n{shown}", self.question, wrong.len());
        still.iter().map(|place| place.reading.pid).collect()
    }

    fn wrong_cells(&self, answer: &Answer, still: &[Place<'_>], psgo: &[&Row]) -> Vec<String> {
        let ours = rows_of(answer, still);
        assert_one_instant(answer, still, &ours);
        let mut wrong = Vec::new();
        for (place, (ours, psgo)) in still.iter().zip(ours.into_iter().zip(psgo)) {
            for column in COLUMNS {
                if let Err(why) = judge(column, place, ours, psgo, answer) {
                    let pid = place.reading.pid;
                    let cell = &ours[column];
                    let from_psgo = psgo.get(column);
                    wrong.push(format!(
                        "{}: `{column}` of process {pid} ({}) is `{cell}`, psgo: {from_psgo:?}; {why}",
                        answer.who,
                        place.reading.comm()
                    ));
                }
            }
        }
        for (column, title) in &answer.header {
            let theirs = self.psgo.header.get(column);
            if theirs.is_some_and(|theirs| theirs != title) {
                wrong.push(format!("header of {column}: `{title}`, psgo: {theirs:?}"));
            }
        }
        wrong
    }
}

/// The rows of the processes that kept still: all of them, in order, each once.
fn rows_of<'a>(answer: &'a Answer, still: &[Place<'_>]) -> Vec<&'a Row> {
    let wanted: Vec<String> = still.iter().map(|place| place.pid.to_string()).collect();
    let known: BTreeSet<&String> = wanted.iter().collect();
    let rows: Vec<&Row> = answer.rows.iter().filter(|row| known.contains(&row["pid"])).collect();
    let pids: Vec<&String> = rows.iter().map(|row| &row["pid"]).collect();
    assert_eq!(pids, wanted.iter().collect::<Vec<_>>(), "pids of {}", answer.who);
    rows
}

/// Whether a cell is psgo's, or true where psgo's is known not to be.
fn judge(
    column: &str,
    place: &Place<'_>,
    ours: &Row,
    psgo: &Row,
    answer: &Answer,
) -> Result<(), String> {
    let cell = &ours[column];
    let exactly = |truth: &str, why: &str| {
        (cell == truth).then_some(()).ok_or_else(|| format!("should be `{truth}` ({why})"))
    };
    match column {
        "time" => return exactly(&truth::time(place.reading), "difference 1"),
        "etime" => return elapsed(cell, place, answer),
        "pcpu" => return share(cell, place, answer),
        "stime" => return started(cell, place),
        "uid" => return exactly(&truth::uid(place), "/proc"),
        "huid" if place.joined => {
            let host = place.reading.effective(super::reading::Id::User).to_string();
            return exactly(&host, "/proc");
        }
        "huid" => return exactly("?", "a call that joins nothing"),
        _ => {}
    }
    let Some(difference) = difference(column, place, psgo) else {
        return exactly(&psgo[column], "as psgo");
    };
    if let Some(claimed) = difference.psgo.filter(|claimed| *claimed != psgo[column]) {
        return Err(format!("difference {}: psgo should show `{claimed}`", difference.number));
    }
    exactly(&difference.truth, &format!("difference {}", difference.number))
}

/// 2: the age at a moment while the answer was made, to the tick.
fn elapsed(cell: &str, place: &Place<'_>, answer: &Answer) -> Result<(), String> {
    let (least, most) = age(place, answer);
    let age = truth::parse_duration(cell).ok_or("which is no duration")?;
    let right = (least..=most).contains(&age);
    right.then_some(()).ok_or_else(|| format!("should be {least} to {most} ns (difference 2)"))
}

/// The least and the largest age that is true at some time within the answer.
fn age(place: &Place<'_>, answer: &Answer) -> (u64, u64) {
    let (start, _) = truth::start(place.reading);
    let at = |now: u64| now.saturating_sub(start);
    (at(answer.began).saturating_sub(truth::tick()), at(answer.ended) + truth::tick())
}

/// 3: CPU time over age.
#[expect(clippy::cast_precision_loss, reason = "three decimals are shown")]
fn share(cell: &str, place: &Place<'_>, answer: &Answer) -> Result<(), String> {
    let cpu = (place.reading.cpu_ticks() * truth::tick()) as f64 * 100.0;
    let (least, most) = age(place, answer);
    let (low, high) = (cpu / most as f64, cpu / least as f64);
    let share: f64 = cell.parse().map_err(|_no_number| "which is no number".to_owned())?;
    let decimals = cell.split_once('.').map(|(_, decimals)| decimals.len());
    let right = share >= low - 0.0006 && share <= high + 0.0006 && decimals == Some(3);
    let begun = least == 0 && share == 0.0;
    let why = || format!("should be {low:.4} to {high:.4}, three decimals (difference 3)");
    (right || begun).then_some(()).ok_or_else(why)
}

/// 4: the second in which it started, cut once.
fn started(cell: &str, place: &Place<'_>) -> Result<(), String> {
    let (_, earliest) = truth::start(place.reading);
    // The start lies in the tick after that; and the two clocks were not read at once.
    let slack = 1_000_000;
    let seconds = [earliest - slack, earliest + truth::tick() + slack].map(|ns| ns / 1_000_000_000);
    let second = truth::parse_time(cell).ok_or("which is no time of UTC as Go writes it")?;
    let why = || format!("should be second {seconds:?}, is {second} (difference 4)");
    seconds.contains(&second).then_some(()).ok_or_else(why)
}

/// 2: age and start of each row lead to the same instant.
fn assert_one_instant(answer: &Answer, still: &[Place<'_>], rows: &[&Row]) {
    let instants = still.iter().zip(rows).filter_map(|(place, row)| {
        let (start, _) = truth::start(place.reading);
        Some(start + truth::parse_duration(&row["etime"])?)
    });
    let instants: Vec<u64> = instants.collect();
    let spread = instants.iter().max().zip(instants.iter().min()).map(|(max, min)| max - min);
    assert!(
        spread.unwrap_or(0) <= truth::tick(),
        "{}: one instant for all rows, not {spread:?} ns apart",
        answer.who
    );
}
