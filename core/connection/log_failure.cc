// SPDX-License-Identifier: MIT
// Why a connection failed, in one line that an operator can act upon: the status and its rule or limit, what showed it,
// where, and how the peer was answered. What the line says does not depend on how the input was cut, and no payload of
// a message is in it.
#include "core/base/endian.h"
#include "core/connection/connection.h"
#include "core/connection/opening.h"
#include "core/wire/close_code.h"
#include "core/wire/handshake_text.h"

namespace tidewire {
namespace {

// The headers that explain why a whole head was refused, where its first line does not.
struct TellingHeader {
  Status status;
  const char *name;
};

constexpr TellingHeader kTellingHeaders[] = {
    {Status::kHttpHost, "Host"},
    {Status::kHttpUpgrade, "Upgrade"},
    {Status::kHttpConnection, "Connection"},
    {Status::kHttpBody, "Content-Length"},
    {Status::kHttpBody, "Transfer-Encoding"},
    {Status::kKey, "Sec-WebSocket-Key"},
    {Status::kVersion, "Sec-WebSocket-Version"},
    {Status::kAccept, "Sec-WebSocket-Accept"},
    {Status::kOrigin, "Origin"},
    {Status::kOrigin, "Host"},
    {Status::kSubprotocol, "Sec-WebSocket-Protocol"},
    {Status::kExtension, "Sec-WebSocket-Extensions"},
};

// The value of the limit that was reached, in the unit of its field.
uint64_t limit_value(Status status, const Settings &settings, const HttpLimits &http) {
  switch (status) {
    case Status::kLimitFrame: return settings.max_frame_len;
    case Status::kLimitMessage: return settings.max_message_len;
    case Status::kLimitFragments: return settings.max_fragments;
    case Status::kLimitOutput: return settings.max_output_len;
    case Status::kLimitControlRate: return settings.max_control_rate;
    case Status::kLimitMemory: return settings.max_held_len;
    case Status::kLimitRatio: return settings.deflate.max_ratio;
    case Status::kLimitHead: return http.head_len;
    case Status::kLimitHeaderCount: return http.header_count;
    case Status::kLimitLine: return http.line_len;
    case Status::kTimeoutHandshake: return settings.handshake_timeout;
    case Status::kTimeoutIdle: return settings.idle_timeout;
    case Status::kTimeoutPong: return settings.pong_timeout;
    case Status::kTimeoutMessage: return settings.message_timeout;
    case Status::kTimeoutClose: return settings.close_timeout;
    default: return 0;
  }
}

// No byte of the stream broke a rule: it ended, or nothing came.
bool is_silence(Status status) {
  return status == Status::kEof || (status <= Status::kTimeoutHandshake && status >= Status::kTimeoutClose);
}

ByteView first_line(ByteView text) { return text.slice(0, find(text, '\r')); }

// One that comes twice may be wrong for that alone.
void tell_header(TextWriter *line, const HttpHead &head, const uint8_t *data, const char *name) {
  ByteView found, value;
  size_t count = 0;
  for (; count < 2 && head.header(data, ByteView::of(name), count, &found, &value); ++count) {
    *line << ", " << name << " " << Quoted{value, kMaxQuotedValue};
  }
  if (count == 0) *line << ", no " << name << " header";
}

// `evidence` is the whole head, or the line of it that is wrong.
void tell_head(TextWriter *line, Status status, const HttpHead &head, ByteView evidence) {
  bool told = false;
  for (const TellingHeader &row : kTellingHeaders) {
    if (!head.complete() || row.status != status) continue;
    tell_header(line, head, evidence.data, row.name);
    told = true;
  }
  if (!told) *line << ", line " << quoted(first_line(evidence));
}

// `header` is that of the frame, or only its first byte where it breaks a rule itself.
void tell_frame(TextWriter *line, ByteView header) {
  const uint8_t first = header.data[0];
  const auto bit = [first](unsigned position) { return uint64_t{first} >> position & 1; };
  *line << ", in a frame with FIN " << bit(7) << ", RSV " << bit(6) << bit(5) << bit(4) << ", opcode "
        << (uint64_t{first} & kOpcodeBits);
  FrameHeader frame;
  if (parse_frame_header(header.data, header.size, kRsvBits, &frame) == Status::kOk) {
    *line << ", " << frame.payload_len << " bytes of payload";
  }
}

void tell_close(TextWriter *line, ByteView payload) {
  *line << ", close code " << uint64_t{load_be16(payload.data)};
  if (payload.size > 2) *line << ", reason " << quoted(payload.from(2));
}

}  // namespace

void Connection::log_failure(ByteView evidence) const {
  LogLine line;
  const StatusInfo &info = status_info(error_);
  line << role_name() << " failed: " << info.name << ": " << info.message;
  if (info.section != nullptr) line << " (" << info.section << ")";
  if (info.limit != nullptr) {
    const HttpLimits http = opened_ ? HttpLimits() : opening_->head.limits();
    line << " (" << info.limit << " " << limit_value(error_, settings(), http) << ")";
  }
  if (evidence.empty()) {
    if (is_silence(error_)) tell_where_cut(&line);
  } else if (!opened_) {
    tell_head(&line, error_, opening_->head, evidence);
  } else if (error_ == Status::kCloseCode || error_ == Status::kCloseReason) {
    tell_close(&line, evidence);
  } else {
    tell_frame(&line, evidence);
  }
  line << "; at offset " << error_offset_ << ", after " << messages_received_ << " messages and " << frames_received_
       << " frames; ";
  tell_answer(&line);
  line.put(settings().log, this, kLogError);
}

void Connection::tell_where_cut(TextWriter *line) const {
  if (!opened_) *line << ", in the opening handshake";
  if (assembler_.active()) *line << ", in a message";
  if (in_payload_ || header_have_ > 0) *line << ", in a frame";
}

// A server that is not open yet has sent nothing but a refusal.
void Connection::tell_answer(TextWriter *line) const {
  if (!opened_ && !client() && sent_ > 0) {
    *line << "answered with HTTP status " << uint64_t{status_info(error_).http_status};
  } else if (const uint32_t code = error_close_code(); code != 0 && code != kCloseAbnormal) {
    *line << "answered with close code " << uint64_t{code};
  } else {
    *line << "not answered";
  }
}

}  // namespace tidewire
