//! The system calls that the tests need and no safe wrapper here offers.
#![expect(unsafe_code, reason = "direct system calls; each block says why it is sound")]

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::ptr;
use std::time::Duration;

use libc::{c_int, c_ulong, c_void};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction, signal};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{ForkResult, Gid, Pid, Uid, setgroups, setresgid, setresuid};

/// A resource whose limit a test changes.
pub(crate) type Resource = libc::__rlimit_resource_t;

/// What `wait4` tells of a process.
pub(crate) struct Waited {
    pub(crate) status: i32,
    pub(crate) cpu: Duration,
    pub(crate) max_rss: u64,
}

/// Reaps a child that may still run; `None` when it outlives the time given.
pub(crate) fn wait4_within(pid: u32, within: Duration) -> io::Result<Option<Waited>> {
    let handle = pidfd(pid)?;
    if !readable(&handle, within)? {
        return Ok(None);
    }
    wait4(pid).map(Some)
}

fn pidfd(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: takes two plain numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = checked(RawFd::try_from(fd).expect("a descriptor"))?;
    // SAFETY: the kernel just gave it to us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Waits until the descriptor can be read or its other end is closed.
pub(crate) fn readable(fd: &OwnedFd, within: Duration) -> io::Result<bool> {
    let mut fds = [PollFd::new(std::os::fd::AsFd::as_fd(fd), PollFlags::POLLIN)];
    let timeout = PollTimeout::try_from(within).unwrap_or(PollTimeout::MAX);
    Ok(poll(&mut fds, timeout)? > 0)
}

fn wait4(pid: u32) -> io::Result<Waited> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to live values of the types that wait4 fills.
    let got = unsafe { libc::wait4(pid.cast_signed(), &raw mut status, 0, usage.as_mut_ptr()) };
    checked(got)?;
    // SAFETY: all zeroes is a valid value, and wait4 succeeded.
    let usage = unsafe { usage.assume_init() };
    let kib = u64::try_from(usage.ru_maxrss).expect("a size");
    Ok(Waited {
        status,
        cpu: duration(usage.ru_utime) + duration(usage.ru_stime),
        max_rss: kib * 1024,
    })
}

fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).expect("a duration");
    let micros = u64::try_from(time.tv_usec).expect("a duration");
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

fn checked(result: c_int) -> io::Result<c_int> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

/// Nanoseconds since boot, suspended time included: the clock of the events.
pub(crate) fn boot_ns() -> u64 {
    nanoseconds(ClockId::CLOCK_BOOTTIME)
}

/// Nanoseconds of CPU that this process has used.
pub(crate) fn own_cpu_ns() -> u64 {
    nanoseconds(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = Duration::from(clock_gettime(clock).expect("clock_gettime"));
    u64::try_from(time.as_nanos()).expect("less than 500 years")
}

/// Lets the child of `command` run `step` before it executes its program. The step should be
/// direct system calls on what the closure holds: the child is a copy of a threaded process.
pub(crate) fn before_exec(
    command: &mut Command,
    step: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) {
    // SAFETY: the steps of these tests take no lock and use nothing that another thread owns.
    unsafe { command.pre_exec(step) };
}

pub(crate) fn limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: the pointer is to a live rlimit.
    checked(unsafe { libc::setrlimit(resource, &raw const limit) }).map(drop)
}

pub(crate) fn limits(resource: Resource) -> io::Result<(u64, u64)> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a live rlimit.
    checked(unsafe { libc::getrlimit(resource, &raw mut limit) })?;
    Ok((limit.rlim_cur, limit.rlim_max))
}

