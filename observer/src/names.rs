//! Numbers of users and groups → their names, each looked up once.
//!
//! The machine's own come from wherever its C library takes them. A container's come from its
//! files and from nothing else: no library of the host is asked, nothing of the container is run.

use std::{collections::BTreeSet, os::fd::BorrowedFd, time::Instant};

use hashbrown::HashMap;
use nix::unistd::{Gid, Group, Uid, User};

use crate::rooted;

/// As much of a container's file as is read.
const LIMIT: usize = 4 << 20;

/// Names of users and groups, plain data. What has no name here has none there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    users: Table,
    groups: Table,
}

type Table = HashMap<u32, Box<[u8]>>;

impl Names {
    /// Names on this machine, by getpwuid(3) and getgrgid(3): from files, LDAP, systemd or what
    /// else nsswitch.conf(5) says. A failed look-up is an absent name. It takes as long as those
    /// services do. Needs no privileges.
    pub fn of_host(
        uids: impl IntoIterator<Item = u32>,
        gids: impl IntoIterator<Item = u32>,
    ) -> Self {
        let user = |uid| Some(User::from_uid(Uid::from_raw(uid)).ok()??.name);
        let group = |gid| Some(Group::from_gid(Gid::from_raw(gid)).ok()??.name);
        Self { users: look_up(uids, user), groups: look_up(gids, group) }
    }

    /// Names by the text of a passwd(5) and a group(5) file. The first line of a number counts.
    /// Lines without a name are passed over, as are those that point to NIS (`+`, `-`).
    pub fn of_files(passwd: &[u8], group: &[u8]) -> Self {
        Self { users: parse(passwd), groups: parse(group) }
    }

    /// Names by the files `etc/passwd` and `etc/group` below a root that is not to be trusted,
    /// given as a descriptor of `/proc/PID/root`; opening that takes the right to ptrace(2) the
    /// process. A file that is missing, irregular, larger than 4 MiB, or not read within half a
    /// second for both, has no names.
    pub fn of_root(root: BorrowedFd<'_>) -> Self {
        let until = Instant::now() + rooted::PATIENCE;
        let read = |path| rooted::read(root, path, LIMIT, until).unwrap_or_default();
        Self::of_files(&read("etc/passwd"), &read("etc/group"))
    }

    /// The name of a user, any bytes.
    pub fn user(&self, uid: u32) -> Option<&[u8]> {
        self.users.get(&uid).map(AsRef::as_ref)
    }

    /// The name of a group, any bytes.
    pub fn group(&self, gid: u32) -> Option<&[u8]> {
        self.groups.get(&gid).map(AsRef::as_ref)
    }
}

fn look_up(ids: impl IntoIterator<Item = u32>, name: impl Fn(u32) -> Option<String>) -> Table {
    let ids: BTreeSet<u32> = ids.into_iter().collect();
    ids.into_iter().filter_map(|id| Some((id, name(id)?.into_bytes().into()))).collect()
}

/// Both files keep the name in the first and the number in the third field.
fn parse(text: &[u8]) -> Table {
    let mut table = Table::new();
    for line in text.split(|byte| *byte == b'\n') {
        if let Some((id, name)) = entry(line.trim_ascii()) {
            table.entry(id).or_insert_with(|| name.into());
        }
    }
    table
}

