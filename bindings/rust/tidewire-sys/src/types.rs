// SPDX-License-Identifier: MIT
//! Structs of kernels, frames, the pool, compression and the handshake.

use core::ffi::{c_char, c_void};
use core::marker::{PhantomData, PhantomPinned};

use crate::constants::TW_ACCEPT_LEN;

/// What happened; the numbers are `TW_OK`, `TW_NEED_...` and `TW_ERR_...`.
pub type tw_status = i32;

/// Bytes owned by somebody else.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_view {
    /// May be NULL where len is 0.
    pub data: *const u8,
    /// Bytes.
    pub len: usize,
}

/// Where an object takes memory from.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_allocator {
    /// Aligned as malloc aligns; NULL: no memory.
    pub allocate: Option<unsafe extern "C" fn(context: *mut c_void, size: usize) -> *mut c_void>,
    /// `size` as it was asked for.
    pub release: Option<unsafe extern "C" fn(context: *mut c_void, memory: *mut c_void, size: usize)>,
    /// Passed on.
    pub context: *mut c_void,
}

/// Where unpredictable bytes come from (RFC 6455 10.3). `fill` writes `len` bytes and returns 0.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_random {
    /// Anything but 0: `TW_ERR_RANDOM`.
    pub fill: Option<unsafe extern "C" fn(context: *mut c_void, out: *mut u8, len: usize) -> i32>,
    /// Passed on.
    pub context: *mut c_void,
}

/// A validation in progress; {0} is the start.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_utf8 {
    /// Private.
    pub state: u32,
}

/// One frame.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_frame {
    /// Of a decoded frame: points into the buffer that was decoded, unmasked.
    pub payload: *mut u8,
    /// Bytes.
    pub payload_len: u64,
    /// 0.
    pub reserved: u8,
    /// `TW_OPCODE_...`
    pub opcode: u8,
    /// `TW_FRAME_...`
    pub flags: u8,
    /// Bytes; ignored by encoders.
    pub header_len: u8,
    /// As on the wire; zero where the frame is not masked.
    pub masking_key: [u8; 4],
    /// Of the frame's first byte in the data; ignored by encoders.
    pub offset: u64,
}

/// Buffers in size classes, shared by connections.
#[repr(C)]
pub struct tw_pool {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

/// A size class.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_pool_class {
    /// Bytes of a buffer.
    pub len: u64,
    /// Buffers kept for reuse; 0: as many as `max_idle_len` allows.
    pub max_idle: u64,
}

/// How a pool keeps buffers.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_pool_config {
    /// Bytes.
    pub struct_size: usize,
    /// NULL: the C library; copied.
    pub allocator: *const tw_allocator,
    /// Bytes kept for reuse, those kept by threads included; 0: 16 MiB.
    pub max_idle_len: u64,
    /// Ascending lengths; NULL: 256 B, 1, 4, 8, 16 and 64 KiB; copied.
    pub classes: *const tw_pool_class,
    /// At most `TW_POOL_CLASSES_MAX`.
    pub class_count: usize,
}

/// What a pool did and holds.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_pool_stats {
    /// Bytes.
    pub struct_size: usize,
    /// Acquisitions served from idle buffers.
    pub hits: u64,
    /// Acquisitions that asked the allocator.
    pub misses: u64,
    /// Releases that went back to the allocator because a cap on idle buffers was reached.
    pub drops: u64,
    /// Bytes of acquired buffers.
    pub in_use_len: u64,
    /// Bytes kept for reuse.
    pub idle_len: u64,
    /// Bytes: the `high_water` of all classes, and of what is longer, together.
    pub high_water_len: u64,
    /// Acquisitions longer than the largest class and a quarter of `max_idle_len` (of an exact length: all of it):
    /// never kept, no hit and no miss.
    pub huge: u64,
    /// Of `tw_pool_get_class_stats`.
    pub class_count: u64,
}

