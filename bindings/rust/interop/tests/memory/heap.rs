// SPDX-License-Identifier: MIT
//! Counts what this process has allocated and not freed: Rust's allocations and those of the engine in C alike.
//!
//! The C library's functions are replaced by these, which call its own by their other names (glibc).

use core::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static BLOCKS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

/// What is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live {
    pub blocks: usize,
    pub bytes: usize,
}

/// What is allocated now.
pub fn live() -> Live {
    Live { blocks: BLOCKS.load(Relaxed), bytes: BYTES.load(Relaxed) }
}

unsafe extern "C" {
    fn __libc_malloc(len: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, len: usize) -> *mut c_void;
    fn __libc_realloc(block: *mut c_void, len: usize) -> *mut c_void;
    fn __libc_memalign(alignment: usize, len: usize) -> *mut c_void;
    fn __libc_free(block: *mut c_void);
    fn malloc_usable_size(block: *mut c_void) -> usize;
}

/// Counts a block that was allocated; NULL is none.
fn add(block: *mut c_void) -> *mut c_void {
    if !block.is_null() {
        BLOCKS.fetch_add(1, Relaxed);
        // SAFETY: the block is allocated.
        BYTES.fetch_add(unsafe { malloc_usable_size(block) }, Relaxed);
    }
    block
}

/// Counts a block that is about to be freed; NULL is none.
fn remove(block: *mut c_void) {
    if !block.is_null() {
        BLOCKS.fetch_sub(1, Relaxed);
        // SAFETY: the block is still allocated.
        BYTES.fetch_sub(unsafe { malloc_usable_size(block) }, Relaxed);
    }
}

// SAFETY: what follows does as the functions of these names do, which it calls, and counts.

#[unsafe(no_mangle)]
extern "C" fn malloc(len: usize) -> *mut c_void {
    // SAFETY: any length is allowed.
    add(unsafe { __libc_malloc(len) })
}

#[unsafe(no_mangle)]
extern "C" fn calloc(items: usize, len: usize) -> *mut c_void {
    // SAFETY: any lengths are allowed.
    add(unsafe { __libc_calloc(items, len) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(block: *mut c_void, len: usize) -> *mut c_void {
    remove(block);
    // SAFETY: the caller gives a block of this allocator.
    let moved = unsafe { __libc_realloc(block, len) };
    if moved.is_null() && len > 0 {
        add(block); // it stays
    }
    add(moved)
}

#[unsafe(no_mangle)]
extern "C" fn aligned_alloc(alignment: usize, len: usize) -> *mut c_void {
    // SAFETY: a bad alignment gives NULL.
    add(unsafe { __libc_memalign(alignment, len) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(out: *mut *mut c_void, alignment: usize, len: usize) -> c_int {
    const ENOMEM: c_int = 12;
    let block = aligned_alloc(alignment, len);
    if block.is_null() {
        return ENOMEM;
    }
    // SAFETY: the caller gives room for a pointer.
    unsafe { out.write(block) };
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn free(block: *mut c_void) {
    remove(block);
    // SAFETY: the caller gives a block of this allocator, or NULL.
    unsafe { __libc_free(block) };
}
