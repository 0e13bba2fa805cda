//! A name in /proc → the name that the kernel's task has.

use observer_common::limits;

/// A kernel worker's name in /proc goes on with what it works on, which is no name of its own; that
/// of another kernel thread may be longer than its task's. NUL-padded.
pub(crate) fn task_name(name: &[u8], flags: u32) -> [u8; limits::COMM] {
    /// The task works on a workqueue.
    const PF_WQ_WORKER: u32 = 0x20;
    let own = if flags & PF_WQ_WORKER == 0 { name } else { without_work(name) };
    let mut comm = [0; limits::COMM];
    // The last byte stays NUL.
    for (to, from) in comm.iter_mut().zip(own.iter().take(limits::COMM - 1)) {
        *to = *from;
    }
    comm
}

/// A kernel worker's own name. Workers have numbers for names, and neither sign in them; a rescuer is
/// named `R-QUEUE`, has no work as a rule, and most often a name that is cut before it would come.
pub(crate) fn without_work(name: &[u8]) -> &[u8] {
    let number = name.strip_prefix(b"kworker/").filter(|number| !number.starts_with(b"R-"));
    let work = |number: &[u8]| number.iter().position(|byte| matches!(byte, b'-' | b'+'));
    let rest = number.and_then(|number| number.get(work(number)?..)).unwrap_or_default();
    name.strip_suffix(rest).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKER: u32 = 0x0420_8060;

    fn check(name: &[u8], flags: u32, expected: &[u8]) {
        let comm = task_name(name, flags);
        let end = comm.iter().position(|byte| *byte == 0).unwrap();
        assert_eq!(&comm[..end], expected);
    }

    #[test]
    fn a_worker_is_named_without_its_work() {
        check(b"kworker/0:1-events", WORKER, b"kworker/0:1");
        check(b"kworker/u8:2+flush-254:0", WORKER, b"kworker/u8:2");
        check(b"kworker/1:0H", WORKER, b"kworker/1:0H");
        check(b"kworker/R-ext4-rsv-conversion", WORKER, b"kworker/R-ext4-");
        check(b"kworker/R-kvfree_rcu_reclaim", WORKER, b"kworker/R-kvfre");
    }

    #[test]
    fn others_keep_theirs_to_the_fifteenth_byte() {
        check(b"kworker/0:1-mine", 0, b"kworker/0:1-min");
        check(b"rcu_tasks_kthread", 0x20_8040, b"rcu_tasks_kthre");
        check(b"", 0, b"");
    }
}