/// What a pool did and holds in buffers of one class; counts, but for len.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_pool_class_stats {
    /// Bytes.
    pub struct_size: usize,
    /// Bytes of a buffer.
    pub len: u64,
    /// As configured.
    pub max_idle: u64,
    /// Acquisitions served from idle buffers.
    pub hits: u64,
    /// Acquisitions that asked the allocator.
    pub misses: u64,
    /// Releases that went back to the allocator.
    pub drops: u64,
    /// Buffers acquired now.
    pub in_use: u64,
    /// Buffers kept for reuse now.
    pub idle: u64,
    /// The most in use at once; with several threads also counts what they then kept idle.
    pub high_water: u64,
}

/// What a side wants of permessage-deflate (RFC 7692).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_deflate_config {
    /// Bytes.
    pub struct_size: usize,
    /// 1 (fast) ... 9 (small); 0: 1.
    pub level: u32,
    /// 1 ... 9: memory of the compressor, 2^(`memory_level` + 9) bytes of it; 0: 8.
    pub memory_level: u32,
    /// The most that this side uses, 8 ... 15; 0: 15.
    pub send_window_bits: u32,
    /// The most that the peer may use, 8 ... 15; 0: 15.
    pub receive_window_bits: u32,
    /// Bytes kept between messages. A direction whose state fits takes its context over, first the receiving one (with
    /// zlib 40 KiB at 15 bits), then the sending one (280 KiB); 0: none is kept.
    pub max_context_len: u64,
    /// A shorter message is sent as it is; 0: 128 bytes.
    pub min_len: u64,
    /// Inflated bytes of one call that takes input, then `TW_NEED_ROOM`; 0: 1 MiB.
    pub max_call_len: u64,
    /// Of inflated to received bytes in messages above 64 KiB; 0: 250.
    pub max_ratio: u32,
    /// 0.
    pub reserved: u32,
}

/// What both sides agreed on.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_deflate {
    /// 1: permessage-deflate was negotiated.
    pub enabled: u8,
    /// `TW_DEFLATE_...`
    pub flags: u8,
    /// 8 ... 15.
    pub send_window_bits: u8,
    /// 8 ... 15.
    pub receive_window_bits: u8,
    /// 0.
    pub reserved: [u8; 4],
}

/// A header of HTTP to send.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_header {
    /// A token of RFC 9110, none of those that the engine writes.
    pub name: *const c_char,
    /// Without control characters, but for tabs.
    pub value: *const c_char,
}

/// What a side wants of the opening handshake.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_handshake_config {
    /// Bytes.
    pub struct_size: usize,
    /// `TW_HANDSHAKE_...`
    pub flags: u32,
    /// Bytes of a request or response head; 0: 16384.
    pub max_head_len: u32,
    /// 0: 100.
    pub max_header_count: u32,
    /// Bytes without the line end; 0: 8192.
    pub max_line_len: u32,
    /// Client: Host, required, such as "example.com:8080".
    pub host: *const c_char,
    /// Client: what is requested, starts with '/'; NULL: "/".
    pub target: *const c_char,
    /// Client: Origin; NULL: none is sent.
    pub origin: *const c_char,
    /// Client: offered; server: supported. In order of preference.
    pub subprotocols: *const *const c_char,
    /// Of subprotocols.
    pub subprotocol_count: usize,
    /// Server: allowed besides the same origin, such as `https://example.com`.
    pub origins: *const *const c_char,
    /// Of origins.
    pub origin_count: usize,
    /// Added to the request or to the response of status 101.
    pub headers: *const tw_header,
    /// Of headers.
    pub header_count: usize,
    /// NULL: compression is not offered, and declined. `tw_conn_create` takes it from `tw_conn_config` instead.
    pub deflate: *const tw_deflate_config,
}

/// A request or response head that is being read.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_head {
    /// Private.
    pub state: [u64; 8],
}

/// What the opening handshake led to.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tw_agreement {
    /// Position in `tw_handshake_config.subprotocols` plus 1; 0: none.
    pub subprotocol: u32,
    /// Compression, seen from this side.
    pub deflate: tw_deflate,
    /// Sec-WebSocket-Accept, which proves the handshake.
    pub accept: [u8; TW_ACCEPT_LEN],
}

/// The table of functions for hosts that find the library with dlopen; `tw_table.h` has its members, which programs
/// that are linked with the library do not need.
#[repr(C)]
pub struct tw_api {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}
