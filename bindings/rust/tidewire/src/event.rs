// SPDX-License-Identifier: MIT
//! What the peer did.

use core::{slice, str};

use tidewire_sys as sys;

/// What a message, or a fragment of one, consists of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Opcode {
    /// A further fragment of the message that was begun.
    Continuation,
    /// UTF-8.
    Text,
    /// Any bytes.
    Binary,
}

impl Opcode {
    #[inline]
    pub(crate) const fn raw(self) -> u32 {
        (match self {
            Self::Continuation => sys::TW_OPCODE_CONTINUATION,
            Self::Text => sys::TW_OPCODE_TEXT,
            Self::Binary => sys::TW_OPCODE_BINARY,
        }) as u32
    }
}

/// What the peer did. The bytes lie in the buffer that was fed, or in the connection: `'a` ends with the next call that
/// takes input. [`Connection::detach`](crate::Connection::detach) moves them out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The opening handshake is done.
    Open {
        /// The peer's request or response.
        head: &'a [u8],
        /// The position of the chosen subprotocol in [`Config::subprotocols`](crate::Config::subprotocols).
        subprotocol: Option<usize>,
    },
    /// A whole message of text.
    Text(&'a str),
    /// A whole message of bytes.
    Binary(&'a [u8]),
    /// A ping. The pong that answers it is queued, unless [`Config::manual_pong`](crate::Config::manual_pong) is set.
    Ping(&'a [u8]),
    /// A pong that answers no ping of the engine.
    Pong(&'a [u8]),
    /// The peer's close frame.
    Close {
        /// Its close code; 1005 where it has none.
        code: u16,
        /// Its reason.
        reason: &'a str,
    },
    /// A part of a message that is not assembled.
    Chunk {
        /// `Text` or `Binary` in the first part of a message, then `Continuation`.
        opcode: Opcode,
        /// The bytes. In a text they may end inside a code point.
        data: &'a [u8],
        /// Whether it is the last part of the message.
        is_last: bool,
    },
}

impl<'a> Event<'a> {
    /// # Safety
    ///
    /// The engine wrote `event`, its data stays valid during `'a`, and is not written to.
    #[inline]
    pub(crate) unsafe fn from_raw(event: &sys::tw_event) -> Self {
        // Lengths in memory are no longer than a usize.
        #[allow(clippy::cast_possible_truncation)]
        let data: &'a [u8] = if event.len == 0 {
            &[]
        } else {
            // SAFETY: the data is valid during 'a, as the caller says.
            unsafe { slice::from_raw_parts(event.data, event.len as usize) }
        };
        match event.r#type {
            sys::TW_EVENT_MESSAGE if event.opcode == sys::TW_OPCODE_TEXT => {
                // SAFETY: the engine validated the text, or who made the configuration vouched for it.
                Self::Text(unsafe { str::from_utf8_unchecked(data) })
            }
            sys::TW_EVENT_MESSAGE => Self::Binary(data),
            sys::TW_EVENT_PING => Self::Ping(data),
            sys::TW_EVENT_PONG => Self::Pong(data),
            sys::TW_EVENT_CHUNK => Self::Chunk {
                opcode: match event.opcode {
                    sys::TW_OPCODE_TEXT => Opcode::Text,
                    sys::TW_OPCODE_BINARY => Opcode::Binary,
                    _ => Opcode::Continuation,
                },
                data,
                is_last: event.flags & sys::TW_FRAME_FIN != 0,
            },
            sys::TW_EVENT_CLOSE => {
                // SAFETY: the engine validates reasons whatever the configuration.
                let reason = unsafe { str::from_utf8_unchecked(data) };
                // Close codes have 16 bits on the wire.
                #[allow(clippy::cast_possible_truncation)]
                let code = event.code as u16;
                Self::Close { code, reason }
            }
            // OPEN: the engine knows no other type unless it is asked for it.
            _ => Self::Open { head: data, subprotocol: (event.code as usize).checked_sub(1) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(kind: u8, opcode: u8, code: u32, data: &mut [u8]) -> sys::tw_event {
        let len = data.len() as u64;
        let flags = if kind == sys::TW_EVENT_CHUNK { 0 } else { sys::TW_FRAME_FIN };
        sys::tw_event { data: data.as_mut_ptr(), len, r#type: kind, opcode, flags, reserved: 0, code, offset: 0 }
    }

    #[test]
    fn events_say_what_c_says() {
        let mut data = *b"tide";
        let mut check = |kind, opcode, code, expected| {
            let event = raw(kind, opcode, code, &mut data);
            // SAFETY: the data outlives the event.
            assert_eq!(unsafe { Event::from_raw(&event) }, expected);
        };
        check(sys::TW_EVENT_MESSAGE, sys::TW_OPCODE_TEXT, 0, Event::Text("tide"));
        check(sys::TW_EVENT_MESSAGE, sys::TW_OPCODE_BINARY, 0, Event::Binary(b"tide"));
        check(sys::TW_EVENT_PING, sys::TW_OPCODE_PING, 0, Event::Ping(b"tide"));
        check(sys::TW_EVENT_PONG, sys::TW_OPCODE_PONG, 0, Event::Pong(b"tide"));
        check(sys::TW_EVENT_CLOSE, sys::TW_OPCODE_CLOSE, 4999, Event::Close { code: 4999, reason: "tide" });
        check(sys::TW_EVENT_OPEN, 0, 0, Event::Open { head: b"tide", subprotocol: None });
        check(sys::TW_EVENT_OPEN, 0, 3, Event::Open { head: b"tide", subprotocol: Some(2) });
        for (raw, opcode) in [
            (sys::TW_OPCODE_TEXT, Opcode::Text),
            (sys::TW_OPCODE_BINARY, Opcode::Binary),
            (sys::TW_OPCODE_CONTINUATION, Opcode::Continuation),
        ] {
            assert_eq!(opcode.raw(), u32::from(raw));
            check(sys::TW_EVENT_CHUNK, raw, 0, Event::Chunk { opcode, data: b"tide", is_last: false });
        }
    }

    #[test]
    fn an_event_without_data_may_point_nowhere() {
        let mut event = raw(sys::TW_EVENT_MESSAGE, sys::TW_OPCODE_TEXT, 0, &mut []);
        event.data = core::ptr::null_mut();
        // SAFETY: there is no data.
        assert_eq!(unsafe { Event::from_raw(&event) }, Event::Text(""));
    }
}
