// SPDX-License-Identifier: MIT
//! All constants and functions of the crate by name: Rust cannot list them itself.

use std::collections::BTreeMap;

use tidewire_sys::*;

macro_rules! table {
    ($type:ty: $($name:ident),* $(,)?) => {
        BTreeMap::from([$((stringify!($name), $name as $type)),*])
    };
}

/// The constants that are numbers.
#[allow(clippy::cast_lossless)] // of several types, of which usize has no other way
pub fn constants() -> BTreeMap<&'static str, i128> {
    table! { i128:
        TW_VERSION_MAJOR, TW_VERSION_MINOR, TW_VERSION_PATCH, TW_ABI_MAJOR, TW_ABI_MINOR, TW_OK, TW_NEED_INPUT,
        TW_NEED_ROOM, TW_ERR_NULL, TW_ERR_ARGUMENT, TW_ERR_STATE, TW_ERR_UNSUPPORTED, TW_ERR_TEXT,
        TW_ERR_CONTROL_LENGTH, TW_ERR_SEND_CLOSE_CODE, TW_ERR_HEADER_INJECTION, TW_ERR_KERNEL, TW_ERR_RSV,
        TW_ERR_OPCODE, TW_ERR_LENGTH_NOT_MINIMAL, TW_ERR_LENGTH_TOO_LARGE, TW_ERR_MASK_MISSING,
        TW_ERR_MASK_UNEXPECTED, TW_ERR_CONTROL_FRAGMENTED, TW_ERR_CONTROL_TOO_LONG, TW_ERR_CONTINUATION,
        TW_ERR_INTERLEAVED, TW_ERR_UTF8, TW_ERR_CLOSE_LENGTH, TW_ERR_CLOSE_CODE, TW_ERR_CLOSE_REASON, TW_ERR_EOF,
        TW_ERR_DEFLATE, TW_ERR_HTTP_SYNTAX, TW_ERR_HTTP_METHOD, TW_ERR_HTTP_VERSION, TW_ERR_HTTP_HOST,
        TW_ERR_HTTP_UPGRADE, TW_ERR_HTTP_CONNECTION, TW_ERR_HTTP_BODY, TW_ERR_HTTP_STATUS, TW_ERR_KEY,
        TW_ERR_VERSION, TW_ERR_ACCEPT, TW_ERR_ORIGIN, TW_ERR_SUBPROTOCOL, TW_ERR_EXTENSION, TW_ERR_LIMIT_FRAME,
        TW_ERR_LIMIT_MESSAGE, TW_ERR_LIMIT_FRAGMENTS, TW_ERR_LIMIT_OUTPUT, TW_ERR_LIMIT_CONTROL_RATE,
        TW_ERR_LIMIT_MEMORY, TW_ERR_LIMIT_RATIO, TW_ERR_LIMIT_HEAD, TW_ERR_LIMIT_HEADER_COUNT, TW_ERR_LIMIT_LINE,
        TW_ERR_TIMEOUT_HANDSHAKE, TW_ERR_TIMEOUT_IDLE, TW_ERR_TIMEOUT_PONG, TW_ERR_TIMEOUT_MESSAGE,
        TW_ERR_TIMEOUT_CLOSE, TW_ERR_NO_MEMORY, TW_ERR_RANDOM, TW_OPCODE_CONTINUATION, TW_OPCODE_TEXT,
        TW_OPCODE_BINARY, TW_OPCODE_CLOSE, TW_OPCODE_PING, TW_OPCODE_PONG, TW_FRAME_FIN, TW_FRAME_RSV1,
        TW_FRAME_RSV2, TW_FRAME_RSV3, TW_FRAME_MASKED, TW_FRAME_HEADER_MAX, TW_CONTROL_PAYLOAD_MAX,
        TW_DECODE_REQUIRE_MASKED, TW_DECODE_REQUIRE_UNMASKED, TW_DECODE_VALIDATE_TEXT, TW_DECODE_ALLOW_RSV1,
        TW_DECODE_ALLOW_RSV2, TW_DECODE_ALLOW_RSV3, TW_POOL_CLASSES_MAX, TW_DEFLATE_SEND_TAKEOVER,
        TW_DEFLATE_RECEIVE_TAKEOVER, TW_DEFLATE_WINDOW_ASKED, TW_KEY_LEN, TW_ACCEPT_LEN, TW_HANDSHAKE_ANY_ORIGIN,
        TW_ROLE_SERVER, TW_ROLE_CLIENT, TW_LOG_ERROR, TW_LOG_INFO, TW_LOG_DEBUG, TW_NEVER, TW_CONN_UPGRADED,
        TW_CONN_STREAM, TW_CONN_MANUAL_PONG, TW_CONN_MANUAL_CLOSE, TW_CONN_TRUSTED, TW_CONN_STREAM_FRAGMENTED,
        TW_EVENT_OPEN, TW_EVENT_MESSAGE, TW_EVENT_PING, TW_EVENT_PONG, TW_EVENT_CLOSE, TW_EVENT_CHUNK, TW_SEND_MORE,
        TW_SEND_VALID_UTF8, TW_SEND_COMPRESS, TW_SEND_NO_COMPRESS, TW_SEND_BORROW, TW_SEND_MASK_IN_PLACE,
        TW_STATE_CONNECTING, TW_STATE_OPEN, TW_STATE_CLOSING, TW_STATE_CLOSED, TW_WANT_READ, TW_WANT_WRITE,
        TW_WANT_CLOSE, TW_WANT_PAUSE, TW_CLOSE_BY_NOBODY, TW_CLOSE_BY_US, TW_CLOSE_BY_PEER, TW_CLOSE_BY_ERROR,
    }
}

/// The addresses of the functions.
pub fn functions() -> BTreeMap<&'static str, *const ()> {
    table! { *const ():
        tw_accept_key, tw_close_code_valid, tw_conn_close, tw_conn_create, tw_conn_destroy, tw_conn_detach,
        tw_conn_get_close, tw_conn_get_deflate, tw_conn_get_error, tw_conn_get_stats, tw_conn_output,
        tw_conn_output_consume, tw_conn_output_len, tw_conn_ping, tw_conn_pong, tw_conn_read_buffer,
        tw_conn_read_commit, tw_conn_receive, tw_conn_receive_eof, tw_conn_receive_into, tw_conn_send,
        tw_conn_send_batch, tw_conn_send_prepared, tw_conn_set_max_message_len, tw_conn_state, tw_conn_tick,
        tw_conn_wants, tw_frame_decode, tw_frame_header_encode, tw_frames_decode, tw_frames_encode,
        tw_frames_encode_views, tw_get_api, tw_head_header, tw_head_init, tw_head_method, tw_head_next,
        tw_head_parse, tw_head_status, tw_head_target, tw_key_generate, tw_lease_release, tw_lease_retain, tw_mask,
        tw_masking_keys, tw_pool_acquire, tw_pool_acquire_exact, tw_pool_advise, tw_pool_create, tw_pool_destroy,
        tw_pool_get_class_stats, tw_pool_get_stats, tw_pool_release, tw_pool_retain, tw_pool_trim,
        tw_prepared_create, tw_prepared_destroy, tw_refusal_build, tw_request_build, tw_request_check,
        tw_response_build, tw_response_check, tw_status_close_code, tw_status_http_status, tw_status_limit,
        tw_status_message, tw_status_name, tw_status_section, tw_unmask_utf8, tw_utf8_finish, tw_utf8_init,
        tw_utf8_step, tw_utf8_validate, tw_version, tw_version_string,
    }
}
