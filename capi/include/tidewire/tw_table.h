/* SPDX-License-Identifier: MIT
 *
 * The functions of tidewire.h as a table, for hosts that load the library with dlopen and dlsym("tw_get_api").
 * Members are only ever added at the end; a slot is frozen with the release that brings it. Ask for nothing beyond the
 * provider's struct_size: TW_API_HAS.
 */
#ifndef TIDEWIRE_TW_TABLE_H_
#define TIDEWIRE_TW_TABLE_H_

#include "tidewire.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- dlopen -------------------------------------------------------------------------------------------------- */

/* The functions of tidewire.h, by their names without tw_. Since 0.1. */
typedef struct tw_api {
  size_t struct_size; /* bytes of the provider's table */
  uint32_t abi_major; /* TW_ABI_MAJOR of the provider */
  uint32_t abi_minor; /* TW_ABI_MINOR of the provider */

  /* 1.0 */
  uint32_t (*version)(void);
  const char *(*version_string)(void);
  const char *(*status_name)(tw_status status);
  const char *(*status_message)(tw_status status);
  uint16_t (*status_close_code)(tw_status status);
  uint16_t (*status_http_status)(tw_status status);
  tw_status (*mask)(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4], uint64_t phase);
  tw_status (*utf8_validate)(const uint8_t *data, size_t len, size_t *out_valid_len);
  void (*utf8_init)(tw_utf8 *utf8);
  tw_status (*utf8_step)(tw_utf8 *utf8, const uint8_t *data, size_t len, size_t *out_error_offset);
  tw_status (*utf8_finish)(const tw_utf8 *utf8);
  tw_status (*unmask_utf8)(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4], uint64_t phase,
                           tw_utf8 *utf8, size_t *out_error_offset);
  tw_status (*frame_decode)(const uint8_t *data, size_t len, uint32_t rules, tw_frame *out_frame);
  tw_status (*frames_decode)(uint8_t *data, size_t len, uint32_t rules, tw_frame *frames, size_t cap, size_t *out_count,
                             size_t *out_consumed);
  tw_status (*frame_header_encode)(const tw_frame *frame, uint8_t *out, size_t cap, size_t *out_len);
  tw_status (*frames_encode)(const tw_frame *frames, size_t count, uint8_t *out, size_t cap, size_t *out_len);
  tw_status (*frames_encode_views)(const tw_frame *frames, size_t count, uint8_t *headers, size_t cap,
                                   size_t *out_headers_len, tw_view *views, size_t *out_view_count);
  int32_t (*close_code_valid)(uint32_t code);
  tw_status (*pool_create)(const tw_pool_config *config, tw_pool **out_pool);
  void (*pool_destroy)(tw_pool *pool);
  tw_status (*pool_acquire)(tw_pool *pool, size_t len, uint8_t **out_data, size_t *out_cap);
  tw_status (*pool_acquire_exact)(tw_pool *pool, size_t len, uint8_t **out_data);
  tw_status (*pool_retain)(tw_pool *pool, uint8_t *data);
  tw_status (*pool_release)(tw_pool *pool, uint8_t *data);
  tw_status (*pool_trim)(tw_pool *pool, uint64_t keep_len);
  tw_status (*pool_get_stats)(const tw_pool *pool, tw_pool_stats *stats);
  tw_status (*pool_get_class_stats)(const tw_pool *pool, size_t index, tw_pool_class_stats *stats);
  tw_status (*pool_advise)(const tw_pool *pool, tw_pool_class *classes, size_t class_cap, size_t *out_count, char *text,
                           size_t text_cap, size_t *out_text_len);
  tw_status (*head_init)(tw_head *head, uint32_t role, const tw_handshake_config *config);
  tw_status (*head_parse)(tw_head *head, const uint8_t *data, size_t len, size_t *out_head_len);
  tw_status (*head_method)(const tw_head *head, const uint8_t *data, tw_view *out_method);
  tw_status (*head_target)(const tw_head *head, const uint8_t *data, tw_view *out_target);
  tw_status (*head_status)(const tw_head *head, const uint8_t *data, tw_view *out_status);
  tw_status (*head_header)(const tw_head *head, const uint8_t *data, const char *name, size_t index, tw_view *out_name,
                           tw_view *out_value);
  tw_status (*request_check)(const tw_head *head, const uint8_t *data, const tw_handshake_config *config,
                             tw_agreement *out_agreement);
  tw_status (*response_build)(const tw_handshake_config *config, const tw_agreement *agreement, uint8_t *out,
                              size_t cap, size_t *out_len);
  tw_status (*refusal_build)(tw_status reason, uint8_t *out, size_t cap, size_t *out_len);
  tw_status (*key_generate)(const tw_random *random, uint8_t key[TW_KEY_LEN]);
  tw_status (*request_build)(const tw_handshake_config *config, const uint8_t key[TW_KEY_LEN], uint8_t *out, size_t cap,
                             size_t *out_len);
  tw_status (*response_check)(const tw_head *head, const uint8_t *data, const tw_handshake_config *config,
                              const uint8_t key[TW_KEY_LEN], tw_agreement *out_agreement);
  tw_status (*accept_key)(const uint8_t key[TW_KEY_LEN], uint8_t accept[TW_ACCEPT_LEN]);
  tw_status (*conn_create)(const tw_conn_config *config, tw_conn **out_conn);
  void (*conn_destroy)(tw_conn *conn);
  tw_status (*conn_receive)(tw_conn *conn, uint8_t *data, size_t len, tw_event *events, size_t cap, size_t *out_count,
                            size_t *out_consumed);
  tw_status (*conn_read_buffer)(tw_conn *conn, size_t hint, uint8_t **out_data, size_t *out_cap);
  tw_status (*conn_read_commit)(tw_conn *conn, size_t len, tw_event *events, size_t cap, size_t *out_count);
  tw_status (*conn_receive_into)(tw_conn *conn, uint8_t *data, size_t len, uint8_t *dst, size_t dst_cap,
                                 tw_event *events, size_t cap, size_t *out_count, size_t *out_consumed);
  tw_status (*conn_detach)(tw_conn *conn, const tw_event *event, tw_lease **out_lease, uint8_t **out_data);
  tw_status (*lease_retain)(tw_lease *lease);
  void (*lease_release)(tw_lease *lease);
  tw_status (*conn_receive_eof)(tw_conn *conn);
  tw_status (*conn_send)(tw_conn *conn, uint32_t opcode, const uint8_t *data, size_t len, uint32_t flags);
  tw_status (*conn_send_batch)(tw_conn *conn, const tw_message *messages, size_t count, size_t *out_count);
  tw_status (*prepared_create)(uint32_t opcode, const uint8_t *data, size_t len, uint32_t flags, tw_pool *pool,
                               tw_prepared **out_prepared);
  void (*prepared_destroy)(tw_prepared *prepared);
  tw_status (*conn_send_prepared)(tw_conn *conn, tw_prepared *prepared);
  tw_status (*conn_ping)(tw_conn *conn, const uint8_t *data, size_t len);
  tw_status (*conn_pong)(tw_conn *conn, const uint8_t *data, size_t len);
  tw_status (*conn_close)(tw_conn *conn, uint32_t code, const uint8_t *reason, size_t len);
  tw_status (*conn_output)(tw_conn *conn, tw_view *views, size_t cap, size_t *out_count);
  tw_status (*conn_output_len)(const tw_conn *conn, size_t *out_len);
  tw_status (*conn_output_consume)(tw_conn *conn, size_t len);
  uint32_t (*conn_state)(const tw_conn *conn);
  uint32_t (*conn_wants)(const tw_conn *conn);
  tw_status (*conn_tick)(tw_conn *conn, uint64_t now_ns, uint64_t *out_next_deadline_ns);
  tw_status (*conn_get_error)(const tw_conn *conn, tw_error *error);
  tw_status (*conn_get_close)(const tw_conn *conn, tw_close *out_close);
  tw_status (*conn_get_deflate)(const tw_conn *conn, tw_deflate *out_deflate);
  tw_status (*conn_get_stats)(const tw_conn *conn, tw_conn_stats *stats);

  /* 1.1 */
  const char *(*status_section)(tw_status status);
  const char *(*status_limit)(tw_status status);
  tw_status (*masking_keys)(const tw_random *random, uint8_t *keys, size_t count);
  tw_status (*head_next)(const tw_head *head, const uint8_t *data, size_t *cursor, tw_view *out_name,
                         tw_view *out_value);
  tw_status (*conn_set_max_message_len)(tw_conn *conn, uint64_t max_message_len);
} tw_api;

/* Whether the provider's table has `member` (1 or 0). */
#define TW_API_HAS(api, member) ((api)->struct_size >= offsetof(tw_api, member) + sizeof((api)->member))

/* The type of tw_get_api, for the result of dlsym. Since 0.1. */
typedef const tw_api *(*tw_get_api_fn)(uint32_t abi_major);

#ifdef __cplusplus
}
#endif

#endif /* TIDEWIRE_TW_TABLE_H_ */
