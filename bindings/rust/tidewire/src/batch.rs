// SPDX-License-Identifier: MIT
//! The events of one call of the engine, and how far they were handed out.

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use tidewire_sys as sys;

use crate::error::accepted;
use crate::raw::Raw;
use crate::{Error, Event, Lease, Status};

/// Events of one call of the engine. A further call costs little, and an idle connection should be small.
const EVENTS: usize = 12;

/// The events of the last call that took input, and how far they were handed out.
pub(crate) struct Batch {
    events: [MaybeUninit<sys::tw_event>; EVENTS],
    /// How many of them a call may write.
    cap: usize,
    next: usize,
    count: usize,
    /// What the call returned: told when its events were handed out.
    status: sys::tw_status,
    /// `events[next - 1]` is what was handed out last, and its data was not moved away.
    has_current: bool,
    /// The data lies in a buffer of the caller, who may have it back: only `Events` may look at it.
    pub(crate) is_borrowed: bool,
}

// SAFETY: the events lie in memory of the connection, which moves with them; those in a buffer of the caller are
// borrowed together with the connection, which cannot move then.
unsafe impl Send for Batch {}

impl Batch {
    pub(crate) const fn new() -> Self {
        let events = [const { MaybeUninit::uninit() }; EVENTS];
        Self { events, cap: EVENTS, next: 0, count: 0, status: sys::TW_OK, has_current: false, is_borrowed: false }
    }

    /// Whether there is nothing to hand out, now or by a further call with the same input.
    #[inline]
    pub(crate) const fn is_done(&self) -> bool {
        self.is_borrowed || (self.next == self.count && self.status != sys::TW_NEED_ROOM)
    }

    #[inline]
    pub(crate) const fn expect_done(&self) -> Result<(), Error> {
        if self.is_done() { Ok(()) } else { Err(Error::Rejected(Status::STATE)) }
    }

    /// Forgets events in a buffer of the caller, who may have it back.
    #[inline]
    pub(crate) const fn end_borrow(&mut self) {
        if self.is_borrowed {
            self.fill(sys::TW_OK, 0);
            self.is_borrowed = false;
        }
    }

    /// Forgets events that were looked at, but not how they ended.
    pub(crate) const fn forget_events(&mut self) {
        self.fill(self.status, 0);
    }

    /// Takes the result of a call that wrote `count` events.
    #[inline]
    pub(crate) const fn fill(&mut self, status: sys::tw_status, count: usize) {
        debug_assert!(count <= EVENTS, "the engine keeps to the room that it is given");
        self.next = 0;
        self.count = count;
        self.status = status;
        self.has_current = false;
    }

    /// Moves on to the next event, and calls the engine for more where it has more. `Ok(false)`: there is none.
    #[inline]
    pub(crate) fn advance(&mut self, raw: &Raw, input: &mut Input<'_>) -> Result<bool, Error> {
        while !self.step() {
            match self.status {
                sys::TW_OK => return Ok(false),
                sys::TW_NEED_ROOM => input.take(raw, self),
                status => return Err(raw.error(status)),
            }
        }
        Ok(true)
    }

    /// Moves on to the next event that is at hand. False: there is none.
    #[inline]
    const fn step(&mut self) -> bool {
        self.has_current = self.next < self.count;
        if self.has_current {
            self.next += 1;
        }
        self.has_current
    }

    /// Commits bytes of the connection's room, and takes what they bring.
    #[inline]
    pub(crate) fn commit(&mut self, raw: &Raw, len: usize) {
        let mut count = 0;
        // SAFETY: the engine checks `len` against the room that it lent, and writes the events that it counts.
        let status = unsafe {
            let events = self.events.as_mut_ptr().cast();
            sys::tw_conn_read_commit(raw.as_ptr(), len, events, self.cap, &raw mut count)
        };
        self.fill(status, count);
    }

    /// Lets a call write fewer events.
    pub(crate) fn set_cap(&mut self, cap: usize) {
        self.cap = cap.clamp(1, EVENTS);
    }

    /// The event that was handed out last.
    #[inline]
    pub(crate) fn current(&self) -> Option<&sys::tw_event> {
        // SAFETY: the engine wrote the first `count` events, and 0 < next <= count.
        self.has_current.then(|| unsafe { self.events.get_unchecked(self.next - 1).assume_init_ref() })
    }

