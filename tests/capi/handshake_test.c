/* SPDX-License-Identifier: MIT
 *
 * The opening handshake over the caller's memory, both roles talking to each other, and what the functions refuse.
 */
#include "check.h"

static const char kRequest[] =
    "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nX-A: 1\r\nX-A: 2\r\n\r\n";
#define REQUEST (const uint8_t *)kRequest
#define REQUEST_LEN (sizeof(kRequest) - 1)
#define KEY (const uint8_t *)"dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT (const uint8_t *)"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void check_view(tw_view view, const char *want) {
  CHECK_EQ(view.len, strlen(want));
  if (view.len == strlen(want)) CHECK_BYTES(view.data, want, view.len);
}

static void test_parse_request(void) {
  tw_head head;
  tw_view view = {NULL, 0}, name = {NULL, 0};
  size_t head_len = 0, len;
  CHECK_STATUS(tw_head_init(&head, TW_ROLE_SERVER, NULL), TW_OK);
  for (len = 0; len < REQUEST_LEN; ++len) CHECK_STATUS(tw_head_parse(&head, REQUEST, len, &head_len), TW_NEED_INPUT);
  CHECK_STATUS(tw_head_method(&head, REQUEST, &view), TW_ERR_STATE);
  CHECK_STATUS(tw_head_parse(&head, REQUEST, REQUEST_LEN, &head_len), TW_OK);
  CHECK_EQ(head_len, REQUEST_LEN);
  CHECK_STATUS(tw_head_method(&head, REQUEST, &view), TW_OK);
  check_view(view, "GET");
  CHECK_STATUS(tw_head_target(&head, REQUEST, &view), TW_OK);
  check_view(view, "/chat");
  CHECK_STATUS(tw_head_status(&head, REQUEST, &view), TW_ERR_STATE);
  CHECK_STATUS(tw_head_header(&head, REQUEST, "x-a", 1, &name, &view), TW_OK);
  check_view(name, "X-A");
  check_view(view, "2");
  CHECK_STATUS(tw_head_header(&head, REQUEST, "x-a", 2, NULL, &view), TW_NEED_INPUT);
  CHECK_STATUS(tw_head_header(&head, REQUEST, NULL, 0, &name, &view), TW_OK);
  check_view(name, "Host");
}

/* Gives what tw_head_header does by index. */
static void test_walk(void) {
  tw_head head;
  tw_view name = {NULL, 0}, value = {NULL, 0}, want_name = {NULL, 0}, want_value = {NULL, 0};
  size_t head_len = 0, cursor = 0, i;
  uint8_t *data = (uint8_t *)check_block(REQUEST, REQUEST_LEN);
  tw_head_init(&head, TW_ROLE_SERVER, NULL);
  CHECK_STATUS(tw_head_next(&head, data, &cursor, &name, &value), TW_ERR_STATE);
  CHECK_STATUS(tw_head_parse(&head, data, REQUEST_LEN, &head_len), TW_OK);
  for (i = 0; tw_head_header(&head, data, NULL, i, &want_name, &want_value) == TW_OK; ++i) {
    CHECK_STATUS(tw_head_next(&head, data, &cursor, i % 2 == 0 ? &name : NULL, &value), TW_OK);
    CHECK(value.data == want_value.data && value.len == want_value.len);
    CHECK(i % 2 == 1 || (name.data == want_name.data && name.len == want_name.len));
  }
  CHECK_EQ(i, 7);
  for (i = 0; i < 3; ++i) CHECK_STATUS(tw_head_next(&head, data, &cursor, &name, &value), TW_NEED_INPUT);
  free(data);
}

