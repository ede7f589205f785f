// SPDX-License-Identifier: MIT
// A run of bytes that a step allows is skipped in one loop; the byte that ends it decides about the next step.
#include "core/wire/http_head.h"

#include "core/wire/handshake_text.h"

namespace tidewire {
namespace {

constexpr HttpLimits kDefaultLimits = {16384, 100, 8192};

uint32_t limit_or(uint32_t limit, uint32_t standard) { return limit != 0 ? limit : standard; }

}  // namespace

void HttpHead::init(bool is_request, HttpLimits limits) {
  *this = HttpHead();
  limits_.head_len = limit_or(limits.head_len, kDefaultLimits.head_len);
  limits_.header_count = limit_or(limits.header_count, kDefaultLimits.header_count);
  limits_.line_len = limit_or(limits.line_len, kDefaultLimits.line_len);
  is_request_ = is_request;
  step_ = is_request ? Step::kMethod : Step::kVersion;
}

Status HttpHead::parse(const uint8_t *data, size_t len, size_t *out_len) {
  if (step_ == Step::kUnset) return Status::kState;
  if (len < pos_) return Status::kArgument;
  if (error_ == Status::kOk && !complete()) error_ = scan(data, len);
  if (failed(error_)) {
    *out_len = line_begin_;
    return error_;
  }
  if (!complete()) return Status::kNeedInput;
  *out_len = pos_;
  return Status::kOk;
}

// kOk, also where data ends before the head, or what is wrong with it.
Status HttpHead::scan(const uint8_t *data, size_t len) {
  const uint32_t end = len < limits_.head_len ? static_cast<uint32_t>(len) : limits_.head_len;
  while (pos_ < end && !complete()) {
    const uint8_t run = run_class(step_);
    if (run != 0) {
      const uint32_t line_room = limits_.line_len - (pos_ - line_begin_);
      const uint32_t run_end = end - pos_ < line_room ? end : pos_ + line_room;
      uint32_t pos = pos_;
      while (pos < run_end && is_in(data[pos], run)) ++pos;
      pos_ = pos;
      if (pos == end) break;
    }
    const Status status = take(data[pos_]);
    if (failed(status)) return status;
    ++pos_;
  }
  return !complete() && pos_ == limits_.head_len ? Status::kLimitHead : Status::kOk;
}

// The bytes that may follow each other without a change of step.
uint8_t HttpHead::run_class(Step step) {
  switch (step) {
    case Step::kMethod:
    case Step::kName: return kTokenChar;
    case Step::kTarget: return kTargetChar;
    case Step::kReason:
    case Step::kValue: return kTextChar;
    default: return 0;
  }
}

// Decides about the byte that ended a run, or about one byte of a step that has no runs.
Status HttpHead::take(uint8_t byte) {
  if (step_ == Step::kLineFeed || step_ == Step::kLastLineFeed) return take_line_feed(byte);
  if (byte == '\r') return take_carriage_return();
  if (pos_ - line_begin_ == limits_.line_len) return Status::kLimitLine;
  switch (step_) {
    case Step::kMethod: return byte == ' ' && pos_ > 0 ? enter(Step::kTargetStart) : Status::kHttpSyntax;
    case Step::kTargetStart:
      // Origin form, the one with which a client asks the server itself (RFC 9112 §3.2.1).
      target_begin_ = pos_;
      return byte == '/' ? enter(Step::kTarget) : Status::kHttpSyntax;
    case Step::kTarget:
      // Exactly one space on either side: what follows must be the version.
      target_end_ = pos_;
      return byte == ' ' ? enter(Step::kVersion) : Status::kHttpSyntax;
    case Step::kVersion: return take_version(byte);
    case Step::kStatusCode: return take_status_code(byte);
    case Step::kLineStart: return take_line_start(byte);
    case Step::kName:
      // No blank before the colon: readers that differ about it can be smuggled past (RFC 9112 §5.1).
      return byte == ':' ? enter(Step::kValue) : Status::kHttpSyntax;
    default: return Status::kHttpSyntax;
  }
}

Status HttpHead::take_version(uint8_t byte) {
  constexpr uint8_t kVersion[] = "HTTP/1.1";
  const uint32_t at = version_pos();
  if (at == kVersionLen) return !is_request_ && byte == ' ' ? leave_version(Step::kStatusCode) : Status::kHttpSyntax;
  if (at != 5 && at != 7) return byte == kVersion[at] ? Status::kOk : Status::kHttpSyntax;
  if (byte != kVersion[at]) other_version_ = true;
  return is_in(byte, kDigit) ? Status::kOk : Status::kHttpSyntax;
}

Status HttpHead::leave_version(Step next) { return other_version_ ? Status::kHttpVersion : enter(next); }

Status HttpHead::take_status_code(uint8_t byte) {
  if (pos_ < kStatusBegin + kStatusLen) return is_in(byte, kDigit) ? Status::kOk : Status::kHttpSyntax;
  return byte == ' ' ? enter(Step::kReason) : Status::kHttpSyntax;
}

// A line that starts with a blank would continue the one before (obs-fold, RFC 9112 §5.2) and is refused.
Status HttpHead::take_line_start(uint8_t byte) {
  if (header_count_ == limits_.header_count) return Status::kLimitHeaderCount;
  ++header_count_;
  return is_in(byte, kTokenChar) ? enter(Step::kName) : Status::kHttpSyntax;
}

Status HttpHead::take_carriage_return() {
  switch (step_) {
    case Step::kVersion:
      return is_request_ && version_pos() == kVersionLen ? leave_version(Step::kLineFeed) : Status::kHttpSyntax;
    case Step::kReason:
    case Step::kValue: return enter(Step::kLineFeed);
    case Step::kLineStart: return enter(Step::kLastLineFeed);
    default: return Status::kHttpSyntax;
  }
}

Status HttpHead::take_line_feed(uint8_t byte) {
  if (byte != '\n') return Status::kHttpSyntax;
  if (step_ == Step::kLastLineFeed) return enter(Step::kDone);
  line_begin_ = pos_ + 1;
  if (headers_begin_ == 0) headers_begin_ = line_begin_;
  return enter(Step::kLineStart);
}

bool HttpHead::next_header(const uint8_t *data, size_t *cursor, ByteView *out_name, ByteView *out_value) const {
  const size_t begin = *cursor != 0 ? *cursor : headers_begin_;
  if (begin >= pos_) return false;  // only where the caller has overwritten the head
  const ByteView rest = {data + begin, pos_ - begin};
  const ByteView line = rest.slice(0, find(rest, '\r'));
  const size_t colon = find(line, ':');
  if (colon == line.size) return false;  // the empty line
  *out_name = line.slice(0, colon);
  *out_value = trim(line.from(colon + 1));
  *cursor = begin + line.size + 2;
  return true;
}

bool HttpHead::header(const uint8_t *data, ByteView name, size_t index, ByteView *out_name, ByteView *out_value) const {
  size_t cursor = 0;
  while (next_header(data, &cursor, out_name, out_value)) {
    if (name.data != nullptr && !equal_ignore_case(*out_name, name)) continue;
    if (index == 0) return true;
    --index;
  }
  return false;
}

}  // namespace tidewire
