//! Namespaces that are mounted onto files: `/proc/PID/mountinfo` of one process of each mount
//! namespace tells of them, with kind and number, and nothing has to be opened for that.

use super::{Holder, NamespaceKind, drafts::Drafts};
use crate::source::proc::Directory;

/// Adds what is mounted anywhere, and how many mounts there are.
pub(super) fn find(proc: &Directory, drafts: &mut Drafts) {
    for (mount_namespace, members) in drafts.mount_namespaces() {
        let read = |pid: &u32| {
            let lines = proc.process(*pid).ok()?.read_lines(c"mountinfo").ok()?;
            // Of one that is on its way out nothing is left.
            (!lines.is_empty()).then_some((*pid, lines))
        };
        let Some((pid, lines)) = members.iter().find_map(read) else { continue };
        let count = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        drafts.get(NamespaceKind::Mount, mount_namespace).mounts = u64::try_from(count).ok();
        for Bound { kind, inode, path } in lines.split(|byte| *byte == b'\n').filter_map(bound) {
            drafts.hold(kind, inode, Holder::Mount { path, pid, mount_namespace });
        }
    }
}

/// A namespace that a line tells of.
#[derive(Debug, PartialEq, Eq)]
struct Bound {
    kind: NamespaceKind,
    inode: u64,
    path: Vec<u8>,
}

/// Of a line such as `45 28 0:4 net:[4026532178] /run/netns/blue rw shared:23 - nsfs nsfs rw`.
fn bound(line: &[u8]) -> Option<Bound> {
    let mut words = line.split(|byte| *byte == b' ').skip(3);
    let (root, path) = (words.next()?, words.next()?);
    let mut after = words.skip_while(|word| *word != b"-").skip(1);
    if after.next()? != b"nsfs" {
        return None;
    }
    let (kind, inode) = of_link(root)?;
    Some(Bound { kind, inode, path: unescaped(path) })
}

/// Kind and inode number of a text such as `net:[4026532178]`.
pub(super) fn of_link(text: &[u8]) -> Option<(NamespaceKind, u64)> {
    let (name, rest) = str::from_utf8(text).ok()?.split_once(":[")?;
    Some((NamespaceKind::of_name(name)?, rest.strip_suffix(']')?.parse().ok()?))
}

/// The kernel writes blanks, tabs, newlines and backslashes as three octal digits.
fn unescaped(path: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| *byte == b'\\');
        let escaped =
            digits.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 8).ok());
        plain.push(escaped.unwrap_or(*byte));
        rest = if escaped.is_some() { after.get(3..).unwrap_or_default() } else { after };
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(line: &str) -> Option<(&'static str, u64, Vec<u8>)> {
        bound(line.as_bytes()).map(|bound| (bound.kind.name(), bound.inode, bound.path))
    }

    #[test]
    fn a_bound_namespace_is_told_by_its_line() {
        let line = "45 28 0:4 net:[4026532178] /run/netns/blue rw shared:23 - nsfs nsfs rw";
        assert_eq!(found(line), Some(("net", 4_026_532_178, b"/run/netns/blue".to_vec())));
        let line = r"45 28 0:4 uts:[7] /a\040b\134c rw - nsfs nsfs rw";
        assert_eq!(found(line), Some(("uts", 7, br"/a b\c".to_vec())));
    }

    #[test]
    fn other_mounts_are_none() {
        assert_eq!(found("22 1 0:21 / /sys rw shared:7 - sysfs sysfs rw"), None);
        // A folder of that name.
        assert_eq!(found("22 1 8:1 /net:[7] /mnt rw - ext4 /dev/sda rw"), None);
        assert_eq!(found("45 28 0:4 mqueue:[7] /x rw - nsfs nsfs rw"), None);
        assert_eq!(found(""), None);
    }

    #[test]
    fn what_is_no_escape_stands_as_it_is() {
        assert_eq!(unescaped(br"\9\04"), br"\9\04");
        assert_eq!(unescaped(br"\777"), br"\777");
    }

    proptest! {
        #[test]
        fn any_line_is_one_or_none(line: Vec<u8>) {
            let _any = bound(&line);
        }
    }
}