/* A cursor that the walk did not make leads nowhere outside the head, and the walk still ends. */
static void test_walk_from_anywhere(void) {
  tw_head head;
  size_t head_len = 0, start;
  uint8_t *data = (uint8_t *)check_block(REQUEST, REQUEST_LEN);
  tw_head_init(&head, TW_ROLE_SERVER, NULL);
  CHECK_STATUS(tw_head_parse(&head, data, REQUEST_LEN, &head_len), TW_OK);
  for (start = 0; start < REQUEST_LEN + 9; ++start) {
    size_t cursor = start < REQUEST_LEN + 8 ? start : SIZE_MAX, steps;
    tw_view name = {NULL, 0}, value = {NULL, 0};
    for (steps = 0; tw_head_next(&head, data, &cursor, &name, &value) == TW_OK; ++steps) {
      CHECK(name.data >= data && value.data + value.len <= data + REQUEST_LEN && name.data + name.len < value.data);
      if (!CHECK(steps < 8)) break;
    }
  }
  free(data);
}

static void test_server(void) {
  tw_head head;
  tw_handshake_config config = TW_HANDSHAKE_CONFIG_INIT;
  tw_agreement agreement = {9, {9, 9, 9, 9, {9}}, {9}};
  uint8_t out[256];
  size_t head_len = 0, needed = 0, len = 0;
  tw_head_init(&head, TW_ROLE_SERVER, &config);
  CHECK_STATUS(tw_request_check(&head, REQUEST, &config, &agreement), TW_ERR_STATE);
  CHECK_EQ(agreement.subprotocol, 9);
  CHECK_STATUS(tw_head_parse(&head, REQUEST, REQUEST_LEN, &head_len), TW_OK);
  CHECK_STATUS(tw_request_check(&head, REQUEST, NULL, &agreement), TW_OK);
  CHECK_BYTES(agreement.accept, ACCEPT, TW_ACCEPT_LEN);
  CHECK_EQ(agreement.subprotocol, 0);
  CHECK_EQ(agreement.deflate.enabled, 0);
  CHECK_EQ(agreement.deflate.reserved[0], 0);
  CHECK_STATUS(tw_response_build(&config, &agreement, NULL, 0, &needed), TW_NEED_ROOM);
  CHECK_STATUS(tw_response_build(&config, &agreement, out, needed - 1, &len), TW_NEED_ROOM);
  CHECK_STATUS(tw_response_build(&config, &agreement, out, needed, &len), TW_OK);
  CHECK_EQ(len, needed);
  agreement.subprotocol = 1;
  CHECK_STATUS(tw_response_build(&config, &agreement, out, sizeof(out), &len), TW_ERR_ARGUMENT);
  agreement.subprotocol = 0;
  agreement.accept[0] = '\n';
  CHECK_STATUS(tw_response_build(&config, &agreement, out, sizeof(out), &len), TW_ERR_ARGUMENT);
}

/* What the client's functions write is what the server's accept, and the other way round. */
static void shake_hands(const tw_handshake_config *client, const tw_handshake_config *server, tw_agreement *ours,
                        tw_agreement *theirs) {
  tw_head head;
  uint8_t key[TW_KEY_LEN], request[512], response[512];
  size_t request_len = 0, response_len = 0, head_len = 0;
  CHECK_STATUS(tw_key_generate(NULL, key), TW_OK);
  CHECK_STATUS(tw_request_build(client, key, request, sizeof(request), &request_len), TW_OK);
  tw_head_init(&head, TW_ROLE_SERVER, server);
  CHECK_STATUS(tw_head_parse(&head, request, request_len, &head_len), TW_OK);
  CHECK_STATUS(tw_request_check(&head, request, server, theirs), TW_OK);
  CHECK_STATUS(tw_response_build(server, theirs, response, sizeof(response), &response_len), TW_OK);
  tw_head_init(&head, TW_ROLE_CLIENT, client);
  CHECK_STATUS(tw_head_parse(&head, response, response_len, &head_len), TW_OK);
  CHECK_STATUS(tw_response_check(&head, response, client, key, ours), TW_OK);
  CHECK_BYTES(ours->accept, theirs->accept, TW_ACCEPT_LEN);
  key[0] = key[0] == 'A' ? 'B' : 'A';
  CHECK_STATUS(tw_response_check(&head, response, client, key, ours), TW_ERR_ACCEPT);
}

