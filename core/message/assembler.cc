// SPDX-License-Identifier: MIT
#include "core/message/assembler.h"

#include <string.h>

namespace tidewire {
namespace {

// The last frame shows how long the message is. Before it, doubling bounds how often a byte is copied, and max_len what
// is held while it is.
size_t grown_cap(size_t cap, size_t needed, bool last, uint64_t max_len) {
  const uint64_t doubled = cap > max_len / 2 ? max_len : 2 * uint64_t{cap};
  return last || doubled < needed ? needed : static_cast<size_t>(doubled);
}

}  // namespace

Status Assembler::add_frame(const LeaseSource &source, uint8_t opcode, size_t payload_len, bool last,
                            uint64_t max_len) {
  const size_t cap = buffer_ == nullptr ? 0 : buffer_->cap;
  if (payload_len > SIZE_MAX - len_) return Status::kNoMemory;
  const size_t needed = len_ + payload_len;
  if (needed > cap) {
    Lease *larger = source.acquire(grown_cap(cap, needed, last, max_len));
    if (larger == nullptr) return Status::kNoMemory;
    if (len_ > 0) memcpy(larger->bytes(), buffer_->bytes(), len_);
    source.release(buffer_);
    buffer_ = larger;
  }
  opcode_ = opcode;
  fragments_++;
  return Status::kOk;
}

Status Assembler::append(const Kernels &kernels, const uint8_t *src, size_t len, uint32_t key, bool last,
                         size_t *out_error) {
  uint8_t *dst = len == 0 ? nullptr : buffer_->bytes() + len_;
  if (opcode_ == kText) {
    Utf8State utf8 = utf8_;
    if (!kernels.unmask_utf8(dst, src, len, key, &utf8)) {
      *out_error = utf8_first_error(utf8_, dst, len);
      return Status::kUtf8;
    }
    if (last && utf8.need != 0) {
      *out_error = len;
      return Status::kUtf8;
    }
    utf8_ = utf8;
  } else {
    kernels.mask(dst, src, len, key);
  }
  len_ += len;
  return Status::kOk;
}

Lease *Assembler::finish(size_t *out_len) {
  Lease *message = buffer_;
  *out_len = len_;
  *this = Assembler();
  return message;
}

void Assembler::reset(const LeaseSource &source) {
  source.release(buffer_);
  *this = Assembler();
}

}  // namespace tidewire
