//! Events of `perf_event_open(2)`, and what can be asked of their descriptors. Tracepoints only.

use std::{
    ffi::CStr,
    os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
};

use nix::errno::Errno;
use perf_event_open_sys::{bindings, ioctls, perf_event_open};

/// What an event is to do, apart from where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributes {
    /// The tracepoint's number in tracefs.
    pub(crate) tracepoint: u64,
    /// A record for each time that it fires; without, they are only counted.
    pub(crate) sampling: Option<Wakeup>,
    /// Threads and children that begin later are watched as well.
    pub(crate) inherit: bool,
    /// Whether read(2) is to tell what found no room: kernels from 6.0.
    pub(crate) counts_losses: bool,
}

/// When the reader of a ring is woken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wakeup {
    /// By every record.
    Each,
    /// Whenever half of the ring has been written.
    Half,
}

/// The processes that an event watches.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'a> {
    /// Everyone.
    All,
    /// One thread.
    Thread(i32),
    /// The members of a cgroup and of those below it.
    Cgroup(BorrowedFd<'a>),
}

/// What read(2) tells of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// How often it fired.
    pub(crate) count: u64,
    /// How many records found no room; `None` where the kernel does not tell.
    pub(crate) lost: Option<u64>,
}

/// Opens an event on one CPU: disabled, closed by exec.
///
/// # Errors
///
/// What `perf_event_open(2)` says.
pub(crate) fn open(attributes: Attributes, target: Target<'_>, cpu: u32) -> Result<OwnedFd, Errno> {
    let cpu = i32::try_from(cpu).map_err(|_too_large| Errno::EINVAL)?;
    let flags = bindings::PERF_FLAG_FD_CLOEXEC;
    let (pid, flags) = match target {
        Target::All => (-1, flags),
        Target::Thread(tid) => (tid, flags),
        Target::Cgroup(folder) => (folder.as_raw_fd(), flags | bindings::PERF_FLAG_PID_CGROUP),
    };
    again(|| open_raw(&mut described(attributes), pid, cpu, flags))
}

/// Whether the caller may open an event that asks for no rights at all: one that does nothing, of
/// itself, blind to the kernel.
///
/// # Errors
///
/// What `perf_event_open(2)` says.
pub(crate) fn open_harmless() -> Result<(), Errno> {
    let mut raw = empty();
    raw.type_ = bindings::PERF_TYPE_SOFTWARE;
    raw.config = bindings::PERF_COUNT_SW_DUMMY.into();
    raw.set_exclude_kernel(1);
    raw.set_exclude_hv(1);
    again(|| open_raw(&mut raw, 0, -1, bindings::PERF_FLAG_FD_CLOEXEC)).map(drop)
}

fn described(attributes: Attributes) -> bindings::perf_event_attr {
    let mut raw = empty();
    raw.type_ = bindings::PERF_TYPE_TRACEPOINT;
    raw.config = attributes.tracepoint;
    raw.set_inherit(attributes.inherit.into());
    raw.read_format = u64::from(bindings::PERF_FORMAT_ID);
    if attributes.counts_losses {
        raw.read_format |= u64::from(bindings::PERF_FORMAT_LOST);
    }
    if let Some(wakeup) = attributes.sampling {
        sample(&mut raw, wakeup);
    }
    raw
}

/// The members of a record, in the order in which `tracepoint::record` takes them apart.
fn sample(raw: &mut bindings::perf_event_attr, wakeup: Wakeup) {
    raw.sample_period = 1;
    raw.sample_type = u64::from(
        bindings::PERF_SAMPLE_IDENTIFIER
            | bindings::PERF_SAMPLE_TID
            | bindings::PERF_SAMPLE_TIME
            | bindings::PERF_SAMPLE_CPU
            // Without, an event that weighs more than one would leave a record for each unit.
            | bindings::PERF_SAMPLE_PERIOD
            | bindings::PERF_SAMPLE_RAW,
    );
    raw.set_sample_id_all(1);
    raw.set_use_clockid(1);
    // With this one, tracepoints may fire where no lock can be taken.
    raw.clockid = libc::CLOCK_MONOTONIC;
    match wakeup {
        Wakeup::Each => raw.wakeup_events = 1,
        // No number of bytes stands for half of them, however many there are.
        Wakeup::Half => raw.set_watermark(1),
    }
}

