/* SPDX-License-Identifier: MIT
 *
 * Sizes, offsets and constants of the public headers, compared with layout.txt (argv[1]), which every language can
 * hold its own declarations against. Without an argument the lines are printed.
 */
#include <stdarg.h>
#include <tidewire/tw_table.h>

#include "check.h"

static char actual[32768];
static size_t actual_len;

static void put(const char *format, ...) {
  va_list arguments;
  int written;
  va_start(arguments, format);
  written = vsnprintf(actual + actual_len, sizeof(actual) - actual_len, format, arguments);
  va_end(arguments);
  if (written < 0 || (size_t)written >= sizeof(actual) - actual_len) abort();
  actual_len += (size_t)written;
}

#define SIZE(type) put(#type " %zu\n", sizeof(type))
#define FIELD(type, field) put(#type "." #field " %zu %zu\n", offsetof(type, field), sizeof(((type *)NULL)->field))
#define CONSTANT(name) put(#name " %lld\n", (long long)(name))

static void put_plain_structs(void) {
  SIZE(tw_status);
  SIZE(tw_view);
  FIELD(tw_view, data);
  FIELD(tw_view, len);
  SIZE(tw_allocator);
  FIELD(tw_allocator, allocate);
  FIELD(tw_allocator, release);
  FIELD(tw_allocator, context);
  SIZE(tw_random);
  FIELD(tw_random, fill);
  FIELD(tw_random, context);
  SIZE(tw_utf8);
  FIELD(tw_utf8, state);
  SIZE(tw_frame);
  FIELD(tw_frame, payload);
  FIELD(tw_frame, payload_len);
  FIELD(tw_frame, reserved);
  FIELD(tw_frame, opcode);
  FIELD(tw_frame, flags);
  FIELD(tw_frame, header_len);
  FIELD(tw_frame, masking_key);
  FIELD(tw_frame, offset);
  SIZE(tw_log);
  FIELD(tw_log, put_line);
  FIELD(tw_log, context);
  FIELD(tw_log, level);
  FIELD(tw_log, reserved);
  SIZE(tw_header);
  FIELD(tw_header, name);
  FIELD(tw_header, value);
  SIZE(tw_head);
  FIELD(tw_head, state);
  SIZE(tw_pool_class);
  FIELD(tw_pool_class, len);
  FIELD(tw_pool_class, max_idle);
  SIZE(tw_message);
  FIELD(tw_message, data);
  FIELD(tw_message, len);
  FIELD(tw_message, opcode);
  FIELD(tw_message, flags);
  SIZE(tw_event);
  FIELD(tw_event, data);
  FIELD(tw_event, len);
  FIELD(tw_event, type);
  FIELD(tw_event, opcode);
  FIELD(tw_event, flags);
  FIELD(tw_event, reserved);
  FIELD(tw_event, code);
  FIELD(tw_event, offset);
  SIZE(tw_deflate);
  FIELD(tw_deflate, enabled);
  FIELD(tw_deflate, flags);
  FIELD(tw_deflate, send_window_bits);
  FIELD(tw_deflate, receive_window_bits);
  FIELD(tw_deflate, reserved);
  SIZE(tw_agreement);
  FIELD(tw_agreement, subprotocol);
  FIELD(tw_agreement, deflate);
  FIELD(tw_agreement, accept);
  SIZE(tw_close);
  FIELD(tw_close, local_code);
  FIELD(tw_close, remote_code);
  FIELD(tw_close, cause);
}

