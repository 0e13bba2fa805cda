//! The kernel's own judgement of filters, beside ours: what it takes we take, and what it refuses
//! we refuse, on every kernel.

use observer::tracepoint::filter;

use super::{kernel, name, tracefs};
use crate::support::event::none_of;
use crate::support::harness::{Case, cases};
use crate::support::need::perf;
use crate::support::sys::Tracepoint;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [perf] {
            the_kernel_and_we_agree,
            what_newer_kernels_take_is_left_to_them,
            what_means_nothing_is_refused_on_purpose,
        }
    ]
}

const EXEC: &str = "sched:sched_process_exec";
const OPENAT: &str = "syscalls:sys_enter_openat";
const SWITCH: &str = "sched:sched_switch";
const SYSCALL: &str = "raw_syscalls:sys_enter";

/// Expressions of all kinds, right and wrong ones, for events that have such fields.
const EXPRESSIONS: &[(&str, &[&str])] = &[
    (
        EXEC,
        &[
            "pid == 1",
            "pid != 1",
            "pid < 1",
            "pid <= 1",
            "pid > 1",
            "pid >= 1",
            "pid & 1",
            "pid==1",
            "\tpid\t==\t1\t",
            "pid == 0x10",
            "pid == 0X1f",
            "pid == 010",
            "pid == -1",
            "pid == -0x10",
            "pid == 99999999999",
            "pid == 9223372036854775807",
            "pid == -9223372036854775808",
            "pid == 00000000000000000000001",
            "common_pid == 5",
            "common_type == 1",
            "common_flags == 255",
            "cpu == 0",
            "CPU == 0",
            "cpu == -1",
            "comm == \"sh\"",
            "COMM ~ \"s*\"",
            "comm == 'a\"b'",
            "comm == \"\"",
            "comm != 'é'",
            "filename == \"/bin/sh\"",
            "filename ~ \"*[ab]?\"",
            "filename.ustring ~ 'x'",
            "pid.ustring == 1",
            "!(pid == 1)",
            "!pid == 1",
            "!!pid == 1",
            "! ( pid == 1 )",
            "pid == 1 && pid == 2",
            "pid==1||pid==2&&old_pid==3",
            "(pid == 1 || pid == 2) && cpu == 0",
            "((((((pid == 1))))))",
            // None of these.
            "",
            " ",
            "0",
            "1",
            "pid",
            "pid ==",
            "pid 1",
            "pid = 1",
            "pid =~ 1",
            "pid === 1",
            "pid ~ 1",
            "pid !~ 1",
            "pid == one",
            "pid == true",
            "pid == \"1\"",
            "pid == 08",
            "pid == 0x",
            "pid == 1x",
            "pid == -",
            "pid == --1",
            "pid == +1",
            "pid == 1.5",
            "pid == 9223372036854775808",
            "pid == -9223372036854775809",
            "pid == 0000000000000000000000001",
            "common_flags == -1",
            "nonesuch == 1",
            "pid == 1 and pid == 2",
            "pid == 1 or pid == 2",
            "pid == 1 & pid == 2",
            "pid == 1 | pid == 2",
            "pid & 1 == 1",
            "pid == 1, pid == 2",
            "pid == 1 true",
            "pid && 1",
            "(pid == 1",
            "pid == 1)",
            "()",
            "pid == 1 && ()",
            "(pid == 1)(pid == 2)",
            "(pid == 1) pid == 2",
            "&& pid == 1",
            "|| pid == 1",
            "!",
            "!=",
            "comm == sh",
            "comm == 1",
            "comm == \"sh",
            "comm == 'sh",
            "comm < \"sh\"",
            "comm & \"sh\"",
            "filename == 0",
            "filename .ustring ~ 'x'",
            "filename.string ~ 'x'",
            "comm == \"a\" \u{a0}",
            "comm == \"a\" é",
            "é == 1",
            "pid\u{a0}== 1",
            "pid == 1;",
            "pid == 1 # no",
            "pid[0] == 1",
            "CPUS{0-1}",
        ],
    ),
    (
        OPENAT,
        &[
            "dfd == 18446744073709551516",
            "dfd == 4294967196",
            "dfd > 0",
            "flags & 0x40",
            "filename == \"/etc/passwd\"",
            "filename ~ \"/etc/*\"",
            "filename.ustring ~ \"/etc/*\"",
            "filename != 'x'",
            "dfd == -100",
            "dfd == 18446744073709551616",
            "filename == 0",
            "filename > 0",
            "mode == -1",
            "dfd ~ \"x\"",
        ],
    ),
    (
        SWITCH,
        &[
            "prev_comm == \"sh\"",
            "next_comm ~ \"[ab]*\"",
            "prev_state & 2",
            "prev_state == -1",
            "prev_comm != \"\"",
            "prev_comm == 1",
            "prev_comm > \"a\"",
            "prev_comm.ustring == 'x'",
        ],
    ),
    (SYSCALL, &["id == 59", "id == -1", "id & 1", "args[0] == 1", "args[1] > 0", "args == \"x\""]),
];

