// SPDX-License-Identifier: MIT
//! The functions, but those of connections. Each has the first sentence of its contract; the header has the whole.

use core::ffi::c_char;

use crate::constants::{TW_ACCEPT_LEN, TW_KEY_LEN};
use crate::types::{
    tw_agreement, tw_api, tw_frame, tw_handshake_config, tw_head, tw_pool, tw_pool_class, tw_pool_class_stats,
    tw_pool_config, tw_pool_stats, tw_random, tw_status, tw_utf8, tw_view,
};

// Those that are safe take plain numbers and return what is static.
unsafe extern "C" {
    // ---- Version

    /// The version of the library that runs: major * 65536 + minor * 256 + patch.
    pub safe fn tw_version() -> u32;

    /// The same as text, "0.2.0".
    pub safe fn tw_version_string() -> *const c_char;

    // ---- Status

    /// The constant's name, such as `TW_ERR_RSV`; `TW_ERR_UNKNOWN` for any other number.
    pub safe fn tw_status_name(status: tw_status) -> *const c_char;

    /// One sentence for people.
    pub safe fn tw_status_message(status: tw_status) -> *const c_char;

    /// The close code that tells the peer (1002, 1007, 1009, ...); 0 where no close code fits.
    pub safe fn tw_status_close_code(status: tw_status) -> u16;

    /// The HTTP status with which a server refuses a handshake (400, 403, 426, ...); 0 where none fits.
    pub safe fn tw_status_http_status(status: tw_status) -> u16;

    /// "RFC 6455 5.2": the rule that was broken; NULL where it is none of an RFC.
    pub safe fn tw_status_section(status: tw_status) -> *const c_char;

    /// `max_frame_len`: the limit that was reached, as `tw_conn_config`, `tw_handshake_config` or `tw_deflate_config`
    /// name it; NULL for none.
    pub safe fn tw_status_limit(status: tw_status) -> *const c_char;

    // ---- Kernels

    /// `dst[i] = src[i] ^ key[(phase + i) % 4]` for `i < len` (RFC 6455 5.3).
    pub fn tw_mask(dst: *mut u8, src: *const u8, len: usize, key: *const [u8; 4], phase: u64) -> tw_status;

    /// Tells whether data is valid UTF-8 (RFC 3629): `TW_OK` or `TW_ERR_UTF8`. `out_valid_len`, which may be NULL,
    /// receives the length of the longest prefix of whole, valid code points.
    pub fn tw_utf8_validate(data: *const u8, len: usize, out_valid_len: *mut usize) -> tw_status;

    /// Begins a text.
    pub fn tw_utf8_init(utf8: *mut tw_utf8);

    /// Validates the next bytes of a text; it may be cut anywhere.
    pub fn tw_utf8_step(utf8: *mut tw_utf8, data: *const u8, len: usize, out_error_offset: *mut usize) -> tw_status;

    /// Ends a text: `TW_ERR_UTF8` when it stops inside a code point.
    pub fn tw_utf8_finish(utf8: *const tw_utf8) -> tw_status;

    /// `tw_mask`, and `tw_utf8_step` on the result, in one pass: overlap and statuses as theirs.
    pub fn tw_unmask_utf8(
        dst: *mut u8,
        src: *const u8,
        len: usize,
        key: *const [u8; 4],
        phase: u64,
        utf8: *mut tw_utf8,
        out_error_offset: *mut usize,
    ) -> tw_status;

    // ---- Frames

    /// Reads one frame header. `out_frame` receives all but the payload pointer, which is NULL.
    pub fn tw_frame_decode(data: *const u8, len: usize, rules: u32, out_frame: *mut tw_frame) -> tw_status;

    /// Reads every whole frame of data, at most `cap`, and unmasks the payloads in place; descriptors point into data.
    pub fn tw_frames_decode(
        data: *mut u8,
        len: usize,
        rules: u32,
        frames: *mut tw_frame,
        cap: usize,
        out_count: *mut usize,
        out_consumed: *mut usize,
    ) -> tw_status;

    /// Writes the header of frame: at most `TW_FRAME_HEADER_MAX` bytes.
    pub fn tw_frame_header_encode(frame: *const tw_frame, out: *mut u8, cap: usize, out_len: *mut usize) -> tw_status;

    /// Writes whole frames one after the other: header, and payload masked with the frame's key where `TW_FRAME_MASKED`
    /// is set.
    pub fn tw_frames_encode(
        frames: *const tw_frame,
        count: usize,
        out: *mut u8,
        cap: usize,
        out_len: *mut usize,
    ) -> tw_status;

    /// Like `tw_frames_encode` without copying payloads: headers go to `headers`, and views, which has room for `2 *
    /// count`, shows header and payload of each frame in turn, without those payloads that are empty.
    pub fn tw_frames_encode_views(
        frames: *const tw_frame,
        count: usize,
        headers: *mut u8,
        cap: usize,
        out_headers_len: *mut usize,
        views: *mut tw_view,
        out_view_count: *mut usize,
    ) -> tw_status;

    /// Writes `count` masking keys of 4 bytes each, for `tw_frame.masking_key`: a fresh one for each frame that a
    /// client sends (RFC 6455 5.3, 10.3). random may be NULL.
    pub fn tw_masking_keys(random: *const tw_random, keys: *mut u8, count: usize) -> tw_status;

    /// Whether a close frame may carry this code (RFC 6455 7.4, IANA): 1000-1003, 1007-1014, 3000-4999.
    pub safe fn tw_close_code_valid(code: u32) -> i32;

    // ---- Pool

    /// Creates a pool; config may be NULL.
    pub fn tw_pool_create(config: *const tw_pool_config, out_pool: *mut *mut tw_pool) -> tw_status;

    /// Frees the pool and its idle buffers.
    pub fn tw_pool_destroy(pool: *mut tw_pool);

    /// Lends a buffer of at least `len` bytes (contents undefined, aligned to 16), with one holder.
    pub fn tw_pool_acquire(pool: *mut tw_pool, len: usize, out_data: *mut *mut u8, out_cap: *mut usize) -> tw_status;

    /// Lends a buffer of exactly `len` bytes, kept for reuse at that length, whatever the classes, while `max_idle_len`
    /// has room for it.
    pub fn tw_pool_acquire_exact(pool: *mut tw_pool, len: usize, out_data: *mut *mut u8) -> tw_status;

    /// Adds a holder: the buffer comes back with the last of their releases, from any thread.
    pub fn tw_pool_retain(pool: *mut tw_pool, data: *mut u8) -> tw_status;

    /// Takes a buffer back from a holder.
    pub fn tw_pool_release(pool: *mut tw_pool, data: *mut u8) -> tw_status;

    /// Frees idle buffers, those that the calling thread keeps first, until at most `keep_len` bytes are idle.
    pub fn tw_pool_trim(pool: *mut tw_pool, keep_len: u64) -> tw_status;

    /// Copies the counters into `*stats`, whose `struct_size` says how much room it has.
    pub fn tw_pool_get_stats(pool: *const tw_pool, stats: *mut tw_pool_stats) -> tw_status;

    /// The same for the class at `index`, from 0: `TW_ERR_ARGUMENT` when there is none.
    pub fn tw_pool_get_class_stats(pool: *const tw_pool, index: usize, stats: *mut tw_pool_class_stats) -> tw_status;

    /// Recommends classes for the next `tw_pool_config` from what was counted so far: under 80 % hits `max_idle` grows
    /// by a fifth; over 95 %, where more than half of the returned buffers were dropped, it shrinks by a fifth. `text`
    /// receives a line with the reason for each class, with zero byte.
    pub fn tw_pool_advise(
        pool: *const tw_pool,
        classes: *mut tw_pool_class,
        class_cap: usize,
        out_count: *mut usize,
        text: *mut c_char,
        text_cap: usize,
        out_text_len: *mut usize,
    ) -> tw_status;

    // ---- Handshake

    /// Begins to read the head of a request (role `TW_ROLE_SERVER`) or of a response (`TW_ROLE_CLIENT`).
    pub fn tw_head_init(head: *mut tw_head, role: u32, config: *const tw_handshake_config) -> tw_status;

    /// Reads on. data is all that was received since the first byte of the head; it may have grown and moved since the
    /// last call, and no byte is looked at twice.
    pub fn tw_head_parse(head: *mut tw_head, data: *const u8, len: usize, out_head_len: *mut usize) -> tw_status;

    /// The method of a complete request, "GET", as a view into data, which is what `tw_head_parse` read and may have
    /// moved.
    pub fn tw_head_method(head: *const tw_head, data: *const u8, out_method: *mut tw_view) -> tw_status;

    /// Like `tw_head_method`, the target: "/chat".
    pub fn tw_head_target(head: *const tw_head, data: *const u8, out_target: *mut tw_view) -> tw_status;

    /// Like `tw_head_method`, the three digits of a response's status: "101".
    pub fn tw_head_status(head: *const tw_head, data: *const u8, out_status: *mut tw_view) -> tw_status;

    /// The value, without surrounding blanks, of the header with this name (any case), counting repeated ones from
    /// index 0.
    pub fn tw_head_header(
        head: *const tw_head,
        data: *const u8,
        name: *const c_char,
        index: usize,
        out_name: *mut tw_view,
        out_value: *mut tw_view,
    ) -> tw_status;

    /// Walks over all headers in their order: `*cursor` is 0 at first, and is moved on. `out_name` may be NULL.
    pub fn tw_head_next(
        head: *const tw_head,
        data: *const u8,
        cursor: *mut usize,
        out_name: *mut tw_view,
        out_value: *mut tw_view,
    ) -> tw_status;

    /// Server: checks a complete request against RFC 6455 4.2.1, and chooses a subprotocol and the first acceptable
    /// offer of compression (RFC 7692 5). config may be NULL.
    pub fn tw_request_check(
        head: *const tw_head,
        data: *const u8,
        config: *const tw_handshake_config,
        out_agreement: *mut tw_agreement,
    ) -> tw_status;

    /// Server: writes the response of status 101 to the request that led to `agreement`. config may be NULL.
    pub fn tw_response_build(
        config: *const tw_handshake_config,
        agreement: *const tw_agreement,
        out: *mut u8,
        cap: usize,
        out_len: *mut usize,
    ) -> tw_status;

    /// Server: writes the response that refuses a request because of `reason`, a status whose `tw_status_http_status`
    /// is not 0 (`TW_ERR_ARGUMENT`).
    pub fn tw_refusal_build(reason: tw_status, out: *mut u8, cap: usize, out_len: *mut usize) -> tw_status;

    /// Client: a fresh Sec-WebSocket-Key. random may be NULL.
    pub fn tw_key_generate(random: *const tw_random, key: *mut [u8; TW_KEY_LEN]) -> tw_status;

    /// Client: writes the request. config has a host (`TW_ERR_NULL`).
    pub fn tw_request_build(
        config: *const tw_handshake_config,
        key: *const [u8; TW_KEY_LEN],
        out: *mut u8,
        cap: usize,
        out_len: *mut usize,
    ) -> tw_status;

    /// Client: checks a complete response against RFC 6455 4.1, RFC 7692 7.1 and the request that config and key made;
    /// config may be NULL.
    pub fn tw_response_check(
        head: *const tw_head,
        data: *const u8,
        config: *const tw_handshake_config,
        key: *const [u8; TW_KEY_LEN],
        out_agreement: *mut tw_agreement,
    ) -> tw_status;

    /// Sec-WebSocket-Accept for a key (RFC 6455 4.2.2, step 5.4).
    pub fn tw_accept_key(key: *const [u8; TW_KEY_LEN], accept: *mut [u8; TW_ACCEPT_LEN]) -> tw_status;

    // ---- dlopen

    /// The table of all functions above, NULL when the library does not speak that version of the interface: pass
    /// `TW_ABI_MAJOR`.
    pub safe fn tw_get_api(abi_major: u32) -> *const tw_api;
}