static void put_versioned_structs(void) {
  SIZE(tw_pool_config);
  FIELD(tw_pool_config, struct_size);
  FIELD(tw_pool_config, allocator);
  FIELD(tw_pool_config, max_idle_len);
  FIELD(tw_pool_config, classes);
  FIELD(tw_pool_config, class_count);
  SIZE(tw_pool_stats);
  FIELD(tw_pool_stats, struct_size);
  FIELD(tw_pool_stats, hits);
  FIELD(tw_pool_stats, misses);
  FIELD(tw_pool_stats, drops);
  FIELD(tw_pool_stats, in_use_len);
  FIELD(tw_pool_stats, idle_len);
  FIELD(tw_pool_stats, high_water_len);
  FIELD(tw_pool_stats, huge);
  FIELD(tw_pool_stats, class_count);
  SIZE(tw_pool_class_stats);
  FIELD(tw_pool_class_stats, struct_size);
  FIELD(tw_pool_class_stats, len);
  FIELD(tw_pool_class_stats, max_idle);
  FIELD(tw_pool_class_stats, hits);
  FIELD(tw_pool_class_stats, misses);
  FIELD(tw_pool_class_stats, drops);
  FIELD(tw_pool_class_stats, in_use);
  FIELD(tw_pool_class_stats, idle);
  FIELD(tw_pool_class_stats, high_water);
  SIZE(tw_handshake_config);
  FIELD(tw_handshake_config, struct_size);
  FIELD(tw_handshake_config, flags);
  FIELD(tw_handshake_config, max_head_len);
  FIELD(tw_handshake_config, max_header_count);
  FIELD(tw_handshake_config, max_line_len);
  FIELD(tw_handshake_config, host);
  FIELD(tw_handshake_config, target);
  FIELD(tw_handshake_config, origin);
  FIELD(tw_handshake_config, subprotocols);
  FIELD(tw_handshake_config, subprotocol_count);
  FIELD(tw_handshake_config, origins);
  FIELD(tw_handshake_config, origin_count);
  FIELD(tw_handshake_config, headers);
  FIELD(tw_handshake_config, header_count);
  FIELD(tw_handshake_config, deflate);
  SIZE(tw_conn_config);
  FIELD(tw_conn_config, struct_size);
  FIELD(tw_conn_config, role);
  FIELD(tw_conn_config, flags);
  FIELD(tw_conn_config, max_frame_len);
  FIELD(tw_conn_config, max_message_len);
  FIELD(tw_conn_config, max_output_len);
  FIELD(tw_conn_config, max_memory_len);
  FIELD(tw_conn_config, output_high_len);
  FIELD(tw_conn_config, output_low_len);
  FIELD(tw_conn_config, max_fragments);
  FIELD(tw_conn_config, max_control_rate);
  FIELD(tw_conn_config, handshake_timeout_ns);
  FIELD(tw_conn_config, idle_timeout_ns);
  FIELD(tw_conn_config, ping_interval_ns);
  FIELD(tw_conn_config, pong_timeout_ns);
  FIELD(tw_conn_config, message_timeout_ns);
  FIELD(tw_conn_config, close_timeout_ns);
  FIELD(tw_conn_config, read_len);
  FIELD(tw_conn_config, max_read_len);
  FIELD(tw_conn_config, write_len);
  FIELD(tw_conn_config, min_borrow_len);
  FIELD(tw_conn_config, allocator);
  FIELD(tw_conn_config, random);
  FIELD(tw_conn_config, pool);
  FIELD(tw_conn_config, handshake);
  FIELD(tw_conn_config, deflate);
  FIELD(tw_conn_config, negotiated);
  FIELD(tw_conn_config, log);
  SIZE(tw_error);
  FIELD(tw_error, struct_size);
  FIELD(tw_error, status);
  FIELD(tw_error, close_code);
  FIELD(tw_error, offset);
  FIELD(tw_error, message);
  FIELD(tw_error, section);
  FIELD(tw_error, limit);
  SIZE(tw_deflate_config);
  FIELD(tw_deflate_config, struct_size);
  FIELD(tw_deflate_config, level);
  FIELD(tw_deflate_config, memory_level);
  FIELD(tw_deflate_config, send_window_bits);
  FIELD(tw_deflate_config, receive_window_bits);
  FIELD(tw_deflate_config, max_context_len);
  FIELD(tw_deflate_config, min_len);
  FIELD(tw_deflate_config, max_call_len);
  FIELD(tw_deflate_config, max_ratio);
  FIELD(tw_deflate_config, reserved);
  SIZE(tw_conn_stats);
  FIELD(tw_conn_stats, struct_size);
  FIELD(tw_conn_stats, bytes_received);
  FIELD(tw_conn_stats, bytes_sent);
  FIELD(tw_conn_stats, messages_received);
  FIELD(tw_conn_stats, messages_sent);
  FIELD(tw_conn_stats, frames_received);
  FIELD(tw_conn_stats, frames_sent);
  FIELD(tw_conn_stats, control_frames_received);
  FIELD(tw_conn_stats, control_frames_sent);
  FIELD(tw_conn_stats, deflated_received_len);
  FIELD(tw_conn_stats, inflated_received_len);
  FIELD(tw_conn_stats, deflated_sent_len);
  FIELD(tw_conn_stats, inflated_sent_len);
  FIELD(tw_conn_stats, held_len);
  FIELD(tw_conn_stats, context_len);
  FIELD(tw_conn_stats, rtt_ns);
  FIELD(tw_api, struct_size);
  FIELD(tw_api, abi_major);
  FIELD(tw_api, abi_minor);
  FIELD(tw_api, version);
}

