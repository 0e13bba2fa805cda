//! How a process is going to end, as far as its tracepoints tell: the status that wait(2) will
//! give.
//!
//! Where the kernel starts the end of a whole process, it does not say so in a tracepoint: each
//! thread just takes a SIGKILL. So what came before must tell: the first `exit_group`, the first
//! signal with a default action that ends, or the signal for the sake of which the SIGKILLs are
//! there. Refuses to guess: without such a cause there is no status.

/// What is known so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Ending {
    verdict: Option<Verdict>,
    /// The last signal that was made pending, could end the process, and was not handled since.
    pending: Option<u8>,
    /// Threads that have called `exit` and are not through yet, with their codes.
    leaving: Vec<(u32, u8)>,
    /// The code of the thread that was the last to call `exit` for itself.
    last_code: Option<u8>,
    /// Something may have been missed.
    doubtful: bool,
}

/// The cause of the end.
#[derive(Clone, Copy, Debug)]
struct Verdict {
    /// As wait(2) has it; `None` where two threads called `exit_group` at one time, and nobody can
    /// tell which came first.
    status: Option<u32>,
    cause: Cause,
}

/// What it was, and the thread in which it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// A call of `exit_group` by a thread that is on its way.
    Call(u32),
    /// Such a call by one that is through.
    DoneCall,
    Signal(u32),
}

const SIGKILL: u8 = 9;

impl Ending {
    /// A thread calls `exit_group`.
    pub(super) fn exit_group_call(&mut self, tid: u32, code: u8) {
        let status = Some(u32::from(code) << 8);
        if self.is_open_to(tid) {
            self.verdict = Some(Verdict { status, cause: Cause::Call(tid) });
        } else if let Some(Verdict { status: first, cause: Cause::Call(_) }) = &mut self.verdict
            && *first != status
        {
            *first = None;
        }
    }

    /// A thread calls `exit`, for itself alone. The last one through decides; of several who are on
    /// their way at one time that may be another than the last one to call.
    pub(super) fn exit_call(&mut self, tid: u32, code: u8) {
        self.leaving.push((tid, code));
        let undisputed = self.leaving.iter().all(|(_, other)| *other == code);
        self.last_code = undisputed.then_some(code);
    }

    /// A thread has ended.
    pub(super) fn thread_ended(&mut self, tid: u32) {
        self.leaving.retain(|(leaving, _)| *leaving != tid);
        if let Some(verdict) = self.verdict.as_mut().filter(|known| known.cause == Cause::Call(tid))
        {
            verdict.cause = Cause::DoneCall;
        }
    }

    /// A signal was made pending.
    pub(super) fn generated(&mut self, number: u8) {
        if ends_by_default(number) {
            self.pending = Some(number);
        }
    }

    /// A thread takes a signal for which it has no handler.
    pub(super) fn delivered(&mut self, tid: u32, number: u8) {
        if !ends_by_default(number) || !self.is_open_to(tid) {
            return;
        }
        // A SIGKILL that nobody sent: other threads are ended for a cause that was not seen, or
        // for an exec, which they do not survive but the process does.
        let cause = if number == SIGKILL { self.pending } else { Some(number) };
        self.verdict =
            cause.map(|number| Verdict { status: Some(number.into()), cause: Cause::Signal(tid) });
    }

    /// A thread takes a signal that is handled or ignored.
    pub(super) fn handled(&mut self, number: u8) {
        if self.pending == Some(number) {
            self.pending = None;
        }
    }

    /// Something was lost: what came before tells no more what will come of it.
    pub(super) fn doubt(&mut self) {
        self.pending = None;
        self.last_code = None;
        self.doubtful = true;
    }

    /// The status in the form of wait(2), when its last thread has ended.
    pub(super) fn status(&self) -> Option<u32> {
        let code = self.last_code.filter(|_| !self.doubtful).map(|code| u32::from(code) << 8);
        self.verdict.map_or(code, |verdict| verdict.status)
    }

    /// The first cause counts. But a thread that goes on after a signal has survived it, as the
    /// first process of a pid namespace does.
    fn is_open_to(&self, tid: u32) -> bool {
        self.verdict.is_none_or(|verdict| verdict.cause == Cause::Signal(tid))
    }
}

/// See signal(7): what stops a process, or does nothing to it unless it asks for it.
pub(super) const SPARING: [libc::c_int; 8] = [
    libc::SIGCHLD,
    libc::SIGCONT,
    libc::SIGURG,
    libc::SIGWINCH,
    libc::SIGSTOP,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
];

