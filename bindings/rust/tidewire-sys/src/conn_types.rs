// SPDX-License-Identifier: MIT
//! Structs of the connection.

use core::ffi::{c_char, c_void};
use core::marker::{PhantomData, PhantomPinned};

use crate::types::{tw_allocator, tw_deflate, tw_deflate_config, tw_handshake_config, tw_pool, tw_random, tw_status};

/// One side of a WebSocket connection, without I/O.
#[repr(C)]
pub struct tw_conn {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

/// Where lines about connections go: `tw_conn_config.log`. `put_line` is called within calls of the connection and in
/// their thread, `tw_conn_create` and `tw_conn_destroy` included; it calls no function with this connection, nor
/// destroys it. `line` has `len` printable ASCII bytes, at most 512, without a line end and with a zero byte behind,
/// and is valid during the call; what a peer chose is quoted, escaped and cut.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_log {
    /// `level` is that of the line.
    pub put_line: Option<
        unsafe extern "C" fn(context: *mut c_void, conn: *const tw_conn, level: u32, line: *const c_char, len: usize),
    >,
    /// Passed on; outlives the connection. Where it differs, connections share no configuration.
    pub context: *mut c_void,
    /// `TW_LOG_...`: the most detailed that is wanted; not 0.
    pub level: u32,
    /// 0.
    pub reserved: u32,
}

/// What a connection is created with: its role, limits, times and memory.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_conn_config {
    /// Bytes.
    pub struct_size: usize,
    /// `TW_ROLE_...`
    pub role: u32,
    /// `TW_CONN_...`
    pub flags: u32,
    /// Payload bytes of a received frame; 0: 16 MiB.
    pub max_frame_len: u64,
    /// Payload bytes of a received message, inflated; 0: 16 MiB.
    pub max_message_len: u64,
    /// Bytes queued and not yet consumed; 0: 64 MiB.
    pub max_output_len: u64,
    /// Bytes held for this connection, see `tw_conn_stats`; 0: 128 MiB.
    pub max_memory_len: u64,
    /// `TW_WANT_PAUSE` from so many queued bytes on; 0: 1 MiB.
    pub output_high_len: u64,
    /// ... until no more than these are queued; 0: a quarter of `output_high_len`.
    pub output_low_len: u64,
    /// Frames of a received message; 0: 1024.
    pub max_fragments: u32,
    /// Control frames received in one second of `tw_conn_tick`; 0: 1000.
    pub max_control_rate: u32,
    /// From the first tick to `TW_EVENT_OPEN`; 0: 10 s.
    pub handshake_timeout_ns: u64,
    /// Without input; 0: 120 s.
    pub idle_timeout_ns: u64,
    /// Between two pings of the engine; 0: 20 s.
    pub ping_interval_ns: u64,
    /// For the answer to such a ping; 0: 20 s.
    pub pong_timeout_ns: u64,
    /// From the first byte of a message to its last; 0: 60 s.
    pub message_timeout_ns: u64,
    /// From the first close frame until all is read and written; 0: 10 s.
    pub close_timeout_ns: u64,
    /// Bytes of a read buffer at first, its own 32 included; 0: 8 KiB.
    pub read_len: u32,
    /// ... while reads fill it; 0: 256 KiB, or `read_len` where that is more.
    pub max_read_len: u32,
    /// Bytes of the first buffer of output; 0: 4 KiB.
    pub write_len: u32,
    /// Bytes from which on `TW_SEND_BORROW` does not copy; 0: 8 KiB.
    pub min_borrow_len: u32,
    /// NULL: the C library; copied.
    pub allocator: *const tw_allocator,
    /// NULL: the operating system's CSPRNG; copied.
    pub random: *const tw_random,
    /// NULL: buffers come from the allocator; outlives the connection.
    pub pool: *mut tw_pool,
    /// NULL: defaults; required for a client that does its handshake; copied.
    pub handshake: *const tw_handshake_config,
    /// NULL: no compression; copied.
    pub deflate: *const tw_deflate_config,
    /// What a handshake done elsewhere agreed on; only with `TW_CONN_UPGRADED` and deflate; copied.
    pub negotiated: *const tw_deflate,
    /// NULL: nothing is logged; copied.
    pub log: *const tw_log,
}

