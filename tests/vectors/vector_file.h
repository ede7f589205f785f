// SPDX-License-Identifier: MIT
// Reads a vector file (README.md has the format) into plain structs, and refuses what the format does not have.
#ifndef TIDEWIRE_TESTS_VECTORS_VECTOR_FILE_H_
#define TIDEWIRE_TESTS_VECTORS_VECTOR_FILE_H_

#include <stdint.h>
#include <tidewire/tidewire.h>

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "tests/reference/connection_ref.h"

namespace tidewire::test {

struct Step {
  enum class Action { kNone, kCreate, kInput, kEof, kSend, kPing, kPong, kClose };

  Action action = Action::kNone;
  reference::Bytes data;  // of input, send, ping, pong; the reason of close
  uint32_t opcode = 0;
  uint32_t flags = 0;
  uint32_t code = 0;

  tw_status status = TW_OK;
  std::vector<reference::Event> events;
  reference::Bytes output;
  bool output_is_prefix = false;
};

struct Vector {
  std::string name;
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  std::vector<Step> steps;
  uint32_t state = 0;
  reference::Failure failure;
  std::string limit;         // empty: none
  uint32_t http_status = 0;  // 0: not compared

  // What the pointers of config and handshake point to.
  std::list<std::string> strings;
  std::vector<const char *> subprotocols;
  std::vector<const char *> origins;
  std::vector<tw_header> headers;
};

// Throws std::runtime_error that says what is wrong where. The vectors stay where they are: they point into themselves.
std::vector<std::unique_ptr<Vector>> load_vectors(const std::string &path);

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_VECTORS_VECTOR_FILE_H_
