// SPDX-License-Identifier: MIT
//! A stream of bytes and a clock, as the state machine sees them.

use core::task::Poll;
use core::time::Duration;
use std::io::{IoSlice, Result};

use crate::ReadBuffer;

/// What a [`Session`](super::Session) needs of the world. `Poll::Pending` means: nothing was done, try again later.
pub(crate) trait Io {
    /// Whether reading may wait instead of returning `Pending`: what is queued is then written before.
    const BLOCKS: bool;

    /// Reads into `room`, which then has so many initialised bytes; 0 is the end of the stream.
    fn poll_read(&mut self, room: &mut ReadBuffer<'_>) -> Poll<Result<usize>>;

    /// Reads into memory of the caller's; 0 bytes is the end of the stream.
    fn poll_read_slice(&mut self, room: &mut [u8]) -> Poll<Result<usize>>;

    /// Writes some of `slices`, which are not all empty, and tells how much.
    fn poll_write(&mut self, slices: &[IoSlice<'_>]) -> Poll<Result<usize>>;

    /// Pushes on what was written.
    fn poll_flush(&mut self) -> Poll<Result<()>>;

    /// Ends our direction of the stream.
    fn poll_shutdown(&mut self) -> Poll<Result<()>>;

    /// Has the caller come again after others had their turn. Returns whether it will.
    fn yield_now(&mut self) -> bool;

    /// Has a clock from now on, where one can be had.
    fn start_clock(&mut self);

    /// The time since some moment; `None` without a clock.
    fn now(&mut self) -> Option<Duration>;

    /// Ready when the time is `deadline`.
    fn poll_alarm(&mut self, deadline: Duration) -> Poll<()>;
}
