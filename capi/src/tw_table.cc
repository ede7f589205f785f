// SPDX-License-Identifier: MIT
// The table for dlopen. Its order is that of tw_table.h, where every version adds at the end.
#include "capi/include/tidewire/tw_table.h"

namespace {

constexpr tw_api kApiTable = {
    sizeof(tw_api),         TW_ABI_MAJOR,
    TW_ABI_MINOR,           tw_version,
    tw_version_string,      tw_status_name,
    tw_status_message,      tw_status_close_code,
    tw_status_http_status,  tw_mask,
    tw_utf8_validate,       tw_utf8_init,
    tw_utf8_step,           tw_utf8_finish,
    tw_unmask_utf8,         tw_frame_decode,
    tw_frames_decode,       tw_frame_header_encode,
    tw_frames_encode,       tw_frames_encode_views,
    tw_close_code_valid,    tw_pool_create,
    tw_pool_destroy,        tw_pool_acquire,
    tw_pool_acquire_exact,  tw_pool_retain,
    tw_pool_release,        tw_pool_trim,
    tw_pool_get_stats,      tw_pool_get_class_stats,
    tw_pool_advise,         tw_head_init,
    tw_head_parse,          tw_head_method,
    tw_head_target,         tw_head_status,
    tw_head_header,         tw_request_check,
    tw_response_build,      tw_refusal_build,
    tw_key_generate,        tw_request_build,
    tw_response_check,      tw_accept_key,
    tw_conn_create,         tw_conn_destroy,
    tw_conn_receive,        tw_conn_read_buffer,
    tw_conn_read_commit,    tw_conn_receive_into,
    tw_conn_detach,         tw_lease_retain,
    tw_lease_release,       tw_conn_receive_eof,
    tw_conn_send,           tw_conn_send_batch,
    tw_prepared_create,     tw_prepared_destroy,
    tw_conn_send_prepared,  tw_conn_ping,
    tw_conn_pong,           tw_conn_close,
    tw_conn_output,         tw_conn_output_len,
    tw_conn_output_consume, tw_conn_state,
    tw_conn_wants,          tw_conn_tick,
    tw_conn_get_error,      tw_conn_get_close,
    tw_conn_get_deflate,    tw_conn_get_stats,
    tw_status_section,      tw_status_limit,
    tw_masking_keys,        tw_head_next,
};

}  // namespace

extern "C" const tw_api *tw_get_api(uint32_t abi_major) { return abi_major == TW_ABI_MAJOR ? &kApiTable : nullptr; }