fn ends_by_default(number: u8) -> bool {
    !SPARING.contains(&number.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERM: u8 = 15;
    const SEGV: u8 = 11;
    const CHLD: u8 = 17;

    fn after(story: impl Fn(&mut Ending)) -> Option<u32> {
        let mut ending = Ending::default();
        story(&mut ending);
        ending.status()
    }

    #[test]
    fn a_code_is_in_the_second_byte() {
        assert_eq!(after(|end| end.exit_group_call(7, 3)), Some(0x300));
        assert_eq!(after(|end| end.exit_call(7, 3)), Some(0x300));
        assert_eq!(after(|_| ()), None);
    }

    #[test]
    fn the_first_of_those_who_end_all_decides() {
        let others = |end: &mut Ending| {
            end.exit_group_call(7, 3);
            end.delivered(9, SIGKILL);
            end.thread_ended(7);
            end.exit_group_call(8, 4);
        };
        assert_eq!(after(others), Some(0x300));
    }

    #[test]
    fn nobody_knows_the_first_of_those_who_end_all_together() {
        let together = |codes: [u8; 2]| {
            after(|end| {
                end.exit_group_call(7, codes[0]);
                end.exit_group_call(8, codes[1]);
                end.delivered(9, SIGKILL);
            })
        };
        assert_eq!(together([3, 4]), None);
        assert_eq!(together([3, 3]), Some(0x300), "whoever it was");
    }

    #[test]
    fn the_last_of_those_who_end_alone_decides() {
        let one_by_one = |end: &mut Ending| {
            end.exit_call(7, 3);
            end.thread_ended(7);
            end.exit_call(8, 4);
        };
        assert_eq!(after(one_by_one), Some(0x400));
    }

    #[test]
    fn nobody_knows_the_last_of_those_who_end_together() {
        let together = |codes: [u8; 2]| {
            after(|end| {
                end.exit_call(7, codes[0]);
                end.exit_call(8, codes[1]);
                end.thread_ended(8);
            })
        };
        assert_eq!(together([3, 4]), None);
        assert_eq!(together([3, 3]), Some(0x300), "whoever it was");
    }

    #[test]
    fn a_kill_in_the_name_of_another_signal() {
        let terminated = |end: &mut Ending| {
            end.generated(TERM);
            end.delivered(7, SIGKILL);
            end.delivered(8, SIGKILL);
        };
        assert_eq!(after(terminated), Some(TERM.into()));
        let killed = |end: &mut Ending| {
            end.generated(SIGKILL);
            end.delivered(7, SIGKILL);
        };
        assert_eq!(after(killed), Some(SIGKILL.into()));
    }

    #[test]
    fn what_was_handled_or_harmless_is_no_cause() {
        let handled = |end: &mut Ending| {
            end.generated(TERM);
            end.handled(TERM);
            end.generated(SIGKILL);
            end.generated(CHLD);
            end.delivered(7, CHLD);
            end.delivered(7, SIGKILL);
        };
        assert_eq!(after(handled), Some(SIGKILL.into()));
        let exited = |end: &mut Ending| {
            end.generated(TERM);
            end.handled(TERM);
            end.exit_group_call(7, 0);
        };
        assert_eq!(after(exited), Some(0));
    }

    #[test]
    fn a_fault_ends_the_other_threads_by_kill() {
        let fault = |end: &mut Ending| {
            end.generated(SEGV);
            end.delivered(8, SEGV);
            end.delivered(7, SIGKILL);
        };
        assert_eq!(after(fault), Some(SEGV.into()));
    }

    #[test]
    fn a_kill_without_a_cause_is_none() {
        assert_eq!(after(|end| end.delivered(7, SIGKILL)), None);
    }

    #[test]
    fn who_goes_on_has_survived() {
        let init = |end: &mut Ending| {
            end.delivered(7, TERM);
            end.exit_group_call(7, 5);
        };
        assert_eq!(after(init), Some(0x500));
    }

    #[test]
    fn after_a_loss_only_a_sure_cause_counts() {
        let lost = |end: &mut Ending| {
            end.generated(TERM);
            end.exit_call(7, 1);
            end.doubt();
            end.delivered(7, SIGKILL);
        };
        assert_eq!(after(lost), None);
        let seen = |end: &mut Ending| {
            end.doubt();
            end.exit_group_call(7, 1);
        };
        assert_eq!(after(seen), Some(0x100));
    }
}
