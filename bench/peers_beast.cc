// SPDX-License-Identifier: MIT
// Boost.Beast 1.74: its masking and validation routines, and its websocket::stream, blocking, over memory. Its defaults
// are kept but for one: a message leaves as one frame, because what it is compared with sends one frame.
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "bench/beast_stream.h"
#include "bench/peers.h"

namespace tidewire::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

class StreamDecoder : public Decoder {
 public:
  void decode(const Read &read, Receipt &receipt) override { connection_.decode(read, message_, receipt); }

 private:
  BeastConnection connection_{Role::kServer};
  beast::flat_buffer message_;
};

class StreamEncoder : public Encoder {
 public:
  explicit StreamEncoder(Role role) : connection_(role) {
    connection_.stream().binary(true);
    connection_.stream().auto_fragment(false);
  }

  void encode(const Batch &batch, Sink &sink) override {
    connection_.stream().next_layer().set_output(&sink);
    for (size_t i = 0; i < batch.count; ++i) {
      boost::system::error_code error;
      connection_.stream().write(asio::buffer(batch.payload), error);
      if (error) return;
    }
  }

 private:
  BeastConnection connection_;
};

void mask(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key) {
  // Only masks in place; its client copies first, too.
  if (dst != src) memcpy(dst, src, len);
  websocket::detail::prepared_key prepared;
  websocket::detail::prepare_key(prepared, key);
  websocket::detail::mask_inplace(asio::mutable_buffer(dst, len), prepared);
}

bool utf8_valid(const uint8_t *data, size_t len) {
  return websocket::detail::check_utf8(reinterpret_cast<const char *>(data), len);
}

bool unmask_utf8(uint8_t *data, size_t len, uint32_t key) {
  mask(data, data, len, key);
  return utf8_valid(data, len);
}

void accept_key(const uint8_t key[24], uint8_t accept[28]) {
  websocket::detail::sec_ws_accept_type text;
  websocket::detail::make_sec_ws_accept(text, {reinterpret_cast<const char *>(key), 24});
  memcpy(accept, text.data(), 28);
}

}  // namespace

const Peer kBeast = {
    .name = "beast",
    .mask = mask,
    .utf8_valid = utf8_valid,
    .unmask_utf8 = unmask_utf8,
    .accept_key = accept_key,
    .make_decoder = []() -> std::unique_ptr<Decoder> { return std::make_unique<StreamDecoder>(); },
    .make_encoder = [](Role role) -> std::unique_ptr<Encoder> { return std::make_unique<StreamEncoder>(role); },
};

}  // namespace tidewire::bench
