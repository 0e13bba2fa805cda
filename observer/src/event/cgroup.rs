//! Where a process stands in the cgroup hierarchies.

#[cfg(feature = "snapshot")]
use std::sync::Arc;

#[cfg(feature = "snapshot")]
use hashbrown::HashMap;

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

    /// Of the path in the unified hierarchy and in a v1 one, each `None` for the root.
    #[cfg(feature = "snapshot")]
    pub(crate) fn of_paths(v2: Option<String>, v1: Option<String>) -> Self {
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

/// Cgroups already seen: most events come from a few.
#[cfg(feature = "snapshot")]
#[derive(Debug, Default)]
pub(crate) struct CgroupCache {
    seen: HashMap<Box<[u8]>, Arc<Cgroup>>,
    key: Vec<u8>,
}

#[cfg(feature = "snapshot")]
impl CgroupCache {
    const MAX: usize = 1024;

    /// The cgroup that `/proc/PID/cgroup` tells with these lines.
    pub(crate) fn of_lines(&mut self, lines: &[u8]) -> Arc<Cgroup> {
        self.get([lines], || Cgroup::of_lines(lines))
    }

    /// The cgroup that a source calls by this key, which may come in parts; `make` makes it at the first
    /// time.
    pub(crate) fn get<const PARTS: usize>(
        &mut self,
        key: [&[u8]; PARTS],
        make: impl FnOnce() -> Cgroup,
    ) -> Arc<Cgroup> {
        self.key.clear();
        for part in key {
            self.key.extend_from_slice(part);
        }
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
#[cfg(feature = "snapshot")]
mod tests {
    use super::*;
    use crate::container::Runtime;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn v1_tells_where_v2_does_not() {
        let in_docker = format!("/docker/{ID}");
        assert_eq!(Cgroup::of_paths(None, Some(in_docker.clone())).path(), in_docker);
        let both = Cgroup::of_paths(Some("/session-1.scope".to_owned()), Some(in_docker.clone()));
        assert_eq!(both.path(), in_docker);
        assert_eq!(both.container.map(|found| found.runtime), Some(Runtime::Docker));
        assert_eq!(Cgroup::of_paths(None, None).path(), "/");
    }

    #[test]
    fn the_cache_tells_keys_apart_and_stays_small() {
        let mut cache = CgroupCache::default();
        let made = |path: &str| Cgroup { v2: path.to_owned(), ..Cgroup::default() };
        let first = cache.get([b"a/", b""], || made("/a"));
        assert_ne!(first, cache.get([b"/", b"a"], || made("/b")));
        assert_eq!(first, cache.get([b"a", b"/"], || made("/not made again")));
        for index in 0..3 * CgroupCache::MAX {
            let name = format!("/{index}");
            assert_eq!(cache.get([name.as_bytes()], || made(&name)).v2, name);
            assert!(cache.seen.len() <= CgroupCache::MAX);
        }
    }
}