static void test_both_roles(void) {
  const char *const offered[] = {"v2", "v1"}, *const supported[] = {"v1"};
  tw_handshake_config client = TW_HANDSHAKE_CONFIG_INIT, server = TW_HANDSHAKE_CONFIG_INIT;
  tw_agreement ours, theirs;
  client.host = "example.com";
  client.subprotocols = offered;
  client.subprotocol_count = 2;
  server.subprotocols = supported;
  server.subprotocol_count = 1;
  shake_hands(&client, &server, &ours, &theirs);
  CHECK_EQ(theirs.subprotocol, 1);
  CHECK_EQ(ours.subprotocol, 2);
  CHECK_EQ(ours.deflate.enabled, 0);
}

static void test_compression(void) {
  tw_handshake_config client = TW_HANDSHAKE_CONFIG_INIT, server = TW_HANDSHAKE_CONFIG_INIT;
  tw_deflate_config wish = TW_DEFLATE_CONFIG_INIT, other = TW_DEFLATE_CONFIG_INIT;
  tw_agreement ours, theirs;
  client.host = "example.com";
  client.deflate = &wish;
  shake_hands(&client, &server, &ours, &theirs);
  CHECK_EQ(ours.deflate.enabled, 0);
  server.deflate = &other;
  shake_hands(&client, &server, &ours, &theirs);
  CHECK_EQ(ours.deflate.enabled, 1);
  CHECK_EQ(ours.deflate.flags, 0);
  CHECK_EQ(ours.deflate.send_window_bits, 15);
  CHECK_EQ(ours.deflate.receive_window_bits, 15);
  wish.max_context_len = TW_NEVER;
  wish.receive_window_bits = 10;
  other.max_context_len = 65536; /* room to receive with, not to send */
  other.receive_window_bits = 9;
  shake_hands(&client, &server, &ours, &theirs);
  CHECK_EQ(ours.deflate.flags, TW_DEFLATE_SEND_TAKEOVER);
  CHECK_EQ(ours.deflate.send_window_bits, 9);
  CHECK_EQ(ours.deflate.receive_window_bits, 10);
  CHECK_EQ(theirs.deflate.flags, TW_DEFLATE_RECEIVE_TAKEOVER | TW_DEFLATE_WINDOW_ASKED);
  CHECK_EQ(theirs.deflate.send_window_bits, 10);
  CHECK_EQ(theirs.deflate.receive_window_bits, 9);
}

static tw_status outcome_of_wish(const tw_deflate_config *wish) {
  tw_handshake_config config = TW_HANDSHAKE_CONFIG_INIT;
  tw_head head;
  config.deflate = wish;
  return tw_head_init(&head, TW_ROLE_SERVER, &config);
}

static void test_values_of_the_wish(void) {
  static const struct {
    uint32_t value;
    tw_status level, window;
  } kRows[] = {{0, TW_OK, TW_OK},
               {1, TW_OK, TW_ERR_ARGUMENT},
               {7, TW_OK, TW_ERR_ARGUMENT},
               {8, TW_OK, TW_OK},
               {9, TW_OK, TW_OK},
               {10, TW_ERR_ARGUMENT, TW_OK},
               {15, TW_ERR_ARGUMENT, TW_OK},
               {16, TW_ERR_ARGUMENT, TW_ERR_ARGUMENT},
               {264, TW_ERR_ARGUMENT, TW_ERR_ARGUMENT},
               {UINT32_MAX, TW_ERR_ARGUMENT, TW_ERR_ARGUMENT}};
  size_t i;
  for (i = 0; i < sizeof(kRows) / sizeof(kRows[0]); ++i) {
    tw_deflate_config level = TW_DEFLATE_CONFIG_INIT, memory = level, send = level, receive = level;
    level.level = kRows[i].value;
    memory.memory_level = kRows[i].value;
    send.send_window_bits = kRows[i].value;
    receive.receive_window_bits = kRows[i].value;
    CHECK_STATUS(outcome_of_wish(&level), kRows[i].level);
    CHECK_STATUS(outcome_of_wish(&memory), kRows[i].level);
    CHECK_STATUS(outcome_of_wish(&send), kRows[i].window);
    CHECK_STATUS(outcome_of_wish(&receive), kRows[i].window);
  }
}

