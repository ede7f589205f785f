// SPDX-License-Identifier: MIT
//! The input of a connection: from bytes of the stream to events.
//!
//! One call of the engine fills an array of events, of which all are valid until the next call that takes input. The
//! borrows say the same: events borrow what hands them out, [`Events`] or [`Connection`], and that must be borrowed
//! mutably to take more input. What is sent meanwhile goes through a [`Sender`], which has no such call.

use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use tidewire_sys as sys;

use crate::batch::Input;
use crate::error::accepted;
use crate::{Connection, Error, Event, Events, Lease, ReadBuffer, Sender, Status};

impl Connection {
    /// Takes bytes that were read from the stream: unmasks them where they lie, and hands out what they bring, with a
    /// [`Sender`] to answer meanwhile.
    ///
    /// # Errors
    ///
    /// [`Status::STATE`] while there are events of [`ReadBuffer::commit`] that were not looked at. What is wrong with
    /// the bytes is told by [`Events::next`].
    #[inline]
    pub fn receive<'a>(&'a mut self, data: &'a mut [u8]) -> Result<(Events<'a>, Sender<'a>), Error> {
        self.batch.expect_done()?;
        let mut input = Input::Borrowed { data: data.as_mut_ptr(), len: data.len(), marker: PhantomData };
        self.batch.is_borrowed = true;
        input.take(&self.raw, &mut self.batch);
        Ok((Events { raw: &self.raw, batch: &mut self.batch, input }, Sender::new(&self.raw)))
    }

    /// Room to read from the stream into. `hint`: bytes that are known to wait there, or 0. Gives back the memory of
    /// the last events.
    ///
    /// # Errors
    ///
    /// [`Status::STATE`] while there are events of [`ReadBuffer::commit`] that were not looked at,
    /// [`Status::NO_MEMORY`], [`Status::LIMIT_MEMORY`]. The connection goes on.
    #[inline]
    pub fn read_buffer(&mut self, hint: usize) -> Result<ReadBuffer<'_>, Error> {
        self.batch.expect_done()?;
        self.batch.fill(sys::TW_OK, 0);
        self.batch.is_borrowed = false;
        let (mut data, mut len) = (ptr::null_mut(), 0);
        // SAFETY: all pointers are valid.
        accepted(unsafe { sys::tw_conn_read_buffer(self.raw.as_ptr(), hint, &raw mut data, &raw mut len) })?;
        let data = NonNull::new(data.cast()).ok_or(Error::Rejected(Status::NO_MEMORY))?;
        // SAFETY: the room is this connection's, of `len` bytes, until the next call that takes input.
        Ok(unsafe { ReadBuffer::new(self, data, len) })
    }

    /// The events of the last [`ReadBuffer::commit`] that were not looked at, with a [`Sender`] to answer meanwhile.
    /// Those that are left may be looked at later.
    #[inline]
    pub fn events(&mut self) -> (Events<'_>, Sender<'_>) {
        self.batch.end_borrow();
        (Events { raw: &self.raw, batch: &mut self.batch, input: Input::Room }, Sender::new(&self.raw))
    }

    /// Moves on to the next event of the last [`ReadBuffer::commit`]; [`Connection::current`] shows it. `Ok(false)`:
    /// there is none. This is [`Events::next`] for state machines, which leave and come back.
    ///
    /// # Errors
    ///
    /// As [`Events::next`].
    #[inline]
    pub fn advance(&mut self) -> Result<bool, Error> {
        self.batch.end_borrow();
        self.batch.advance(&self.raw, &mut Input::Room)
    }

    /// The event that [`Connection::advance`] moved on to.
    #[inline]
    #[must_use]
    pub fn current(&self) -> Option<Event<'_>> {
        if self.batch.is_borrowed { None } else { self.batch.event() }
    }

    /// The same, with a [`Sender`] to answer while it is looked at.
    #[inline]
    pub fn current_with_sender(&mut self) -> Option<(Event<'_>, Sender<'_>)> {
        if self.batch.is_borrowed {
            return None;
        }
        self.batch.event().map(|event| (event, Sender::new(&self.raw)))
    }

    /// Whether there are events of the last [`ReadBuffer::commit`] that were not looked at, or may be.
    #[inline]
    #[must_use]
    pub fn has_events(&self) -> bool {
        !self.batch.is_done()
    }

    /// Moves the bytes of the event that [`Connection::advance`] moved on to out of the connection, which may then go
    /// on. A message that the engine put together is not copied, anything else is.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`]: [`Status::STATE`] without such an event, [`Status::NO_MEMORY`].
    pub fn detach(&mut self) -> Result<Lease, Error> {
        self.batch.end_borrow();
        self.batch.detach(&self.raw)
    }

    /// Gives back the memory of the last events, where all of them were looked at: a connection that is about to wait
    /// holds no read buffer then.
    pub fn release(&mut self) {
        if self.batch.is_done() {
            self.batch.forget_events();
            let (mut count, mut consumed) = (0, 0);
            // SAFETY: no data and no room for events: all lengths are 0.
            unsafe {
                let (data, events) = (ptr::null_mut(), ptr::null_mut());
                sys::tw_conn_receive(self.raw.as_ptr(), data, 0, events, 0, &raw mut count, &raw mut consumed);
            }
        }
    }
}
