// SPDX-License-Identifier: MIT
// wslay 1.1.1 through its event interface, which assembles messages and validates text. It has no masking or UTF-8
// routine of its own to call, and leaves the handshake to its user.
#include <wslay/wslay.h>

#include <algorithm>

#include "bench/peers.h"

namespace tidewire::bench {
namespace {

class EventDecoder : public Decoder {
 public:
  EventDecoder() {
    wslay_event_callbacks callbacks = {};
    callbacks.recv_callback = receive;
    callbacks.on_msg_recv_callback = deliver;
    if (wslay_event_context_server_init(&context_, &callbacks, this) != 0) die("wslay: no context");
  }
  ~EventDecoder() override { wslay_event_context_free(context_); }
  EventDecoder(const EventDecoder &) = delete;
  EventDecoder &operator=(const EventDecoder &) = delete;

  void decode(const Read &read, Receipt &receipt) override {
    read_ = &read;
    done_ = 0;
    receipt_ = &receipt;
    wslay_event_recv(context_);  // a failure shows in the receipt
  }

 private:
  static ssize_t receive(wslay_event_context_ptr context, uint8_t *out, size_t cap, int, void *user) {
    auto *self = static_cast<EventDecoder *>(user);
    const std::vector<uint8_t> &bytes = self->read_->bytes;
    const size_t len = std::min(cap, bytes.size() - self->done_);
    if (len == 0) {
      wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    memcpy(out, bytes.data() + self->done_, len);
    self->done_ += len;
    return static_cast<ssize_t>(len);
  }

  static void deliver(wslay_event_context_ptr, const wslay_event_on_msg_recv_arg *message, void *user) {
    static_cast<EventDecoder *>(user)->receipt_->take(message->msg, message->msg_length);
  }

  wslay_event_context_ptr context_ = nullptr;
  const Read *read_ = nullptr;
  size_t done_ = 0;  // bytes of *read_
  Receipt *receipt_ = nullptr;
};

class EventEncoder : public Encoder {
 public:
  explicit EventEncoder(Role role) {
    wslay_event_callbacks callbacks = {};
    callbacks.send_callback = send;
    callbacks.genmask_callback = make_key;
    const auto init = role == Role::kServer ? wslay_event_context_server_init : wslay_event_context_client_init;
    if (init(&context_, &callbacks, this) != 0) die("wslay: no context");
  }
  ~EventEncoder() override { wslay_event_context_free(context_); }
  EventEncoder(const EventEncoder &) = delete;
  EventEncoder &operator=(const EventEncoder &) = delete;

  void encode(const Batch &batch, Sink &sink) override {
    sink_ = &sink;
    const wslay_event_msg message = {WSLAY_BINARY_FRAME, batch.payload.data(), batch.payload.size()};
    for (size_t i = 0; i < batch.count; ++i) {
      // Sent one by one, because a longer queue is slower. A failure shows in the sink.
      if (wslay_event_queue_msg(context_, &message) != 0 || wslay_event_send(context_) != 0) return;
    }
  }

 private:
  static ssize_t send(wslay_event_context_ptr, const uint8_t *data, size_t len, int, void *user) {
    static_cast<EventEncoder *>(user)->sink_->write(data, len);
    return static_cast<ssize_t>(len);
  }

  static int make_key(wslay_event_context_ptr, uint8_t *out, size_t len, void *user) {
    static_cast<EventEncoder *>(user)->random_.fill(out, len);
    return 0;
  }

  wslay_event_context_ptr context_ = nullptr;
  Sink *sink_ = nullptr;
  RandomBytes random_;
};

}  // namespace

const Peer kWslay = {
    .name = "wslay",
    .mask = nullptr,
    .utf8_valid = nullptr,
    .unmask_utf8 = nullptr,
    .accept_key = nullptr,
    .make_decoder = []() -> std::unique_ptr<Decoder> { return std::make_unique<EventDecoder>(); },
    .make_encoder = [](Role role) -> std::unique_ptr<Encoder> { return std::make_unique<EventEncoder>(role); },
};

}  // namespace tidewire::bench
