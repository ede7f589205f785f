// SPDX-License-Identifier: MIT
//! The engine's connection: who owns it, and what it tells of itself.

use core::ptr::{self, NonNull};

use tidewire_sys as sys;

use crate::error::accepted;
use crate::{BufferPool, Config, Error, Failure, Status};

/// A connection of the engine. It is used by one thread at a time, as the pointer in it tells the compiler.
pub(crate) struct Raw {
    conn: NonNull<sys::tw_conn>,
    /// Goes after the connection.
    pub(crate) pool: Option<BufferPool>,
}

// SAFETY: the engine's objects may move between threads, which they know nothing of.
unsafe impl Send for Raw {}

impl Raw {
    pub(crate) fn new(config: &Config, negotiated: Option<&sys::tw_deflate>) -> Result<Self, Error> {
        check_version()?;
        let mut conn = ptr::null_mut();
        // SAFETY: all that the configuration points to is valid during the call, which copies it, but for the pool,
        // which is kept.
        accepted(config.with_raw(negotiated, |raw| unsafe { sys::tw_conn_create(raw, &raw mut conn) }))?;
        let conn = NonNull::new(conn).ok_or(Error::Rejected(Status::NO_MEMORY))?;
        Ok(Self { conn, pool: config.buffer_pool().cloned() })
    }

    #[inline]
    pub(crate) const fn as_ptr(&self) -> *mut sys::tw_conn {
        self.conn.as_ptr()
    }

    pub(crate) fn failure(&self) -> Option<Failure> {
        let mut error = sys::TW_ERROR_INIT;
        // SAFETY: both are valid.
        unsafe { sys::tw_conn_get_error(self.as_ptr(), &raw mut error) };
        Failure::of(&error)
    }

    /// The error of a call that takes input or tells the time, and returned `status`.
    #[cold]
    pub(crate) fn error(&self, status: sys::tw_status) -> Error {
        match self.failure() {
            Some(failure) if failure.status().raw() == status => Error::Failed(failure),
            _ => Error::Rejected(Status::from_raw(status)),
        }
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: it is ours, and this is its end.
        unsafe { sys::tw_conn_destroy(self.as_ptr()) };
    }
}

/// Refuses a library that is older than the declarations, or has another binary interface.
pub(crate) fn check_version() -> Result<(), Error> {
    const DECLARED: u32 = sys::TW_VERSION_MAJOR << 16 | sys::TW_VERSION_MINOR << 8 | sys::TW_VERSION_PATCH;
    if sys::tw_version() < DECLARED || sys::tw_get_api(sys::TW_ABI_MAJOR).is_null() {
        return Err(Error::Rejected(Status::UNSUPPORTED));
    }
    Ok(())
}
