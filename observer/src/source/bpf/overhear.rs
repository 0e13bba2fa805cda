//! The processes that are overheard, and the program that reports them. It is in the kernel from
//! the beginning, but sits on the tracepoint of all system calls only while there is somebody.

use std::os::fd::{AsFd as _, OwnedFd};

use aya::maps::{HashMap, Map, MapData};
use observer_common::Kind;

use super::{map_error, skips::Watched};
use crate::{
    Error,
    event::{Event, ProcessKey, What},
    source::Overhears,
    sys::raw_tracepoint,
};

pub(super) struct Overhearing {
    program: OwnedFd,
    /// The kernel's list: what began when, by pid.
    list: HashMap<MapData, u32, u64>,
    /// The list, as this side knows it.
    overheard: hashbrown::HashMap<u32, u64>,
    /// Dropping it detaches the program.
    link: Option<OwnedFd>,
}

impl Overhearing {
    /// `program` is loaded, `list` what it looks into.
    pub(super) fn new(program: OwnedFd, list: Map) -> Result<Self, Error> {
        let list =
            list.try_into().map_err(map_error("cannot use the list of overheard processes"))?;
        Ok(Self { program, list, overheard: hashbrown::HashMap::new(), link: None })
    }

    /// Its program, for whoever counts skipped runs.
    pub(super) fn watched(&self) -> Result<Watched, Error> {
        let system = |source| Error::System { what: "cannot keep a program", source };
        let first = self.program.try_clone().map_err(system)?;
        Ok(Watched { kind: Kind::REQUEST, first, second: None })
    }

    /// The process that this says the end of, if it is one of them.
    pub(super) fn ended(&self, event: &Event) -> Option<ProcessKey> {
        if self.overheard.is_empty() {
            return None;
        }
        let key = match &event.what {
            What::Exit { process, .. } => process.key,
            What::Free { key, .. } => *key,
            _ => return None,
        };
        (self.overheard.get(&key.pid) == Some(&key.start_ns)).then_some(key)
    }
}

impl Overhears for Overhearing {
    fn begin(&mut self, key: ProcessKey) -> Result<(), Error> {
        // Who had the pid before has ended.
        let insert = self.list.insert(key.pid, key.start_ns, 0);
        insert.map_err(map_error("cannot overhear one more process"))?;
        self.overheard.insert(key.pid, key.start_ns);
        if self.link.is_none() {
            match raw_tracepoint::attach(self.program.as_fd(), c"sys_enter") {
                Ok(link) => self.link = Some(link),
                Err(errno) => {
                    self.end(key)?;
                    return Err(Error::system("cannot attach to system calls")(errno));
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, key: ProcessKey) -> Result<(), Error> {
        if self.overheard.get(&key.pid) != Some(&key.start_ns) {
            return Ok(());
        }
        self.overheard.remove(&key.pid);
        if self.overheard.is_empty() {
            self.link = None;
        }
        self.list.remove(&key.pid).map_err(map_error("cannot stop overhearing a process"))
    }
}