/// Writes bytes that stand at the end of a page, and so many more from the next one, which is not
/// there: `page` is a file to hold the first.
pub(crate) fn write_over_an_edge(
    fd: &OwnedFd,
    page: &File,
    bytes: &[u8],
    more: usize,
) -> io::Result<usize> {
    const PAGE: usize = 4096;
    page.write_all_at(bytes, (PAGE - bytes.len()) as u64)?;
    let (access, flags) = (libc::PROT_READ, libc::MAP_SHARED | libc::MAP_POPULATE);
    // SAFETY: new addresses, which are nobody else's and never read from here.
    let pages =
        unsafe { libc::mmap(ptr::null_mut(), 2 * PAGE, access, flags, page.as_raw_fd(), 0) };
    if pages == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let begin = pages.wrapping_byte_add(PAGE - bytes.len());
    // SAFETY: only the kernel reads there, and says so where it cannot.
    let written = unsafe { libc::write(fd.as_raw_fd(), begin, bytes.len() + more) };
    usize::try_from(written).map_err(|_negative| io::Error::last_os_error())
}

/// Takes a capability from the bounding set, so that the next program cannot have it.
pub(crate) fn forbid_capability(number: c_ulong) -> io::Result<()> {
    // SAFETY: takes plain numbers.
    checked(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, number, 0, 0, 0) }).map(drop)
}

pub(crate) const NOBODY: u32 = 65_534;

/// Becomes a user who has no rights.
pub(crate) fn become_nobody() -> io::Result<()> {
    let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    setgroups(&[]).map_err(io::Error::from)?;
    setresgid(group, group, group)?;
    setresuid(user, user, user).map_err(io::Error::from)
}

/// Lets the caller be killed when its parent ends, however it does.
pub(crate) fn die_with_parent() -> io::Result<()> {
    // SAFETY: takes plain numbers.
    checked(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) }).map(drop)
}

/// How the scheduler treats the caller; the priority is 0 for policies that know none.
pub(crate) fn schedule(policy: c_int, priority: c_int) -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: priority };
    // SAFETY: the pointer is to a live parameter.
    checked(unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) }).map(drop)
}

/// Names the calling thread; the kernel keeps 15 bytes.
pub(crate) fn name_thread(name: &CStr) -> io::Result<()> {
    // SAFETY: the name ends with NUL and outlives the call.
    checked(unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr(), 0, 0, 0) }).map(drop)
}

/// Ends the calling thread only, and runs no exit handler.
pub(crate) fn end_thread(code: c_int) -> ! {
    loop {
        // SAFETY: takes a plain number; the thread holds nothing that others wait for.
        unsafe { libc::syscall(libc::SYS_exit, code) };
    }
}

/// Ends the process, and runs no exit handler.
pub(crate) fn end_process(code: c_int) -> ! {
    // SAFETY: always sound; the tests want the bare system call.
    unsafe { libc::_exit(code) }
}

pub(crate) fn unshare(flags: c_int) -> io::Result<()> {
    // SAFETY: takes a plain number.
    checked(unsafe { libc::unshare(flags) }).map(drop)
}

/// Starts a process with `clone`'s flags that runs `body` on a stack of its own.
pub(crate) fn clone(flags: c_int, body: &mut dyn FnMut() -> c_int) -> io::Result<u32> {
    const STACK: usize = 256 * 1024;
    let mut stack = vec![0_u128; STACK / size_of::<u128>()];
    let mut body = body;
    let argument: *mut c_void = (&raw mut body).cast();
    // SAFETY: one past the end of the vector that starts there.
    let top = unsafe { stack.as_mut_ptr().add(stack.len()) };
    // SAFETY: the stack is large, aligned and grows down from its end; a child that shares memory
    // stops us until it has gone (CLONE_VFORK), any other works on a copy of stack and argument.
    let pid = unsafe { libc::clone(enter, top.cast(), flags, argument) };
    checked(pid).map(i32::cast_unsigned)
}

extern "C" fn enter(argument: *mut c_void) -> c_int {
    // SAFETY: `clone` above passes exactly this type, alive as long as the child needs it.
    let body = unsafe { &mut *argument.cast::<&mut dyn FnMut() -> c_int>() };
    body()
}

