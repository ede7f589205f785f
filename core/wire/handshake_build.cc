// SPDX-License-Identifier: MIT
// Writes heads. Everything that comes from the caller is checked before the first byte is written, so that no value can
// add a header line or end the head.
#include <string.h>

#include "core/wire/handshake.h"
#include "core/wire/handshake_deflate.h"
#include "core/wire/handshake_origin.h"
#include "core/wire/handshake_text.h"

namespace tidewire {
namespace {

constexpr char kExtensions[] = "Sec-WebSocket-Extensions";

// Counts what is put, and writes it where there is room.
class HeadWriter {
 public:
  explicit HeadWriter(uint8_t *out) : out_(out) {}

  size_t len() const { return len_; }

  void put(ByteView text) {
    if (out_ != nullptr && !text.empty()) memcpy(out_ + len_, text.data, text.size);
    len_ += text.size;
  }
  void put(const char *text) { put(ByteView::of(text)); }

  void header(const char *name, ByteView value) {
    put(name);
    put(": ");
    put(value);
    put("\r\n");
  }
  void header(const char *name, const char *value) { header(name, ByteView::of(value)); }

  // Decimal, at most three digits.
  void put_number(size_t number) {
    const uint8_t digits[] = {static_cast<uint8_t>('0' + number / 100), static_cast<uint8_t>('0' + number / 10 % 10),
                              static_cast<uint8_t>('0' + number % 10)};
    const size_t skip = number < 10 ? 2 : number < 100 ? 1 : 0;
    put({digits + skip, sizeof(digits) - skip});
  }

