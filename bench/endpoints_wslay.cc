// SPDX-License-Identifier: MIT
// wslay 1.1.1 through its event interface: replies are queued while a read is taken, and sent after it. It has no
// handshake and no compression.
#include <wslay/wslay.h>

#include <algorithm>

#include "bench/endpoints.h"

namespace tidewire::bench {
namespace {

class EventEcho : public Echo {
 public:
  EventEcho() {
    wslay_event_callbacks callbacks = {};
    callbacks.recv_callback = receive;
    callbacks.send_callback = send;
    callbacks.on_msg_recv_callback = answer;
    if (wslay_event_context_server_init(&context_, &callbacks, this) != 0) die("wslay: no context");
  }
  ~EventEcho() override { wslay_event_context_free(context_); }
  EventEcho(const EventEcho &) = delete;
  EventEcho &operator=(const EventEcho &) = delete;

  void echo(const Read &read, Sink &sink) override {
    input_ = read.bytes.data();
    input_len_ = read.bytes.size();
    sink_ = &sink;
    if (wslay_event_recv(context_) != 0) return;  // a failure shows in the sink
    wslay_event_send(context_);
  }

 private:
  static ssize_t receive(wslay_event_context_ptr context, uint8_t *out, size_t cap, int, void *user) {
    auto *self = static_cast<EventEcho *>(user);
    const size_t len = std::min(cap, self->input_len_);
    if (len == 0) {
      wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    memcpy(out, self->input_, len);
    self->input_ += len;
    self->input_len_ -= len;
    return static_cast<ssize_t>(len);
  }

  static ssize_t send(wslay_event_context_ptr, const uint8_t *data, size_t len, int, void *user) {
    static_cast<EventEcho *>(user)->sink_->write(data, len);
    return static_cast<ssize_t>(len);
  }

  static void answer(wslay_event_context_ptr context, const wslay_event_on_msg_recv_arg *received, void *) {
    const wslay_event_msg reply = {received->opcode, received->msg, received->msg_length};
    wslay_event_queue_msg(context, &reply);
  }

  wslay_event_context_ptr context_ = nullptr;
  const uint8_t *input_ = nullptr;
  size_t input_len_ = 0;  // bytes
  Sink *sink_ = nullptr;
};

}  // namespace

const Endpoint kWslayEndpoint = {
    .name = "wslay",
    .make_echo = []() -> std::unique_ptr<Echo> { return std::make_unique<EventEcho>(); },
    .make_deflater = nullptr,
    .make_inflater = nullptr,
    .accept = nullptr,
    .connect = nullptr,
};

}  // namespace tidewire::bench
