// SPDX-License-Identifier: MIT
//! Events that are looked at one after the other.

use tidewire_sys as sys;

use crate::batch::{Batch, Input};
use crate::raw::Raw;
use crate::{Error, Event, Lease};

/// The events of some input, one after the other.
///
/// They come in the order of the stream, then the failure, if there is one. Those of
/// [`Connection::events`](crate::Connection::events) may be left for later. Those of
/// [`Connection::receive`](crate::Connection::receive) are lost to who stops before [`Events::next`] has returned
/// `None` or an error; [`Events::rest_len`] tells how many bytes were not taken.
pub struct Events<'a> {
    pub(crate) raw: &'a Raw,
    pub(crate) batch: &'a mut Batch,
    pub(crate) input: Input<'a>,
}

impl Events<'_> {
    /// The next event. `None`: all input was taken.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] when the connection has failed, after the events before that, and at each further call.
    #[inline]
    #[allow(clippy::should_implement_trait)] // an Iterator's items cannot borrow it
    pub fn next(&mut self) -> Result<Option<Event<'_>>, Error> {
        self.advance()?;
        Ok(self.current())
    }

    /// Moves on to the next event, which [`Events::current`] shows. `Ok(false)`: there is none.
    ///
    /// # Errors
    ///
    /// As [`Events::next`].
    #[inline]
    pub fn advance(&mut self) -> Result<bool, Error> {
        self.batch.advance(self.raw, &mut self.input)
    }

    /// The event that [`Events::next`] or [`Events::advance`] moved on to.
    #[inline]
    #[must_use]
    pub fn current(&self) -> Option<Event<'_>> {
        self.batch.event()
    }

    /// The same as C has it.
    #[inline]
    #[must_use]
    pub fn current_raw(&self) -> Option<&sys::tw_event> {
        self.batch.current()
    }

    /// Moves the bytes of the current event out of the connection. A message that the engine put together is not
    /// copied, anything else is.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`]: [`Status::STATE`](crate::Status::STATE) without such an event,
    /// [`Status::NO_MEMORY`](crate::Status::NO_MEMORY).
    pub fn detach(&mut self) -> Result<Lease, Error> {
        self.batch.detach(self.raw)
    }

    /// Where the current event stands: the position in the received stream, in bytes, of the frame that completed it.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        self.current_raw().map(|event| event.offset)
    }

    /// Bytes of the input that were not taken yet.
    #[must_use]
    pub const fn rest_len(&self) -> usize {
        match self.input {
            Input::Borrowed { len, .. } => len,
            Input::Room => 0,
        }
    }
}
