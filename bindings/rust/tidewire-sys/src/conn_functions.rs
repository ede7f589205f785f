// SPDX-License-Identifier: MIT
//! The functions of connections. Each has the first sentence of its contract; the header has the whole.

use crate::conn_types::{
    tw_close, tw_conn, tw_conn_config, tw_conn_stats, tw_error, tw_event, tw_lease, tw_message, tw_prepared,
};
use crate::types::{tw_deflate, tw_pool, tw_status, tw_view};

unsafe extern "C" {
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
}
