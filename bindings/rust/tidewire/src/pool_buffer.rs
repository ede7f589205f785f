// SPDX-License-Identifier: MIT
//! A buffer of a pool.

use core::fmt;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};
use core::slice;

use tidewire_sys as sys;

use crate::BufferPool;

/// A buffer that goes back to its pool when it is dropped. Like a `Vec<u8>` it has bytes, and room for more up to its
/// capacity; unlike one it does not grow beyond that.
pub struct PoolBuffer {
    pool: BufferPool,
    data: NonNull<u8>,
    /// Bytes that are written.
    len: usize,
    cap: usize,
}

// SAFETY: it owns its bytes, and any thread may give them back.
unsafe impl Send for PoolBuffer {}
// SAFETY: they change only through a mutable reference.
unsafe impl Sync for PoolBuffer {}

impl PoolBuffer {
    /// # Safety
    ///
    /// `data` is an acquired buffer of `pool` with `cap` bytes, and is handed over.
    #[inline]
    pub(crate) unsafe fn new(pool: BufferPool, data: NonNull<u8>, cap: usize) -> Self {
        Self { pool, data, len: 0, cap }
    }

    /// Bytes that it has room for.
    #[inline]
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.cap
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    ///
    /// The part of `data` that does not fit; nothing of it was added.
    pub fn extend_from_slice<'a>(&mut self, data: &'a [u8]) -> Result<(), &'a [u8]> {
        let room = self.spare_capacity_mut();
        let Some(room) = room.get_mut(..data.len()) else {
            return Err(&data[room.len()..]);
        };
        // SAFETY: both have data.len() bytes, and a new buffer overlaps nothing.
        unsafe { ptr::copy_nonoverlapping(data.as_ptr(), room.as_mut_ptr().cast(), data.len()) };
        self.len += data.len();
        Ok(())
    }

    /// Makes it `len` bytes long: cuts it, or adds zeros as far as there is room.
    pub fn resize(&mut self, len: usize) {
        let len = len.min(self.cap);
        let grown = len.saturating_sub(self.len);
        self.spare_capacity_mut()[..grown].fill(MaybeUninit::new(0));
        self.len = len;
    }

    /// The room behind the bytes.
    #[inline]
    pub fn spare_capacity_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: the buffer has `cap` bytes, of which `len` are in use.
        unsafe { slice::from_raw_parts_mut(self.data.as_ptr().add(self.len).cast(), self.cap - self.len) }
    }

    /// Says how many bytes are written.
    ///
    /// # Safety
    ///
    /// The first `len` bytes are written, and the buffer has room for so many.
    #[inline]
    pub unsafe fn set_len(&mut self, len: usize) {
        debug_assert!(len <= self.cap, "{len} bytes do not fit into {}", self.cap);
        self.len = len;
    }
}

impl Drop for PoolBuffer {
    fn drop(&mut self) {
        // SAFETY: the buffer is this pool's, and was not given back before.
        unsafe { sys::tw_pool_release(self.pool.as_ptr(), self.data.as_ptr()) };
    }
}

impl Deref for PoolBuffer {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: the first `len` bytes are written.
        unsafe { slice::from_raw_parts(self.data.as_ptr(), self.len) }
    }
}

impl DerefMut for PoolBuffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: the first `len` bytes are written.
        unsafe { slice::from_raw_parts_mut(self.data.as_ptr(), self.len) }
    }
}

impl AsRef<[u8]> for PoolBuffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for PoolBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuffer").field("len", &self.len).field("capacity", &self.cap).finish_non_exhaustive()
    }
}