/// Since Linux so and so: taken here, and refused by older kernels.
const NEWER: &[(&str, (u32, u32), &[&str])] = &[
    (
        EXEC,
        (6, 7),
        &[
            "cpu == CPUS{0}",
            "pid & CPUS{0-1}",
            "cpu != CPUS{all}",
            "cpu == CPUS{ 0, 1}",
            "cpu == CPUS{0-1:1/2}",
        ],
    ),
    (SYSCALL, (6, 5), &["id.function == vfs_read", "id.function != vfs_read && id == 1"]),
];

/// Wrong wherever the kernel knows what is meant, and where it does not.
const WRONG_EVERYWHERE: &[&str] = &[
    "cpu == CPUS{}",
    "cpu == CPUS{x}",
    "cpu == CPUS{1-0}",
    "cpu == CPUS{0",
    "cpu > CPUS{0}",
    "comm == CPUS{0}",
    "pid.function == vfs_read",
    "cpu == CPUS {0}",
];

/// Taken by some kernels at least, and refused here: see the documentation of the module `filter`.
const MEANINGLESS: &[(&str, &[&str])] = &[
    (EXEC, &["pid == 1 &&", "pid == 1 ||", "pid == 1 && !"]),
    (SYSCALL, &["args == 1", "args & 1"]),
];

/// What we and the kernel say of an expression for an event.
struct Judge {
    format: observer::tracepoint::Format,
    event: Tracepoint,
}

impl Judge {
    fn of(event: &str) -> Self {
        let format = tracefs().format(&name(event)).expect("a format");
        let event = Tracepoint::open(format.id).expect("an event");
        Self { format, event }
    }

    fn we_take(&self, expression: &str) -> bool {
        filter::check(expression, &self.format).is_ok()
    }

    fn the_kernel_takes(&self, expression: &str) -> bool {
        self.event.takes(expression)
    }
}

fn the_kernel_and_we_agree() {
    let mut differ = Vec::new();
    let mut taken = 0;
    for (event, expressions) in EXPRESSIONS {
        let judge = Judge::of(event);
        let long = [4080, 4087, 4088, 5000].map(|blanks| format!("pid == 1{}", " ".repeat(blanks)));
        let wide = [255, 256].map(|bytes| format!("comm == \"{}\"", "x".repeat(bytes)));
        let made = long.iter().chain(&wide).map(String::as_str);
        for expression in expressions.iter().copied().chain(made) {
            let [ours, theirs] = [judge.we_take(expression), judge.the_kernel_takes(expression)];
            taken += u32::from(theirs);
            if ours != theirs {
                differ
                    .push(format!("`{expression:.60}` of {event}: we {ours}, the kernel {theirs}"));
            }
        }
    }
    assert!(taken > 50, "the kernel takes no more than {taken}");
    none_of(&differ);
}

fn what_newer_kernels_take_is_left_to_them() {
    for (event, since, expressions) in NEWER {
        let judge = Judge::of(event);
        for expression in *expressions {
            assert!(judge.we_take(expression), "`{expression}` was refused");
            let takes = judge.the_kernel_takes(expression);
            assert_eq!(takes, kernel() >= *since, "whether the kernel takes `{expression}`");
        }
    }
    let judge = Judge::of(EXEC);
    for expression in WRONG_EVERYWHERE {
        let [ours, theirs] = [judge.we_take(expression), judge.the_kernel_takes(expression)];
        assert!(!ours && !theirs, "`{expression}`: we {ours}, the kernel {theirs}");
    }
}

fn what_means_nothing_is_refused_on_purpose() {
    for (event, expressions) in MEANINGLESS {
        let judge = Judge::of(event);
        for expression in *expressions {
            assert!(!judge.we_take(expression), "`{expression}` was taken");
        }
    }
}
