// SPDX-License-Identifier: MIT
// websocketpp 0.8.2: its masking, its validator, and its RFC 6455 processor. A whole connection is slower.
#include <string>

#include "bench/peers.h"
#include "bench/websocketpp_processor.h"

namespace tidewire::bench {
namespace {

namespace wspp = websocketpp;

void mask(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key) {
  wspp::frame::masking_key_type masking_key;
  masking_key.i = key;
  // It reads from src, but takes it without const.
  wspp::frame::word_mask_circ(const_cast<uint8_t *>(src), dst, len, wspp::frame::prepare_masking_key(masking_key));
}

bool utf8_valid(const uint8_t *data, size_t len) {
  wspp::utf8_validator::validator validator;
  return validator.decode(data, data + len) && validator.complete();
}

bool unmask_utf8(uint8_t *data, size_t len, uint32_t key) {
  mask(data, data, len, key);
  return utf8_valid(data, len);
}

class ProcessorDecoder : public Decoder {
 public:
  void decode(const Read &read, Receipt &receipt) override { processor_.decode(read, receipt); }

 private:
  WebsocketppProcessor<WebsocketppPlain> processor_{Role::kServer};
};

class ProcessorEncoder : public Encoder {
 public:
  explicit ProcessorEncoder(Role role) : processor_(role) {}

  void encode(const Batch &batch, Sink &sink) override {
    for (size_t i = 0; i < batch.count; ++i) {
      processor_.send(wspp::frame::opcode::binary, batch.payload, false, sink);
    }
  }

 private:
  WebsocketppProcessor<WebsocketppPlain> processor_;
};

void accept_key(const uint8_t key[24], uint8_t accept[28]) {
  static const WebsocketppProcessor<WebsocketppPlain> processor(Role::kServer);
  std::string text(reinterpret_cast<const char *>(key), 24);
  processor.process_handshake_key(text);
  memcpy(accept, text.data(), 28);
}

}  // namespace

const Peer kWebsocketpp = {
    .name = "websocketpp",
    .mask = mask,
    .utf8_valid = utf8_valid,
    .unmask_utf8 = unmask_utf8,
    .accept_key = accept_key,
    .make_decoder = []() -> std::unique_ptr<Decoder> { return std::make_unique<ProcessorDecoder>(); },
    .make_encoder = [](Role role) -> std::unique_ptr<Encoder> { return std::make_unique<ProcessorEncoder>(role); },
};

}  // namespace tidewire::bench