static void test_wish_of_another_version(void) {
  struct {
    tw_deflate_config config;
    void *later;
  } newer = {TW_DEFLATE_CONFIG_INIT, NULL};
  tw_deflate_config wish = TW_DEFLATE_CONFIG_INIT;
  wish.reserved = 1;
  CHECK_STATUS(outcome_of_wish(&wish), TW_ERR_UNSUPPORTED);
  wish.reserved = 0;
  wish.struct_size -= 1;
  CHECK_STATUS(outcome_of_wish(&wish), TW_ERR_ARGUMENT);
  newer.config.struct_size = sizeof(newer);
  CHECK_STATUS(outcome_of_wish(&newer.config), TW_OK);
  newer.later = &newer;
  CHECK_STATUS(outcome_of_wish(&newer.config), TW_ERR_UNSUPPORTED);
}

static void test_refusal(void) {
  uint8_t out[512];
  size_t len = 0;
  CHECK_STATUS(tw_refusal_build(TW_ERR_VERSION, NULL, 0, &len), TW_NEED_ROOM);
  CHECK_STATUS(tw_refusal_build(TW_ERR_VERSION, out, sizeof(out), &len), TW_OK);
  CHECK_BYTES(out, "HTTP/1.1 426 ", 13);
  CHECK_STATUS(tw_refusal_build(TW_ERR_RSV, out, sizeof(out), &len), TW_ERR_ARGUMENT);
  CHECK_STATUS(tw_refusal_build(12345, out, sizeof(out), &len), TW_ERR_ARGUMENT);
}

static void test_keys(void) {
  uint8_t accept[TW_ACCEPT_LEN], first[TW_KEY_LEN], second[TW_KEY_LEN];
  CHECK_STATUS(tw_accept_key(KEY, accept), TW_OK);
  CHECK_BYTES(accept, ACCEPT, TW_ACCEPT_LEN);
  CHECK_STATUS(tw_accept_key((const uint8_t *)"dGhlIHNhbXBsZSBub25jZQ!=", accept), TW_ERR_KEY);
  CHECK_STATUS(tw_key_generate(NULL, first), TW_OK);
  CHECK_STATUS(tw_key_generate(NULL, second), TW_OK);
  CHECK(memcmp(first, second, TW_KEY_LEN) != 0);
}

static void test_config_of_another_version(void) {
  struct {
    tw_handshake_config config;
    void *later;
  } newer = {TW_HANDSHAKE_CONFIG_INIT, NULL};
  tw_handshake_config config = TW_HANDSHAKE_CONFIG_INIT;
  tw_head head;
  config.struct_size -= 1;
  CHECK_STATUS(tw_head_init(&head, TW_ROLE_SERVER, &config), TW_ERR_ARGUMENT);
  newer.config.struct_size = sizeof(newer);
  CHECK_STATUS(tw_head_init(&head, TW_ROLE_SERVER, &newer.config), TW_OK);
  newer.later = &newer;
  CHECK_STATUS(tw_head_init(&head, TW_ROLE_SERVER, &newer.config), TW_ERR_UNSUPPORTED);
  config = newer.config;
  config.struct_size = sizeof(config);
  config.flags = 0x80;
  CHECK_STATUS(tw_head_init(&head, TW_ROLE_SERVER, &config), TW_ERR_UNSUPPORTED);
  config.flags = 0;
  CHECK_STATUS(tw_head_init(&head, 2, &config), TW_ERR_ARGUMENT);
}

