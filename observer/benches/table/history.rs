//! The table alone, under a made-up history: short lives, each a fork, an exec, an exit and a free,
//! over processes that stay.
//!
//! 10,000 lives begin a second. Events come in the order of their times, as a quiet reader gets
//! them; the dead are forgotten as often as the monitor's thread looks.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use observer::{
    event::{
        Args, Cgroup, Comm, Creator, Credentials, Event, Process, ProcessKey, Status, Usage, What,
    },
    table::Table,
};

use super::{Result, answer, heap};

const INIT: ProcessKey = ProcessKey { pid: 1, start_ns: 1 };
/// A clock tick of every usual kernel.
const TICK_NS: u64 = 10_000_000;
/// As a monitor has it by itself.
const GRACE_NS: u64 = 5_000_000_000;
/// Between one life's beginning and the next one's.
const STEP_NS: u64 = 100_000;
/// When the lives begin.
const BEGIN_NS: u64 = 100_000_000_000;
/// How long after its fork a process execs, exits and is freed, in steps.
const EXEC: u64 = 3;
const EXIT: u64 = 200;
const FREE: u64 = 300;
/// Steps between two looks of the monitor's thread.
const LOOK: usize = 40;
const LOOK_NS: u64 = LOOK as u64 * STEP_NS;
/// Pids that short lives take in turn, behind those of the processes that stay.
const PIDS: u64 = 30_000;
/// Of so many that stay, one starts others: a shell, a server, a service manager.
const FORKS_ONE_OF: u32 = 100;

/// Lets so many processes live for ever and so many others for a moment.
pub(super) fn run(living: u32, lives: u64) -> Result<()> {
    let history = History::new(living);
    let mut table = Table::new(TICK_NS, GRACE_NS);
    for event in (1..=living).flat_map(|pid| history.stays(pid)) {
        table.apply(event, &mut drop);
    }
    let before = heap::used();
    let mut events = 0;
    let mut time = Duration::ZERO;
    for first in (0..lives + FREE).step_by(LOOK) {
        let steps = (first..).take(LOOK);
        let some: Vec<Event> = steps.flat_map(|step| history.step(step, lives)).collect();
        events += some.len() as u64;
        let began = Instant::now();
        for event in some {
            table.apply(event, &mut drop);
        }
        table.forget(at(first) + LOOK_NS);
        time += began.elapsed();
    }
    table.forget(at(lives + FREE) + 2 * GRACE_NS);
    if table.len() != usize::try_from(living)? {
        return Err(format!("{} processes are left of {living}", table.len()).into());
    }
    let mut numbers = vec![("events", events), ("nanoseconds", u64::try_from(time.as_nanos())?)];
    if let Some((before, after)) = before.zip(heap::used()) {
        numbers.push(("heap_before", u64::try_from(before)?));
        numbers.push(("heap_after", u64::try_from(after)?));
    }
    answer(&numbers);
    Ok(())
}

/// Where the events come from.
struct History {
    living: u32,
    cgroup: Arc<Cgroup>,
}

impl History {
    fn new(living: u32) -> Self {
        let v2 = "/system.slice/web.service".to_owned();
        Self { living: living.max(1), cgroup: Arc::new(Cgroup { v2, ..Cgroup::default() }) }
    }

    /// The events of a process that stays.
    fn stays(&self, pid: u32) -> [Event; 2] {
        let key = stays(pid);
        let parent = if pid == 1 { None } else { Some(INIT) };
        let creator = self.process(INIT, None, "init");
        let fork = fork(key.start_ns, self.process(key, parent, "init"), &creator);
        [fork, exec(key.start_ns + 1, Process { exec_id: 2, ..self.process(key, parent, "web") })]
    }

    /// What happens in one step: to one life its fork, to earlier ones what is due.
    fn step(&self, step: u64, lives: u64) -> Vec<Event> {
        let due = |after: u64| step.checked_sub(after).filter(|life| *life < lives);
        let boot_ns = at(step);
        let mut events = Vec::with_capacity(4);
        if let Some((key, parent)) = due(0).map(|life| self.life(life)) {
            let process = Process { exec_id: 2, ..self.process(key, Some(parent), "web") };
            let creator = self.process(parent, None, "web");
            events.push(fork(boot_ns, process, &creator));
        }
        if let Some((key, parent)) = due(EXEC).map(|life| self.life(life)) {
            events.push(exec(boot_ns, self.process(key, Some(parent), "convert")));
        }
        if let Some((key, parent)) = due(EXIT).map(|life| self.life(life)) {
            events.push(exit(boot_ns, self.process(key, Some(parent), "convert")));
        }
        if let Some((key, _)) = due(FREE).map(|life| self.life(life)) {
            let what = What::Free { key, status: Some(Status::Code(0)), usage: Some(USAGE) };
            events.push(Event { boot_ns, cpu: 0, what });
        }
        events
    }

    /// The identity of that life, and a process that stays as its parent.
    fn life(&self, life: u64) -> (ProcessKey, ProcessKey) {
        let pid = self.living + 1 + u32::try_from(life % PIDS).unwrap_or_default();
        let parents = self.living.div_ceil(FORKS_ONE_OF);
        let parent = u32::try_from(life % u64::from(parents)).unwrap_or_default() + 1;
        (ProcessKey { pid, start_ns: at(life) }, stays(parent))
    }

    fn process(&self, key: ProcessKey, parent: Option<ProcessKey>, comm: &str) -> Process {
        let mut padded = [0; 16];
        for (place, byte) in padded.iter_mut().zip(comm.bytes()) {
            *place = byte;
        }
        Process {
            key,
            parent,
            exec_id: 3,
            tid: key.pid,
            vpid: Some(key.pid),
            comm: Comm::new(padded),
            credentials: Some(Credentials {
                real_uid: 33,
                effective_uid: 33,
                real_gid: 33,
                effective_gid: 33,
            }),
            namespaces: [4_026_531_836; 8],
            cgroup: Some(Arc::clone(&self.cgroup)),
        }
    }
}

const USAGE: Usage = Usage { user_ns: 900_000, system_ns: 400_000, max_rss_pages: 700 };

fn stays(pid: u32) -> ProcessKey {
    if pid == 1 { INIT } else { ProcessKey { pid, start_ns: u64::from(pid) * 1_000 } }
}

fn at(step: u64) -> u64 {
    BEGIN_NS + step * STEP_NS
}

fn fork(boot_ns: u64, process: Process, creator: &Process) -> Event {
    let creator = Creator { key: creator.key, tid: creator.tid, comm: creator.comm };
    Event { boot_ns, cpu: 0, what: What::Fork { process, creator, clone_flags: 0 } }
}

fn exec(boot_ns: u64, process: Process) -> Event {
    let args = format!("convert\0--quiet\0--id={}\0in.png\0out.jpeg\0", process.key.pid);
    let size = args.len() as u64;
    let args = Some(Args::new(Bytes::from(args.into_bytes()), size, size));
    let filename = Bytes::copy_from_slice(b"/usr/bin/convert");
    Event { boot_ns, cpu: 0, what: What::Exec { process, filename, args } }
}

fn exit(boot_ns: u64, process: Process) -> Event {
    let what = What::Exit {
        process,
        status: Some(Status::Code(0)),
        usage: Some(USAGE),
        reaper: Some(INIT),
    };
    Event { boot_ns, cpu: 0, what }
}