/// What the peer did.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_event {
    /// May be written to, and be NULL where len is 0; see Events at the top of this file.
    pub data: *mut u8,
    /// Bytes.
    pub len: u64,
    /// `TW_EVENT_...`
    pub r#type: u8,
    /// `TW_OPCODE_...` of the message or control frame; 0 for OPEN.
    pub opcode: u8,
    /// `TW_FRAME_FIN` for messages, last chunks and control frames.
    pub flags: u8,
    /// 0.
    pub reserved: u8,
    /// See `TW_EVENT_OPEN` and `TW_EVENT_CLOSE`; 0 otherwise.
    pub code: u32,
    /// In the received stream, of the first byte of the frame that completed the event.
    pub offset: u64,
}

/// Why a connection failed.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_error {
    /// Bytes.
    pub struct_size: usize,
    /// `TW_OK`: the connection has not failed.
    pub status: tw_status,
    /// That answered the failure; 1006 where none did, 0 in the handshake.
    pub close_code: u32,
    /// In the received stream, of the offending byte or frame.
    pub offset: u64,
    /// `tw_status_message`; static, as the two below.
    pub message: *const c_char,
    /// "RFC 6455 5.2"; NULL where no rule of an RFC was broken.
    pub section: *const c_char,
    /// The name of the limit in `tw_conn_config` or `tw_handshake_config`; NULL for none.
    pub limit: *const c_char,
}

/// How a connection ended, or is about to.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_close {
    /// In our close frame, 1005 where it has none; 0: not queued yet.
    pub local_code: u16,
    /// In the peer's, 1005 where it has none; 0: not received.
    pub remote_code: u16,
    /// `TW_CLOSE_BY_...`, the first of them.
    pub cause: u32,
}

/// What a connection did and holds.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_conn_stats {
    /// Bytes.
    pub struct_size: usize,
    /// Taken from the stream, the opening handshake included.
    pub bytes_received: u64,
    /// Queued.
    pub bytes_sent: u64,
    /// Whole ones.
    pub messages_received: u64,
    /// Queued.
    pub messages_sent: u64,
    /// Of all kinds.
    pub frames_received: u64,
    /// Queued; of all kinds.
    pub frames_sent: u64,
    /// Pings, pongs, close frames.
    pub control_frames_received: u64,
    /// Queued.
    pub control_frames_sent: u64,
    /// Payload bytes of compressed messages, as received.
    pub deflated_received_len: u64,
    /// The same messages after inflation.
    pub inflated_received_len: u64,
    /// Payload bytes of compressed messages, as queued.
    pub deflated_sent_len: u64,
    /// The same messages before compression.
    pub inflated_sent_len: u64,
    /// Bytes that the connection holds now, its own struct and all bookkeeping included.
    pub held_len: u64,
    /// Of these, compression state kept between messages.
    pub context_len: u64,
    /// From the last ping of `tw_conn_tick` to its pong, up to the next microsecond; 0: unknown.
    pub rtt_ns: u64,
}

/// Bytes with one or more holders, which may be in different threads.
#[repr(C)]
pub struct tw_lease {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

/// A message, or a fragment of one, as `tw_conn_send` takes it.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_message {
    /// May be NULL where len is 0.
    pub data: *const u8,
    /// Bytes.
    pub len: usize,
    /// `TW_OPCODE_TEXT`, `_BINARY` or `_CONTINUATION`.
    pub opcode: u32,
    /// `TW_SEND_...`
    pub flags: u32,
}

/// A message that is encoded once, and compressed once for each profile of compression, to be sent by many connections.
#[repr(C)]
pub struct tw_prepared {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}
