// SPDX-License-Identifier: MIT
//! Messages for many connections.

use core::fmt;
use core::ptr::{self, NonNull};

use tidewire_sys as sys;

use crate::error::accepted;
use crate::raw::check_version;
use crate::{Error, Opcode, SendFlags, Status};

/// A message that is encoded once, and compressed once for each kind of compression that was negotiated, to be sent by
/// many connections, in any thread.
///
/// ```
/// use tidewire::{Config, Connection, Deflate, Prepared};
///
/// let news = Prepared::text("high tide")?;
/// for _ in 0..3 {
///     let mut conn = Connection::upgraded(&Config::server(), Deflate::default())?;
///     conn.send_prepared(&news)?;
///     assert_eq!(conn.output().to_vec(), b"\x81\x09high tide");
/// }
/// # Ok::<(), tidewire::Error>(())
/// ```
pub struct Prepared {
    raw: NonNull<sys::tw_prepared>,
}

// SAFETY: it may be used by several threads at a time, as the engine says.
unsafe impl Send for Prepared {}
// SAFETY: as above.
unsafe impl Sync for Prepared {}

impl Prepared {
    /// Copies a whole message.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`]: [`Status::TEXT`] where a text is not UTF-8, [`Status::ARGUMENT`] for flags or an opcode of
    /// fragments, [`Status::NO_MEMORY`].
    pub fn new(opcode: Opcode, data: &[u8], flags: SendFlags) -> Result<Self, Error> {
        check_version()?;
        let mut raw = ptr::null_mut();
        // The memory comes from the C library: that of a pool would have to outlive all connections that send it.
        // SAFETY: the data is valid during the call, which copies it.
        accepted(unsafe {
            let (opcode, flags) = (opcode.raw(), flags.raw());
            sys::tw_prepared_create(opcode, data.as_ptr(), data.len(), flags, ptr::null_mut(), &raw mut raw)
        })?;
        NonNull::new(raw).map(|raw| Self { raw }).ok_or(Error::Rejected(Status::NO_MEMORY))
    }

    /// Copies a message of text.
    ///
    /// # Errors
    ///
    /// [`Status::NO_MEMORY`].
    pub fn text(text: &str) -> Result<Self, Error> {
        Self::new(Opcode::Text, text.as_bytes(), SendFlags::VALID_UTF8)
    }

    /// Copies a message of bytes.
    ///
    /// # Errors
    ///
    /// [`Status::NO_MEMORY`].
    pub fn binary(data: &[u8]) -> Result<Self, Error> {
        Self::new(Opcode::Binary, data, SendFlags::NONE)
    }

    #[inline]
    pub(crate) const fn as_ptr(&self) -> *mut sys::tw_prepared {
        self.raw.as_ptr()
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // SAFETY: it is ours, and this is its end. Connections that have it queued keep what they need of it.
        unsafe { sys::tw_prepared_destroy(self.as_ptr()) };
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}
