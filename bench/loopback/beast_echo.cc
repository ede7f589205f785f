// SPDX-License-Identifier: MIT
// Boost.Beast, asynchronous, on one io_context without locks. A message is written before the next one is read, as its
// examples do; its interface takes one message for each write.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <memory>
#include <utility>

#include "bench/loopback/server.h"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

// With the executor's type known, no handler goes through a virtual call.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(Socket socket) : stream_(std::move(socket)) {
    stream_.next_layer().set_option(asio::ip::tcp::no_delay(true));
    stream_.auto_fragment(false);
    stream_.read_message_max(16 << 20);
  }

  void run() {
    stream_.async_accept([self = shared_from_this()](beast::error_code error) {
      if (!error) self->read();
    });
  }

 private:
  void read() {
    stream_.async_read(buffer_, [self = shared_from_this()](beast::error_code error, size_t) {
      if (!error) self->write();
    });
  }

  void write() {
    stream_.text(stream_.got_text());
    stream_.async_write(buffer_.data(), [self = shared_from_this()](beast::error_code error, size_t len) {
      if (error) return;
      self->buffer_.consume(len);
      self->read();
    });
  }

  websocket::stream<Socket, false> stream_;  // false: without compression
  beast::flat_buffer buffer_;
};

void accept(Acceptor &acceptor) {
  acceptor.async_accept([&acceptor](beast::error_code error, Socket socket) {
    if (!error) std::make_shared<Session>(std::move(socket))->run();
    accept(acceptor);
  });
}

}  // namespace

int main(int argc, char **argv) {
  asio::io_context context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);
  const asio::ip::tcp::endpoint endpoint(asio::ip::address_v4::loopback(), tidewire::loopback::read_port(argc, argv));
  Acceptor acceptor(context, endpoint);
  tidewire::loopback::announce(acceptor.local_endpoint().port());
  accept(acceptor);
  context.run();
}
