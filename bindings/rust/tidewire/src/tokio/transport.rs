// SPDX-License-Identifier: MIT
//! An asynchronous stream as the state machine sees it, and who waits for it.

use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};
use core::time::Duration;
use std::boxed::Box;
use std::io::{IoSlice, Result};
use std::sync::Arc;
use std::task::Wake;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::clock::Clock;
use crate::ReadBuffer;
use crate::stream::Io;

/// A stream, for the time of one poll.
pub(super) struct Transport<'a, 'c, S> {
    pub(super) stream: &'a mut S,
    pub(super) clock: &'a mut Option<Box<Clock>>,
    pub(super) cx: &'a mut Context<'c>,
    /// Somebody else who waits for this stream to take output.
    pub(super) other: Option<&'a Waker>,
}

impl<S: AsyncWrite + Unpin> Transport<'_, '_, S> {
    /// Polls the stream for output. A stream remembers one waker: where another task waits too, it gets both.
    fn poll_output<T>(
        &mut self,
        mut poll: impl FnMut(Pin<&mut S>, &mut Context<'_>) -> Poll<Result<T>>,
    ) -> Poll<Result<T>> {
        let result = poll(Pin::new(self.stream), self.cx);
        match self.other {
            Some(other) if result.is_pending() && !other.will_wake(self.cx.waker()) => {
                let both = Waker::from(Arc::new(Both([other.clone(), self.cx.waker().clone()])));
                poll(Pin::new(self.stream), &mut Context::from_waker(&both))
            }
            _ => result,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Io for Transport<'_, '_, S> {
    const BLOCKS: bool = false;

    #[inline]
    fn poll_read(&mut self, room: &mut ReadBuffer<'_>) -> Poll<Result<usize>> {
        let room_start = room.uninit().as_ptr().cast();
        let mut buf = ReadBuf::uninit(room.uninit());
        ready!(Pin::new(&mut *self.stream).poll_read(self.cx, &mut buf))?;
        assert_eq!(buf.filled().as_ptr(), room_start, "the stream put another buffer in the place of ours");
        let len = buf.filled().len();
        // SAFETY: a `ReadBuf` counts as filled what is initialised, and it is that of this room.
        unsafe { room.assume_initialized(len) };
        Poll::Ready(Ok(len))
    }

    fn poll_read_slice(&mut self, room: &mut [u8]) -> Poll<Result<usize>> {
        let mut buf = ReadBuf::new(room);
        ready!(Pin::new(&mut *self.stream).poll_read(self.cx, &mut buf))?;
        Poll::Ready(Ok(buf.filled().len()))
    }

    #[inline]
    fn poll_write(&mut self, slices: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        self.poll_output(|stream, cx| match slices {
            [slice] => stream.poll_write(cx, slice),
            _ => stream.poll_write_vectored(cx, slices),
        })
    }

    #[inline]
    fn poll_flush(&mut self) -> Poll<Result<()>> {
        self.poll_output(S::poll_flush)
    }

    fn poll_shutdown(&mut self) -> Poll<Result<()>> {
        self.poll_output(S::poll_shutdown)
    }

    fn yield_now(&mut self) -> bool {
        self.cx.waker().wake_by_ref();
        true
    }

    fn start_clock(&mut self) {
        if self.clock.is_none() {
            *self.clock = Clock::start();
        }
    }

    #[inline]
    fn now(&mut self) -> Option<Duration> {
        self.clock.as_ref().map(|clock| clock.now())
    }

    fn poll_alarm(&mut self, deadline: Duration) -> Poll<()> {
        self.clock.as_mut().map_or(Poll::Pending, |clock| clock.poll(deadline, self.cx))
    }
}

/// Wakes two tasks.
struct Both([Waker; 2]);

impl Wake for Both {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.iter().for_each(Waker::wake_by_ref);
    }
}
