//! When a cell of a snapshot has to be what /proc says, and how near. Pure.

use std::borrow::Cow;

use crate::{
    event::Cgroup,
    facts::Facts,
    field::{CpuTime, Field, Row, Value, View},
    origin::Origin,
    snapshot::Freshness,
    source::proc::without_work,
};

/// A process as one look saw it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub(super) row: &'a Row,
    pub(super) view: &'a View,
}

/// A process as /proc has it before and after a snapshot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Between<'a> {
    pub(super) before: Seen<'a>,
    pub(super) after: Seen<'a>,
    /// CPUs that count pages of their own for a while.
    pub(super) cpus: u64,
}

/// Known in a joined view only.
const JOINED: [&str; 8] = ["hgid", "hgids", "hgroup", "hgroups", "hpid", "hppid", "huid", "huser"];

/// What a process can change and change back within a moment.
const UNSTEADY: [&str; 10] =
    ["args", "pri", "psr", "rss", "stat", "state", "threads", "tpgid", "vsz", "cls"];

/// The columns that are compared.
pub(super) fn all() -> impl Iterator<Item = &'static Field> {
    Field::all().filter(|field| {
        let steady = !field.always_changes || field.name == "time";
        // A snapshot takes what only /proc tells from there itself.
        steady && !field.needs.have(Facts::ONLY_PROC) && !JOINED.contains(&field.name)
    })
}

/// Those of them that the table tells without a walk.
pub(super) fn of_the_table() -> impl Iterator<Item = &'static Field> {
    all().filter(|field| Freshness::sufficient_for(field.needs) == Freshness::Table)
}

/// Bytes of a name that is not a kernel thread's.
const LONGEST_NAME: usize = 15;

