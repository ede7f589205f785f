/* SPDX-License-Identifier: MIT
 *
 * The old program's opening handshake over its own memory, with every field of the configuration set.
 */
#include "tests/abi/old_program.h"

#define KEY (const uint8_t *)"dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT (const uint8_t *)"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static const char kRequest[] =
    "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: https://other.example\r\n"
    "Sec-WebSocket-Protocol: v2, v1\r\nX-A: 1\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=12; server_max_window_bits=10\r\n\r\n";

/* Of the request that client_config gives. */
static const char *const kParts[] = {"GET /chat HTTP/1.1\r\n",
                                     "\r\nHost: example.com\r\n",
                                     "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                                     "\r\nOrigin: https://other.example\r\n",
                                     "\r\nSec-WebSocket-Protocol: v2, v1\r\n",
                                     "\r\nX-A: 1\r\n",
                                     "client_max_window_bits=12",
                                     "server_max_window_bits=10"};

static const char *const kOffered[] = {"v2", "v1"};
static const char *const kSupported[] = {"v1"};
static const char *const kOrigins[] = {"https://other.example"};
static const tw_header kHeaders[] = {{"X-A", "1"}};

static tw_handshake_config *client_config(const tw_deflate_config *deflate) {
  const tw_handshake_config init = TW_HANDSHAKE_CONFIG_INIT;
  tw_handshake_config *config = EXACT_COPY(tw_handshake_config, &init);
  config->host = "example.com";
  config->target = "/chat";
  config->origin = kOrigins[0];
  config->subprotocols = kOffered;
  config->subprotocol_count = 2;
  config->headers = kHeaders;
  config->header_count = 1;
  config->deflate = deflate;
  return config;
}

static tw_handshake_config *server_config(const tw_deflate_config *deflate) {
  const tw_handshake_config init = TW_HANDSHAKE_CONFIG_INIT;
  tw_handshake_config *config = EXACT_COPY(tw_handshake_config, &init);
  config->subprotocols = kSupported;
  config->subprotocol_count = 1;
  config->origins = kOrigins;
  config->origin_count = 1;
  config->deflate = deflate;
  return config;
}

static void check_part(tw_view part, const char *want) {
  if (CHECK_EQ(part.len, strlen(want))) CHECK_BYTES(part.data, want, part.len);
}

static void check_parts(const tw_head *head, const uint8_t *request) {
  tw_view part = {NULL, 0}, name = {NULL, 0};
  CHECK_STATUS(api->head_method(head, request, &part), TW_OK);
  check_part(part, "GET");
  CHECK_STATUS(api->head_target(head, request, &part), TW_OK);
  check_part(part, "/chat");
  CHECK_STATUS(api->head_status(head, request, &part), TW_ERR_STATE);
  CHECK_STATUS(api->head_header(head, request, "x-a", 0, &name, &part), TW_OK);
  check_part(name, "X-A");
  check_part(part, "1");
}

/* What the server makes of the request; returns the length of its response. */
static size_t answer(tw_handshake_config *config, const uint8_t *request, uint8_t *response, size_t cap) {
  tw_head *head = EXACT_ARRAY(tw_head, 1);
  tw_agreement *agreement = EXACT_ARRAY(tw_agreement, 1);
  size_t len = 0;
  CHECK_STATUS(api->head_init(head, TW_ROLE_SERVER, config), TW_OK);
  CHECK_STATUS(api->head_parse(head, request, sizeof(kRequest) - 2, &len), TW_NEED_INPUT);
  CHECK_STATUS(api->head_parse(head, request, sizeof(kRequest) - 1, &len), TW_OK);
  check_parts(head, request);
  config->origin_count = 0;
  CHECK_STATUS(api->request_check(head, request, config, agreement), TW_ERR_ORIGIN);
  config->flags = TW_HANDSHAKE_ANY_ORIGIN;
  CHECK_STATUS(api->request_check(head, request, config, agreement), TW_OK);
  config->flags = 0;
  config->origin_count = 1;
  CHECK_STATUS(api->request_check(head, request, config, agreement), TW_OK);
  CHECK_EQ(agreement->subprotocol, 1);
  CHECK_EQ(agreement->deflate.enabled, 1);
  CHECK_EQ(agreement->deflate.send_window_bits, 10);
  CHECK_EQ(agreement->deflate.receive_window_bits, 12);
  CHECK_BYTES(agreement->accept, ACCEPT, TW_ACCEPT_LEN);
  CHECK_STATUS(api->response_build(config, agreement, response, cap, &len), TW_OK);
  free(head);
  free(agreement);
  return len;
}

