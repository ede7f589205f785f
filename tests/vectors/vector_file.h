// SPDX-License-Identifier: MIT
// Reads a vector file (README.md has the format) into plain structs, and refuses what the format does not have.
#ifndef TIDEWIRE_TESTS_VECTORS_VECTOR_FILE_H_
#define TIDEWIRE_TESTS_VECTORS_VECTOR_FILE_H_

#include <stdint.h>
#include <tidewire/tidewire.h>

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/reference/connection_ref.h"
#include "tests/vectors/deflated_frames.h"

namespace tidewire::test {

struct Step {
  enum class Action { kNone, kCreate, kInput, kEof, kSend, kPing, kPong, kClose, kTick, kConsume };
  enum class Output { kExact, kPrefix, kFrames, kKept };

  Action action = Action::kNone;
  reference::Bytes data;  // of input, send, ping, pong; the reason of close
  uint32_t opcode = 0;
  uint32_t flags = 0;
  uint32_t code = 0;
  uint64_t number = 0;  // the time of tick in ns, the bytes to consume

  tw_status status = TW_OK;
  std::vector<reference::Event> events;
  uint64_t deadline = 0;  // of tick
  Output form = Output::kExact;
  reference::Bytes output;
  std::vector<ExpectedFrame> frames;
  std::optional<uint32_t> wants;
};

struct Vector {
  std::string name;
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  tw_deflate negotiated = {};
  std::optional<reference::Bytes> random;
  std::vector<Step> steps;
  uint32_t state = 0;
  reference::Failure failure;
  std::string limit;         // empty: none
  uint32_t http_status = 0;  // 0: not compared
  std::optional<tw_close> close;
  std::optional<tw_deflate> agreed;
  std::vector<std::pair<uint64_t tw_conn_stats::*, uint64_t>> stats;
  std::optional<uint32_t> digest;  // not of this file

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
