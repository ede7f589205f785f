// SPDX-License-Identifier: MIT
//! The functions. Each has the first sentence of its contract; the header has the whole.

use core::ffi::c_char;

use crate::conn_types::{
    tw_close, tw_conn, tw_conn_config, tw_conn_stats, tw_error, tw_event, tw_lease, tw_message, tw_prepared,
};
use crate::constants::{TW_ACCEPT_LEN, TW_KEY_LEN};
use crate::types::{
    tw_agreement, tw_api, tw_deflate, tw_frame, tw_handshake_config, tw_head, tw_pool, tw_pool_class,
    tw_pool_class_stats, tw_pool_config, tw_pool_stats, tw_random, tw_status, tw_utf8, tw_view,
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

    /// Like `tw_frames_encode` without copying payloads: headers go to `headers`, and views, which has room for `2 * count`, shows header and payload of each frame in turn, without those payloads that are empty.
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

    // ---- Connection

    /// Creates a connection.
    pub fn tw_conn_create(config: *const tw_conn_config, out_conn: *mut *mut tw_conn) -> tw_status;

    /// Frees the connection and all that it holds, output that was not consumed included.
    pub fn tw_conn_destroy(conn: *mut tw_conn);

    /// Takes bytes that were read from the socket, unmasks them in place, and writes at most `cap` events.
    pub fn tw_conn_receive(
        conn: *mut tw_conn,
        data: *mut u8,
        len: usize,
        events: *mut tw_event,
        cap: usize,
        out_count: *mut usize,
        out_consumed: *mut usize,
    ) -> tw_status;

    /// Where to read from the socket into, `*out_cap` bytes: the buffer of a message under way, where its frame misses
    /// as much as a read buffer has, so that its bytes land where they will live; or else a read buffer, borrowed until
    /// its events are given back, of a size that follows how full the reads are. hint: bytes known to wait in the
    /// socket, or 0.
    pub fn tw_conn_read_buffer(
        conn: *mut tw_conn,
        hint: usize,
        out_data: *mut *mut u8,
        out_cap: *mut usize,
    ) -> tw_status;

    /// Like `tw_conn_receive`, of the first `len` bytes of that room.
    pub fn tw_conn_read_commit(
        conn: *mut tw_conn,
        len: usize,
        events: *mut tw_event,
        cap: usize,
        out_count: *mut usize,
    ) -> tw_status;

    /// Says that the peer closed its direction of the stream.
    pub fn tw_conn_receive_eof(conn: *mut tw_conn) -> tw_status;

    /// Queues a message, or a fragment of one. data is copied unless the flags allow otherwise.
    pub fn tw_conn_send(conn: *mut tw_conn, opcode: u32, data: *const u8, len: usize, flags: u32) -> tw_status;

    /// Queues a ping.
    pub fn tw_conn_ping(conn: *mut tw_conn, data: *const u8, len: usize) -> tw_status;

    /// Like `tw_conn_ping`, a pong: unsolicited, or the answer with `TW_CONN_MANUAL_PONG`.
    pub fn tw_conn_pong(conn: *mut tw_conn, data: *const u8, len: usize) -> tw_status;

    /// Starts the closing handshake, or answers the peer's close frame in place of the engine. code 0 sends none, and
    /// no reason; reason is UTF-8 of at most 123 bytes.
    pub fn tw_conn_close(conn: *mut tw_conn, code: u32, reason: *const u8, len: usize) -> tw_status;

    /// Shows the queued output, oldest byte first, as at most `cap` views; they stay valid, and nothing is consumed,
    /// until `tw_conn_output_consume`, `tw_conn_destroy`, or a `tw_conn_tick` that drops the output because
    /// `close_timeout_ns` has passed.
    pub fn tw_conn_output(conn: *mut tw_conn, views: *mut tw_view, cap: usize, out_count: *mut usize) -> tw_status;

    /// Writes how many bytes of output are queued, without a close frame that `tw_conn_output` will add.
    pub fn tw_conn_output_len(conn: *const tw_conn, out_len: *mut usize) -> tw_status;

    /// Says that the first `len` bytes of the output were written.
    pub fn tw_conn_output_consume(conn: *mut tw_conn, len: usize) -> tw_status;

    /// `TW_STATE_...`; `TW_STATE_CLOSED` for NULL.
    pub fn tw_conn_state(conn: *const tw_conn) -> u32;

    /// What the connection waits for, `TW_WANT_...` or-ed; 0 for NULL.
    pub fn tw_conn_wants(conn: *const tw_conn) -> u32;

    /// Tells the time, of any clock that does not go back: call it before the calls that take input, and at the
    /// deadline.
    pub fn tw_conn_tick(conn: *mut tw_conn, now_ns: u64, out_next_deadline_ns: *mut u64) -> tw_status;

    /// Writes why the connection failed, `TW_OK` in `error->status` where it did not.
    pub fn tw_conn_get_error(conn: *const tw_conn, error: *mut tw_error) -> tw_status;

    /// Writes the close codes of both directions and what began the closing.
    pub fn tw_conn_get_close(conn: *const tw_conn, out_close: *mut tw_close) -> tw_status;

    // ---- Connection, advanced

    /// Writes what was negotiated; all zero before `TW_EVENT_OPEN`, and where compression was not.
    pub fn tw_conn_get_deflate(conn: *const tw_conn, out_deflate: *mut tw_deflate) -> tw_status;

    /// Copies the counters into `*stats`, whose `struct_size` says how much room it has.
    pub fn tw_conn_get_stats(conn: *const tw_conn, stats: *mut tw_conn_stats) -> tw_status;

    /// Like `tw_conn_receive`, except that it stops with `TW_NEED_ROOM` after one `TW_EVENT_MESSAGE` where data has
    /// more, and that its bytes are put together in dst.
    pub fn tw_conn_receive_into(
        conn: *mut tw_conn,
        data: *mut u8,
        len: usize,
        dst: *mut u8,
        dst_cap: usize,
        events: *mut tw_event,
        cap: usize,
        out_count: *mut usize,
        out_consumed: *mut usize,
    ) -> tw_status;

    /// Sets `max_message_len` of `tw_conn_config` for what comes from now on; 0: 16 MiB.
    pub fn tw_conn_set_max_message_len(conn: *mut tw_conn, max_message_len: u64) -> tw_status;

    /// Moves the bytes of an event of the last call that took input, at most once for each, out of the connection,
    /// which may then go on or be destroyed; its pool must stay.
    pub fn tw_conn_detach(
        conn: *mut tw_conn,
        event: *const tw_event,
        out_lease: *mut *mut tw_lease,
        out_data: *mut *mut u8,
    ) -> tw_status;

    /// Adds a holder.
    pub fn tw_lease_retain(lease: *mut tw_lease) -> tw_status;

    /// Gives the lease back; its bytes are freed with the last holder's.
    pub fn tw_lease_release(lease: *mut tw_lease);

    /// `tw_conn_send` of each message in turn, until one is refused: with its status.
    pub fn tw_conn_send_batch(
        conn: *mut tw_conn,
        messages: *const tw_message,
        count: usize,
        out_count: *mut usize,
    ) -> tw_status;

    /// Copies and validates a whole message; flags as `tw_conn_send`, without MORE, BORROW and `MASK_IN_PLACE`. pool
    /// lends the memory, and outlives the message and what is queued of it; NULL: the C library.
    pub fn tw_prepared_create(
        opcode: u32,
        data: *const u8,
        len: usize,
        flags: u32,
        pool: *mut tw_pool,
        out_prepared: *mut *mut tw_prepared,
    ) -> tw_status;

    /// Gives the message up; connections that have it queued keep what they need of it.
    pub fn tw_prepared_destroy(prepared: *mut tw_prepared);

    /// Queues a prepared message, statuses as `tw_conn_send`, which it does not mix with fragments.
    pub fn tw_conn_send_prepared(conn: *mut tw_conn, prepared: *mut tw_prepared) -> tw_status;

    // ---- dlopen

    /// The table of all functions above, NULL when the library does not speak that version of the interface: pass
    /// `TW_ABI_MAJOR`.
    pub safe fn tw_get_api(abi_major: u32) -> *const tw_api;
}
