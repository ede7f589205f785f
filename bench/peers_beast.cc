// SPDX-License-Identifier: MIT
// Boost.Beast 1.74: its masking and validation routines, and its websocket::stream, blocking, over memory. Its defaults
// are kept but for one: a message leaves as one frame, because what it is compared with sends one frame.
#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <string>

#include "bench/peers.h"

namespace tidewire::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

std::string make_accept(beast::string_view key) {
  websocket::detail::sec_ws_accept_type accept;
  websocket::detail::make_sec_ws_accept(accept, key);
  return {accept.data(), accept.size()};
}

// What lies below a websocket::stream: reads come from memory, writes go to a sink.
class MemoryStream {
 public:
  using executor_type = asio::io_context::executor_type;

  explicit MemoryStream(asio::io_context &context) : context_(context) {}
  executor_type get_executor() noexcept { return context_.get_executor(); }

  void set_input(const uint8_t *data, size_t len) { input_ = asio::buffer(data, len); }
  void set_output(Sink *sink) { sink_ = sink; }
  // The next output is a client's request: it is answered.
  void expect_request() { is_request_expected_ = true; }

  template <class Buffers>
  size_t read_some(const Buffers &buffers, boost::system::error_code &error) {
    const size_t len = asio::buffer_copy(buffers, input_);
    input_ += len;
    error = len == 0 ? asio::error::eof : boost::system::error_code();
    return len;
  }

  template <class Buffers>
  size_t write_some(const Buffers &buffers, boost::system::error_code &error) {
    size_t len = 0;
    for (auto it = asio::buffer_sequence_begin(buffers); it != asio::buffer_sequence_end(buffers); ++it) {
      const asio::const_buffer buffer = *it;
      sink_->write(buffer.data(), buffer.size());
      len += buffer.size();
    }
    error = {};
    if (is_request_expected_) answer_request();
    return len;
  }

  // A blocking stream must have them; nobody calls them here.
  template <class Buffers>
  size_t read_some(const Buffers &buffers) {
    boost::system::error_code error;
    return read_some(buffers, error);
  }
  template <class Buffers>
  size_t write_some(const Buffers &buffers) {
    boost::system::error_code error;
    return write_some(buffers, error);
  }
  friend void teardown(beast::role_type, MemoryStream &, boost::system::error_code &) {}

 private:
  void answer_request() {
    const std::string request(reinterpret_cast<const char *>(sink_->data()), sink_->len());
    const std::string name = "Sec-WebSocket-Key: ";
    response_ =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
        make_accept(request.substr(request.find(name) + name.size(), 24)) + "\r\n\r\n";
    input_ = asio::buffer(response_);
    is_request_expected_ = false;
  }

  asio::io_context &context_;
  asio::const_buffer input_;
  Sink *sink_ = nullptr;
  std::string response_;
  bool is_request_expected_ = false;
};

// An open connection of either role.
class Connection {
 public:
  explicit Connection(Role role) : stream_(context_) {
    Sink sink;
    stream_.next_layer().set_output(&sink);
    boost::system::error_code error;
    if (role == Role::kClient) {
      stream_.next_layer().expect_request();
      stream_.handshake("localhost", "/", error);
    } else {
      beast::http::request<beast::http::empty_body> request(beast::http::verb::get, "/", 11);
      request.set(beast::http::field::host, "localhost");
      request.set(beast::http::field::upgrade, "websocket");
      request.set(beast::http::field::connection, "Upgrade");
      request.set(beast::http::field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
      request.set(beast::http::field::sec_websocket_version, "13");
      stream_.accept(request, error);
    }
    if (error) die("Beast: " + error.message());
  }

  websocket::stream<MemoryStream> &stream() { return stream_; }

 private:
  asio::io_context context_;
  websocket::stream<MemoryStream> stream_;
};

class StreamDecoder : public Decoder {
 public:
  void decode(const Read &read, Receipt &receipt) override {
    connection_.stream().next_layer().set_input(read.bytes.data(), read.bytes.size());
    for (uint64_t i = 0; i < read.expected.messages; ++i) {
      boost::system::error_code error;
      connection_.stream().read(message_, error);
      if (error) return;
      receipt.take(static_cast<const uint8_t *>(message_.data().data()), message_.size());
      message_.consume(message_.size());
    }
  }

 private:
  Connection connection_{Role::kServer};
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
  Connection connection_;
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
