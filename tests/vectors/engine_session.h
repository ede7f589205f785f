// SPDX-License-Identifier: MIT
// The engine's connection behind the interface of the reference's, so that tests can put both through the same: every
// call is fed a copy that is overwritten and freed once the events were looked at.
#ifndef TIDEWIRE_TESTS_VECTORS_ENGINE_SESSION_H_
#define TIDEWIRE_TESTS_VECTORS_ENGINE_SESSION_H_

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tidewire/tidewire.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "tests/reference/connection_ref.h"

namespace tidewire::test {

// A contract that no caller could live without. Fuzzers have no GoogleTest, so that a breach ends the process.
inline void require(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "the engine broke its contract: %s\n", what);
  abort();
}

// A random source that yields 00, 01, 02 ... Lives as long as what uses it.
class CountingRandom {
 public:
  tw_random c_api() { return {&fill, this}; }

 private:
  static int32_t fill(void *context, uint8_t *out, size_t len) {
    for (size_t i = 0; i < len; ++i) out[i] = static_cast<CountingRandom *>(context)->next_++;
    return 0;
  }
  uint8_t next_ = 0;
};

class EngineSession {
 public:
  EngineSession() = default;
  ~EngineSession() { tw_conn_destroy(conn_); }
  EngineSession(const EngineSession &) = delete;
  EngineSession &operator=(const EngineSession &) = delete;

  // The random source counts where config has none.
  tw_status create(tw_conn_config config) {
    const tw_random counting = random_.c_api();
    if (config.random == nullptr) config.random = &counting;
    return tw_conn_create(&config, &conn_);
  }

  // Feeds data in one call, and the rest of it again after each TW_NEED_ROOM.
  tw_status receive(const reference::Bytes &data, size_t cap, std::vector<reference::Event> *events) {
    size_t at = 0;
    for (;;) {
      const std::unique_ptr<uint8_t[]> copy(new uint8_t[data.size() - at]);
      std::copy(data.begin() + static_cast<ptrdiff_t>(at), data.end(), copy.get());
      size_t count = cap + 1, consumed = data.size() + 1;
      std::vector<tw_event> found(cap);
      const tw_status status =
          tw_conn_receive(conn_, copy.get(), data.size() - at, found.data(), cap, &count, &consumed);
      require(count <= cap, "no more events than there is room for");
      require(consumed <= data.size() - at, "no more bytes consumed than fed");
      for (size_t i = 0; i < count; ++i) events->push_back(as_event(found[i]));
      memset(copy.get(), 0xDD, data.size() - at);
      at += consumed;
      if (status != TW_NEED_ROOM) {
        require(at == data.size(), "all input is taken, or discarded after a failure");
        return status;
      }
      require(consumed + count > 0, "every call makes progress");
    }
  }

  tw_status receive_eof() { return tw_conn_receive_eof(conn_); }
  tw_status send(uint32_t opcode, const reference::Bytes &data, uint32_t flags) {
    return tw_conn_send(conn_, opcode, data.data(), data.size(), flags);
  }
  tw_status ping(const reference::Bytes &data) { return tw_conn_ping(conn_, data.data(), data.size()); }
  tw_status pong(const reference::Bytes &data) { return tw_conn_pong(conn_, data.data(), data.size()); }
  tw_status close(uint32_t code, const reference::Bytes &reason) {
    return tw_conn_close(conn_, code, reason.data(), reason.size());
  }

  // All of the output, taken in views and consumed.
  reference::Bytes take_output() {
    reference::Bytes out;
    for (;;) {
      tw_view views[4];
      size_t count = 0;
      require(tw_conn_output(conn_, views, 4, &count) == TW_OK, "tw_conn_output");
      if (count == 0) return out;
      size_t shown = 0;
      for (size_t i = 0; i < count; ++i) {
        out.insert(out.end(), views[i].data, views[i].data + views[i].len);
        shown += views[i].len;
      }
      require(shown > 0, "views are not empty");
      require(tw_conn_output_consume(conn_, shown) == TW_OK, "tw_conn_output_consume");
    }
  }

  uint32_t state() const { return tw_conn_state(conn_); }
  uint32_t wants() const { return tw_conn_wants(conn_); }
  tw_error error() const {
    tw_error error = TW_ERROR_INIT;
    require(tw_conn_get_error(conn_, &error) == TW_OK, "tw_conn_get_error");
    return error;
  }
  reference::Failure failure() const {
    const tw_error e = error();
    return {e.status, e.close_code, e.offset};
  }
  tw_conn *get() { return conn_; }

 private:
  static reference::Event as_event(const tw_event &event) {
    require(event.reserved == 0, "reserved is 0");
    return {event.type, event.opcode, event.flags,
            event.code, event.offset, reference::Bytes(event.data, event.data + event.len)};
  }

  CountingRandom random_;
  tw_conn *conn_ = nullptr;
};

// What a role makes of a head, from the functions of the handshake: they have tests of their own, the connection that
// calls them must come to the same. `key` is a client's. config outlives the opener.
inline reference::Opener opener(uint32_t role, const tw_handshake_config &config, const reference::Bytes &key) {
  return [role, &config, key](const reference::Bytes &received) {
    reference::Opening out = {};
    tw_head head;
    require(tw_head_init(&head, role, &config) == TW_OK, "tw_head_init");
    out.status = tw_head_parse(&head, received.data(), received.size(), &out.head_len);
    if (out.status == TW_NEED_INPUT) return out;
    uint8_t accept[TW_ACCEPT_LEN];
    if (out.status != TW_OK) {
      out.offset = out.head_len;
    } else if (role == TW_ROLE_SERVER) {
      out.status = tw_request_check(&head, received.data(), &config, accept, &out.subprotocol);
    } else {
      out.status = tw_response_check(&head, received.data(), &config, key.data(), &out.subprotocol);
    }
    if (role == TW_ROLE_CLIENT) return out;
    const auto build = [&](uint8_t *to, size_t cap, size_t *len) {
      return out.status == TW_OK ? tw_response_build(&config, accept, out.subprotocol, to, cap, len)
                                 : tw_refusal_build(out.status, to, cap, len);
    };
    size_t len = 0;
    require(build(nullptr, 0, &len) == TW_NEED_ROOM, "a builder measures");
    out.reply.resize(len);
    require(build(out.reply.data(), len, &len) == TW_OK, "a builder needs what it measured");
    return out;
  };
}

// The reference, set up as an EngineSession with the same configuration is.
inline reference::Connection make_reference(const tw_conn_config &config) {
  if ((config.flags & TW_CONN_UPGRADED) != 0) return reference::Connection(config);
  static const tw_handshake_config kDefaults = TW_HANDSHAKE_CONFIG_INIT;
  const tw_handshake_config &handshake = config.handshake == nullptr ? kDefaults : *config.handshake;
  if (config.role == TW_ROLE_SERVER) return {config, opener(TW_ROLE_SERVER, handshake, {}), {}, 0};
  CountingRandom random;
  const tw_random source = random.c_api();
  reference::Bytes key(TW_KEY_LEN), request;
  require(tw_key_generate(&source, key.data()) == TW_OK, "tw_key_generate");
  size_t len = 0;
  require(tw_request_build(&handshake, key.data(), nullptr, 0, &len) == TW_NEED_ROOM, "tw_request_build measures");
  request.resize(len);
  require(tw_request_build(&handshake, key.data(), request.data(), len, &len) == TW_OK, "tw_request_build");
  return {config, opener(TW_ROLE_CLIENT, handshake, key), request, 16};
}

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_VECTORS_ENGINE_SESSION_H_