static void test_null_strings(void) {
  const char *const names[] = {"a", NULL};
  const tw_header headers[] = {{"X-A", NULL}};
  tw_handshake_config config = TW_HANDSHAKE_CONFIG_INIT;
  uint8_t out[512];
  size_t len = 0;
  CHECK_STATUS(tw_request_build(&config, KEY, out, sizeof(out), &len), TW_ERR_NULL);
  CHECK_STATUS(tw_request_build(NULL, KEY, out, sizeof(out), &len), TW_ERR_NULL);
  config.host = "h";
  CHECK_STATUS(tw_request_build(&config, KEY, out, sizeof(out), &len), TW_OK);
  config.subprotocol_count = 1;
  CHECK_STATUS(tw_request_build(&config, KEY, out, sizeof(out), &len), TW_ERR_NULL);
  config.subprotocols = names;
  config.subprotocol_count = 2;
  CHECK_STATUS(tw_request_build(&config, KEY, out, sizeof(out), &len), TW_ERR_NULL);
  config.subprotocol_count = 0;
  config.headers = headers;
  config.header_count = 1;
  CHECK_STATUS(tw_request_build(&config, KEY, out, sizeof(out), &len), TW_ERR_NULL);
}

static void test_null(void) {
  tw_head head;
  tw_view view;
  uint8_t out[TW_ACCEPT_LEN];
  tw_agreement agreement = {0, {0, 0, 0, 0, {0}}, {0}};
  size_t len = 0;
  tw_head_init(&head, TW_ROLE_SERVER, NULL);
  CHECK_STATUS(tw_head_init(NULL, TW_ROLE_SERVER, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_head_parse(NULL, REQUEST, 1, &len), TW_ERR_NULL);
  CHECK_STATUS(tw_head_parse(&head, NULL, 1, &len), TW_ERR_NULL);
  CHECK_STATUS(tw_head_parse(&head, REQUEST, 1, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_head_parse(&head, NULL, 0, &len), TW_NEED_INPUT);
  CHECK_STATUS(tw_head_parse(&head, REQUEST, REQUEST_LEN, &len), TW_OK);
  CHECK_STATUS(tw_head_method(NULL, REQUEST, &view), TW_ERR_NULL);
  CHECK_STATUS(tw_head_target(&head, NULL, &view), TW_ERR_NULL);
  CHECK_STATUS(tw_head_status(&head, REQUEST, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_head_header(NULL, REQUEST, "a", 0, NULL, &view), TW_ERR_NULL);
  CHECK_STATUS(tw_head_header(&head, NULL, "a", 0, NULL, &view), TW_ERR_NULL);
  CHECK_STATUS(tw_head_header(&head, REQUEST, "a", 0, NULL, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_request_check(NULL, REQUEST, NULL, &agreement), TW_ERR_NULL);
  CHECK_STATUS(tw_request_check(&head, NULL, NULL, &agreement), TW_ERR_NULL);
  CHECK_STATUS(tw_request_check(&head, REQUEST, NULL, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_response_check(NULL, REQUEST, NULL, KEY, &agreement), TW_ERR_NULL);
  CHECK_STATUS(tw_response_check(&head, NULL, NULL, KEY, &agreement), TW_ERR_NULL);
  CHECK_STATUS(tw_response_check(&head, REQUEST, NULL, NULL, &agreement), TW_ERR_NULL);
  CHECK_STATUS(tw_response_check(&head, REQUEST, NULL, KEY, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_response_build(NULL, NULL, NULL, 0, &len), TW_ERR_NULL);
  CHECK_STATUS(tw_response_build(NULL, &agreement, NULL, 0, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_response_build(NULL, &agreement, NULL, 1, &len), TW_ERR_NULL);
  CHECK_STATUS(tw_refusal_build(TW_ERR_KEY, NULL, 0, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_key_generate(NULL, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_accept_key(NULL, out), TW_ERR_NULL);
  CHECK_STATUS(tw_accept_key(KEY, NULL), TW_ERR_NULL);
}

int main(void) {
  test_parse_request();
  test_walk();
  test_walk_from_anywhere();
  test_server();
  test_both_roles();
  test_compression();
  test_values_of_the_wish();
  test_wish_of_another_version();
  test_refusal();
  test_keys();
  test_config_of_another_version();
  test_null_strings();
  test_null();
  return check_result();
}