/// Executes a file, with an argument list that may have no member at all.
pub(crate) fn exec(path: &CStr, arguments: &[CString]) -> io::Error {
    let mut pointers: Vec<_> = arguments.iter().map(|a| a.as_ptr()).collect();
    pointers.push(ptr::null());
    // SAFETY: asks only for the address of the C library's own variable.
    let environment = unsafe { environ };
    // SAFETY: strings and list end with NUL and null and outlive the call.
    unsafe { libc::execve(path.as_ptr(), pointers.as_ptr(), environment) };
    io::Error::last_os_error()
}

unsafe extern "C" {
    static environ: *const *const libc::c_char;
}

/// A plain fork: `None` in the child.
pub(crate) fn fork_single_threaded() -> io::Result<Option<Pid>> {
    // SAFETY: the acts that call this have one thread, so that the child may do anything.
    let result = unsafe { nix::unistd::fork() }?;
    Ok(match result {
        ForkResult::Parent { child } => Some(child),
        ForkResult::Child => None,
    })
}

/// Lets a signal do nothing, by a handler that does nothing.
pub(crate) fn catch(name: Signal) {
    extern "C" fn nothing(_: c_int) {}
    // SAFETY: the handler touches nothing.
    unsafe { signal(name, SigHandler::Handler(nothing)) }.expect("a signal that can be caught");
}

/// Has the kernel forbid every further system call, and calls.
pub(crate) fn call_what_is_forbidden() -> ! {
    const RETURN: u16 = 0x06;
    let mut kill =
        libc::sock_filter { code: RETURN, jt: 0, jf: 0, k: libc::SECCOMP_RET_KILL_PROCESS };
    let filter = libc::sock_fprog { len: 1, filter: &raw mut kill };
    // SAFETY: takes plain numbers.
    checked(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }).expect("a promise");
    // SAFETY: the program and its only instruction outlive the call.
    let set = unsafe {
        libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter, 0, 0)
    };
    // From here on not even an end is allowed.
    end_process(set)
}

/// Lets a signal do what it does when nobody catches it.
pub(crate) fn default_action(name: Signal) {
    // SAFETY: installs no handler.
    unsafe { signal(name, SigHandler::SigDfl) }.expect("a signal that can be reset");
}

/// Lets a signal do nothing, in the next program as well.
pub(crate) fn ignore(name: Signal) {
    // SAFETY: installs no handler.
    unsafe { signal(name, SigHandler::SigIgn) }.expect("a signal that can be ignored");
}

/// Sends a signal by its number, which may have no name.
pub(crate) fn send_number(pid: u32, number: c_int) -> io::Result<()> {
    // SAFETY: takes two plain numbers.
    checked(unsafe { libc::kill(pid.cast_signed(), number) }).map(drop)
}

/// Sets the nice value.
pub(crate) fn nice(value: c_int) -> io::Result<()> {
    // SAFETY: takes plain numbers.
    checked(unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, value) }).map(drop)
}

/// Makes the terminal that of the session that the caller leads.
pub(crate) fn control_terminal(terminal: RawFd) -> io::Result<()> {
    // SAFETY: takes plain numbers.
    checked(unsafe { libc::ioctl(terminal, libc::TIOCSCTTY, 0) }).map(drop)
}

/// Lets a signal end the system call that it meets, and nothing else.
pub(crate) fn interrupt_on(name: Signal) {
    extern "C" fn nothing(_: c_int) {}
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing.
    unsafe { sigaction(name, &action) }.expect("a signal that can be caught");
}

/// The CPU on which the caller runs just now.
pub(crate) fn current_cpu() -> usize {
    // SAFETY: takes nothing.
    usize::try_from(unsafe { libc::sched_getcpu() }).expect("a CPU")
}

/// Keeps the caller on one CPU.
pub(crate) fn stay_on(cpu: usize) -> io::Result<()> {
    // SAFETY: no bit set is a valid set.
    let mut set = unsafe { MaybeUninit::<libc::cpu_set_t>::zeroed().assume_init() };
    // SAFETY: writes into the set, or panics where it has no such bit.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: the pointer is to a live set of that size.
    checked(unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) }).map(drop)
}

