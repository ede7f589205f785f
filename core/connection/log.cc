// SPDX-License-Identifier: MIT
// The lines about a connection's life and its control frames. Why one failed is told in log_failure.cc.
#include "core/connection/log.h"

#include "core/connection/codec.h"
#include "core/connection/connection.h"
#include "core/wire/close_code.h"

namespace tidewire {
namespace {

const char *control_name(uint8_t opcode) {
  switch (opcode) {
    case kClose: return "close";
    case kPing: return "ping";
    default: return "pong";
  }
}

const char *cause_name(Cause cause) { return cause == Cause::kUs ? "by us" : "by the peer"; }

const char *stage_name(State state) {
  switch (state) {
    case State::kConnecting: return "in the opening handshake";
    case State::kOpen: return "while open";
    default: return "in the closing handshake";
  }
}

void tell_direction(TextWriter *line, const char *verb, uint8_t window_bits, bool takeover) {
  *line << verb << " window of " << uint64_t{window_bits} << " bits " << (takeover ? "with" : "without")
        << " context takeover";
}

}  // namespace

void Connection::log_opened(const char *subprotocol, const DeflateTerms &deflate) const {
  LogLine line;
  line << role_name() << " opened: " << (has(kConnUpgraded) ? "upgraded elsewhere, " : "");
  if (subprotocol != nullptr) {
    line << "subprotocol " << quoted(ByteView::of(subprotocol)) << ", ";
  } else if (!has(kConnUpgraded)) {
    line << "no subprotocol, ";
  }
  if (deflate.enabled != 0) {
    line << "permessage-deflate, ";
    tell_direction(&line, "sent", deflate.send_window_bits, (deflate.flags & kDeflateSendTakeover) != 0);
    line << ", ";
    tell_direction(&line, "received", deflate.receive_window_bits, (deflate.flags & kDeflateReceiveTakeover) != 0);
  } else {
    line << "no compression";
  }
  line.put(settings().log, this, kLogInfo);
}

// A close frame was sent or received.
void Connection::log_close(const char *verb, uint32_t code, ByteView reason, uint64_t received_len) const {
  if (close_sent_ && close_received_) return log_closed(reason, received_len);
  LogLine line;
  line << role_name() << " closing: " << verb << " close code " << uint64_t{code};
  if (!reason.empty()) line << ", reason " << quoted(reason);
  line.put(settings().log, this, kLogInfo);
}

// `reason` is that of the later close frame; the other's was told when the closing began.
void Connection::log_closed(ByteView reason, uint64_t received_len) const {
  LogLine line;
  line << role_name() << " closed " << cause_name(cause_) << ": ";
  if (close_sent_) {
    line << "sent close code " << uint64_t{local_code_};
  } else {
    line << "could not send a close frame";
  }
  line << ", received " << uint64_t{remote_code_};
  if (!reason.empty()) line << ", answered with reason " << quoted(reason);
  tell_totals(&line, received_len);
  line.put(settings().log, this, kLogInfo);
}

void Connection::log_destroyed() const {
  LogLine line;
  line << role_name() << " destroyed " << stage_name(state_);
  tell_totals(&line, received_);
  line.put(settings().log, this, kLogInfo);
}

void Connection::log_control(const char *verb, uint8_t opcode, size_t payload_len) const {
  LogLine line;
  line << role_name() << " " << verb << " " << control_name(opcode) << ", " << uint64_t{payload_len}
       << " bytes of payload";
  line.put(settings().log, this, kLogDebug);
}

void Connection::log_output(const char *what) const {
  LogLine line;
  line << role_name() << " " << what << ": " << uint64_t{output_.size()} << " bytes of output queued";
  line.put(settings().log, this, kLogDebug);
}

void Connection::tell_totals(TextWriter *line, uint64_t received_len) const {
  *line << "; received " << messages_received_ << " messages, " << frames_received_ << " frames, " << received_len
        << " bytes; sent " << messages_sent_ << " messages, " << frames_sent_ << " frames, " << sent_ << " bytes";
}

}  // namespace tidewire