impl Between<'_> {
    /// Whether the cell is what /proc says; `None` where it says nothing, or the process may have
    /// changed.
    pub(super) fn agrees(&self, field: &Field, told: Seen<'_>) -> Option<bool> {
        if field.name == "time" {
            return self.time_agrees(told);
        }
        let before = field.value(self.before.row, self.before.view);
        let after = field.value(self.after.row, self.after.view);
        if self.is_exiting() && field.needs.have(Facts::CGROUP) && self.known_cgroup() == Some("/")
        {
            return None;
        }
        if before != after || (UNSTEADY.contains(&field.name) && !self.is_at_rest()) {
            return None;
        }
        if field.name == "vsz" && self.has_threads() {
            return None;
        }
        let told = field.value(told.row, told.view);
        match (&told, &after) {
            // What may not be read is unknown; a dash is an answer.
            (_, None) if field.absent == "?" => None,
            (Some(Value::Number(told)), Some(Value::Number(known))) if field.name == "rss" => {
                Some(told.abs_diff(*known) <= self.uncounted_kib())
            }
            (Some(Value::Bytes(told)), Some(Value::Bytes(known))) => {
                Some(told == known || self.is_name_of_a_worker(told, known))
            }
            _ => Some(told == after),
        }
    }

    /// Likewise of a cell that the table told without a walk. What it does not know is wrong only if
    /// its source tells everything.
    pub(super) fn agrees_with_the_table(
        &self,
        field: &Field,
        told: Seen<'_>,
        origin: Origin,
    ) -> Option<bool> {
        let agrees = self.agrees(field, told)?;
        if agrees || self.is_beginning_of_a_thread_name(field, told) {
            return Some(true);
        }
        let is_known = field.value(told.row, told.view).is_some();
        (origin == Origin::Bpf || is_known).then_some(false)
    }

    /// Whether nothing of the process ran in between, as far as it can be known.
    fn is_at_rest(&self) -> bool {
        let Seen { row: before, .. } = self.before;
        let Seen { row: after, .. } = self.after;
        let (Some(stat), Some(later)) = (&before.stat, &after.stat) else { return false };
        let switches = |row: &Row| row.status.as_ref().and_then(|status| status.switches);
        let faults = (stat.minor_faults, stat.major_faults);
        stat.state != b'R'
            && later.state != b'R'
            && before.cpu_time == after.cpu_time
            && faults == (later.minor_faults, later.major_faults)
            && switches(before).is_some()
            && switches(before) == switches(after)
    }

    /// Another thread than the leader may map and unmap, as one does that starts a program, and
    /// nothing here shows it.
    fn has_threads(&self) -> bool {
        self.after.row.stat.as_ref().is_some_and(|stat| stat.threads > 1)
    }

    /// Each side rounds both modes to a clock tick.
    fn time_agrees(&self, told: Seen<'_>) -> Option<bool> {
        let slack_ns = 2 * self.after.view.machine.tick_ns();
        let total = |seen: Seen<'_>| seen.row.cpu_time.map(CpuTime::total_ns);
        let (before, after) = (total(self.before)?, total(self.after)?);
        let enough = before.saturating_sub(slack_ns)..=after.saturating_add(slack_ns);
        Some(total(told).is_some_and(|told| enough.contains(&told)))
    }

    /// What the CPUs may have counted of a process's pages and not yet added up: a batch of each
    /// of three kinds.
    fn uncounted_kib(&self) -> u64 {
        const KINDS: u64 = 3;
        let batch = (2 * self.cpus).max(32);
        KINDS * batch * self.cpus * self.after.view.machine.page_size / 1024
    }

    /// A kernel worker's name in /proc goes on with what it works on, which nothing else tells;
    /// before 6.11 it is cut there, as other names are.
    fn is_name_of_a_worker(&self, told: &[u8], known: &[u8]) -> bool {
        const PF_WQ_WORKER: u32 = 0x20;
        let name = |cell| <[u8]>::strip_prefix(cell, b"[")?.strip_suffix(b"]");
        let (told, known) = (name(told).unwrap_or(told), name(known).unwrap_or(known));
        let begins_with = |name: &[u8]| {
            let rest = known.strip_prefix(name);
            rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'-' | b'+')))
        };
        let cut = told.get(..LONGEST_NAME).unwrap_or(told);
        // Told by /proc too, it had other work then.
        let alone = without_work(told);
        self.has_flag(PF_WQ_WORKER) && [told, cut, alone].into_iter().any(begins_with)
    }

    fn is_kernel_thread(&self) -> bool {
        const PF_KTHREAD: u32 = 0x0020_0000;
        self.has_flag(PF_KTHREAD)
    }

    /// In hierarchies of cgroups of version 1, /proc takes one that has ended for a member of the
    /// root.
    fn is_exiting(&self) -> bool {
        const PF_EXITING: u32 = 0x4;
        self.has_flag(PF_EXITING)
    }

    fn has_flag(&self, flag: u32) -> bool {
        self.after.row.stat.as_ref().is_some_and(|stat| stat.flags & flag != 0)
    }

    fn known_cgroup(&self) -> Option<&str> {
        self.after.row.cgroup.as_deref().map(Cgroup::path)
    }

    /// Whether that is all that the table can tell of a kernel thread's name, which may be longer
    /// than others'; a walk tells the whole.
    fn is_beginning_of_a_thread_name(&self, field: &Field, told: Seen<'_>) -> bool {
        let name = |seen: Seen<'_>| match field.value(seen.row, seen.view) {
            Some(Value::Bytes(bytes)) => Cow::into_owned(bytes),
            _ => Vec::new(),
        };
        let (told, known) = (name(told), name(self.after));
        field.name == "comm"
            && self.is_kernel_thread()
            && told.len() == LONGEST_NAME
            && known.starts_with(&told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Listing,
        field::{self, Identity, Instant, Stat, Status},
        machine::Machine,
    };

    const WORKER: u32 = 0x0020_0020;
    const EXITING: u32 = 4;

    fn sleeper() -> Row {
        let stat = Stat { state: b'S', virtual_size: 4096, ..Stat::default() };
        let status = Status { resident_kib: Some(1000), switches: Some(7), ..Status::default() };
        Row {
            pid: 9,
            identity: Some(Identity { comm: (*b"sleep").into(), ..Identity::default() }),
            stat: Some(stat),
            cpu_time: Some(CpuTime { user_ns: 1_000_000_000, system_ns: 0 }),
            status: Some(status),
            ..Row::default()
        }
    }

    fn with(change: impl Fn(&mut Row)) -> Row {
        let mut row = sleeper();
        change(&mut row);
        row
    }

    fn agrees(column: &str, before: &Row, told: &Row, after: &Row) -> Option<bool> {
        judge(before, told, after, |between, told| {
            between.agrees(field::find(column).unwrap(), told)
        })
    }

    fn judge(
        before: &Row,
        told: &Row,
        after: &Row,
        judge: impl Fn(Between<'_>, Seen<'_>) -> Option<bool>,
    ) -> Option<bool> {
        let machine = Machine { ticks_per_second: 100, ..Machine::read().unwrap() };
        let now = Instant { boot_ns: 0, unix_ns: 0 };
        let view = Listing::of_rows(Vec::new(), now, Facts::NONE, machine, Origin::Proc).view;
        let seen = |row| Seen { row, view: &view };
        let between = Between { before: seen(before), after: seen(after), cpus: 2 };
        judge(between, seen(told))
    }

    fn renamed(name: &[u8], flags: u32) -> Row {
        with(|row| {
            row.identity.as_mut().unwrap().comm = name.into();
            row.stat.as_mut().unwrap().flags = flags;
        })
    }

    #[test]
    fn what_has_not_changed_must_be_told_so() {
        let (same, other) = (sleeper(), with(|row| row.stat.as_mut().unwrap().nice = 5));
        assert_eq!(agrees("nice", &same, &same, &same), Some(true));
        assert_eq!(agrees("nice", &same, &other, &same), Some(false));
        assert_eq!(agrees("nice", &same, &with(|row| row.stat = None), &same), Some(false));
    }

    #[test]
    fn what_a_table_does_not_know_is_wrong_only_if_its_source_tells_all() {
        let vpid = |pids: &[u32]| with(|row| row.status.as_mut().unwrap().pids = pids.into());
        let (known, unknown, other) = (vpid(&[9]), vpid(&[]), vpid(&[8]));
        let check = |told: &Row, origin: Origin| {
            let field = field::find("vpid").unwrap();
            judge(&known, told, &known, |between, told| {
                between.agrees_with_the_table(field, told, origin)
            })
        };
        assert_eq!(check(&known, Origin::Perf), Some(true));
        assert_eq!(check(&unknown, Origin::Perf), None);
        assert_eq!(check(&unknown, Origin::Bpf), Some(false));
        assert_eq!(check(&other, Origin::Perf), Some(false));
    }

    #[test]
    fn what_has_changed_is_not_judged() {
        let (same, other) = (sleeper(), with(|row| row.stat.as_mut().unwrap().nice = 5));
        assert_eq!(agrees("nice", &same, &same, &other), None);
    }

    #[test]
    fn what_may_not_be_read_is_not_judged() {
        let told = with(|row| row.namespaces[2] = Some(4_026_531_840));
        assert_eq!(agrees("netns", &sleeper(), &told, &sleeper()), None);
    }

    #[test]
    fn a_dash_is_an_answer() {
        let told = with(|row| row.stat.as_mut().unwrap().real_time_priority = 3);
        assert_eq!(agrees("rtprio", &sleeper(), &sleeper(), &sleeper()), Some(true));
        assert_eq!(agrees("rtprio", &sleeper(), &told, &sleeper()), Some(false));
    }

    #[test]
    fn the_state_of_one_that_ran_meanwhile_is_not_judged() {
        let told = with(|row| row.stat.as_mut().unwrap().state = b'R');
        assert_eq!(agrees("state", &sleeper(), &told, &sleeper()), Some(false));
        let ran = with(|row| row.status.as_mut().unwrap().switches = Some(8));
        assert_eq!(agrees("state", &sleeper(), &told, &ran), None);
        assert_eq!(agrees("state", &told, &sleeper(), &told), None, "it runs");
    }

    #[test]
    fn the_virtual_size_is_judged_of_what_has_one_thread() {
        let sized = |threads, size| {
            with(|row| {
                let stat = row.stat.as_mut().unwrap();
                (stat.threads, stat.virtual_size) = (threads, size);
            })
        };
        let check = |threads| {
            let known = sized(threads, 4096);
            agrees("vsz", &known, &sized(threads, 8192), &known)
        };
        assert_eq!([check(1), check(2)], [Some(false), None]);
    }

    #[test]
    fn cpu_time_may_be_two_ticks_away() {
        let used = |ms: u64| {
            with(|row| row.cpu_time = Some(CpuTime { user_ns: ms * 1_000_000, system_ns: 0 }))
        };
        let check = |told| agrees("time", &used(1000), &used(told), &used(1100));
        assert_eq!([980, 1050, 1120].map(check), [Some(true); 3]);
        assert_eq!([979, 1121].map(check), [Some(false); 2]);
    }

    #[test]
    fn resident_size_may_miss_what_the_cpus_have_yet_to_add() {
        let resident = |kib| with(|row| row.status.as_mut().unwrap().resident_kib = Some(kib));
        let slack = 3 * 32 * 2 * Machine::read().unwrap().page_size / 1024;
        let check = |kib| agrees("rss", &resident(10_000), &resident(kib), &resident(10_000));
        assert_eq!(check(10_000 - slack), Some(true));
        assert_eq!(check(10_000 - slack - 1), Some(false));
        assert_eq!(check(10_000 + slack + 1), Some(false));
    }

    #[test]
    fn a_worker_is_told_without_what_it_works_on() {
        let known = renamed(b"kworker/0:1-events", WORKER);
        let check = |told: &[u8]| agrees("comm", &known, &renamed(told, WORKER), &known);
        assert_eq!(check(b"kworker/0:1"), Some(true));
        assert_eq!(check(b"kworker/0:"), Some(false));
        assert_eq!(check(b"kworker/0:2"), Some(false));
        let program = renamed(b"kworker/0:1-events", 0);
        assert_eq!(agrees("comm", &program, &renamed(b"kworker/0:1", 0), &program), Some(false));
    }

    #[test]
    fn a_worker_may_be_cut_in_proc() {
        let told = renamed(b"quota_events_unbound", WORKER);
        let check = |known: &[u8]| {
            let known = renamed(known, WORKER);
            agrees("comm", &known, &told, &known)
        };
        assert_eq!(check(b"quota_events_un"), Some(true));
        assert_eq!(check(b"quota_events_un-quota"), Some(true));
        assert_eq!(check(b"quota_events_u"), Some(false));
    }

    #[test]
    fn arguments_of_a_worker_are_its_name() {
        let named = |name: &[u8]| {
            let row = renamed(name, WORKER);
            Row { arguments: Some([].as_slice().into()), ..row }
        };
        let known = named(b"kworker/0:1-events");
        assert_eq!(agrees("args", &known, &named(b"kworker/0:1"), &known), Some(true));
        assert_eq!(agrees("args", &known, &named(b"kworker/0:2"), &known), Some(false));
    }

    #[test]
    fn one_that_has_ended_is_in_no_cgroup_of_version_1_that_proc_tells() {
        let member = |path: &str, flags| {
            with(|row| {
                let cgroup = Cgroup { v2: path.to_owned(), ..Cgroup::default() };
                row.cgroup = Some(cgroup.into());
                row.stat.as_mut().unwrap().flags = flags;
            })
        };
        let told = member("/a", EXITING);
        let check = |known: &Row| agrees("cgroup", known, &told, known);
        assert_eq!(check(&member("/", EXITING)), None);
        assert_eq!(check(&member("/b", EXITING)), Some(false));
        assert_eq!(check(&member("/", 0)), Some(false));
    }

    #[test]
    fn every_column_of_the_host_is_compared_but_for_times_and_what_proc_alone_tells() {
        let left_out = Field::all().filter(|field| all().all(|compared| compared != *field));
        let names: Vec<_> = left_out.map(|field| field.name).collect();
        let (joined, others): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| JOINED.contains(name));
        assert_eq!(joined, JOINED);
        let times = ["cputimes", "etime", "etimes", "lstart", "pcpu", "pmem", "start"];
        let more = ["start_time", "stime", "cwd", "exe", "label", "wchan"];
        let mut expected = [&times[..], &more[..]].concat();
        expected.sort_unstable();
        assert_eq!(others, expected);
        let joined = Field::all().filter(|field| field.doc.starts_with("joined: "));
        assert!(joined.map(|field| field.name).eq(JOINED));
    }

    #[test]
    fn the_table_alone_tells_no_users() {
        let names: Vec<_> = of_the_table().map(|field| field.name).collect();
        assert!(names.contains(&"ppid") && names.contains(&"cgroup"), "{names:?}");
        assert!(!names.contains(&"user") && !names.contains(&"args"), "{names:?}");
    }
}