fn empty() -> bindings::perf_event_attr {
    let mut raw = bindings::perf_event_attr::default();
    // An older kernel takes a larger one whose end is zero.
    raw.size = u32::try_from(size_of_val(&raw)).unwrap_or(bindings::PERF_ATTR_SIZE_VER0);
    raw.set_disabled(1);
    raw
}

fn open_raw(
    raw: &mut bindings::perf_event_attr,
    pid: i32,
    cpu: i32,
    flags: u32,
) -> Result<OwnedFd, Errno> {
    // SAFETY: the attributes are a live value of their own size; the kernel reads them, and may
    // write to the member `size`.
    let fd = unsafe { perf_event_open(raw, pid, cpu, -1, flags.into()) };
    let fd = Errno::result(fd)?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Lets the event write into the ring of another one of the same CPU.
///
/// # Errors
///
/// `EINVAL` where CPU or clock differ.
pub(crate) fn set_output(event: BorrowedFd<'_>, ring: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: takes two plain numbers; a descriptor of another kind makes it fail.
    again(|| unsafe { ioctls::SET_OUTPUT(event.as_raw_fd(), ring.as_raw_fd()) })
}

/// Lets only what fits the expression through. Once an event.
///
/// # Errors
///
/// `EINVAL` or `EPERM` where the kernel does not understand it.
pub(crate) fn set_filter(event: BorrowedFd<'_>, expression: &CStr) -> Result<(), Errno> {
    // SAFETY: the kernel reads a string that ends with NUL, and writes nothing.
    again(|| unsafe { ioctls::SET_FILTER(event.as_raw_fd(), expression.as_ptr().cast_mut()) })
}

/// Begins; for inherited ones as well.
///
/// # Errors
///
/// What ioctl(2) says.
pub(crate) fn enable(event: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: takes a plain number.
    again(|| unsafe { ioctls::ENABLE(event.as_raw_fd(), 0) })
}

/// Ends. When it returns, no CPU writes for this event any more.
///
/// # Errors
///
/// What ioctl(2) says.
pub(crate) fn disable(event: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: takes a plain number.
    again(|| unsafe { ioctls::DISABLE(event.as_raw_fd(), 0) })
}

/// The number that the event's records carry.
///
/// # Errors
///
/// What ioctl(2) says.
pub(crate) fn id(event: BorrowedFd<'_>) -> Result<u64, Errno> {
    let mut id = 0;
    // SAFETY: the kernel writes one number to a live value.
    again(|| unsafe { ioctls::ID(event.as_raw_fd(), &raw mut id) })?;
    Ok(id)
}

/// How often the event fired, and what of it was lost. Exact, at once.
///
/// # Errors
///
/// What read(2) says.
pub(crate) fn read(event: BorrowedFd<'_>) -> Result<Reading, Errno> {
    // Count, id, lost; the last one where it was asked for.
    let mut bytes = [0; 24];
    let length = again(|| nix::unistd::read(event, &mut bytes))?;
    let (numbers, _) = bytes.as_chunks::<8>();
    let mut numbers = numbers.iter().take(length / 8).map(|number| u64::from_ne_bytes(*number));
    let count = numbers.next().ok_or(Errno::EIO)?;
    Ok(Reading { count, lost: numbers.nth(1) })
}

/// Anything that a system call gives back.
trait Answer: Sized {
    type Value;
    fn checked(self) -> Result<Self::Value, Errno>;
}

impl Answer for i32 {
    type Value = ();
    fn checked(self) -> Result<(), Errno> {
        Errno::result(self).map(drop)
    }
}

impl<T> Answer for Result<T, Errno> {
    type Value = T;
    fn checked(self) -> Self {
        self
    }
}

/// A signal is no answer.
fn again<A: Answer>(mut call: impl FnMut() -> A) -> Result<A::Value, Errno> {
    loop {
        match call().checked() {
            Err(Errno::EINTR) => {}
            answer => return answer,
        }
    }
}