fn entry(line: &[u8]) -> Option<(u32, &[u8])> {
    let mut fields = line.split(|byte| *byte == b':');
    let name = fields.next()?;
    let id = fields.nth(1).filter(|id| id.iter().all(u8::is_ascii_digit))?;
    let id = str::from_utf8(id).ok()?.parse().ok()?;
    let is_name = !matches!(name.first(), None | Some(b'+' | b'-' | b'#'));
    is_name.then_some((id, name))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::fd::AsFd as _};

    use nix::{
        fcntl::{OFlag, open},
        sys::stat::Mode,
    };
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;

    fn check(passwd: &[u8], uid: u32, expected: &[u8]) {
        let names = Names::of_files(passwd, b"");
        assert_eq!(names.user(uid), Some(expected), "{}", String::from_utf8_lossy(passwd));
    }

    #[test]
    fn users_and_groups_are_told_apart() {
        let names = Names::of_files(b"a:x:1:2:A:/:/bin/sh\n", b"g:x:1:a,b\nh:x:2:\n");
        assert_eq!(names.user(1), Some(&b"a"[..]));
        assert_eq!(names.user(2), None, "the second number is the group's");
        assert_eq!(names.group(1), Some(&b"g"[..]));
        assert_eq!(names.group(2), Some(&b"h"[..]));
    }

    #[test]
    fn the_first_line_of_a_number_counts() {
        check(b"root:x:0:0::/:\ntoor:x:0:0::/:\n", 0, b"root");
    }

    #[test]
    fn names_are_any_bytes() {
        check(b"\xff\x1b[m\0:x:7:7", 7, b"\xff\x1b[m\0");
        check("größe:x:4294967295:7".as_bytes(), u32::MAX, "größe".as_bytes());
        check(b"a b:x:8:\r\n", 8, b"a b");
    }

    #[test]
    fn lines_that_are_none_are_passed_over() {
        for line in [
            &b""[..],
            b"nobody",
            b"a:x",
            b":x:5:5",
            b"a:x::5",
            b"a:x:+5:5",
            b"a:x:-5:5",
            b"a:x: 5:5",
            b"a:x:5x:5",
            b"+a:x:5:5",
            b"-a:x:5:5",
            b"#a:x:5:5",
            b"  # a:x:5:5",
        ] {
            let text = [line, b"\nright:x:5:5\n"].concat();
            check(&text, 5, b"right");
        }
        let names = Names::of_files(b"a:x:4294967296:0\nb:x:99999999999999999999:0", b"");
        assert_eq!(names, Names::default(), "numbers beyond 32 bits");
    }

    #[test]
    fn a_roots_files_are_its_own() {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("etc")).unwrap();
        fs::write(folder.path().join("etc/passwd"), "inside:x:0:0::/:\n").unwrap();
        let root = open(folder.path(), OFlag::O_PATH, Mode::empty()).unwrap();
        let names = Names::of_root(root.as_fd());
        assert_eq!(names.user(0), Some(&b"inside"[..]));
        assert_eq!(names.group(0), None, "there is no group file");
    }

    #[test]
    fn a_file_above_the_limit_has_no_names() {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("etc")).unwrap();
        let mut text = b"inside:x:0:\n".repeat(LIMIT / 12);
        let group = folder.path().join("etc/group");
        fs::write(&group, &text).unwrap();
        let root = open(folder.path(), OFlag::O_PATH, Mode::empty()).unwrap();
        assert_eq!(Names::of_root(root.as_fd()).group(0), Some(&b"inside"[..]));
        text.resize(LIMIT + 1, b'\n');
        fs::write(&group, &text).unwrap();
        assert_eq!(Names::of_root(root.as_fd()).group(0), None);
    }

    #[test]
    fn the_hosts_names_are_what_its_library_says() {
        let unnamed = 4_000_000_123;
        let names = Names::of_host([0, 0, unnamed], [0, unnamed]);
        assert_eq!(names.user(0), Some(&b"root"[..]));
        assert_eq!(names.group(0), Some(&b"root"[..]));
        assert_eq!((names.user(unnamed), names.group(unnamed)), (None, None));
        assert_eq!(names.user(1), None, "it was not asked for");
    }

    #[test]
    fn each_number_is_looked_up_once() {
        let asked = std::cell::RefCell::new(Vec::new());
        let table = look_up([3, 1, 3, 1, 2], |id| {
            asked.borrow_mut().push(id);
            (id != 2).then(|| id.to_string())
        });
        assert_eq!(*asked.borrow(), [1, 2, 3]);
        assert_eq!(table.len(), 2);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_file(text: Vec<u8>, ids: [u32; 4]) {
            let names = Names::of_files(&text, &text);
            for id in ids {
                prop_assert_eq!(names.user(id), names.group(id));
            }
        }

        #[test]
        fn any_name_comes_back_between_any_lines(
            name in "[^:\n\\s+#-][^:\n\\s]*",
            uid: u32,
            before in "([a-z:]{0,9}\n){0,3}",
            after: Vec<u8>,
        ) {
            let line = format!("{before}{name}:*:{uid}:0:::\n");
            let text = [line.as_bytes(), &after].concat();
            check(&text, uid, name.as_bytes());
        }
    }
}
