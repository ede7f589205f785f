// SPDX-License-Identifier: MIT
// websocketpp over asio, without locks and logs.
#include <websocketpp/concurrency/none.hpp>
#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/logger/stub.hpp>
#include <websocketpp/server.hpp>

#include "bench/loopback/server.h"

namespace {

struct Config : websocketpp::config::asio {
  using type = Config;
  using base = websocketpp::config::asio;
  using concurrency_type = websocketpp::concurrency::none;
  using request_type = base::request_type;
  using response_type = base::response_type;
  using message_type = base::message_type;
  using con_msg_manager_type = base::con_msg_manager_type;
  using endpoint_msg_manager_type = base::endpoint_msg_manager_type;
  using alog_type = websocketpp::log::stub;
  using elog_type = websocketpp::log::stub;
  using rng_type = base::rng_type;

  struct transport_config : base::transport_config {
    using concurrency_type = Config::concurrency_type;
    using alog_type = Config::alog_type;
    using elog_type = Config::elog_type;
    using request_type = Config::request_type;
    using response_type = Config::response_type;
    static const bool enable_multithreading = false;
  };
  using transport_type = websocketpp::transport::asio::endpoint<transport_config>;

  static const size_t connection_read_buffer_size = tidewire::loopback::kReadLen;
};

using Server = websocketpp::server<Config>;

}  // namespace

int main(int argc, char **argv) {
  Server server;
  server.init_asio();
  server.set_max_message_size(16 << 20);
  server.set_tcp_post_init_handler([&server](websocketpp::connection_hdl peer) {
    server.get_con_from_hdl(peer)->get_raw_socket().set_option(boost::asio::ip::tcp::no_delay(true));
  });
  server.set_message_handler([&server](websocketpp::connection_hdl peer, Server::message_ptr message) {
    websocketpp::lib::error_code ignored;  // of a peer that is gone
    server.send(peer, message->get_payload(), message->get_opcode(), ignored);
  });
  server.listen(boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4::loopback(),
                                               tidewire::loopback::read_port(argc, argv)));
  server.start_accept();
  websocketpp::lib::asio::error_code error;
  tidewire::loopback::announce(server.get_local_endpoint(error).port());
  server.run();
}
