// SPDX-License-Identifier: MIT
// websocketpp 0.8.2: a whole server connection over its iostream transport for the echo, its processor alone for the
// rest. Loggers and locks are left out. Its compressor has level and memory fixed, at zlib's 6 and 4.
#include <string>
#include <websocketpp/concurrency/none.hpp>
#include <websocketpp/config/core.hpp>
#include <websocketpp/logger/stub.hpp>
#include <websocketpp/server.hpp>

#include "bench/endpoints.h"
#include "bench/websocketpp_processor.h"

namespace tidewire::bench {
namespace {

namespace wspp = websocketpp;

struct ServerConfig : wspp::config::core {
  using type = ServerConfig;
  using concurrency_type = wspp::concurrency::none;
  using elog_type = wspp::log::stub;
  using alog_type = wspp::log::stub;
  static constexpr bool enable_multithreading = false;

  struct transport_config : wspp::config::core::transport_config {
    using concurrency_type = type::concurrency_type;
    using elog_type = type::elog_type;
    using alog_type = type::alog_type;
    static constexpr bool enable_multithreading = false;
  };
  using transport_type = wspp::transport::iostream::endpoint<transport_config>;
};

using Server = wspp::server<ServerConfig>;

constexpr char kRequest[] =
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

class ServerEcho : public Echo {
 public:
  ServerEcho() : connection_(server().get_connection()) {
    static Sink response;
    response.clear();
    sink_ = &response;
    connection_->start();
    feed(kRequest, sizeof(kRequest) - 1);
    feed("\r\n", 2);
    if (connection_->get_state() != wspp::session::state::open) die("websocketpp: no connection");
  }
  ~ServerEcho() override { connection_->fatal_error(); }
  ServerEcho(const ServerEcho &) = delete;
  ServerEcho &operator=(const ServerEcho &) = delete;

  void echo(const Read &read, Sink &sink) override {
    sink_ = &sink;
    feed(reinterpret_cast<const char *>(read.bytes.data()), read.bytes.size());
  }

 private:
  // It writes only while it is fed.
  static inline Sink *sink_ = nullptr;

  struct EchoServer : Server {
    EchoServer() {
      set_write_handler([](wspp::connection_hdl, const char *data, size_t len) {
        sink_->write(data, len);
        return wspp::lib::error_code();
      });
      set_message_handler([this](wspp::connection_hdl handle, Server::message_ptr message) { send(handle, message); });
    }
  };

  static Server &server() {
    static EchoServer server;
    return server;
  }

  // Copies into the connection's own read buffer.
  void feed(const char *data, size_t len) {
    while (len > 0) {
      const size_t taken = connection_->read_some(data, len);
      if (taken == 0) return;  // shows in the sink
      data += taken;
      len -= taken;
    }
  }

  Server::connection_ptr connection_;
};

class DeflateProcessor : public WebsocketppProcessor<WebsocketppDeflate> {
 public:
  explicit DeflateProcessor(bool takeover) : WebsocketppProcessor(Role::kServer) {
    const std::string head =
        std::string(kRequest) + "Sec-WebSocket-Extensions: " + deflate_offer(takeover) + "\r\n\r\n";
    WebsocketppDeflate::request_type request;
    request.consume(head.data(), head.size());
    if (!request.ready() || negotiate_extensions(request).first) die("websocketpp: no compression");
  }
};

class ProcessorDeflater : public Deflater {
 public:
  explicit ProcessorDeflater(bool takeover) : processor_(takeover) {}
  void send(const std::vector<uint8_t> &text, Sink &sink) override {
    processor_.send(wspp::frame::opcode::text, text, true, sink);
  }

 private:
  DeflateProcessor processor_;
};

class ProcessorInflater : public Decoder {
 public:
  explicit ProcessorInflater(bool takeover) : processor_(takeover) {}
  void decode(const Read &read, Receipt &receipt) override { processor_.decode(read, receipt); }

 private:
  DeflateProcessor processor_;
};

using Handshake = wspp::processor::hybi13<WebsocketppPlain>;

std::shared_ptr<WebsocketppPlain::con_msg_manager_type> new_messages() {
  return std::make_shared<WebsocketppPlain::con_msg_manager_type>();
}

void accept(const std::string &text, Sink &sink) {
  static WebsocketppRandom random;
  Handshake handshake(false, true, new_messages(), random);
  WebsocketppPlain::request_type request;
  request.consume(text.data(), text.size());
  WebsocketppPlain::response_type response;
  response.set_version("HTTP/1.1");
  response.set_status(wspp::http::status_code::switching_protocols);
  if (!request.ready() || handshake.validate_handshake(request) || handshake.process_handshake(request, "", response)) {
    die("websocketpp: request refused");
  }
  const std::string raw = response.raw();
  sink.write(raw.data(), raw.size());
}

void connect(Sink &sink) {
  static WebsocketppRandom random;
  Handshake handshake(false, false, new_messages(), random);
  WebsocketppPlain::request_type request;
  const auto uri = std::make_shared<wspp::uri>("ws://example.com/chat");
  if (handshake.client_handshake_request(request, uri, {})) die("websocketpp: no request");
  const std::string raw = request.raw();
  sink.write(raw.data(), raw.size());
  const std::string answer = answer_request(sink);
  WebsocketppPlain::response_type response;
  response.consume(answer.data(), answer.size());
  if (!response.headers_ready() || handshake.validate_server_handshake_response(request, response)) {
    die("websocketpp: response refused");
  }
}

}  // namespace

const Endpoint kWebsocketppEndpoint = {
    .name = "websocketpp",
    .make_echo = []() -> std::unique_ptr<Echo> { return std::make_unique<ServerEcho>(); },
    .make_deflater = [](bool t) -> std::unique_ptr<Deflater> { return std::make_unique<ProcessorDeflater>(t); },
    .make_inflater = [](bool t) -> std::unique_ptr<Decoder> { return std::make_unique<ProcessorInflater>(t); },
    .accept = accept,
    .connect = connect,
};

}  // namespace tidewire::bench