    /// The same for the caller, in whose borrow of the batch no input is taken.
    #[inline]
    pub(crate) fn event(&self) -> Option<Event<'_>> {
        // SAFETY: the event's data is valid until the next call that takes input, for which the batch must be borrowed
        // mutably, and, where it is the caller's, as long as the `Events` that borrows it.
        self.current().map(|event| unsafe { Event::from_raw(event) })
    }

    /// Moves the data of the event that was handed out last out of the connection.
    pub(crate) fn detach(&mut self, raw: &Raw) -> Result<Lease, Error> {
        let event = self.current().ok_or(Error::Rejected(Status::STATE))?;
        #[allow(clippy::cast_possible_truncation)] // lengths in memory are no longer than a usize
        let len = event.len as usize;
        let (mut lease, mut data) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: it is an event of the last call that took input, and was not detached before.
        accepted(unsafe { sys::tw_conn_detach(raw.as_ptr(), event, &raw mut lease, &raw mut data) })?;
        self.has_current = false;
        let lease = NonNull::new(lease).ok_or(Error::Rejected(Status::NO_MEMORY))?;
        // SAFETY: the lease is new, and ours, and these are its bytes.
        Ok(unsafe { Lease::new(lease, data, len, raw.pool.clone()) })
    }
}

/// Where the engine takes more input from.
pub(crate) enum Input<'a> {
    /// The rest of what the caller fed.
    Borrowed { data: *mut u8, len: usize, marker: PhantomData<&'a mut [u8]> },
    /// The room that was committed.
    Room,
}

impl Input<'_> {
    /// Has the engine take input, and fill the batch.
    #[inline]
    pub(crate) fn take(&mut self, raw: &Raw, batch: &mut Batch) {
        let Self::Borrowed { data, len, .. } = self else {
            return batch.commit(raw, 0);
        };
        let (mut count, mut consumed) = (0, 0);
        // SAFETY: data and events are valid for their lengths; the engine writes what it counts, and consumes no more
        // than is there.
        let status = unsafe {
            let (conn, events) = (raw.as_ptr(), batch.events.as_mut_ptr().cast());
            let status = sys::tw_conn_receive(conn, *data, *len, events, batch.cap, &raw mut count, &raw mut consumed);
            *data = data.add(consumed);
            status
        };
        *len -= consumed;
        batch.fill(status, count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A batch of binary messages, as the engine would write it.
    fn batch(messages: &mut [[u8; 4]], status: sys::tw_status) -> Batch {
        let mut batch = Batch::new();
        for (event, message) in batch.events.iter_mut().zip(messages.iter_mut()) {
            event.write(sys::tw_event {
                data: message.as_mut_ptr(),
                len: 4,
                r#type: sys::TW_EVENT_MESSAGE,
                opcode: sys::TW_OPCODE_BINARY,
                flags: sys::TW_FRAME_FIN,
                reserved: 0,
                code: 0,
                offset: 0,
            });
        }
        batch.fill(status, messages.len());
        batch
    }

    #[test]
    fn a_batch_hands_out_what_was_written_and_no_more() {
        let mut messages = [*b"tide", *b"wire"];
        let mut batch = batch(&mut messages, sys::TW_OK);
        assert_eq!(batch.event(), None);
        assert!(batch.step() && !batch.is_done());
        assert_eq!(batch.event(), Some(Event::Binary(b"tide")));
        assert!(batch.step() && batch.is_done());
        assert_eq!(batch.event(), Some(Event::Binary(b"wire")));
        assert!(!batch.step() && !batch.step());
        assert_eq!(batch.event(), None);
    }

    #[test]
    fn a_batch_is_done_when_the_engine_has_no_more_either() {
        let mut batch = batch(&mut [], sys::TW_NEED_ROOM);
        assert!(!batch.is_done());
        assert!(batch.expect_done().is_err());
        batch.is_borrowed = true;
        assert!(batch.is_done());
        batch.end_borrow();
        assert!(batch.is_done() && batch.status == sys::TW_OK);
        batch.set_cap(0);
        assert_eq!(batch.cap, 1);
        batch.set_cap(usize::MAX);
        assert_eq!(batch.cap, EVENTS);
    }
}
