// SPDX-License-Identifier: MIT
//! Every call of malloc and its relatives in this process, by Rust and by C alike. The functions go on to those of the
//! GNU C library behind them.

use std::sync::atomic::{AtomicU64, Ordering};

use libc::{c_int, c_void, size_t};

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

unsafe extern "C" {
    fn __libc_malloc(size: size_t) -> *mut c_void;
    fn __libc_calloc(count: size_t, size: size_t) -> *mut c_void;
    fn __libc_realloc(memory: *mut c_void, size: size_t) -> *mut c_void;
    fn __libc_memalign(alignment: size_t, size: size_t) -> *mut c_void;
}

/// How many there were.
pub fn allocations() -> u64 {
    ALLOCATIONS.load(Ordering::Relaxed)
}

/// Bytes that the heap has lent.
pub fn lent() -> usize {
    // SAFETY: it takes nothing and returns plain numbers.
    let info = unsafe { libc::mallinfo2() };
    info.uordblks + info.hblkhd
}

/// The program has one thread: no locked instruction, whose time the rows would differ by.
fn count() {
    ALLOCATIONS.store(allocations() + 1, Ordering::Relaxed);
}

#[unsafe(no_mangle)]
extern "C" fn malloc(size: size_t) -> *mut c_void {
    count();
    // SAFETY: the contract is malloc's own; so below.
    unsafe { __libc_malloc(size) }
}

#[unsafe(no_mangle)]
extern "C" fn calloc(number: size_t, size: size_t) -> *mut c_void {
    count();
    // SAFETY: as above.
    unsafe { __libc_calloc(number, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(memory: *mut c_void, size: size_t) -> *mut c_void {
    count();
    // SAFETY: as above.
    unsafe { __libc_realloc(memory, size) }
}

#[unsafe(no_mangle)]
extern "C" fn aligned_alloc(alignment: size_t, size: size_t) -> *mut c_void {
    count();
    // SAFETY: as above.
    unsafe { __libc_memalign(alignment, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(out: *mut *mut c_void, alignment: size_t, size: size_t) -> c_int {
    let memory = aligned_alloc(alignment, size);
    if memory.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: the caller's pointer to a pointer.
    unsafe { out.write(memory) };
    0
}
