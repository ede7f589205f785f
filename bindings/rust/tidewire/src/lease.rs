// SPDX-License-Identifier: MIT
//! Bytes that left their connection.

use core::fmt;
use core::ops::Deref;
use core::ptr::NonNull;
use core::slice;

use tidewire_sys as sys;

use crate::BufferPool;

/// Bytes of an event that were moved out of its connection. A clone shares them.
///
/// ```
/// use tidewire::{Config, Connection, Deflate};
///
/// let mut conn = Connection::upgraded(&Config::client("example.com"), Deflate::default())?;
/// let mut data = *b"\x82\x03sea";
/// let (mut events, _) = conn.receive(&mut data)?;
/// events.next()?;
/// let lease = events.detach()?;
/// drop(conn);
/// assert_eq!(&lease[..], b"sea");
/// # Ok::<(), tidewire::Error>(())
/// ```
pub struct Lease {
    raw: NonNull<sys::tw_lease>,
    data: NonNull<u8>,
    len: usize,
    /// Goes after the lease.
    pool: Option<BufferPool>,
}

// SAFETY: a lease counts its holders, which may be in different threads, and its bytes do not change.
unsafe impl Send for Lease {}
// SAFETY: as above.
unsafe impl Sync for Lease {}

impl Lease {
    /// # Safety
    ///
    /// `raw` is a lease that is handed over, of `len` bytes at `data`; `pool` that of its connection.
    pub(crate) unsafe fn new(raw: NonNull<sys::tw_lease>, data: *mut u8, len: usize, pool: Option<BufferPool>) -> Self {
        Self { raw, data: NonNull::new(data).unwrap_or(NonNull::dangling()), len, pool }
    }
}

impl Deref for Lease {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: the lease holds so many bytes, none of which anybody writes to.
        unsafe { slice::from_raw_parts(self.data.as_ptr(), self.len) }
    }
}

impl AsRef<[u8]> for Lease {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Clone for Lease {
    fn clone(&self) -> Self {
        // SAFETY: the lease is valid; the new holder releases it too.
        unsafe { sys::tw_lease_retain(self.raw.as_ptr()) };
        Self { raw: self.raw, data: self.data, len: self.len, pool: self.pool.clone() }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // SAFETY: this holder's share, which it gives up.
        unsafe { sys::tw_lease_release(self.raw.as_ptr()) };
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("len", &self.len).finish_non_exhaustive()
    }
}
