// SPDX-License-Identifier: MIT
//! What a connection tells of itself.

use core::time::Duration;

use tidewire_sys as sys;

use crate::Deflate;
use crate::raw::Raw;

/// How far a connection is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum State {
    /// The opening handshake is under way.
    Connecting,
    /// Messages go both ways.
    Open,
    /// One close frame was sent or received, or the connection failed: the other is missing.
    Closing,
    /// Nothing more is read or sent, but for the output that is queued.
    Closed,
}

/// What a connection waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wants(u32);

impl Wants {
    /// Input is expected.
    #[inline]
    #[must_use]
    pub const fn read(self) -> bool {
        self.0 & sys::TW_WANT_READ != 0
    }

    /// Output is queued.
    #[inline]
    #[must_use]
    pub const fn write(self) -> bool {
        self.0 & sys::TW_WANT_WRITE != 0
    }

    /// Nothing is left to read or write. A server closes the stream now; a client waits for the server to do so first
    /// (RFC 6455 7.1.1), with a time limit of its own.
    #[inline]
    #[must_use]
    pub const fn close(self) -> bool {
        self.0 & sys::TW_WANT_CLOSE != 0
    }

    /// The peer reads more slowly than is sent: send no more, and better read no more, until this goes.
    #[inline]
    #[must_use]
    pub const fn pause(self) -> bool {
        self.0 & sys::TW_WANT_PAUSE != 0
    }
}

/// What began the closing of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum CloseCause {
    /// Nothing yet.
    Nobody,
    /// A call of `close`.
    Us,
    /// The peer's close frame came first.
    Peer,
    /// The connection failed.
    Error,
}

/// How a connection ended, or is about to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CloseInfo {
    /// The close code in our close frame, 1005 where it has none; `None`: not queued yet.
    pub local_code: Option<u16>,
    /// The close code in the peer's close frame, 1005 where it has none; `None`: not received.
    pub remote_code: Option<u16>,
    /// What began it.
    pub cause: CloseCause,
}

/// What a connection did and holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Bytes taken from the stream, the opening handshake included.
    pub bytes_received: u64,
    /// Bytes queued.
    pub bytes_sent: u64,
    /// Whole messages.
    pub messages_received: u64,
    /// Messages queued.
    pub messages_sent: u64,
    /// Frames of all kinds.
    pub frames_received: u64,
    /// Frames of all kinds queued.
    pub frames_sent: u64,
    /// Pings, pongs, close frames.
    pub control_frames_received: u64,
    /// Pings, pongs, close frames queued.
    pub control_frames_sent: u64,
    /// Payload bytes of compressed messages, as received.
    pub deflated_received_len: u64,
    /// Payload bytes of the same messages after inflation.
    pub inflated_received_len: u64,
    /// Payload bytes of compressed messages, as queued.
    pub deflated_sent_len: u64,
    /// Payload bytes of the same messages before compression.
    pub inflated_sent_len: u64,
    /// Bytes that the engine holds for the connection now.
    pub held_len: u64,
    /// Of these, compression state that is kept between messages.
    pub context_len: u64,
    /// From the last ping of the engine to its pong.
    pub rtt: Option<Duration>,
}

impl Raw {
    #[inline]
    pub(crate) fn state(&self) -> State {
        // SAFETY: the connection is valid.
        match unsafe { sys::tw_conn_state(self.as_ptr()) } {
            sys::TW_STATE_CONNECTING => State::Connecting,
            sys::TW_STATE_OPEN => State::Open,
            sys::TW_STATE_CLOSING => State::Closing,
            _ => State::Closed,
        }
    }

    #[inline]
    pub(crate) fn wants(&self) -> Wants {
        // SAFETY: the connection is valid.
        Wants(unsafe { sys::tw_conn_wants(self.as_ptr()) })
    }

    #[inline]
    pub(crate) fn output_len(&self) -> usize {
        let mut len = 0;
        // SAFETY: both are valid.
        unsafe { sys::tw_conn_output_len(self.as_ptr(), &raw mut len) };
        len
    }

    pub(crate) fn close_info(&self) -> CloseInfo {
        let mut close = sys::tw_close { local_code: 0, remote_code: 0, cause: 0 };
        // SAFETY: both are valid.
        unsafe { sys::tw_conn_get_close(self.as_ptr(), &raw mut close) };
        let code = |code| Some(code).filter(|code| *code != 0);
        let cause = match close.cause {
            sys::TW_CLOSE_BY_NOBODY => CloseCause::Nobody,
            sys::TW_CLOSE_BY_US => CloseCause::Us,
            sys::TW_CLOSE_BY_PEER => CloseCause::Peer,
            _ => CloseCause::Error,
        };
        CloseInfo { local_code: code(close.local_code), remote_code: code(close.remote_code), cause }
    }

    pub(crate) fn deflate(&self) -> Deflate {
        let mut deflate = Deflate::default().raw();
        // SAFETY: both are valid.
        unsafe { sys::tw_conn_get_deflate(self.as_ptr(), &raw mut deflate) };
        Deflate::from_raw(deflate)
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut raw = sys::TW_CONN_STATS_INIT;
        // SAFETY: both are valid, and the struct knows its size.
        unsafe { sys::tw_conn_get_stats(self.as_ptr(), &raw mut raw) };
        Stats {
            bytes_received: raw.bytes_received,
            bytes_sent: raw.bytes_sent,
            messages_received: raw.messages_received,
            messages_sent: raw.messages_sent,
            frames_received: raw.frames_received,
            frames_sent: raw.frames_sent,
            control_frames_received: raw.control_frames_received,
            control_frames_sent: raw.control_frames_sent,
            deflated_received_len: raw.deflated_received_len,
            inflated_received_len: raw.inflated_received_len,
            deflated_sent_len: raw.deflated_sent_len,
            inflated_sent_len: raw.inflated_sent_len,
            held_len: raw.held_len,
            context_len: raw.context_len,
            rtt: Some(Duration::from_nanos(raw.rtt_ns)).filter(|rtt| !rtt.is_zero()),
        }
    }
}