static void put_statuses(void) {
  CONSTANT(TW_OK);
  CONSTANT(TW_NEED_INPUT);
  CONSTANT(TW_NEED_ROOM);
  CONSTANT(TW_ERR_NULL);
  CONSTANT(TW_ERR_ARGUMENT);
  CONSTANT(TW_ERR_STATE);
  CONSTANT(TW_ERR_UNSUPPORTED);
  CONSTANT(TW_ERR_TEXT);
  CONSTANT(TW_ERR_CONTROL_LENGTH);
  CONSTANT(TW_ERR_SEND_CLOSE_CODE);
  CONSTANT(TW_ERR_HEADER_INJECTION);
  CONSTANT(TW_ERR_KERNEL);
  CONSTANT(TW_ERR_RSV);
  CONSTANT(TW_ERR_OPCODE);
  CONSTANT(TW_ERR_LENGTH_NOT_MINIMAL);
  CONSTANT(TW_ERR_LENGTH_TOO_LARGE);
  CONSTANT(TW_ERR_MASK_MISSING);
  CONSTANT(TW_ERR_MASK_UNEXPECTED);
  CONSTANT(TW_ERR_CONTROL_FRAGMENTED);
  CONSTANT(TW_ERR_CONTROL_TOO_LONG);
  CONSTANT(TW_ERR_CONTINUATION);
  CONSTANT(TW_ERR_INTERLEAVED);
  CONSTANT(TW_ERR_UTF8);
  CONSTANT(TW_ERR_CLOSE_LENGTH);
  CONSTANT(TW_ERR_CLOSE_CODE);
  CONSTANT(TW_ERR_CLOSE_REASON);
  CONSTANT(TW_ERR_EOF);
  CONSTANT(TW_ERR_DEFLATE);
  CONSTANT(TW_ERR_HTTP_SYNTAX);
  CONSTANT(TW_ERR_HTTP_METHOD);
  CONSTANT(TW_ERR_HTTP_VERSION);
  CONSTANT(TW_ERR_HTTP_HOST);
  CONSTANT(TW_ERR_HTTP_UPGRADE);
  CONSTANT(TW_ERR_HTTP_CONNECTION);
  CONSTANT(TW_ERR_HTTP_BODY);
  CONSTANT(TW_ERR_HTTP_STATUS);
  CONSTANT(TW_ERR_KEY);
  CONSTANT(TW_ERR_VERSION);
  CONSTANT(TW_ERR_ACCEPT);
  CONSTANT(TW_ERR_ORIGIN);
  CONSTANT(TW_ERR_SUBPROTOCOL);
  CONSTANT(TW_ERR_EXTENSION);
  CONSTANT(TW_ERR_LIMIT_FRAME);
  CONSTANT(TW_ERR_LIMIT_MESSAGE);
  CONSTANT(TW_ERR_LIMIT_FRAGMENTS);
  CONSTANT(TW_ERR_LIMIT_OUTPUT);
  CONSTANT(TW_ERR_LIMIT_CONTROL_RATE);
  CONSTANT(TW_ERR_LIMIT_MEMORY);
  CONSTANT(TW_ERR_LIMIT_RATIO);
  CONSTANT(TW_ERR_LIMIT_HEAD);
  CONSTANT(TW_ERR_LIMIT_HEADER_COUNT);
  CONSTANT(TW_ERR_LIMIT_LINE);
  CONSTANT(TW_ERR_TIMEOUT_HANDSHAKE);
  CONSTANT(TW_ERR_TIMEOUT_IDLE);
  CONSTANT(TW_ERR_TIMEOUT_PONG);
  CONSTANT(TW_ERR_TIMEOUT_MESSAGE);
  CONSTANT(TW_ERR_TIMEOUT_CLOSE);
  CONSTANT(TW_ERR_NO_MEMORY);
  CONSTANT(TW_ERR_RANDOM);
}

