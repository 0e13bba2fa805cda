//! psgo's functions under psgo's names: rows of strings, row 0 the header.
//!
//! For those who come from psgo, and for those to whom text is enough; behind it are [`Listing`]
//! and [`field`]. `docs/psgo.md` of the repository lists what differs on purpose.
//!
//! A list of descriptors holds psgo's names and codes, and ours; an empty one means
//! [`DEFAULT_DESCRIPTORS`]. In the strings, bytes that are not UTF-8 become U+FFFD, and control
//! characters stay as they are.
//!
//! ```
//! let table = observer::psgo::process_info(&["pid", "user", "args"])?;
//! assert_eq!(table[0], ["PID", "USER", "COMMAND"]);
//! # Ok::<(), observer::Error>(())
//! ```

pub use crate::id_map::IdMap;
use crate::{
    Error, Listing,
    facts::Facts,
    field::{self, Column},
    listing::HostMaps,
    render::write_cell,
    source::proc::Which,
};

/// The columns of a listing that asks for none.
pub const DEFAULT_DESCRIPTORS: [&str; 8] = field::DEFAULT;

/// How a joined call sees the host, as in psgo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinNamespaceOpts {
    /// Maps the caller's users (`container_id`) to the host's: for callers in a user namespace of
    /// their own, such as rootless engines.
    pub uid_map: Vec<IdMap>,
    /// Maps for the groups, likewise.
    pub gid_map: Vec<IdMap>,
    /// Take both from the caller's own user namespace instead.
    pub fill_mappings: bool,
}

/// The names of psgo's 32 descriptors, sorted. [`field::list`] has all that are understood.
pub fn list_descriptors() -> Vec<&'static str> {
    field::PSGO.to_vec()
}

/// All processes that /proc shows.
///
/// Needs no privileges; without `CAP_SYS_PTRACE` some columns of other users' processes are
/// unknown. A process that ends meanwhile, or may not be read, is left out.
///
/// # Errors
///
/// [`Error::UnknownDescriptor`]; [`Error::System`] where /proc is not mounted.
pub fn process_info(descriptors: &[&str]) -> Result<Vec<Vec<String>>, Error> {
    let columns = field::parse_items(descriptors)?;
    Ok(table(&columns, &Listing::of_processes(Which::All, facts(&columns))?))
}

/// These processes, in this order, each as often as it is named. What is no process is left out.
///
/// # Errors
///
/// As [`process_info`].
pub fn process_info_by_pids(
    pids: &[&str],
    descriptors: &[&str],
) -> Result<Vec<Vec<String>>, Error> {
    let columns = field::parse_items(descriptors)?;
    let pids = numbers(pids);
    Ok(table(&columns, &Listing::of_processes(Which::Pids(&pids), facts(&columns))?))
}

/// All processes in the pid namespace of a process, as they see themselves: their pids there,
/// users and groups by their maps and the process's own files. Nothing is entered.
///
/// Needs `CAP_SYS_PTRACE` for processes of other users.
///
/// # Errors
///
/// [`Error::UnknownDescriptor`]; [`Error::NoProcess`]; [`Error::JoinRefused`];
/// [`Error::System`] where /proc is not mounted.
pub fn join_namespace_and_process_info(
    pid: &str,
    descriptors: &[&str],
) -> Result<Vec<Vec<String>>, Error> {
    join_namespace_and_process_info_with_options(pid, descriptors, &JoinNamespaceOpts::default())
}

/// Does what [`join_namespace_and_process_info`] does, with maps for the host columns.
///
/// # Errors
///
/// As [`join_namespace_and_process_info`].
pub fn join_namespace_and_process_info_with_options(
    pid: &str,
    descriptors: &[&str],
    options: &JoinNamespaceOpts,
) -> Result<Vec<Vec<String>>, Error> {
    let columns = field::parse_items(descriptors)?;
    let pids = numbers(&[pid]);
    let joined = Listing::of_namespaces(&pids, facts(&columns), options.maps()?)?;
    if joined.namespaces == 0 {
        return Err(Error::NoProcess(pid.trim().to_owned()));
    }
    Ok(table(&columns, &joined))
}

/// All processes in the pid namespaces of these processes, one namespace after the other, in one
/// table. Of several processes of one namespace the first counts; those that have gone are passed
/// over.
///
/// # Errors
///
/// As [`join_namespace_and_process_info`], without [`Error::NoProcess`].
pub fn join_namespace_and_process_info_by_pids(
    pids: &[&str],
    descriptors: &[&str],
) -> Result<Vec<Vec<String>>, Error> {
    let options = JoinNamespaceOpts::default();
    join_namespace_and_process_info_by_pids_with_options(pids, descriptors, &options)
}