static void check_request(const uint8_t *request, size_t len) {
  char *text = EXACT_ARRAY(char, len + 1);
  size_t i;
  memcpy(text, request, len);
  for (i = 0; i < COUNT(kParts); ++i) {
    if (!CHECK(strstr(text, kParts[i]) != NULL)) fprintf(stderr, "    the request lacks %s\n", kParts[i]);
  }
  free(text);
}

static void check_limit(uint32_t *limit, uint32_t value, const tw_handshake_config *config, const char *name) {
  tw_head head;
  size_t len = 0;
  tw_status status;
  *limit = value;
  CHECK_STATUS(api->head_init(&head, TW_ROLE_SERVER, config), TW_OK);
  status = api->head_parse(&head, (const uint8_t *)kRequest, sizeof(kRequest) - 1, &len);
  *limit = 0;
  CHECK_STR(api->status_name(status), name);
}

static void check_limits(tw_handshake_config *config) {
  check_limit(&config->max_head_len, 60, config, "TW_ERR_LIMIT_HEAD");
  check_limit(&config->max_header_count, 3, config, "TW_ERR_LIMIT_HEADER_COUNT");
  check_limit(&config->max_line_len, 40, config, "TW_ERR_LIMIT_LINE");
}

int old_handshake(void) {
  const tw_deflate_config deflate_init = TW_DEFLATE_CONFIG_INIT;
  tw_deflate_config *deflate = EXACT_COPY(tw_deflate_config, &deflate_init);
  tw_handshake_config *client = client_config(deflate), *server = server_config(deflate);
  tw_head *head = EXACT_ARRAY(tw_head, 1);
  tw_agreement *agreement = EXACT_ARRAY(tw_agreement, 1);
  uint8_t key[TW_KEY_LEN], accept[TW_ACCEPT_LEN], request[1024], response[1024];
  size_t len = 0, head_len = 0;
  CHECK_STATUS(api->key_generate(NULL, key), TW_OK);
  CHECK_BYTES(key + TW_KEY_LEN - 2, "==", 2);
  CHECK_STATUS(api->accept_key(KEY, accept), TW_OK);
  CHECK_BYTES(accept, ACCEPT, TW_ACCEPT_LEN);
  deflate->send_window_bits = 12;
  deflate->receive_window_bits = 10;
  CHECK_STATUS(api->request_build(client, KEY, request, sizeof(request), &len), TW_OK);
  check_request(request, len);
  deflate->send_window_bits = 10;
  deflate->receive_window_bits = 12;
  len = answer(server, (const uint8_t *)kRequest, response, sizeof(response));
  deflate->send_window_bits = 12;
  deflate->receive_window_bits = 10;
  CHECK_STATUS(api->head_init(head, TW_ROLE_CLIENT, client), TW_OK);
  CHECK_STATUS(api->head_parse(head, response, len, &head_len), TW_OK);
  CHECK_EQ(head_len, len);
  CHECK_STATUS(api->response_check(head, response, client, KEY, agreement), TW_OK);
  CHECK_EQ(agreement->subprotocol, 2);
  CHECK_EQ(agreement->deflate.send_window_bits, 12);
  CHECK_EQ(agreement->deflate.receive_window_bits, 10);
  CHECK_STATUS(api->refusal_build(TW_ERR_VERSION, response, sizeof(response), &len), TW_OK);
  CHECK_BYTES(response, "HTTP/1.1 426 ", 13);
  check_limits(server);
  free(deflate);
  free(client);
  free(server);
  free(head);
  free(agreement);
  return check_result();
}