/// A system call that hardly anybody makes.
pub(crate) fn rare_call() {
    // SAFETY: takes a plain number.
    unsafe { libc::sched_get_priority_max(libc::SCHED_OTHER) };
}

/// The number of [`rare_call`].
pub(crate) const RARE_CALL: libc::c_long = libc::SYS_sched_get_priority_max;

/// Sets a variable of the environment.
pub(crate) fn set_variable(name: &str, value: &str) {
    // SAFETY: the acts that call this have one thread.
    unsafe { std::env::set_var(name, value) };
}

/// `posix_spawn` of a file; the error is the one that it returns.
pub(crate) fn posix_spawn(path: &CStr, arguments: &[CString]) -> Result<u32, io::Error> {
    let mut pointers: Vec<_> = arguments.iter().map(|a| a.as_ptr().cast_mut()).collect();
    pointers.push(ptr::null_mut());
    let environment = [ptr::null_mut()];
    let mut pid = 0;
    // SAFETY: all strings and lists end with NUL and null and outlive the call.
    let error = unsafe {
        libc::posix_spawn(
            &raw mut pid,
            path.as_ptr(),
            ptr::null(),
            ptr::null(),
            pointers.as_ptr(),
            environment.as_ptr(),
        )
    };
    if error != 0 {
        return Err(io::Error::from_raw_os_error(error));
    }
    Ok(pid.cast_unsigned())
}

/// Moves the caller to mounts that nobody else sees.
pub(crate) fn private_mounts() -> io::Result<()> {
    unshare(libc::CLONE_NEWNS)?;
    mount(c"none", c"/", None, libc::MS_REC | libc::MS_PRIVATE)
}

pub(crate) fn mount(
    source: &CStr,
    target: &CStr,
    kind: Option<&CStr>,
    flags: c_ulong,
) -> io::Result<()> {
    mount_with(source, target, kind, flags, None)
}

/// `mount`, with options of the file system's own.
pub(crate) fn mount_with(
    source: &CStr,
    target: &CStr,
    kind: Option<&CStr>,
    flags: c_ulong,
    options: Option<&CStr>,
) -> io::Result<()> {
    let [kind, options] = [kind, options].map(|text| text.map_or(ptr::null(), CStr::as_ptr));
    // SAFETY: the strings end with NUL and outlive the call; cgroups read their options as text.
    checked(unsafe {
        libc::mount(source.as_ptr(), target.as_ptr(), kind, flags, options.cast::<c_void>())
    })
    .map(drop)
}

/// Unmounts at once, and for good when the last user has gone.
pub(crate) fn detach(target: &CStr) -> io::Result<()> {
    // SAFETY: the string ends with NUL and outlives the call.
    checked(unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) }).map(drop)
}

/// A pseudo terminal: the side of the user and the side of the program.
pub(crate) fn terminal() -> io::Result<(OwnedFd, OwnedFd)> {
    let (mut master, mut slave): (RawFd, RawFd) = (-1, -1);
    // SAFETY: both pointers are to live descriptors; name, settings and size may be null.
    checked(unsafe {
        libc::openpty(
            &raw mut master,
            &raw mut slave,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
        )
    })?;
    close_on_exec(master)?;
    close_on_exec(slave)?;
    // SAFETY: openpty just gave it to us alone.
    let master = unsafe { OwnedFd::from_raw_fd(master) };
    // SAFETY: as above.
    let slave = unsafe { OwnedFd::from_raw_fd(slave) };
    Ok((master, slave))
}

fn close_on_exec(fd: RawFd) -> io::Result<()> {
    // SAFETY: takes plain numbers.
    checked(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) }).map(drop)
}

pub(crate) fn resize(terminal: &OwnedFd, rows: u16, columns: u16) -> io::Result<()> {
    let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the pointer is to a live winsize, which is what this request reads.
    checked(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) })
        .map(drop)
}

/// A tracepoint that is open on the first CPU and does nothing.
pub(crate) struct Tracepoint {
    id: u32,
    /// Keeps the kernel from setting it up anew each time.
    _open: OwnedFd,
}

