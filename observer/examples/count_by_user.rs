//! Counts execs by user, from blocking code. Needs root: `cargo run --example count_by_user 100`.

use std::{collections::BTreeMap, env};

use observer::{Events, event::What, source::Options};

#[expect(clippy::print_stdout, reason = "an example shows what it found")]
fn main() -> Result<(), observer::Error> {
    let wanted = env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100);
    let mut by_user = BTreeMap::<u32, u64>::new();
    let mut events = Events::open(&Options::default())?;
    while by_user.values().sum::<u64>() < wanted {
        if let What::Exec { process, .. } = events.recv()?.what
            && let Some(user) = process.credentials
        {
            *by_user.entry(user.effective_uid).or_default() += 1;
        }
    }
    for (uid, count) in by_user {
        println!("user {uid}: {count} execs");
    }
    Ok(())
}
