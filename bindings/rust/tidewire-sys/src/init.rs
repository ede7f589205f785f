// SPDX-License-Identifier: MIT
//! What the `TW_..._INIT` macros of the header stand for: structs that know their size, and otherwise have the
//! defaults.

use core::ptr::{null, null_mut};

use crate::conn_types::{tw_conn_config, tw_conn_stats, tw_error};
use crate::constants::{TW_OK, TW_ROLE_SERVER};
use crate::types::{tw_deflate_config, tw_handshake_config, tw_pool_class_stats, tw_pool_config, tw_pool_stats};

/// A `tw_pool_config` of defaults.
pub const TW_POOL_CONFIG_INIT: tw_pool_config = tw_pool_config {
    struct_size: size_of::<tw_pool_config>(),
    allocator: null(),
    max_idle_len: 0,
    classes: null(),
    class_count: 0,
};

/// A `tw_pool_stats` for `tw_pool_get_stats`.
pub const TW_POOL_STATS_INIT: tw_pool_stats = tw_pool_stats {
    struct_size: size_of::<tw_pool_stats>(),
    hits: 0,
    misses: 0,
    drops: 0,
    in_use_len: 0,
    idle_len: 0,
    high_water_len: 0,
    huge: 0,
    class_count: 0,
};

/// A `tw_pool_class_stats` for `tw_pool_get_class_stats`.
pub const TW_POOL_CLASS_STATS_INIT: tw_pool_class_stats = tw_pool_class_stats {
    struct_size: size_of::<tw_pool_class_stats>(),
    len: 0,
    max_idle: 0,
    hits: 0,
    misses: 0,
    drops: 0,
    in_use: 0,
    idle: 0,
    high_water: 0,
};

/// A `tw_deflate_config` of defaults.
pub const TW_DEFLATE_CONFIG_INIT: tw_deflate_config = tw_deflate_config {
    struct_size: size_of::<tw_deflate_config>(),
    level: 0,
    memory_level: 0,
    send_window_bits: 0,
    receive_window_bits: 0,
    max_context_len: 0,
    min_len: 0,
    max_call_len: 0,
    max_ratio: 0,
    reserved: 0,
};

/// A `tw_handshake_config` of defaults.
pub const TW_HANDSHAKE_CONFIG_INIT: tw_handshake_config = tw_handshake_config {
    struct_size: size_of::<tw_handshake_config>(),
    flags: 0,
    max_head_len: 0,
    max_header_count: 0,
    max_line_len: 0,
    host: null(),
    target: null(),
    origin: null(),
    subprotocols: null(),
    subprotocol_count: 0,
    origins: null(),
    origin_count: 0,
    headers: null(),
    header_count: 0,
    deflate: null(),
};

/// A `tw_conn_config` of defaults: a server.
pub const TW_CONN_CONFIG_INIT: tw_conn_config = tw_conn_config {
    struct_size: size_of::<tw_conn_config>(),
    role: TW_ROLE_SERVER,
    flags: 0,
    max_frame_len: 0,
    max_message_len: 0,
    max_output_len: 0,
    max_memory_len: 0,
    output_high_len: 0,
    output_low_len: 0,
    max_fragments: 0,
    max_control_rate: 0,
    handshake_timeout_ns: 0,
    idle_timeout_ns: 0,
    ping_interval_ns: 0,
    pong_timeout_ns: 0,
    message_timeout_ns: 0,
    close_timeout_ns: 0,
    read_len: 0,
    max_read_len: 0,
    write_len: 0,
    min_borrow_len: 0,
    allocator: null(),
    random: null(),
    pool: null_mut(),
    handshake: null(),
    deflate: null(),
    negotiated: null(),
    log: null(),
};

/// A `tw_error` for `tw_conn_get_error`.
pub const TW_ERROR_INIT: tw_error = tw_error {
    struct_size: size_of::<tw_error>(),
    status: TW_OK,
    close_code: 0,
    offset: 0,
    message: null(),
    section: null(),
    limit: null(),
};

/// A `tw_conn_stats` for `tw_conn_get_stats`.
pub const TW_CONN_STATS_INIT: tw_conn_stats = tw_conn_stats {
    struct_size: size_of::<tw_conn_stats>(),
    bytes_received: 0,
    bytes_sent: 0,
    messages_received: 0,
    messages_sent: 0,
    frames_received: 0,
    frames_sent: 0,
    control_frames_received: 0,
    control_frames_sent: 0,
    deflated_received_len: 0,
    inflated_received_len: 0,
    deflated_sent_len: 0,
    inflated_sent_len: 0,
    held_len: 0,
    context_len: 0,
    rtt_ns: 0,
};