/// Does what [`join_namespace_and_process_info_by_pids`] does, with maps for the host columns.
///
/// # Errors
///
/// As [`join_namespace_and_process_info_by_pids`].
pub fn join_namespace_and_process_info_by_pids_with_options(
    pids: &[&str],
    descriptors: &[&str],
    options: &JoinNamespaceOpts,
) -> Result<Vec<Vec<String>>, Error> {
    let columns = field::parse_items(descriptors)?;
    let pids = numbers(pids);
    let joined = Listing::of_namespaces(&pids, facts(&columns), options.maps()?)?;
    Ok(table(&columns, &joined))
}

impl JoinNamespaceOpts {
    fn maps(&self) -> Result<HostMaps, Error> {
        if self.fill_mappings {
            return HostMaps::of_caller();
        }
        Ok(HostMaps { users: self.uid_map.clone(), groups: self.gid_map.clone() })
    }
}

fn facts(columns: &[Column]) -> Facts {
    columns.iter().map(|column| column.field.needs).collect()
}

/// The numbers among these; any other text names no process.
fn numbers(pids: &[&str]) -> Vec<u32> {
    pids.iter().filter_map(|pid| pid.trim().parse().ok()).collect()
}

fn table(columns: &[Column], listing: &Listing) -> Vec<Vec<String>> {
    let header = columns.iter().map(|column| column.header.clone().into_owned()).collect();
    let rows = listing.rows.iter().map(|row| {
        let cell = |column: &Column| {
            let mut text = Vec::new();
            write_cell(&mut text, column.field, row, &listing.view);
            String::from_utf8(text)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
        };
        columns.iter().map(cell).collect()
    });
    std::iter::once(header).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own_pid() -> String {
        std::process::id().to_string()
    }

    #[test]
    fn the_header_comes_first_even_alone() {
        let table = process_info_by_pids(&["0", "self", "1/task/1", "-1", ""], &["pid", "%a"]);
        assert_eq!(table.unwrap(), [["PID", "COMMAND"]]);
        let joined = join_namespace_and_process_info_by_pids(&["0"], &["hpid"]).unwrap();
        assert_eq!(joined, [["HPID"]]);
    }

    #[test]
    fn no_descriptors_mean_the_default() {
        let table = process_info_by_pids(&[&own_pid()], &[]).unwrap();
        let header = ["USER", "PID", "PPID", "%CPU", "ELAPSED", "TTY", "TIME", "COMMAND"];
        assert_eq!(table[0], header);
        assert_eq!(table[1][1], own_pid());
    }

    #[test]
    fn an_unknown_descriptor_is_its_own_error() {
        let error = process_info(&["pid", "foo"]).unwrap_err();
        assert!(matches!(error, Error::UnknownDescriptor { .. }), "{error:?}");
        assert_eq!(error.to_string(), "unknown column `foo`");
    }

    #[test]
    fn joining_ones_own_namespace_shows_both_sides() {
        let pid = own_pid();
        let table = join_namespace_and_process_info(&pid, &["pid", "hpid", "user", "huser"]);
        let table = table.unwrap();
        let own = table.iter().find(|row| row[0] == pid).unwrap();
        assert_eq!(own[0], own[1]);
        assert_eq!(own[2], own[3]);
        let gone = join_namespace_and_process_info("0", &["pid"]).unwrap_err();
        assert!(matches!(gone, Error::NoProcess(_)), "{gone:?}");
    }

    #[test]
    fn maps_turn_host_columns_only() {
        let map = IdMap { container_id: 0, host_id: 100_000, size: 65_536 };
        let options =
            JoinNamespaceOpts { uid_map: vec![map], gid_map: vec![map], fill_mappings: false };
        let before = options.clone();
        let columns = ["pid", "uid", "huid", "gid", "hgid"];
        let table =
            join_namespace_and_process_info_with_options(&own_pid(), &columns, &options).unwrap();
        let own = table.iter().find(|row| row[0] == own_pid()).unwrap();
        let number = |cell: &str| cell.parse::<u32>().unwrap();
        let expected = |id| if id < 65_536 { id + 100_000 } else { 65_534 };
        assert_eq!(number(&own[2]), expected(number(&own[1])));
        assert_eq!(number(&own[4]), expected(number(&own[3])));
        assert_eq!(options, before);
    }
}
