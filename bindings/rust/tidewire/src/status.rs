// SPDX-License-Identifier: MIT
//! What the engine says of a call.

use core::ffi::{CStr, c_char};
use core::fmt;

use tidewire_sys as sys;

/// What happened, as a number that never changes its meaning: the `TW_ERR_...` of the C interface.
///
/// ```
/// use tidewire::Status;
///
/// assert_eq!(Status::LIMIT_MESSAGE.name(), "TW_ERR_LIMIT_MESSAGE");
/// assert_eq!(Status::LIMIT_MESSAGE.limit(), Some("max_message_len"));
/// assert_eq!(Status::UTF8.section(), Some("RFC 6455 8.1"));
/// assert_eq!(Status::UTF8.close_code(), Some(1007));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Status(sys::tw_status);

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $value:ident,)*) => {
        impl Status {
            $($(#[$doc])* pub const $name: Self = Self(sys::$value);)*
        }
    };
}

statuses! {
    /// An argument has a value that is not allowed.
    ARGUMENT = TW_ERR_ARGUMENT,
    /// The object is in a state that does not allow this call.
    STATE = TW_ERR_STATE,
    /// This version of the library does not know what was asked for.
    UNSUPPORTED = TW_ERR_UNSUPPORTED,
    /// RFC 6455 5.6: the text to send is not UTF-8.
    TEXT = TW_ERR_TEXT,
    /// RFC 6455 5.5: the control frame to send has more than 125 bytes of payload.
    CONTROL_LENGTH = TW_ERR_CONTROL_LENGTH,
    /// RFC 6455 7.4: the close code to send must not appear in a close frame.
    SEND_CLOSE_CODE = TW_ERR_SEND_CLOSE_CODE,
    /// RFC 9110 5.5: a header to send would end its line, or is the engine's own.
    HEADER_INJECTION = TW_ERR_HEADER_INJECTION,
    /// RFC 6455 5.2: a reserved bit is set that no extension negotiated.
    RSV = TW_ERR_RSV,
    /// RFC 6455 5.2: the opcode is reserved.
    OPCODE = TW_ERR_OPCODE,
    /// RFC 6455 5.2: the payload length is not written in the shortest form.
    LENGTH_NOT_MINIMAL = TW_ERR_LENGTH_NOT_MINIMAL,
    /// RFC 6455 5.2: the payload length has its most significant bit set.
    LENGTH_TOO_LARGE = TW_ERR_LENGTH_TOO_LARGE,
    /// RFC 6455 5.1: a frame from a client is not masked.
    MASK_MISSING = TW_ERR_MASK_MISSING,
    /// RFC 6455 5.1: a frame from a server is masked.
    MASK_UNEXPECTED = TW_ERR_MASK_UNEXPECTED,
    /// RFC 6455 5.5: a control frame is fragmented.
    CONTROL_FRAGMENTED = TW_ERR_CONTROL_FRAGMENTED,
    /// RFC 6455 5.5: a control frame has more than 125 bytes of payload.
    CONTROL_TOO_LONG = TW_ERR_CONTROL_TOO_LONG,
    /// RFC 6455 5.4: a continuation frame outside a fragmented message.
    CONTINUATION = TW_ERR_CONTINUATION,
    /// RFC 6455 5.4: a new message inside a fragmented one.
    INTERLEAVED = TW_ERR_INTERLEAVED,
    /// RFC 6455 8.1: text is not UTF-8.
    UTF8 = TW_ERR_UTF8,
    /// RFC 6455 5.5.1: a close frame has a payload of one byte.
    CLOSE_LENGTH = TW_ERR_CLOSE_LENGTH,
    /// RFC 6455 7.4: a close frame has a code that must not be sent.
    CLOSE_CODE = TW_ERR_CLOSE_CODE,
    /// RFC 6455 5.5.1: the reason in a close frame is not UTF-8.
    CLOSE_REASON = TW_ERR_CLOSE_REASON,
    /// RFC 6455 7.1.5: the stream ended before the closing handshake.
    EOF = TW_ERR_EOF,
    /// RFC 7692 7.2.2: a compressed message is not DEFLATE data, or is cut.
    DEFLATE = TW_ERR_DEFLATE,
    /// RFC 9112 2: the head is not HTTP/1.1.
    HTTP_SYNTAX = TW_ERR_HTTP_SYNTAX,
    /// RFC 6455 4.1: the method is not GET.
    HTTP_METHOD = TW_ERR_HTTP_METHOD,
    /// RFC 6455 4.1: the HTTP version is not 1.1.
    HTTP_VERSION = TW_ERR_HTTP_VERSION,
    /// RFC 6455 4.2.1: there is not exactly one valid Host.
    HTTP_HOST = TW_ERR_HTTP_HOST,
    /// RFC 6455 4.2.1: Upgrade does not name websocket.
    HTTP_UPGRADE = TW_ERR_HTTP_UPGRADE,
    /// RFC 6455 4.2.1: Connection does not name Upgrade.
    HTTP_CONNECTION = TW_ERR_HTTP_CONNECTION,
    /// RFC 9110 7.8: the head announces a body.
    HTTP_BODY = TW_ERR_HTTP_BODY,
    /// RFC 6455 4.1: the server did not answer with status 101.
    HTTP_STATUS = TW_ERR_HTTP_STATUS,
    /// RFC 6455 4.2.1: Sec-WebSocket-Key is not one base64 value of 16 bytes.
    KEY = TW_ERR_KEY,
    /// RFC 6455 4.4: Sec-WebSocket-Version is not 13.
    VERSION = TW_ERR_VERSION,
    /// RFC 6455 4.1: Sec-WebSocket-Accept does not answer the key that was sent.
    ACCEPT = TW_ERR_ACCEPT,
    /// RFC 6455 10.2: the Origin is not allowed.
    ORIGIN = TW_ERR_ORIGIN,
    /// RFC 6455 4.1: Sec-WebSocket-Protocol is malformed, or was not offered.
    SUBPROTOCOL = TW_ERR_SUBPROTOCOL,
    /// RFC 6455 9.1: Sec-WebSocket-Extensions is malformed, or was not offered.
    EXTENSION = TW_ERR_EXTENSION,
    /// A frame is longer than `max_frame_len`.
    LIMIT_FRAME = TW_ERR_LIMIT_FRAME,
    /// A message is longer than `max_message_len`.
    LIMIT_MESSAGE = TW_ERR_LIMIT_MESSAGE,
    /// A message has more frames than `max_fragments`.
    LIMIT_FRAGMENTS = TW_ERR_LIMIT_FRAGMENTS,
    /// More than `max_output_len` would be queued.
    LIMIT_OUTPUT = TW_ERR_LIMIT_OUTPUT,
    /// More control frames came in a second than `max_control_rate`.
    LIMIT_CONTROL_RATE = TW_ERR_LIMIT_CONTROL_RATE,
    /// The connection would hold more than `max_memory_len`.
    LIMIT_MEMORY = TW_ERR_LIMIT_MEMORY,
    /// A compressed message expands more than `max_ratio`.
    LIMIT_RATIO = TW_ERR_LIMIT_RATIO,
    /// The head of the handshake is longer than `max_head_len`.
    LIMIT_HEAD = TW_ERR_LIMIT_HEAD,
    /// The handshake has more headers than `max_header_count`.
    LIMIT_HEADER_COUNT = TW_ERR_LIMIT_HEADER_COUNT,
    /// A line of the handshake is longer than `max_line_len`.
    LIMIT_LINE = TW_ERR_LIMIT_LINE,
    /// The opening handshake took `handshake_timeout_ns`.
    TIMEOUT_HANDSHAKE = TW_ERR_TIMEOUT_HANDSHAKE,
    /// Nothing was received for `idle_timeout_ns`.
    TIMEOUT_IDLE = TW_ERR_TIMEOUT_IDLE,
    /// A ping was not answered within `pong_timeout_ns`.
    TIMEOUT_PONG = TW_ERR_TIMEOUT_PONG,
    /// A message was incomplete for `message_timeout_ns`.
    TIMEOUT_MESSAGE = TW_ERR_TIMEOUT_MESSAGE,
    /// The closing handshake took `close_timeout_ns`.
    TIMEOUT_CLOSE = TW_ERR_TIMEOUT_CLOSE,
    /// The allocator returned no memory.
    NO_MEMORY = TW_ERR_NO_MEMORY,
    /// The random source failed.
    RANDOM = TW_ERR_RANDOM,
}

impl Status {
    /// The number.
    #[inline]
    #[must_use]
    pub const fn raw(self) -> i32 {
        self.0
    }

    /// The status with this number.
    #[inline]
    #[must_use]
    pub const fn from_raw(raw: i32) -> Self {
        Self(raw)
    }

    /// The name of the C interface's constant, such as `"TW_ERR_RSV"`.
    #[must_use]
    pub fn name(self) -> &'static str {
        text(sys::tw_status_name(self.0)).unwrap_or_default()
    }

    /// One sentence for people.
    #[must_use]
    pub fn message(self) -> &'static str {
        text(sys::tw_status_message(self.0)).unwrap_or_default()
    }

    /// The rule that was broken, such as `"RFC 6455 5.2"`, where it is one of an RFC.
    #[must_use]
    pub fn section(self) -> Option<&'static str> {
        text(sys::tw_status_section(self.0))
    }

    /// The limit that was reached, such as `"max_frame_len"`.
    #[must_use]
    pub fn limit(self) -> Option<&'static str> {
        text(sys::tw_status_limit(self.0))
    }

    /// The close code that tells the peer. That of [`Status::EOF`] is 1006, which is never sent.
    #[must_use]
    pub fn close_code(self) -> Option<u16> {
        Some(sys::tw_status_close_code(self.0)).filter(|code| *code != 0)
    }

    /// The HTTP status with which a server refuses an opening handshake.
    #[must_use]
    pub fn http_status(self) -> Option<u16> {
        Some(sys::tw_status_http_status(self.0)).filter(|status| *status != 0)
    }

    /// Whether the peer broke the protocol.
    #[must_use]
    pub const fn is_protocol(self) -> bool {
        matches!(self.0, -199..=-100)
    }

    /// Whether a limit was reached, or a time-out has passed.
    #[must_use]
    pub const fn is_limit(self) -> bool {
        matches!(self.0, -299..=-200)
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.0)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

/// A static string of the library, which is ASCII. `None` for NULL.
fn text(pointer: *const c_char) -> Option<&'static str> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: the library's strings are static and end with a zero byte.
    unsafe { CStr::from_ptr(pointer) }.to_str().ok()
}
