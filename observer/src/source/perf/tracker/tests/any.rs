//! Any history of processes, with neighbours of different threads told in the wrong order: no life
//! is lost, none are merged, and each ends as it did.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

/// What really happened.
struct Truth {
    told: Vec<Told>,
    living: Vec<Process>,
    /// Ended, not waited for.
    zombies: Vec<u32>,
    /// Waited for, and still held by the kernel.
    held: VecDeque<u32>,
    free: Vec<u32>,
    expected: BTreeMap<ProcessKey, Life>,
    now_ns: u64,
    kernel: Kernel,
}

/// Whether it says which thread is the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kernel {
    Older,
    Newer,
}

struct Process {
    key: ProcessKey,
    tids: Vec<u32>,
}

/// How often each kind of record is to be given of a life, and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Life {
    forks: u32,
    execs: u32,
    exits: u32,
    frees: u32,
    status: Option<Ending>,
}

impl Truth {
    fn begin(kernel: Kernel) -> Self {
        Self {
            told: Vec::new(),
            living: Vec::new(),
            zombies: Vec::new(),
            held: VecDeque::new(),
            free: (100..108).rev().collect(),
            expected: BTreeMap::new(),
            now_ns: NOW,
            kernel,
        }
    }

    fn tell(&mut self, pid: u32, tid: u32, news: News) {
        self.now_ns += 1_000;
        self.told.push(Told { boot_ns: self.now_ns, cpu: 0, pid, tid, news });
    }

    fn life(&mut self, key: ProcessKey) -> &mut Life {
        self.expected.entry(key).or_default()
    }

    fn step(&mut self, what: u8, who: usize) {
        let count = self.living.len();
        match what {
            _ if count == 0 => self.fork(None),
            0 | 1 => self.fork(Some(who % count)),
            2 => self.exec(who % count),
            3 => self.thread(who % count),
            4 => self.end_thread(who % count),
            5 | 6 => self.end(who % count, u8::try_from(who % 256).unwrap()),
            7 => self.reap(),
            _ => self.let_go(),
        }
    }

    fn fork(&mut self, parent: Option<usize>) {
        let Some(pid) = self.free.pop() else { return };
        let (by, tid) = parent.map_or((1, 1), |index| {
            let parent = &self.living[index];
            (parent.key.pid, *parent.tids.last().unwrap())
        });
        self.tell(by, tid, new_task(pid, libc::SIGCHLD));
        let key = ProcessKey { pid, start_ns: self.now_ns };
        self.living.push(Process { key, tids: vec![pid] });
        self.life(key).forks = 1;
    }

    fn thread(&mut self, index: usize) {
        let Some(tid) = self.free.pop() else { return };
        let process = &mut self.living[index];
        let (pid, by) = (process.key.pid, process.tids[0]);
        process.tids.push(tid);
        self.tell(pid, by, new_task(tid, libc::CLONE_THREAD));
    }

    fn end_thread(&mut self, index: usize) {
        if self.living[index].tids.len() < 2 {
            return;
        }
        let (pid, tid) = (self.living[index].key.pid, self.living[index].tids.remove(0));
        self.tell(pid, tid, News::ExitCall { code: 99, group: false });
        self.one_ends(pid, tid, 1);
    }

    fn exec(&mut self, index: usize) {
        let Process { key, tids } = &mut self.living[index];
        let (key, mut others) = (*key, std::mem::replace(tids, vec![key.pid]));
        let caller = others.pop().unwrap();
        for tid in others {
            self.tell(key.pid, tid, News::SignalDelivered { number: 9, default: true });
            self.one_ends(key.pid, tid, 1);
        }
        self.tell(key.pid, key.pid, exec(key.pid, caller));
        if caller != key.pid {
            self.free.insert(0, caller);
        }
        self.life(key).execs += 1;
    }

    fn end(&mut self, index: usize, code: u8) {
        let Process { key, tids } = self.living.remove(index);
        let by = *tids.last().unwrap();
        self.tell(key.pid, by, News::ExitCall { code, group: true });
        for (left, tid) in tids.iter().enumerate().rev() {
            if *tid != by {
                self.tell(key.pid, *tid, News::SignalDelivered { number: 9, default: true });
            }
            self.one_ends(key.pid, *tid, left);
        }
        self.zombies.push(key.pid);
        let life = self.life(key);
        (life.exits, life.status) = (1, Some(Ending::Code(code)));
    }

    fn one_ends(&mut self, pid: u32, tid: u32, left: usize) {
        let group_dead = (self.kernel == Kernel::Newer).then_some(left == 0);
        self.tell(pid, tid, News::Exit { comm: comm("x"), group_dead });
        if tid != pid {
            self.free.insert(0, tid);
        }
    }

    /// Its parent waits for it: another may have its pid.
    fn reap(&mut self) {
        if self.zombies.is_empty() {
            return;
        }
        let pid = self.zombies.remove(0);
        self.held.push_back(pid);
        self.free.insert(0, pid);
    }

    fn let_go(&mut self) {
        let Some(pid) = self.held.pop_front() else { return };
        self.tell(0, 0, News::Free { tid: pid });
        let mut lives = self.expected.iter_mut();
        let life = lives.find(|(key, life)| key.pid == pid && life.exits == 1 && life.frees == 0);
        life.unwrap().1.frees = 1;
    }
}

/// What was given, as it should be expected.
fn given(told: Vec<Told>) -> BTreeMap<ProcessKey, Life> {
    let mut play = Play::begin();
    for told in told {
        play.look(|tracker, with| tracker.take(told, with));
    }
    let mut lives: BTreeMap<ProcessKey, Life> = BTreeMap::new();
    for got in play.got {
        let life = lives.entry(got.key()).or_default();
        match Kind(got.kind) {
            Kind::FORK => life.forks += 1,
            Kind::EXEC => life.execs += 1,
            Kind::EXIT => {
                life.exits += 1;
                life.status = got.status;
            }
            Kind::FREE => life.frees += 1,
            _ => {}
        }
    }
    lives
}

/// Neighbours change places where the bit says so, unless they are of the same thread: what one
/// thread does comes in order.
fn swap_neighbours(told: &mut [Told], places: &[bool]) {
    let mut index = 0;
    for swap in places {
        let Some([one, other]) = told.get_mut(index..index + 2) else { return };
        if *swap && one.tid != other.tid {
            std::mem::swap(one, other);
            index += 1;
        }
        index += 1;
    }
}

fn check(steps: Vec<(u8, usize)>, places: &[bool], kernel: Kernel) {
    let mut truth = Truth::begin(kernel);
    for (what, who) in steps {
        truth.step(what, who);
    }
    swap_neighbours(&mut truth.told, places);
    let shown = truth.told.clone();
    assert_eq!(given(truth.told), truth.expected, "{shown:#?}");
}

fn any_kernel() -> impl Strategy<Value = Kernel> {
    prop::sample::select(vec![Kernel::Older, Kernel::Newer])
}

proptest! {
    #[test]
    fn every_life_is_told_once(
        steps in prop::collection::vec((0_u8..9, any::<usize>()), 0..80),
        kernel in any_kernel(),
    ) {
        check(steps, &[], kernel);
    }

    #[test]
    fn every_life_is_told_once_in_any_order_of_neighbours(
        steps in prop::collection::vec((0_u8..9, any::<usize>()), 0..80),
        places in prop::collection::vec(any::<bool>(), 300),
        kernel in any_kernel(),
    ) {
        check(steps, &places, kernel);
    }
}
