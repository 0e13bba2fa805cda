//! How much of the heap is in use, in bytes, with what malloc(3) adds to each piece.
//!
//! Counting takes time, so it is off until it is asked for.

#![expect(unsafe_code, reason = "an allocator is unsafe by its trait")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicBool, AtomicIsize, Ordering::Relaxed},
};

struct Counting;

#[global_allocator]
static HEAP: Counting = Counting;
static COUNTS: AtomicBool = AtomicBool::new(false);
static USED: AtomicIsize = AtomicIsize::new(0);

/// What stands before each piece.
const HEAD: isize = 8;

/// Counts from here on.
pub(super) fn count() {
    COUNTS.store(true, Relaxed);
}

/// Bytes taken and not given back since [`count`]; `None` where nobody counts.
pub(super) fn used() -> Option<isize> {
    COUNTS.load(Relaxed).then(|| USED.load(Relaxed))
}

// SAFETY: every call is handed on to the system's allocator as it came; counting touches no memory
// but two numbers.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller holds to the contract, which is the same.
        let piece = unsafe { System.alloc(layout) };
        add(size_of_piece(piece));
        piece
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        let piece = unsafe { System.alloc_zeroed(layout) };
        add(size_of_piece(piece));
        piece
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        add(-size_of_piece(ptr));
        // SAFETY: as in `alloc`.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let before = size_of_piece(ptr);
        // SAFETY: as in `alloc`.
        let moved = unsafe { System.realloc(ptr, layout, new_size) };
        if !moved.is_null() {
            add(size_of_piece(moved) - before);
        }
        moved
    }
}

fn add(bytes: isize) {
    if bytes != 0 {
        USED.fetch_add(bytes, Relaxed);
    }
}

/// 0 for none, and where nobody counts.
fn size_of_piece(piece: *mut u8) -> isize {
    if piece.is_null() || !COUNTS.load(Relaxed) {
        return 0;
    }
    // SAFETY: it is a piece of the system's allocator, which is malloc(3), and not given back yet.
    let usable = unsafe { libc::malloc_usable_size(piece.cast()) };
    isize::try_from(usable).map_or(0, |usable| usable + HEAD)
}
