// SPDX-License-Identifier: MIT
//! Queued output, as it is written to a stream.

use alloc::vec::Vec;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::Deref;
use core::slice;

use tidewire_sys as sys;

use crate::Error;
use crate::error::accepted;
use crate::raw::Raw;

/// Slices of one look at the output. The engine fills its buffers before it takes another, so a few carry a lot.
const VIEWS: usize = 64;

/// A slice of the output.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct View<'a> {
    raw: sys::tw_view,
    marker: PhantomData<&'a [u8]>,
}

impl Deref for View<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: the engine's views of output are not empty, and valid during 'a.
        unsafe { slice::from_raw_parts(self.raw.data, self.raw.len) }
    }
}

/// Queued output, oldest byte first: what a vectored write takes. Nothing changes it while it is looked at.
///
/// ```
/// use std::io::Write;
/// use tidewire::{Config, Connection, Deflate};
///
/// let mut conn = Connection::upgraded(&Config::server(), Deflate::default())?;
/// conn.send_text("hi")?;
/// let mut stream = Vec::new();
/// while conn.wants().write() {
///     let output = conn.output();
///     let len = stream.write_vectored(output.io_slices())?;
///     output.consume(len)?;
/// }
/// assert_eq!(stream, b"\x81\x02hi");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Output<'a> {
    raw: &'a Raw,
    views: [MaybeUninit<sys::tw_view>; VIEWS],
    count: usize,
}

impl<'a> Output<'a> {
    /// The caller has a mutable borrow for `'a`, without which nothing can be sent or consumed.
    #[inline]
    pub(crate) fn new(raw: &'a Raw) -> Self {
        let mut views = [const { MaybeUninit::uninit() }; VIEWS];
        let mut count = 0;
        // SAFETY: the engine writes no more views than there is room for, and counts them, also where it fails.
        unsafe { sys::tw_conn_output(raw.as_ptr(), views.as_mut_ptr().cast(), VIEWS, &raw mut count) };
        Self { raw, views, count }
    }

    /// The slices. Where there is more output than they show, the next look has it.
    #[inline]
    #[must_use]
    pub const fn views(&self) -> &[View<'_>] {
        // SAFETY: the first `count` views were written, and a View is a tw_view.
        unsafe { slice::from_raw_parts(self.views.as_ptr().cast(), self.count) }
    }

    /// The slices as `write_vectored` takes them.
    #[cfg(all(feature = "std", unix))]
    #[inline]
    #[must_use]
    pub const fn io_slices(&self) -> &[std::io::IoSlice<'_>] {
        // SAFETY: as above; on Unix an IoSlice has the layout of an iovec, and so has a tw_view.
        unsafe { slice::from_raw_parts(self.views.as_ptr().cast(), self.count) }
    }

    /// Whether nothing is queued.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The bytes that the slices show, put together.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        self.views().iter().flat_map(|view| view.iter().copied()).collect()
    }

    /// Says that the first `len` bytes were written.
    ///
    /// # Errors
    ///
    /// [`Status::ARGUMENT`](crate::Status::ARGUMENT) when that is more than is queued; nothing is consumed.
    #[inline]
    pub fn consume(self, len: usize) -> Result<(), Error> {
        // SAFETY: the views, which this call ends, are gone with `self`.
        accepted(unsafe { sys::tw_conn_output_consume(self.raw.as_ptr(), len) })
    }
}
