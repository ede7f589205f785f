// SPDX-License-Identifier: MIT
// Boost.Beast 1.74: a blocking websocket::stream over memory. A message leaves as one frame, compression has our level
// and memory; all else is its default.
#include <string>

#include "bench/beast_stream.h"
#include "bench/endpoints.h"

namespace tidewire::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

websocket::permessage_deflate deflate_option(bool takeover) {
  websocket::permessage_deflate option;
  option.server_enable = true;
  option.server_no_context_takeover = !takeover;
  option.client_no_context_takeover = !takeover;
  option.compLevel = 1;
  option.memLevel = 8;
  return option;
}

class StreamEcho : public Echo {
 public:
  StreamEcho() { connection_.stream().auto_fragment(false); }

  void echo(const Read &read, Sink &sink) override {
    connection_.stream().next_layer().set_input(read.bytes.data(), read.bytes.size());
    connection_.stream().next_layer().set_output(&sink);
    for (uint64_t i = 0; i < read.expected.messages; ++i) {
      boost::system::error_code error;
      connection_.stream().read(message_, error);
      if (error) return;
      connection_.stream().text(connection_.stream().got_text());
      connection_.stream().write(message_.data(), error);
      if (error) return;
      message_.consume(message_.size());
    }
  }

 private:
  BeastConnection connection_{Role::kServer};
  beast::flat_buffer message_;
};

class StreamDeflater : public Deflater {
 public:
  explicit StreamDeflater(bool takeover)
      : connection_(Role::kServer, deflate_option(takeover), deflate_offer(takeover)) {
    connection_.stream().auto_fragment(false);
    connection_.stream().text(true);
  }

  void send(const std::vector<uint8_t> &text, Sink &sink) override {
    connection_.stream().next_layer().set_output(&sink);
    boost::system::error_code error;
    connection_.stream().write(asio::buffer(text), error);  // a failure shows in the sink
  }

 private:
  BeastConnection connection_;
};

class StreamInflater : public Decoder {
 public:
  explicit StreamInflater(bool takeover)
      : connection_(Role::kServer, deflate_option(takeover), deflate_offer(takeover)) {}

  void decode(const Read &read, Receipt &receipt) override { connection_.decode(read, message_, receipt); }

 private:
  BeastConnection connection_;
  beast::flat_buffer message_;
};

void accept(const std::string &request, Sink &sink) {
  BeastConnection::Stream stream(BeastConnection::context());
  stream.next_layer().set_input(reinterpret_cast<const uint8_t *>(request.data()), request.size());
  stream.next_layer().set_output(&sink);
  boost::system::error_code error;
  stream.accept(error);
  if (error) die("Beast: " + error.message());
}

void connect(Sink &sink) {
  BeastConnection::Stream stream(BeastConnection::context());
  stream.next_layer().set_output(&sink);
  stream.next_layer().expect_request();
  boost::system::error_code error;
  stream.handshake("example.com", "/chat", error);
  if (error) die("Beast: " + error.message());
}

}  // namespace

const Endpoint kBeastEndpoint = {
    .name = "beast",
    .make_echo = []() -> std::unique_ptr<Echo> { return std::make_unique<StreamEcho>(); },
    .make_deflater = [](bool t) -> std::unique_ptr<Deflater> { return std::make_unique<StreamDeflater>(t); },
    .make_inflater = [](bool t) -> std::unique_ptr<Decoder> { return std::make_unique<StreamInflater>(t); },
    .accept = accept,
    .connect = connect,
};

}  // namespace tidewire::bench
