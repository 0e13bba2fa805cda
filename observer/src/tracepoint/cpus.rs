//! The CPUs that run now, from `/sys/devices/system/cpu/online`; they come and go.

use std::fs;

use crate::Error;

const ONLINE: &str = "/sys/devices/system/cpu/online";

/// The numbers of the CPUs that are online, ascending. Not the number of those that the caller may
/// run on: events happen on all.
///
/// # Errors
///
/// [`Error::System`] where sysfs is not mounted.
pub(super) fn online() -> Result<Vec<u32>, Error> {
    let failed = |source| Error::System { what: "cannot read which CPUs are online", source };
    let text = fs::read_to_string(ONLINE).map_err(failed)?;
    parse(&text).ok_or_else(|| failed(std::io::ErrorKind::InvalidData.into()))
}

/// Of a list such as `0-3,5`.
fn parse(list: &str) -> Option<Vec<u32>> {
    let mut cpus = Vec::new();
    for range in list.trim_end().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        if first > last || last > u32::from(u16::MAX) {
            return None;
        }
        cpus.extend(first..=last);
    }
    Some(cpus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_ranges_and_numbers() {
        assert_eq!(parse("0\n"), Some(vec![0]));
        assert_eq!(parse("0-3,5\n"), Some(vec![0, 1, 2, 3, 5]));
        assert_eq!(parse("1,3-4,8-8\n"), Some(vec![1, 3, 4, 8]));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for wrong in ["", "\n", "a", "3-1", "0-", "-1", "0,,1", "0-4294967295"] {
            assert_eq!(parse(wrong), None, "`{wrong}`");
        }
    }
}
