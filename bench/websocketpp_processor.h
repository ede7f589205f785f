// SPDX-License-Identifier: MIT
// websocketpp's RFC 6455 processor with the message manager that its connections use: no transport, no handlers, no
// write queue. To be included by few files: its headers are slow to compile.
#ifndef TIDEWIRE_BENCH_WEBSOCKETPP_PROCESSOR_H_
#define TIDEWIRE_BENCH_WEBSOCKETPP_PROCESSOR_H_

#include <algorithm>
#include <memory>
#include <sstream>  // which a header of websocketpp forgets
#include <string>
#include <websocketpp/extensions/permessage_deflate/disabled.hpp>
#include <websocketpp/extensions/permessage_deflate/enabled.hpp>
#include <websocketpp/http/request.hpp>
#include <websocketpp/http/response.hpp>
#include <websocketpp/message_buffer/alloc.hpp>
#include <websocketpp/message_buffer/message.hpp>
#include <websocketpp/processors/hybi13.hpp>

#include "bench/peers.h"

namespace tidewire::bench {

struct WebsocketppRandom {
  uint32_t operator()() {
    uint32_t value;
    bytes_.fill(reinterpret_cast<uint8_t *>(&value), sizeof(value));
    return value;
  }

 private:
  RandomBytes bytes_;
};

// The part of a websocketpp configuration that the processor looks at; values are those of its core configuration.
template <template <class> class Deflate>
struct WebsocketppConfig {
  using request_type = websocketpp::http::parser::request;
  using response_type = websocketpp::http::parser::response;
  using message_type = websocketpp::message_buffer::message<websocketpp::message_buffer::alloc::con_msg_manager>;
  using con_msg_manager_type = websocketpp::message_buffer::alloc::con_msg_manager<message_type>;
  using rng_type = WebsocketppRandom;
  using permessage_deflate_type = Deflate<WebsocketppConfig>;
  static constexpr size_t max_message_size = 32000000;
  static constexpr bool enable_extensions = true;
  static constexpr bool allow_disabling_context_takeover = true;
  static constexpr uint8_t minimum_outgoing_window_bits = 8;
};

using WebsocketppPlain = WebsocketppConfig<websocketpp::extensions::permessage_deflate::disabled>;
using WebsocketppDeflate = WebsocketppConfig<websocketpp::extensions::permessage_deflate::enabled>;

constexpr size_t kWebsocketppReadLen = 16384;  // bytes, as in the core configuration

template <class Config>
class WebsocketppProcessor : public websocketpp::processor::hybi13<Config> {
  using Base = websocketpp::processor::hybi13<Config>;
  using Messages = typename Config::con_msg_manager_type;

 public:
  explicit WebsocketppProcessor(Role role) : WebsocketppProcessor(role, std::make_shared<Messages>()) {}
  using Base::process_handshake_key;

  // Takes a read of any length in the pieces that a connection reads.
  void decode(const Read &read, Receipt &receipt) {
    for (size_t done = 0; done < read.bytes.size();) {
      const size_t len = std::min(kWebsocketppReadLen, read.bytes.size() - done);
      memcpy(buffer_.get(), read.bytes.data() + done, len);
      if (!consume_piece(len, receipt)) return;
      done += len;
    }
  }

  // A failure shows in the sink.
  void send(websocketpp::frame::opcode::value opcode, const std::vector<uint8_t> &payload, bool compressed,
            Sink &sink) {
    const auto message = messages_->get_message(opcode, payload.size());
    message->append_payload(payload.data(), payload.size());
    message->set_compressed(compressed);
    const auto prepared = messages_->get_message();
    if (this->prepare_data_frame(message, prepared)) return;
    sink.write(prepared->get_header().data(), prepared->get_header().size());
    sink.write(prepared->get_payload().data(), prepared->get_payload().size());
  }

 private:
  WebsocketppProcessor(Role role, std::shared_ptr<Messages> messages)
      : Base(false, role == Role::kServer, messages, random_), messages_(std::move(messages)) {}

  bool consume_piece(size_t len, Receipt &receipt) {
    for (size_t at = 0; at < len;) {
      websocketpp::lib::error_code error;
      at += this->consume(buffer_.get() + at, len - at, error);
      if (error) return false;
      if (!this->ready()) continue;
      const auto message = this->get_message();
      const std::string &payload = message->get_payload();
      receipt.take(reinterpret_cast<const uint8_t *>(payload.data()), payload.size());
    }
    return true;
  }

  WebsocketppRandom random_;
  std::shared_ptr<Messages> messages_;
  std::unique_ptr<uint8_t[], FreeMemory> buffer_ = allocate_pages(kWebsocketppReadLen);
};

}  // namespace tidewire::bench

#endif  // TIDEWIRE_BENCH_WEBSOCKETPP_PROCESSOR_H_
