// SPDX-License-Identifier: MIT
//! The connection's own room to read into.

use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::NonNull;
use core::slice;

use crate::{Connection, Error, Status};

/// Room to read from a stream into, which is the connection's: mostly that of a pool, or the place in a large message
/// where the next bytes belong. Dropped without [`ReadBuffer::commit`], it is given back.
///
/// ```
/// use std::io::Read;
/// use tidewire::{Config, Connection, Deflate, Event};
///
/// let mut conn = Connection::upgraded(&Config::server(), Deflate::default())?;
/// let mut stream: &[u8] = &[0x81, 0x81, 0, 0, 0, 0, b'a'];
/// let mut room = conn.read_buffer(0)?;
/// let len = stream.read(room.initialized())?;
/// room.commit(len)?;
/// let (mut events, _) = conn.events();
/// assert_eq!(events.next()?, Some(Event::Text("a")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ReadBuffer<'a> {
    conn: &'a mut Connection,
    data: NonNull<MaybeUninit<u8>>,
    len: usize,
    /// How many bytes from the start are known to be written.
    initialized_len: usize,
}

impl<'a> ReadBuffer<'a> {
    /// # Safety
    ///
    /// The engine lent this room of `len` bytes to `conn`, which has taken no input since.
    #[inline]
    pub(crate) unsafe fn new(conn: &'a mut Connection, data: NonNull<MaybeUninit<u8>>, len: usize) -> Self {
        Self { conn, data, len, initialized_len: 0 }
    }

    /// Bytes of the room.
    #[inline]
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.len
    }

    /// All of the room, of which nothing need be written. Nothing of it counts as written from now on.
    #[inline]
    pub fn uninit(&mut self) -> &mut [MaybeUninit<u8>] {
        self.initialized_len = 0;
        self.room()
    }

    #[inline]
    fn room(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: the room is ours until the next call that takes input, and so long as it says.
        unsafe { slice::from_raw_parts_mut(self.data.as_ptr(), self.len) }
    }

    /// All of the room, after zeros were written where nothing was.
    #[inline]
    pub fn initialized(&mut self) -> &mut [u8] {
        let from = self.initialized_len;
        self.room()[from..].fill(MaybeUninit::new(0));
        self.initialized_len = self.len;
        // SAFETY: all of it is written.
        unsafe { slice::from_raw_parts_mut(self.data.as_ptr().cast(), self.len) }
    }

    /// Says that bytes were written through [`ReadBuffer::uninit`].
    ///
    /// # Safety
    ///
    /// The first `len` bytes of the room are written, and the room has so many.
    #[inline]
    pub const unsafe fn assume_initialized(&mut self, len: usize) {
        if len > self.initialized_len {
            self.initialized_len = len;
        }
    }

    /// Feeds the first `len` bytes to the connection; [`Connection::events`] has what they bring.
    ///
    /// # Errors
    ///
    /// [`Status::ARGUMENT`] where so many bytes are not known to be written; nothing is fed.
    #[inline]
    pub fn commit(self, len: usize) -> Result<(), Error> {
        if len > self.initialized_len {
            return Err(Error::Rejected(Status::ARGUMENT));
        }
        // Dropping it would commit nothing.
        let room = &mut *ManuallyDrop::new(self);
        room.conn.batch.commit(&room.conn.raw, len);
        Ok(())
    }
}

impl Drop for ReadBuffer<'_> {
    fn drop(&mut self) {
        self.conn.batch.commit(&self.conn.raw, 0);
    }
}
