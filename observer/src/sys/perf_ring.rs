//! The memory that an event of `perf_event_open(2)` shares with the kernel.
//!
//! The kernel writes records at its head, we say by the tail how far it may overwrite. What lies
//! between the two is ours to read, and nothing else is ever looked at.

use std::{
    fmt,
    num::NonZeroUsize,
    os::fd::{AsRawFd as _, BorrowedFd},
    ptr::{self, NonNull},
    sync::atomic::{AtomicU64, Ordering},
};

use nix::errno::Errno;
use perf_event_open_sys::bindings::perf_event_mmap_page;

/// A mapped ring; unmapped when dropped.
pub(crate) struct PerfRing {
    /// One page that describes, then the records.
    base: NonNull<u8>,
    page: usize,
    /// Bytes of records: a power of two.
    bytes: NonZeroUsize,
    /// Positions grow for ever; their remainder by `bytes` is the place in memory.
    head: u64,
    tail: u64,
}

// SAFETY: the mapping belongs to this value alone and is the same from every thread.
unsafe impl Send for PerfRing {}

impl PerfRing {
    /// Maps the ring of an event: `bytes` of records, a power of two of at least a page.
    ///
    /// # Errors
    ///
    /// What mmap(2) says: `EPERM` where it is more memory than may be locked.
    pub(crate) fn map(event: BorrowedFd<'_>, bytes: usize, page: usize) -> Result<Self, Errno> {
        let size = NonZeroUsize::new(bytes).filter(|size| size.is_power_of_two());
        let size = size.ok_or(Errno::EINVAL)?;
        let length = bytes.checked_add(page).ok_or(Errno::EINVAL)?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: asks for memory where there is none yet, so that nothing of ours is replaced.
        let base = unsafe {
            libc::mmap(ptr::null_mut(), length, access, libc::MAP_SHARED, event.as_raw_fd(), 0)
        };
        if base == libc::MAP_FAILED {
            return Err(Errno::last());
        }
        let base = NonNull::new(base.cast()).ok_or(Errno::ENOMEM)?;
        Ok(Self { base, page, bytes: size, head: 0, tail: 0 })
    }

    /// Bytes of records that it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.get()
    }

    /// How far the kernel has written by now.
    pub(crate) fn look(&mut self) -> u64 {
        let description: *mut perf_event_mmap_page = self.base.as_ptr().cast();
        // SAFETY: the first page is mapped for the life of `self` and holds this description.
        let head = unsafe { &raw mut (*description).data_head };
        // SAFETY: mapped and aligned, and the kernel writes it whole.
        let head = unsafe { AtomicU64::from_ptr(head) };
        // What was written before the head was moved is seen from here on.
        let head = head.load(Ordering::Acquire);
        // The kernel keeps to this; a damaged ring must not make us read what is not ours.
        if head.wrapping_sub(self.tail) <= self.bytes.get() as u64 {
            self.head = head;
        }
        self.head
    }

    /// What lies between two positions, as two pieces where it reaches around the end. Empty
    /// unless both are within what was written and is not released.
    pub(crate) fn between(&self, from: u64, to: u64) -> (&[u8], &[u8]) {
        if !(self.tail <= from && from <= to && to <= self.head) {
            return (&[], &[]);
        }
        let Ok(length) = usize::try_from(to - from) else { return (&[], &[]) };
        let size = self.bytes.get();
        let start = place(from, size);
        let first = length.min(size - start);
        (self.piece(start, first), self.piece(0, length - first))
    }

    fn piece(&self, start: usize, length: usize) -> &[u8] {
        // SAFETY: `between` keeps start and length within the records, which follow the page.
        let start = unsafe { self.base.add(self.page + start) };
        // SAFETY: mapped for the life of `self`, and the kernel writes nothing between tail and
        // head; both move only by `&mut self`, when no piece is borrowed.
        unsafe { std::slice::from_raw_parts(start.as_ptr(), length) }
    }

    /// Gives the kernel the room up to a position. Going back is ignored.
    pub(crate) fn release(&mut self, tail: u64) {
        if !(self.tail < tail && tail <= self.head) {
            return;
        }
        self.tail = tail;
        let description: *mut perf_event_mmap_page = self.base.as_ptr().cast();
        // SAFETY: as in `look`.
        let tail = unsafe { &raw mut (*description).data_tail };
        // SAFETY: mapped and aligned, and only we write it.
        let tail = unsafe { AtomicU64::from_ptr(tail) };
        // All that was read is read by now.
        tail.store(self.tail, Ordering::Release);
    }

    /// Bytes that wait between tail and head, as of the last look.
    pub(crate) fn waiting(&self) -> u64 {
        self.head - self.tail
    }
}

/// Where a position lies in memory; sizes are powers of two.
#[expect(clippy::cast_possible_truncation, reason = "less than `size`")]
fn place(position: u64, size: usize) -> usize {
    (position & (size as u64 - 1)) as usize
}

impl fmt::Debug for PerfRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, head, tail, .. } = self;
        write!(f, "PerfRing {{ bytes: {bytes}, head: {head}, tail: {tail} }}")
    }
}

impl Drop for PerfRing {
    fn drop(&mut self) {
        // SAFETY: exactly what `map` has mapped, and nobody borrows from it any more.
        let _unmapped =
            unsafe { libc::munmap(self.base.as_ptr().cast(), self.page + self.bytes.get()) };
    }
}