impl Tracepoint {
    pub(crate) fn open(id: u32) -> io::Result<Self> {
        Ok(Self { id, _open: open_tracepoint(id)? })
    }

    /// Whether the kernel takes an expression as its filter. One that has a NUL it never sees
    /// whole.
    pub(crate) fn takes(&self, filter: &str) -> bool {
        let event = open_tracepoint(self.id).expect("an event that opened before");
        let filter = CString::new(filter).expect("no NUL");
        let filter = filter.as_ptr().cast_mut();
        // SAFETY: the string ends with NUL and outlives the call, which does not write to it.
        let answer = unsafe { perf_event_open_sys::ioctls::SET_FILTER(event.as_raw_fd(), filter) };
        answer == 0
    }
}

fn open_tracepoint(id: u32) -> io::Result<OwnedFd> {
    use perf_event_open_sys::bindings::{PERF_TYPE_TRACEPOINT, perf_event_attr};
    let mut attributes = perf_event_attr { type_: PERF_TYPE_TRACEPOINT, ..Default::default() };
    attributes.size = u32::try_from(size_of::<perf_event_attr>()).expect("a small structure");
    attributes.config = id.into();
    attributes.set_disabled(1);
    // SAFETY: the structure has the size that it says, and the kernel reads no more.
    let fd = unsafe { perf_event_open_sys::perf_event_open(&raw mut attributes, -1, 0, -1, 8) };
    let fd = checked(fd)?;
    // SAFETY: the kernel just gave it to us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The kernel's ids of all eBPF programs and all maps of the machine; see bpf(2).
pub(crate) fn bpf_ids() -> (Vec<u32>, Vec<u32>) {
    const PROGRAM_NEXT: c_int = 11;
    const MAP_NEXT: c_int = 12;
    let all = |command: c_int| {
        let (mut ids, mut last) = (Vec::new(), 0);
        while let Some(next) = next_bpf_id(command, last) {
            ids.push(next);
            last = next;
        }
        ids
    };
    (all(PROGRAM_NEXT), all(MAP_NEXT))
}

/// `None` behind the last one.
fn next_bpf_id(command: c_int, last: u32) -> Option<u32> {
    // The id to begin at, the next one, and flags for opening it.
    let mut attributes = [last, 0, 0];
    let size = size_of_val(&attributes);
    // SAFETY: the kernel reads and writes no more than the size that it is given.
    let answer = unsafe { libc::syscall(libc::SYS_bpf, command, attributes.as_mut_ptr(), size) };
    match Errno::result(answer) {
        Ok(_) => Some(attributes[1]),
        Err(Errno::ENOENT) => None,
        Err(errno) => panic!("the kernel does not list its programs: {errno}"),
    }
}

/// uname(2) with an address where nothing is.
pub(crate) fn uname_to_nowhere() {
    // SAFETY: the kernel refuses to write there.
    let refused = unsafe { libc::syscall(libc::SYS_uname, ptr::null::<c_void>()) };
    assert_eq!(refused, -1, "a name at address 0");
}

/// The kernel's own id of a namespace, which it tells since 6.18.
pub(crate) fn namespace_id(namespace: &OwnedFd) -> io::Result<u64> {
    const NS_GET_ID: libc::Ioctl = 0x8008_b70d;
    let mut id = 0_u64;
    // SAFETY: the kernel writes as much as the number is long.
    checked(unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_ID, &raw mut id) }).map(|_| id)
}

/// Enters a namespace; of pids, for children only.
pub(crate) fn enter_namespace(namespace: &impl AsRawFd, kind: c_int) -> io::Result<()> {
    // SAFETY: takes plain numbers.
    checked(unsafe { libc::setns(namespace.as_raw_fd(), kind) }).map(drop)
}

/// Makes the calling thread, and what it starts, a real-time one of `SCHED_FIFO`.
pub(crate) fn become_real_time() -> io::Result<()> {
    schedule(libc::SCHED_FIFO, 10)
}