 private:
  uint8_t *out_;
  size_t len_ = 0;
};

// write(HeadWriter &) runs once to measure and, where there is room, once more to write.
template <class Write>
Status emit(MutBytes out, size_t *out_len, Write write) {
  HeadWriter measure(nullptr);
  write(measure);
  *out_len = measure.len();
  if (measure.len() > out.size) return Status::kNeedRoom;
  HeadWriter writer(out.data);
  write(writer);
  return Status::kOk;
}

bool is_visible(uint8_t c) { return c > 0x20 && c != 0x7F; }

// Why a value without blanks cannot be sent: it would end its line or its field, or it is merely not what it should be.
Status fault_of(ByteView text) {
  for (size_t i = 0; i < text.size; ++i) {
    if (!is_visible(text.data[i])) return Status::kHeaderInjection;
  }
  return Status::kArgument;
}

Status check_subprotocols(const HandshakeConfig &config) {
  for (size_t i = 0; i < config.subprotocol_count; ++i) {
    const ByteView name = ByteView::of(config.subprotocols[i]);
    if (!is_token(name)) return fault_of(name);
    for (size_t j = 0; j < i; ++j) {
      if (name == ByteView::of(config.subprotocols[j])) return Status::kArgument;
    }
  }
  return Status::kOk;
}

// Headers that the engine writes, or whose presence would change how the head is read.
bool is_reserved(ByteView name) {
  constexpr char kPrefix[] = "sec-websocket-";
  constexpr size_t kPrefixLen = sizeof(kPrefix) - 1;
  constexpr const char *kReserved[] = {"host", "upgrade", "connection", "content-length", "transfer-encoding"};
  if (name.size >= kPrefixLen && equal_ignore_case(name.slice(0, kPrefixLen), kPrefix)) return true;
  for (const char *reserved : kReserved) {
    if (equal_ignore_case(name, reserved)) return true;
  }
  return false;
}

Status check_headers(const HandshakeConfig &config) {
  for (size_t i = 0; i < config.header_count; ++i) {
    const ByteView name = ByteView::of(config.headers[i].name);
    const ByteView value = ByteView::of(config.headers[i].value);
    if (!is_token(name) || is_reserved(name) || !all_in(value, kTextChar)) return Status::kHeaderInjection;
  }
  return Status::kOk;
}

bool has_header(const HandshakeConfig &config, const char *name) {
  for (size_t i = 0; i < config.header_count; ++i) {
    if (equal_ignore_case(ByteView::of(config.headers[i].name), name)) return true;
  }
  return false;
}

void put_headers(HeadWriter &out, const HandshakeConfig &config) {
  for (size_t i = 0; i < config.header_count; ++i) out.header(config.headers[i].name, config.headers[i].value);
  out.put("\r\n");
}

const char *target_of(const HandshakeConfig &config) { return config.target != nullptr ? config.target : "/"; }

Status check_client(const HandshakeConfig &config) {
  if (config.host == nullptr) return Status::kNull;
  const ByteView host = ByteView::of(config.host);
  Authority authority;
  if (!parse_authority(host, &authority)) return fault_of(host);
  const ByteView target = ByteView::of(target_of(config));
  if (target.empty() || target.data[0] != '/' || !all_in(target, kTargetChar)) return fault_of(target);
  if (config.origin != nullptr) {
    const ByteView origin = ByteView::of(config.origin);
    if (origin.empty() || !all_in(origin, kTargetChar)) return fault_of(origin);
    if (has_header(config, "origin")) return Status::kHeaderInjection;
  }
  const Status status = check_subprotocols(config);
  return status == Status::kOk ? check_headers(config) : status;
}

void put_request(HeadWriter &out, const HandshakeConfig &config, const uint8_t key[kKeyLen]) {
  out.put("GET ");
  out.put(target_of(config));
  out.put(" HTTP/1.1\r\n");
  out.header("Host", config.host);
  out.put("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
  out.header("Sec-WebSocket-Key", {key, kKeyLen});
  if (config.origin != nullptr) out.header("Origin", config.origin);
  for (size_t i = 0; i < config.subprotocol_count; ++i) {
    out.put(i == 0 ? "Sec-WebSocket-Protocol: " : ", ");
    out.put(config.subprotocols[i]);
  }
  if (config.subprotocol_count > 0) out.put("\r\n");
  if (config.deflate.enabled != 0) out.header(kExtensions, deflate_offer(config.deflate).view());
  put_headers(out, config);
}

const char *reason_phrase(uint16_t http_status) {
  switch (http_status) {
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 426: return "Upgrade Required";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "";
  }
}

void put_refusal(HeadWriter &out, const StatusInfo &info) {
  out.put("HTTP/1.1 ");
  out.put_number(info.http_status);
  out.put(" ");
  out.put(reason_phrase(info.http_status));
  // RFC 9110 §15.5.22 and §7.8: what to upgrade to, as an option of this connection; RFC 6455 §4.4: the version.
  if (info.http_status == 426) {
    out.put("\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13");
  } else {
    out.put("\r\nConnection: close");
  }
  if (info.http_status == 405) out.put("\r\nAllow: GET");
  out.put("\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ");
  out.put_number(strlen(info.message) + 1);
  out.put("\r\n\r\n");
  out.put(info.message);
  out.put("\n");
}

}  // namespace

Status build_request(const HandshakeConfig &config, const uint8_t key[kKeyLen], MutBytes out, size_t *out_len) {
  if (!is_key(key)) return Status::kKey;
  const Status status = check_client(config);
  if (status != Status::kOk) return status;
  return emit(out, out_len, [&](HeadWriter &writer) { put_request(writer, config, key); });
}

Status build_response(const HandshakeConfig &config, const Agreement &agreement, MutBytes out, size_t *out_len) {
  if (agreement.subprotocol > config.subprotocol_count || !is_acceptable(config.deflate, agreement.deflate) ||
      !is_accept(agreement.accept)) {
    return Status::kArgument;
  }
  Status status = check_subprotocols(config);
  if (status == Status::kOk) status = check_headers(config);
  if (status != Status::kOk) return status;
  return emit(out, out_len, [&](HeadWriter &writer) {
    writer.put("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
    writer.header("Sec-WebSocket-Accept", {agreement.accept, kAcceptLen});
    if (agreement.subprotocol > 0) {
      writer.header("Sec-WebSocket-Protocol", config.subprotocols[agreement.subprotocol - 1]);
    }
    if (agreement.deflate.enabled != 0) writer.header(kExtensions, deflate_answer(agreement.deflate).view());
    put_headers(writer, config);
  });
}

Status build_refusal(Status reason, MutBytes out, size_t *out_len) {
  const StatusInfo &info = status_info(reason);
  if (info.http_status == 0) return Status::kArgument;
  return emit(out, out_len, [&](HeadWriter &writer) { put_refusal(writer, info); });
}

}  // namespace tidewire
