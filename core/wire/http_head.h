// SPDX-License-Identifier: MIT
// Reads the head of an HTTP/1.1 request or response: strict, each byte once, resumable at any byte. Keeps offsets into
// the received bytes, which stay with the caller and may move, and no more of the header lines than where they begin.
#ifndef TIDEWIRE_CORE_WIRE_HTTP_HEAD_H_
#define TIDEWIRE_CORE_WIRE_HTTP_HEAD_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/status.h"

namespace tidewire {

// 0 stands for the default.
struct HttpLimits {
  uint32_t head_len = 0;      // bytes, the empty line included; 16384
  uint32_t header_count = 0;  // 100
  uint32_t line_len = 0;      // bytes without the line end; 8192
};

// Plain data. `data` is always all that was received since the first byte of the head.
class HttpHead {
 public:
  void init(bool is_request, HttpLimits limits);

  // kNeedInput until the empty line was read; then kOk and the length of the head in *out_len. An error stays, and
  // puts the offset of the offending line there. A limit is an error with the first byte that makes it certain,
  // whatever comes after. kArgument when `len` is less than in an earlier call, kState before init.
  Status parse(const uint8_t *data, size_t len, size_t *out_len);

  bool complete() const { return step_ == Step::kDone; }
  bool is_request() const { return is_request_; }
  const HttpLimits &limits() const { return limits_; }  // after init: none is 0

  // After an error: the line that is wrong, up to the byte that shows it.
  ByteView bad_line(const uint8_t *data) const {
    const uint32_t end = error_ == Status::kLimitHead ? pos_ : pos_ + 1;
    return {data + line_begin_, end - line_begin_};
  }

  // Parts of a complete request (method, target) or response (status: three digits).
  ByteView method(const uint8_t *data) const { return {data, target_begin_ - 1}; }
  ByteView target(const uint8_t *data) const { return {data + target_begin_, target_end_ - target_begin_}; }
  ByteView status(const uint8_t *data) const { return {data + kStatusBegin, kStatusLen}; }

  // Walks over the header lines of a complete head: *cursor is 0 at first. The value comes without surrounding blanks.
  // False when there are no more.
  bool next_header(const uint8_t *data, size_t *cursor, ByteView *out_name, ByteView *out_value) const;

  // The header number `index` among those called `name` in any case; among all where name.data is nullptr.
  bool header(const uint8_t *data, ByteView name, size_t index, ByteView *out_name, ByteView *out_value) const;

 private:
  // Which part of the head the next byte belongs to.
  enum class Step : uint8_t {
    kUnset,
    kMethod,
    kTargetStart,
    kTarget,
    kVersion,
    kStatusCode,
    kReason,
    kLineStart,
    kName,
    kValue,
    kLineFeed,
    kLastLineFeed,
    kDone,
  };

  static constexpr size_t kVersionLen = 8;  // "HTTP/1.1"
  static constexpr size_t kStatusBegin = kVersionLen + 1;
  static constexpr size_t kStatusLen = 3;

  static uint8_t run_class(Step step);

  Status scan(const uint8_t *data, size_t len);
  Status take(uint8_t byte);
  Status take_version(uint8_t byte);
  Status take_status_code(uint8_t byte);
  Status take_line_start(uint8_t byte);
  Status take_carriage_return();
  Status take_line_feed(uint8_t byte);
  Status leave_version(Step next);
  Status enter(Step next) {
    step_ = next;
    return Status::kOk;
  }
  uint32_t version_pos() const { return is_request_ ? pos_ - target_end_ - 1 : pos_; }

  HttpLimits limits_;
  Step step_ = Step::kUnset;
  bool is_request_ = false;
  bool other_version_ = false;  // well-formed, but not 1.1
  Status error_ = Status::kOk;
  uint32_t header_count_ = 0;
  // Offsets into data; the limit of the head keeps them in 32 bits.
  uint32_t pos_ = 0;  // of the next byte to look at; of a complete head, its length
  uint32_t line_begin_ = 0;
  uint32_t target_begin_ = 0;
  uint32_t target_end_ = 0;
  uint32_t headers_begin_ = 0;
};

static_assert(sizeof(HttpHead) <= 64, "the room in tw_head");

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_WIRE_HTTP_HEAD_H_
