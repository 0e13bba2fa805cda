//! Runs a command and prints all that it caused, the processes of its containers included. Needs root:
//! `cargo run --example watch_container -- docker run --rm busybox true`.

use std::{error::Error, process::Command};

use observer::{
    Monitor,
    cause::{CausalSet, Item, Wish},
    machine::boot_ns,
    monitor::Told,
    render::Escaped,
};

#[expect(clippy::print_stdout, reason = "an example shows what it found")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args_os().skip(1);
    let program = words.next().ok_or("give a command, such as `docker run --rm busybox true`")?;
    let monitor = Monitor::builder().requests().start()?;
    let mut changes = monitor.subscribe();
    let spawned_ns = boot_ns()?;
    let mut child = Command::new(program).args(words).spawn()?;
    let mut set = CausalSet::of_command(child.id(), spawned_ns);
    while set.command().is_none() || set.running() > 0 {
        if let Told::Update(update) = changes.recv()? {
            set.apply(&update.change);
        }
        while let Some(wish) = set.next_wish() {
            if let Wish::Overhear(client) = wish
                && !monitor.overhear(client)?
            {
                set.cannot_overhear(client);
            }
        }
    }
    set.conclude(boot_ns()?);
    for branch in set.tree() {
        let line = match branch.item {
            Item::Container(container) => format!("container {}", container.id),
            Item::Process(caused) => {
                format!("{} ({})", Escaped(caused.process.comm.as_bytes()), caused.role)
            }
        };
        println!("{}{line}", "  ".repeat(branch.depth));
    }
    child.wait()?;
    Ok(())
}
