/* SPDX-License-Identifier: MIT
 *
 * The functions of version 1.0 of the binary interface, in the order of its table. Never changes.
 */
#ifndef TIDEWIRE_TESTS_ABI_FUNCTIONS_1_0_H_
#define TIDEWIRE_TESTS_ABI_FUNCTIONS_1_0_H_

/* clang-format off */
#define FUNCTIONS_1_0(X)                                                                                             \
  X(version) X(version_string) X(status_name) X(status_message) X(status_close_code) X(status_http_status) X(mask)   \
  X(utf8_validate) X(utf8_init) X(utf8_step) X(utf8_finish) X(unmask_utf8) X(frame_decode) X(frames_decode)          \
  X(frame_header_encode) X(frames_encode) X(frames_encode_views) X(close_code_valid) X(pool_create) X(pool_destroy)  \
  X(pool_acquire) X(pool_acquire_exact) X(pool_retain) X(pool_release) X(pool_trim) X(pool_get_stats)                \
  X(pool_get_class_stats) X(pool_advise) X(head_init) X(head_parse) X(head_method) X(head_target) X(head_status)     \
  X(head_header) X(request_check) X(response_build) X(refusal_build) X(key_generate) X(request_build)                \
  X(response_check) X(accept_key) X(conn_create) X(conn_destroy) X(conn_receive) X(conn_read_buffer)                 \
  X(conn_read_commit) X(conn_receive_into) X(conn_detach) X(lease_retain) X(lease_release) X(conn_receive_eof)       \
  X(conn_send) X(conn_send_batch) X(prepared_create) X(prepared_destroy) X(conn_send_prepared) X(conn_ping)          \
  X(conn_pong) X(conn_close) X(conn_output) X(conn_output_len) X(conn_output_consume) X(conn_state) X(conn_wants)    \
  X(conn_tick) X(conn_get_error) X(conn_get_close) X(conn_get_deflate) X(conn_get_stats)
/* clang-format on */

#endif /* TIDEWIRE_TESTS_ABI_FUNCTIONS_1_0_H_ */
