// SPDX-License-Identifier: MIT
//! The constants, with the types of the fields and parameters that take them.

use core::ffi::CStr;

use crate::types::tw_status;

/// Of this header: grows with a change that breaks programs.
pub const TW_VERSION_MAJOR: u32 = 0;
/// Grows with what is added.
pub const TW_VERSION_MINOR: u32 = 2;
/// Grows with what is mended.
pub const TW_VERSION_PATCH: u32 = 0;
/// The three as text.
pub const TW_VERSION_STRING: &CStr = c"0.2.0";
/// Of the binary interface: a program that was built for 1.0 runs with every 1.x.
pub const TW_ABI_MAJOR: u32 = 1;
/// Of the binary interface: a higher one only adds.
pub const TW_ABI_MINOR: u32 = 1;
/// Done.
pub const TW_OK: tw_status = 0;
/// The input ends before the result.
pub const TW_NEED_INPUT: tw_status = 1;
/// The output has no room for the result.
pub const TW_NEED_ROOM: tw_status = 2;
/// A required pointer is NULL.
pub const TW_ERR_NULL: tw_status = -1;
/// An argument has a value that is not allowed.
pub const TW_ERR_ARGUMENT: tw_status = -2;
/// The object is in a state that does not allow this call.
pub const TW_ERR_STATE: tw_status = -3;
/// This version of the library does not know what was asked for.
pub const TW_ERR_UNSUPPORTED: tw_status = -4;
/// 5.6: the text to send is not UTF-8.
pub const TW_ERR_TEXT: tw_status = -5;
/// 5.5: the control frame to send has more than 125 bytes of payload.
pub const TW_ERR_CONTROL_LENGTH: tw_status = -6;
/// 7.4: the close code to send must not appear in a close frame.
pub const TW_ERR_SEND_CLOSE_CODE: tw_status = -7;
/// RFC 9110 5.5: a header to send would end its line, or is the engine's own.
pub const TW_ERR_HEADER_INJECTION: tw_status = -8;
/// No kernel of this name runs on this processor.
pub const TW_ERR_KERNEL: tw_status = -9;
/// 5.2: a reserved bit is set that no extension negotiated.
pub const TW_ERR_RSV: tw_status = -100;
/// 5.2: the opcode is reserved.
pub const TW_ERR_OPCODE: tw_status = -101;
/// 5.2: the payload length is not written in the shortest form.
pub const TW_ERR_LENGTH_NOT_MINIMAL: tw_status = -102;
/// 5.2: the payload length has its most significant bit set.
pub const TW_ERR_LENGTH_TOO_LARGE: tw_status = -103;
/// 5.1: a frame from a client is not masked.
pub const TW_ERR_MASK_MISSING: tw_status = -104;
/// 5.1: a frame from a server is masked.
pub const TW_ERR_MASK_UNEXPECTED: tw_status = -105;
/// 5.5: a control frame is fragmented.
pub const TW_ERR_CONTROL_FRAGMENTED: tw_status = -106;
/// 5.5: a control frame has more than 125 bytes of payload.
pub const TW_ERR_CONTROL_TOO_LONG: tw_status = -107;
/// 5.4: a continuation frame outside a fragmented message.
pub const TW_ERR_CONTINUATION: tw_status = -108;
/// 5.4: a new message inside a fragmented one.
pub const TW_ERR_INTERLEAVED: tw_status = -109;
/// 8.1: text is not UTF-8.
pub const TW_ERR_UTF8: tw_status = -110;
/// 5.5.1: a close frame has a payload of one byte.
pub const TW_ERR_CLOSE_LENGTH: tw_status = -111;
/// 7.4: a close frame has a code that must not be sent.
pub const TW_ERR_CLOSE_CODE: tw_status = -112;
/// 5.5.1: the reason in a close frame is not UTF-8.
pub const TW_ERR_CLOSE_REASON: tw_status = -113;
/// 7.1.5: the stream ended before the closing handshake.
pub const TW_ERR_EOF: tw_status = -114;
/// RFC 7692 7.2.2: a compressed message is not DEFLATE data, or is cut.
pub const TW_ERR_DEFLATE: tw_status = -115;
/// RFC 9112 2: the head is not HTTP/1.1.
pub const TW_ERR_HTTP_SYNTAX: tw_status = -130;
/// 4.1: the method is not GET.
pub const TW_ERR_HTTP_METHOD: tw_status = -131;
/// 4.1: the HTTP version is not 1.1.
pub const TW_ERR_HTTP_VERSION: tw_status = -132;
/// 4.2.1: there is not exactly one valid Host.
pub const TW_ERR_HTTP_HOST: tw_status = -133;
/// 4.2.1: Upgrade does not name websocket.
pub const TW_ERR_HTTP_UPGRADE: tw_status = -134;
/// 4.2.1: Connection does not name Upgrade.
pub const TW_ERR_HTTP_CONNECTION: tw_status = -135;
/// RFC 9110 7.8: the head announces a body.
pub const TW_ERR_HTTP_BODY: tw_status = -136;
/// 4.1: the server did not answer with status 101.
pub const TW_ERR_HTTP_STATUS: tw_status = -137;
/// 4.2.1: Sec-WebSocket-Key is not one base64 value of 16 bytes.
pub const TW_ERR_KEY: tw_status = -140;
/// 4.4: Sec-WebSocket-Version is not 13.
pub const TW_ERR_VERSION: tw_status = -141;
/// 4.1: Sec-WebSocket-Accept does not answer the key that was sent.
pub const TW_ERR_ACCEPT: tw_status = -142;
/// 10.2: the Origin is not allowed.
pub const TW_ERR_ORIGIN: tw_status = -143;
/// 4.1: Sec-WebSocket-Protocol is malformed, or was not offered.
pub const TW_ERR_SUBPROTOCOL: tw_status = -144;
/// 9.1: Sec-WebSocket-Extensions is malformed, or was not offered.
pub const TW_ERR_EXTENSION: tw_status = -145;
/// A frame is longer than `max_frame_len`.
pub const TW_ERR_LIMIT_FRAME: tw_status = -200;
/// A message is longer than `max_message_len`.
pub const TW_ERR_LIMIT_MESSAGE: tw_status = -201;
/// A message has more frames than `max_fragments`.
pub const TW_ERR_LIMIT_FRAGMENTS: tw_status = -202;
/// More than `max_output_len` would be queued.
pub const TW_ERR_LIMIT_OUTPUT: tw_status = -203;
/// More control frames came in a second than `max_control_rate`.
pub const TW_ERR_LIMIT_CONTROL_RATE: tw_status = -204;
/// The connection would hold more than `max_memory_len`.
pub const TW_ERR_LIMIT_MEMORY: tw_status = -205;
/// A compressed message expands more than `max_ratio`.
pub const TW_ERR_LIMIT_RATIO: tw_status = -206;
/// The head of the handshake is longer than `max_head_len`.
pub const TW_ERR_LIMIT_HEAD: tw_status = -210;
/// The handshake has more headers than `max_header_count`.
pub const TW_ERR_LIMIT_HEADER_COUNT: tw_status = -211;
/// A line of the handshake is longer than `max_line_len`.
pub const TW_ERR_LIMIT_LINE: tw_status = -212;
/// The opening handshake took `handshake_timeout_ns`.
pub const TW_ERR_TIMEOUT_HANDSHAKE: tw_status = -220;
/// Nothing was received for `idle_timeout_ns`.
pub const TW_ERR_TIMEOUT_IDLE: tw_status = -221;
/// A ping was not answered within `pong_timeout_ns`.
pub const TW_ERR_TIMEOUT_PONG: tw_status = -222;
/// A message was incomplete for `message_timeout_ns`.
pub const TW_ERR_TIMEOUT_MESSAGE: tw_status = -223;
/// The closing handshake took `close_timeout_ns`.
pub const TW_ERR_TIMEOUT_CLOSE: tw_status = -224;
/// The allocator returned no memory.
pub const TW_ERR_NO_MEMORY: tw_status = -300;
/// The random source failed.
pub const TW_ERR_RANDOM: tw_status = -301;
/// A further fragment.
pub const TW_OPCODE_CONTINUATION: u8 = 0;
/// UTF-8.
pub const TW_OPCODE_TEXT: u8 = 1;
/// Any bytes.
pub const TW_OPCODE_BINARY: u8 = 2;
/// Control frame: the last one of its sender.
pub const TW_OPCODE_CLOSE: u8 = 8;
/// Control frame: to be answered.
pub const TW_OPCODE_PING: u8 = 9;
/// Control frame: the answer, with the payload of the ping.
pub const TW_OPCODE_PONG: u8 = 10;
/// The last fragment, or the only one.
pub const TW_FRAME_FIN: u8 = 0x80;
/// A compressed message, where that was negotiated.
pub const TW_FRAME_RSV1: u8 = 0x40;
/// Reserved.
pub const TW_FRAME_RSV2: u8 = 0x20;
/// Reserved.
pub const TW_FRAME_RSV3: u8 = 0x10;
/// `tw_frame.masking_key` is set.
pub const TW_FRAME_MASKED: u8 = 0x01;
/// Bytes of a header at most.
pub const TW_FRAME_HEADER_MAX: usize = 14;
/// Bytes of a control frame's payload at most.
pub const TW_CONTROL_PAYLOAD_MAX: usize = 125;
/// What a server receives: `TW_ERR_MASK_MISSING` otherwise.
pub const TW_DECODE_REQUIRE_MASKED: u32 = 0x01;
/// What a client receives: `TW_ERR_MASK_UNEXPECTED` otherwise.
pub const TW_DECODE_REQUIRE_UNMASKED: u32 = 0x02;
/// Whole text frames (FIN, no RSV bit) must be UTF-8: `TW_ERR_UTF8`.
pub const TW_DECODE_VALIDATE_TEXT: u32 = 0x04;
/// An extension negotiated the bit.
pub const TW_DECODE_ALLOW_RSV1: u32 = 0x40;
/// An extension negotiated the bit.
pub const TW_DECODE_ALLOW_RSV2: u32 = 0x20;
/// An extension negotiated the bit.
pub const TW_DECODE_ALLOW_RSV3: u32 = 0x10;
/// Classes of a pool.
pub const TW_POOL_CLASSES_MAX: usize = 16;
/// This side may refer to its earlier messages.
pub const TW_DEFLATE_SEND_TAKEOVER: u8 = 0x1;
/// The peer may.
pub const TW_DEFLATE_RECEIVE_TAKEOVER: u8 = 0x2;
/// In a server's `tw_agreement`: the response must tell `send_window_bits`.
pub const TW_DEFLATE_WINDOW_ASKED: u8 = 0x4;
/// Sec-WebSocket-Key: base64 of 16 bytes.
pub const TW_KEY_LEN: usize = 24;
/// Sec-WebSocket-Accept: base64 of a SHA-1.
pub const TW_ACCEPT_LEN: usize = 28;
/// Server: accept every Origin. The default accepts a request without Origin (not a browser), the same origin (host and
/// port equal Host), and `origins`.
pub const TW_HANDSHAKE_ANY_ORIGIN: u32 = 0x1;
/// Answers the handshake; its frames are not masked.
pub const TW_ROLE_SERVER: u32 = 0;
/// Begins the handshake; its frames are masked.
pub const TW_ROLE_CLIENT: u32 = 1;
/// A connection failed: one line with the status, the rule or limit, and the offset.
pub const TW_LOG_ERROR: u32 = 1;
/// It opened, with what was negotiated; it was closed, with both codes, or destroyed before.
pub const TW_LOG_INFO: u32 = 2;
/// Control frames, and pauses of the output.
pub const TW_LOG_DEBUG: u32 = 3;
/// A time-out that never comes, a limit that is never reached.
pub const TW_NEVER: u64 = u64::MAX;
/// The handshake was done elsewhere: the stream starts with frames.
pub const TW_CONN_UPGRADED: u32 = 0x1;
/// Messages are not assembled: `TW_EVENT_CHUNK` instead of `TW_EVENT_MESSAGE`.
pub const TW_CONN_STREAM: u32 = 0x2;
/// Pings are not answered: call `tw_conn_pong`.
pub const TW_CONN_MANUAL_PONG: u32 = 0x4;
/// A close frame is not answered: call `tw_conn_close`.
pub const TW_CONN_MANUAL_CLOSE: u32 = 0x8;
/// Against RFC 6455, for peers under the same control: text is not validated, and a frame may be masked or not whatever
/// the role of its sender.
pub const TW_CONN_TRUSTED: u32 = 0x10;
/// Like `TW_CONN_STREAM`, of messages of several frames alone: a message of one frame comes whole.
pub const TW_CONN_STREAM_FRAGMENTED: u32 = 0x20;
/// Handshake done; data: the peer's head, code: the subprotocol's position plus 1, or 0.
pub const TW_EVENT_OPEN: u8 = 1;
/// Opcode: TEXT or BINARY; data: the whole message.
pub const TW_EVENT_MESSAGE: u8 = 2;
/// Data: payload. The pong is queued, unless a close frame was sent; while the output is above `output_high_len`, only
/// the latest ping is answered, later.
pub const TW_EVENT_PING: u8 = 3;
/// Data: payload. The answer to a ping of `tw_conn_tick` is not reported.
pub const TW_EVENT_PONG: u8 = 4;
/// Code: the peer's close code, 1005 where it sent none; data: the reason, UTF-8.
pub const TW_EVENT_CLOSE: u8 = 5;
/// Data: a part, which may end inside a code point; opcode: TEXT or BINARY in a message's first, then CONTINUATION;
/// FIN: the last.
pub const TW_EVENT_CHUNK: u8 = 6;
/// More fragments of this message follow; they have opcode `TW_OPCODE_CONTINUATION`.
pub const TW_SEND_MORE: u32 = 0x1;
/// The caller vouches for the text: for all fragments of a message, or for none.
pub const TW_SEND_VALID_UTF8: u32 = 0x2;
/// Compress it whatever its length, where compression was negotiated; a message of `min_len` or more, judged by its
/// first fragment, is without the flag. First fragment only.
pub const TW_SEND_COMPRESS: u32 = 0x4;
/// Do not compress it; first fragment only.
pub const TW_SEND_NO_COMPRESS: u32 = 0x8;
/// Data may be used until all output up to its end was consumed, or the connection is destroyed: from `min_borrow_len`
/// on it is then not copied, but for what is masked or compressed.
pub const TW_SEND_BORROW: u32 = 0x10;
/// With `TW_SEND_BORROW`, of a client: data may be masked where it lies, not copied.
pub const TW_SEND_MASK_IN_PLACE: u32 = 0x20;
/// Opening handshake.
pub const TW_STATE_CONNECTING: u32 = 0;
/// Messages go both ways.
pub const TW_STATE_OPEN: u32 = 1;
/// One close frame was sent or received, or the connection failed: the other is missing.
pub const TW_STATE_CLOSING: u32 = 2;
/// Nothing more is read or sent, but for the output that is queued.
pub const TW_STATE_CLOSED: u32 = 3;
/// Input is expected.
pub const TW_WANT_READ: u32 = 1;
/// Output is queued.
pub const TW_WANT_WRITE: u32 = 2;
/// Nothing is left to read or write. A server closes the socket now; a client waits for the server to do so first (RFC
/// 6455 7.1.1), with a time limit of its own.
pub const TW_WANT_CLOSE: u32 = 4;
/// The peer reads more slowly than is sent: send no more, and better read no more, until it goes. Who reads no more
/// sees no pong: `pong_timeout_ns` bounds the pause.
pub const TW_WANT_PAUSE: u32 = 8;
/// Not yet.
pub const TW_CLOSE_BY_NOBODY: u32 = 0;
/// `tw_conn_close`.
pub const TW_CLOSE_BY_US: u32 = 1;
/// Its close frame came first.
pub const TW_CLOSE_BY_PEER: u32 = 2;
/// The connection failed, see `tw_conn_get_error`.
pub const TW_CLOSE_BY_ERROR: u32 = 3;
