// SPDX-License-Identifier: MIT
//! A blocking stream as the state machine sees it.

use core::task::Poll;
use core::time::Duration;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::time::Instant;

use crate::stream::Io;
use crate::{Error, ReadBuffer};

/// A stream, for the time of one call.
pub(super) struct Transport<'a, S> {
    stream: &'a mut S,
    /// When the opening handshake began; otherwise there is no clock.
    start: Option<Instant>,
    /// Why the last operation is to be made again.
    blocked: Option<io::Error>,
}

impl<'a, S: Read + Write> Transport<'a, S> {
    pub(super) fn new(stream: &'a mut S) -> Self {
        Self { stream, start: None, blocked: None }
    }

    /// The stream of an opening handshake, whose time-out is looked at between reads: for what comes in many small
    /// pieces. Nothing rings while one of them waits.
    pub(super) fn for_opening(stream: &'a mut S) -> Self {
        Self { stream, start: Some(Instant::now()), blocked: None }
    }

    /// The result of a call, where "pending" is the stream's error.
    pub(super) fn finish<T>(self, result: Poll<Result<T, Error>>) -> Result<T, Error> {
        match result {
            Poll::Ready(result) => result,
            Poll::Pending => Err(self.blocked.unwrap_or_else(|| ErrorKind::WouldBlock.into()).into()),
        }
    }

    fn poll<T>(&mut self, mut call: impl FnMut(&mut S) -> io::Result<T>) -> Poll<io::Result<T>> {
        loop {
            match call(self.stream) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    self.blocked = Some(error);
                    return Poll::Pending;
                }
                result => return Poll::Ready(result),
            }
        }
    }
}

impl<S: Read + Write> Io for Transport<'_, S> {
    const BLOCKS: bool = true;

    fn poll_read(&mut self, room: &mut ReadBuffer<'_>) -> Poll<io::Result<usize>> {
        // `Read` may look at the room, which therefore must be initialised.
        let room = room.initialized();
        self.poll(|stream| stream.read(room))
    }

    fn poll_read_slice(&mut self, room: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll(|stream| stream.read(room))
    }

    fn poll_write(&mut self, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.poll(|stream| stream.write_vectored(slices))
    }

    fn poll_flush(&mut self) -> Poll<io::Result<()>> {
        self.poll(Write::flush)
    }

    /// `Write` has no word for it: the stream ends when it is dropped.
    fn poll_shutdown(&mut self) -> Poll<io::Result<()>> {
        self.poll(Write::flush)
    }

    fn yield_now(&mut self) -> bool {
        false
    }

    fn start_clock(&mut self) {}

    fn now(&mut self) -> Option<Duration> {
        self.start.as_ref().map(Instant::elapsed)
    }

    fn poll_alarm(&mut self, _deadline: Duration) -> Poll<()> {
        Poll::Pending
    }
}
