//! Where a process stands in the cgroup hierarchies.

use std::sync::Arc;

use hashbrown::HashMap;
use observer_common::CgroupNames as Names;

use crate::container::{self, Container};

/// A process's cgroups by path, see cgroups(7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cgroup {
    /// In the unified hierarchy: from the root, `/` for the root itself.
    pub v2: String,
    /// In the first v1 hierarchy where it is not at the root; `None` where there is none.
    pub v1: Option<String>,
    /// The container that one of them belongs to.
    pub container: Option<Container>,
}

impl Cgroup {
    fn new(names: Names<'_>) -> Self {
        Self::of_paths(path(names.v2), path(names.v1))
    }

    /// Of `/proc/PID/cgroup`, whose lines are `NUMBER:CONTROLLERS:PATH`.
    #[cfg(feature = "snapshot")]
    fn of_lines(lines: &[u8]) -> Self {
        // Those of which the eBPF programs take the first as well.
        const CONTROLLERS: [&[u8]; 5] = [b"memory", b"pids", b"cpu", b"freezer", b"devices"];
        let of = |wanted: &[u8]| {
            let lines = lines.split(|byte| *byte == b'\n');
            let mut found = lines.filter_map(|line| {
                let mut parts = line.splitn(3, |byte| *byte == b':').skip(1);
                let mut controllers = parts.next()?.split(|byte| *byte == b',');
                let path = parts.next()?;
                controllers.any(|controller| controller == wanted).then_some(path)
            });
            found.next().filter(|path| *path != b"/").map(alive)
        };
        Self::of_paths(of(b""), CONTROLLERS.iter().find_map(|controller| of(controller)))
    }

    fn of_paths(v2: Option<String>, v1: Option<String>) -> Self {
        let v2 = v2.unwrap_or_else(|| "/".to_owned());
        let container =
            container::of_path(&v2).or_else(|| v1.as_deref().and_then(container::of_path));
        Self { v2, v1, container }
    }

    /// The path that tells most: v2's unless the process is at its root and not at v1's, or only
    /// the v1 path leads to its container.
    pub fn path(&self) -> &str {
        let Some(v1) = &self.v1 else {
            return &self.v2;
        };
        let by_v1 = self.container.is_some() && container::of_path(&self.v2).is_none();
        if self.v2 == "/" || by_v1 { v1 } else { &self.v2 }
    }
}

/// A path without the mark of a cgroup that has been removed.
#[cfg(feature = "snapshot")]
fn alive(path: &[u8]) -> String {
    let path = path.strip_suffix(b" (deleted)").unwrap_or(path);
    String::from_utf8_lossy(path).into_owned()
}

/// Directory names from the leaf upwards, each with a NUL, as a path from the root.
fn path(names: &[u8]) -> Option<String> {
    let names = names.strip_suffix(b"\0")?;
    let mut path = String::with_capacity(names.len() + 1);
    for name in names.rsplit(|byte| *byte == 0) {
        path.push('/');
        path.push_str(&String::from_utf8_lossy(name));
    }
    Some(path)
}

/// Cgroups already seen: most events come from a few.
#[derive(Debug, Default)]
pub struct CgroupCache {
    seen: HashMap<Box<[u8]>, Arc<Cgroup>>,
    key: Vec<u8>,
}

impl CgroupCache {
    const MAX: usize = 1024;

    /// The cgroup of these names.
    pub fn get(&mut self, names: Names<'_>) -> Arc<Cgroup> {
        self.key.clear();
        self.key.extend_from_slice(names.v2);
        // No name begins with a slash: it parts the two lists.
        self.key.push(b'/');
        self.key.extend_from_slice(names.v1);
        self.look_up(|| Cgroup::new(names))
    }

    /// The cgroup that `/proc/PID/cgroup` tells with these lines.
    #[cfg(feature = "snapshot")]
    pub(crate) fn of_lines(&mut self, lines: &[u8]) -> Arc<Cgroup> {
        self.key.clear();
        self.key.extend_from_slice(lines);
        self.look_up(|| Cgroup::of_lines(lines))
    }

    fn look_up(&mut self, make: impl FnOnce() -> Cgroup) -> Arc<Cgroup> {
        if let Some(known) = self.seen.get(self.key.as_slice()) {
            return Arc::clone(known);
        }
        if self.seen.len() >= Self::MAX {
            self.seen.clear();
        }
        let cgroup = Arc::new(make());
        self.seen.insert(Box::from(self.key.as_slice()), Arc::clone(&cgroup));
        cgroup
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::Runtime;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn names_are_turned_round() {
        let cgroup = Cgroup::new(Names { v2: b"session-1.scope\0user.slice\0", v1: b"" });
        assert_eq!(cgroup.v2, "/user.slice/session-1.scope");
        assert_eq!(cgroup.path(), "/user.slice/session-1.scope");
        assert_eq!(Cgroup::new(Names::default()).path(), "/");
    }

    #[test]
    fn v1_tells_where_v2_does_not() {
        let v1 = format!("{ID}\0docker\0");
        let only_v1 = Cgroup::new(Names { v2: b"", v1: v1.as_bytes() });
        assert_eq!(only_v1.path(), format!("/docker/{ID}"));
        let both = Cgroup::new(Names { v2: b"session-1.scope\0", v1: v1.as_bytes() });
        assert_eq!(both.path(), format!("/docker/{ID}"));
        assert_eq!(both.container.map(|found| found.runtime), Some(Runtime::Docker));
    }

    #[test]
    fn the_cache_tells_the_hierarchies_apart_and_stays_small() {
        let mut cache = CgroupCache::default();
        let v2 = cache.get(Names { v2: b"a\0", v1: b"" });
        let v1 = cache.get(Names { v2: b"", v1: b"a\0" });
        assert_ne!(v2, v1);
        for index in 0..3 * CgroupCache::MAX {
            let name = format!("{index}\0");
            let got = cache.get(Names { v2: name.as_bytes(), v1: b"" });
            assert_eq!(got.v2, format!("/{index}"));
            assert!(cache.seen.len() <= CgroupCache::MAX);
        }
    }
}
