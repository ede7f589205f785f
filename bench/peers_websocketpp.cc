// SPDX-License-Identifier: MIT
// websocketpp 0.8.2: its masking, its validator, and its RFC 6455 processor with the message manager that its
// connections use. The transport, its handlers and its write queue are left out, so a whole connection is slower.
#include <string>
#include <websocketpp/extensions/permessage_deflate/disabled.hpp>
#include <websocketpp/http/request.hpp>
#include <websocketpp/http/response.hpp>
#include <websocketpp/message_buffer/alloc.hpp>
#include <websocketpp/message_buffer/message.hpp>
#include <websocketpp/processors/hybi13.hpp>

#include "bench/peers.h"

namespace tidewire::bench {
namespace {

namespace wspp = websocketpp;

struct Random {
  uint32_t operator()() {
    uint32_t value;
    bytes_.fill(reinterpret_cast<uint8_t *>(&value), sizeof(value));
    return value;
  }

 private:
  RandomBytes bytes_;
};

// The part of a websocketpp configuration that the processor looks at; values are those of its core configuration.
struct Config {
  using request_type = wspp::http::parser::request;
  using response_type = wspp::http::parser::response;
  using message_type = wspp::message_buffer::message<wspp::message_buffer::alloc::con_msg_manager>;
  using con_msg_manager_type = wspp::message_buffer::alloc::con_msg_manager<message_type>;
  using rng_type = Random;
  using permessage_deflate_type = wspp::extensions::permessage_deflate::disabled<Config>;
  static constexpr size_t max_message_size = 32000000;
  static constexpr bool enable_extensions = true;
};

constexpr size_t kReadBufferLen = 16384;  // bytes, as in the core configuration

struct Processor : wspp::processor::hybi13<Config> {
  using Base = wspp::processor::hybi13<Config>;
  Processor(bool is_server, Config::con_msg_manager_type::ptr messages, Random &random)
      : Base(false, is_server, messages, random) {}
  using Base::process_handshake_key;
};

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
  void decode(const Read &read, Receipt &receipt) override {
    for (size_t done = 0; done < read.bytes.size();) {
      const size_t len = std::min(kReadBufferLen, read.bytes.size() - done);
      memcpy(buffer_.get(), read.bytes.data() + done, len);
      consume(len, receipt);
      done += len;
    }
  }

 private:
  void consume(size_t len, Receipt &receipt) {
    for (size_t at = 0; at < len;) {
      wspp::lib::error_code error;
      at += processor_.consume(buffer_.get() + at, len - at, error);
      if (error) return;
      if (!processor_.ready()) continue;
      const Config::message_type::ptr message = processor_.get_message();
      const std::string &payload = message->get_payload();
      receipt.take(reinterpret_cast<const uint8_t *>(payload.data()), payload.size());
    }
  }

  Random random_;
  Config::con_msg_manager_type::ptr messages_ = std::make_shared<Config::con_msg_manager_type>();
  Processor processor_{true, messages_, random_};
  std::unique_ptr<uint8_t[], FreeMemory> buffer_ = allocate_pages(kReadBufferLen);
};

class ProcessorEncoder : public Encoder {
 public:
  explicit ProcessorEncoder(Role role) : processor_(role == Role::kServer, messages_, random_) {}

  void encode(const Batch &batch, Sink &sink) override {
    for (size_t i = 0; i < batch.count; ++i) {
      const auto message = messages_->get_message(wspp::frame::opcode::binary, batch.payload.size());
      message->append_payload(batch.payload.data(), batch.payload.size());
      const auto prepared = messages_->get_message();
      if (processor_.prepare_data_frame(message, prepared)) return;
      sink.write(prepared->get_header().data(), prepared->get_header().size());
      sink.write(prepared->get_payload().data(), prepared->get_payload().size());
    }
  }

 private:
  Random random_;
  Config::con_msg_manager_type::ptr messages_ = std::make_shared<Config::con_msg_manager_type>();
  Processor processor_;
};

void accept_key(const uint8_t key[24], uint8_t accept[28]) {
  static Random random;
  static const Processor processor(true, std::make_shared<Config::con_msg_manager_type>(), random);
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
