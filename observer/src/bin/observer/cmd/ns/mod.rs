//! `observer ns`: the namespaces, as a tree or a table, or what becomes of them.

mod follow;
mod show;

use observer::{
    Error, Listing,
    namespace::{Namespace, Namespaces},
    render::namespace::Column,
    source::proc::Which,
};

pub(crate) use self::follow::follow;
use crate::{
    exit::{Failure, Outcome},
    hidden::tell_what_is_hidden,
    output::print,
    plan::{NsPlan, Of},
};

/// Prints the names of all columns, and what they say.
pub(crate) fn print_list() -> Result<Outcome, Failure> {
    let line = |column: &Column| format!("{:<10} {}\n", column.name, column.doc);
    print(Column::all().iter().map(line).collect::<String>().as_bytes())?;
    Ok(Outcome::Fine)
}

/// Prints the namespaces.
pub(crate) fn run(plan: &NsPlan) -> Result<Outcome, Failure> {
    let namespaces = Namespaces::of(listing(plan)?, plan.options)?;
    if let Of::Process(pid) = plan.of
        && namespaces.process(pid).is_none()
    {
        return Err(Error::NoProcess(pid.to_string()).into());
    }
    print(&show::text(plan, &namespaces))?;
    tell_what_is_hidden();
    tell(plan, &namespaces);
    let any = namespaces.all.iter().any(|namespace| is_wanted(plan, &namespaces, namespace));
    Ok(if any { Outcome::Fine } else { Outcome::Nothing })
}

fn listing(plan: &NsPlan) -> Result<Listing, Error> {
    match &plan.from_kernel {
        Some(options) => Listing::of_kernel(options, plan.wanted),
        None => Listing::of_processes(Which::All, plan.wanted),
    }
}

fn is_wanted(plan: &NsPlan, namespaces: &Namespaces, namespace: &Namespace) -> bool {
    let is_of_theirs = match plan.of {
        Of::All => true,
        Of::Process(pid) => namespace.members.binary_search(&pid).is_ok(),
        Of::Ourselves => namespaces.is_own(namespace),
    };
    is_of_theirs && plan.kinds.contains(&namespace.id.kind)
}

/// What is not in the listing, and why.
#[expect(clippy::print_stderr, reason = "what is not part of the listing")]
fn tell(plan: &NsPlan, namespaces: &Namespaces) {
    let Namespaces { unreadable, unread_files, listing, .. } = namespaces;
    let all = listing.rows.len();
    if *unreadable > 0 {
        eprintln!(
            "observer: no permission to inspect {unreadable} of {all} processes; run as root, or \
             with CAP_SYS_PTRACE, to see their namespaces"
        );
    }
    if *unread_files > 0 {
        eprintln!(
            "observer: no permission to inspect the open files of {unread_files} of {all} \
             processes; run as root to see the namespaces that they hold"
        );
    }
    if plan.verbose {
        eprintln!("observer: found {} namespaces in {all} processes", namespaces.all.len());
    }
}