static void put_constants(void) {
  CONSTANT(TW_ABI_MAJOR);
  CONSTANT(TW_LOG_ERROR);
  CONSTANT(TW_LOG_INFO);
  CONSTANT(TW_LOG_DEBUG);
  CONSTANT(TW_OPCODE_CONTINUATION);
  CONSTANT(TW_OPCODE_TEXT);
  CONSTANT(TW_OPCODE_BINARY);
  CONSTANT(TW_OPCODE_CLOSE);
  CONSTANT(TW_OPCODE_PING);
  CONSTANT(TW_OPCODE_PONG);
  CONSTANT(TW_FRAME_FIN);
  CONSTANT(TW_FRAME_RSV1);
  CONSTANT(TW_FRAME_RSV2);
  CONSTANT(TW_FRAME_RSV3);
  CONSTANT(TW_FRAME_MASKED);
  CONSTANT(TW_FRAME_HEADER_MAX);
  CONSTANT(TW_CONTROL_PAYLOAD_MAX);
  CONSTANT(TW_DECODE_REQUIRE_MASKED);
  CONSTANT(TW_DECODE_REQUIRE_UNMASKED);
  CONSTANT(TW_DECODE_VALIDATE_TEXT);
  CONSTANT(TW_DECODE_ALLOW_RSV1);
  CONSTANT(TW_DECODE_ALLOW_RSV2);
  CONSTANT(TW_DECODE_ALLOW_RSV3);
  CONSTANT(TW_POOL_CLASSES_MAX);
  CONSTANT(TW_KEY_LEN);
  CONSTANT(TW_ACCEPT_LEN);
  CONSTANT(TW_HANDSHAKE_ANY_ORIGIN);
  CONSTANT(TW_ROLE_SERVER);
  CONSTANT(TW_ROLE_CLIENT);
  CONSTANT(TW_CONN_UPGRADED);
  CONSTANT(TW_CONN_STREAM);
  CONSTANT(TW_CONN_STREAM_FRAGMENTED);
  CONSTANT(TW_CONN_MANUAL_PONG);
  CONSTANT(TW_CONN_MANUAL_CLOSE);
  CONSTANT(TW_CONN_TRUSTED);
  CONSTANT(TW_EVENT_OPEN);
  CONSTANT(TW_EVENT_MESSAGE);
  CONSTANT(TW_EVENT_PING);
  CONSTANT(TW_EVENT_PONG);
  CONSTANT(TW_EVENT_CLOSE);
  CONSTANT(TW_EVENT_CHUNK);
  CONSTANT(TW_SEND_MORE);
  CONSTANT(TW_SEND_VALID_UTF8);
  CONSTANT(TW_SEND_COMPRESS);
  CONSTANT(TW_SEND_NO_COMPRESS);
  CONSTANT(TW_SEND_BORROW);
  CONSTANT(TW_SEND_MASK_IN_PLACE);
  CONSTANT(TW_STATE_CONNECTING);
  CONSTANT(TW_STATE_OPEN);
  CONSTANT(TW_STATE_CLOSING);
  CONSTANT(TW_STATE_CLOSED);
  CONSTANT(TW_WANT_READ);
  CONSTANT(TW_WANT_WRITE);
  CONSTANT(TW_WANT_CLOSE);
  CONSTANT(TW_WANT_PAUSE);
  CONSTANT(TW_CLOSE_BY_NOBODY);
  CONSTANT(TW_CLOSE_BY_US);
  CONSTANT(TW_CLOSE_BY_PEER);
  CONSTANT(TW_CLOSE_BY_ERROR);
  CONSTANT(TW_DEFLATE_SEND_TAKEOVER);
  CONSTANT(TW_DEFLATE_RECEIVE_TAKEOVER);
  CONSTANT(TW_DEFLATE_WINDOW_ASKED);
}

static void compare_with(const char *path) {
  char wanted[160];
  const char *line = actual;
  FILE *file = fopen(path, "r");
  if (!CHECK(file != NULL)) return;
  while (fgets(wanted, sizeof(wanted), file) != NULL) {
    const size_t len = strlen(wanted);
    if (!check_true(strncmp(line, wanted, len) == 0, "the line is as in layout.txt", __FILE__, __LINE__)) {
      fprintf(stderr, "    is %.*s\n    expected %s", (int)strcspn(line, "\n"), line, wanted);
      break;
    }
    line += len;
  }
  CHECK(check_failures > 0 || *line == '\0');
  fclose(file);
}

int main(int argc, char **argv) {
  put_plain_structs();
  put_versioned_structs();
  put_statuses();
  put_constants();
  if (argc == 2) {
    compare_with(argv[1]);
    return check_result();
  }
  fputs(actual, stdout);
  return 0;
}
