//! Maps of a user namespace: ids inside ↔ ids outside, see `user_namespaces(7)`.
//!
//! Pure. An id that no range holds has no counterpart; what is shown in its place is for others.

/// A range of ids: a line of `/proc/PID/uid_map` or `gid_map`, with the names of psgo's `IDMap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IdMap {
    /// The first id inside.
    pub container_id: u32,
    /// The first id outside: in the user namespace of whoever read the file, or in the parent of
    /// the process's where the two are the same.
    pub host_id: u32,
    /// How many ids the range has.
    pub size: u32,
}

impl IdMap {
    fn of_line(line: &[u8]) -> Option<Self> {
        let mut numbers = line
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty())
            .map(|word| str::from_utf8(word).ok()?.parse().ok());
        let mut next = || numbers.next()?;
        Some(Self { container_id: next()?, host_id: next()?, size: next()? })
    }
}

/// The ranges of such a file, in its order. Lines that hold no three numbers are passed over.
pub fn parse(text: &[u8]) -> Vec<IdMap> {
    text.split(|byte| *byte == b'\n').filter_map(IdMap::of_line).collect()
}

/// The id outside of an id inside, by the first range that holds it.
pub fn to_host(maps: &[IdMap], id: u32) -> Option<u32> {
    maps.iter().find_map(|map| shift(map.container_id, map.host_id, map.size, id))
}

/// The id inside of an id outside, by the first range that holds it.
pub fn to_container(maps: &[IdMap], id: u32) -> Option<u32> {
    maps.iter().find_map(|map| shift(map.host_id, map.container_id, map.size, id))
}

fn shift(from: u32, to: u32, size: u32, id: u32) -> Option<u32> {
    let offset = id.checked_sub(from).filter(|offset| *offset < size)?;
    to.checked_add(offset)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAPS: &[u8] = b"         0       1000          1\n         1     100000      65536\n";

    #[test]
    fn a_rootless_containers_maps() {
        let maps = parse(MAPS);
        assert_eq!(
            maps,
            [
                IdMap { container_id: 0, host_id: 1000, size: 1 },
                IdMap { container_id: 1, host_id: 100_000, size: 65_536 },
            ]
        );
        let check = |inside, outside| {
            assert_eq!(to_host(&maps, inside), Some(outside));
            assert_eq!(to_container(&maps, outside), Some(inside));
        };
        check(0, 1000);
        check(1, 100_000);
        check(65_536, 165_535);
        assert_eq!(to_host(&maps, 65_537), None);
        assert_eq!(to_container(&maps, 0), None, "the machine's root is not in there");
        assert_eq!(to_container(&maps, 1001), None);
    }

    #[test]
    fn the_initial_namespace_maps_all_but_the_last_to_itself() {
        let maps = parse(b"         0          0 4294967295\n");
        for id in [0, 1, u32::MAX - 1] {
            assert_eq!((to_host(&maps, id), to_container(&maps, id)), (Some(id), Some(id)));
        }
        assert_eq!(to_host(&maps, u32::MAX), None);
    }

    #[test]
    fn the_running_processs_own_map_holds_its_own_id() {
        let maps = parse(&std::fs::read("/proc/self/uid_map").unwrap());
        let own = nix::unistd::geteuid().as_raw();
        assert!(to_host(&maps, own).is_some(), "{own} in {maps:?}");
    }

    #[test]
    fn ranges_beyond_32_bits_end_there() {
        let maps = parse(b"0 4294967290 100");
        assert_eq!(to_host(&maps, 5), Some(u32::MAX));
        assert_eq!(to_host(&maps, 6), None);
        assert_eq!(to_container(&maps, u32::MAX), Some(5));
    }

    #[test]
    fn lines_without_three_numbers_are_passed_over() {
        let maps = parse(b"\n1 2\na b c\n-1 0 1\n0 0 4294967296\n\xff\n7 8 9");
        assert_eq!(maps, [IdMap { container_id: 7, host_id: 8, size: 9 }]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_maps_and_any_id_may_be_asked_for(text: Vec<u8>, id: u32) {
            let maps = parse(&text);
            prop_assert!(maps.len() <= text.len());
            prop_assert!(to_host(&maps, id).is_none() || !maps.is_empty());
        }

        #[test]
        fn there_and_back_is_the_same_id(container_id: u32, host_id: u32, size: u32, id: u32) {
            let maps = [IdMap { container_id, host_id, size }];
            if let Some(outside) = to_host(&maps, id) {
                prop_assert_eq!(to_container(&maps, outside), Some(id));
            }
        }
    }
}
