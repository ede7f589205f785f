// SPDX-License-Identifier: MIT
// Boost.Beast's websocket::stream over memory, blocking. To be included by few files: its headers are slow to compile.
#ifndef TIDEWIRE_BENCH_BEAST_STREAM_H_
#define TIDEWIRE_BENCH_BEAST_STREAM_H_

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <string>

#include "bench/endpoints.h"

namespace tidewire::bench {

// What lies below a websocket::stream: reads come from memory, writes go to a sink.
class MemoryStream {
 public:
  using executor_type = boost::asio::io_context::executor_type;

  explicit MemoryStream(boost::asio::io_context &context) : context_(context) {}
  executor_type get_executor() noexcept { return context_.get_executor(); }

  void set_input(const uint8_t *data, size_t len) { input_ = boost::asio::buffer(data, len); }
  size_t input_len() const { return input_.size(); }
  void set_output(Sink *sink) { sink_ = sink; }
  // The next output is a client's request: it is answered.
  void expect_request() { is_request_expected_ = true; }

  template <class Buffers>
  size_t read_some(const Buffers &buffers, boost::system::error_code &error) {
    const size_t len = boost::asio::buffer_copy(buffers, input_);
    input_ += len;
    error = len == 0 ? boost::asio::error::eof : boost::system::error_code();
    return len;
  }

  template <class Buffers>
  size_t write_some(const Buffers &buffers, boost::system::error_code &error) {
    size_t len = 0;
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers); ++it) {
      const boost::asio::const_buffer buffer = *it;
      sink_->write(buffer.data(), buffer.size());
      len += buffer.size();
    }
    error = {};
    if (is_request_expected_) {
      is_request_expected_ = false;
      response_ = answer_request(*sink_);
      input_ = boost::asio::buffer(response_);
    }
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
  friend void teardown(boost::beast::role_type, MemoryStream &, boost::system::error_code &) {}

 private:
  boost::asio::io_context &context_;
  boost::asio::const_buffer input_;
  Sink *sink_ = nullptr;
  std::string response_;
  bool is_request_expected_ = false;
};

// An open connection of either role.
class BeastConnection {
 public:
  using Stream = boost::beast::websocket::stream<MemoryStream>;

  // `extensions`: what a client offers this server in the header of that name; empty: nothing.
  explicit BeastConnection(Role role, const boost::beast::websocket::permessage_deflate &deflate = {},
                           const std::string &extensions = {})
      : stream_(context()) {
    namespace http = boost::beast::http;
    Sink &sink = handshake_sink();
    sink.clear();
    stream_.next_layer().set_output(&sink);
    stream_.set_option(deflate);
    boost::system::error_code error;
    if (role == Role::kClient) {
      stream_.next_layer().expect_request();
      stream_.handshake("localhost", "/", error);
    } else {
      http::request<http::empty_body> request(http::verb::get, "/", 11);
      request.set(http::field::host, "localhost");
      request.set(http::field::upgrade, "websocket");
      request.set(http::field::connection, "Upgrade");
      request.set(http::field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
      request.set(http::field::sec_websocket_version, "13");
      if (!extensions.empty()) request.set(http::field::sec_websocket_extensions, extensions);
      stream_.accept(request, error);
    }
    if (error) die("Beast: " + error.message());
  }

  Stream &stream() { return stream_; }

  // All messages of a read, through `message`, which is empty before and after.
  void decode(const Read &read, boost::beast::flat_buffer &message, Receipt &receipt) {
    stream_.next_layer().set_input(read.bytes.data(), read.bytes.size());
    for (uint64_t i = 0; i < read.expected.messages; ++i) {
      boost::system::error_code error;
      stream_.read(message, error);
      if (error) return;
      receipt.take(static_cast<const uint8_t *>(message.data().data()), message.size());
      message.consume(message.size());
    }
  }

  // Shared by all, as in a server.
  static boost::asio::io_context &context() {
    static boost::asio::io_context context;
    return context;
  }

 private:
  static Sink &handshake_sink() {
    static Sink sink;
    return sink;
  }

  Stream stream_;
};

}  // namespace tidewire::bench

#endif  // TIDEWIRE_BENCH_BEAST_STREAM_H_
