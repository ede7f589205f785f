// SPDX-License-Identifier: MIT
#include "core/message/assembler.h"

#include <string.h>

#include <new>

namespace tidewire {
namespace {

// The last frame shows how long the message is. Before it, doubling bounds how often a byte is copied; it leaps to
// max_len early, so that the old buffer and the new one are not twice of that together.
size_t grown_cap(size_t cap, size_t needed, bool last, uint64_t max_len) {
  const uint64_t doubled = cap > max_len / 4 ? max_len : 2 * uint64_t{cap};
  return last || doubled < needed ? needed : static_cast<size_t>(doubled);
}

}  // namespace

Status Assembler::start(Lender *lender, const Message &message, size_t room) {
  if (room > SIZE_MAX - sizeof(Message)) return Status::kNoMemory;
  const Status status = lender->acquire(sizeof(Message) + room, &buffer_);
  if (status == Status::kOk) new (buffer_->bytes()) Message(message);
  return status;
}

Status Assembler::grow(Lender *lender, size_t more, bool last, uint64_t max_len) {
  const size_t len = message().len;
  const size_t cap = buffer_->cap - sizeof(Message);
  if (more > SIZE_MAX - sizeof(Message) - len) return Status::kNoMemory;
  if (len + more <= cap) return Status::kOk;
  const size_t new_cap = grown_cap(cap, len + more, last, max_len);
  Lease *larger = nullptr;
  // The largest one may not be rounded up to a size class.
  const Status status = new_cap == max_len ? lender->acquire_exact(sizeof(Message) + new_cap, &larger)
                                           : lender->acquire(sizeof(Message) + new_cap, &larger);
  if (status != Status::kOk) return status;
  memcpy(larger->bytes(), buffer_->bytes(), sizeof(Message) + len);
  lender->release(buffer_);
  buffer_ = larger;
  return Status::kOk;
}

Status Assembler::append(const Kernels &kernels, const uint8_t *src, size_t len, uint32_t key, bool last,
                         size_t *out_error) {
  return unmask(kernels, bytes() + message().len, src, len, key, last, out_error);
}

Status Assembler::pass(const Kernels &kernels, uint8_t *data, size_t len, uint32_t key, bool last, size_t *out_error) {
  return unmask(kernels, data, data, len, key, last, out_error);
}

Status Assembler::unmask(const Kernels &kernels, uint8_t *dst, const uint8_t *src, size_t len, uint32_t key, bool last,
                         size_t *out_error) {
  Message &message = this->message();
  if (message.validated) {
    Utf8State utf8 = message.utf8;
    if (!kernels.unmask_utf8(dst, src, len, key, &utf8)) {
      *out_error = utf8_first_error(message.utf8, dst, len);
      return Status::kUtf8;
    }
    if (last && utf8.need != 0) {
      *out_error = len;
      return Status::kUtf8;
    }
    message.utf8 = utf8;
  } else {
    kernels.mask(dst, src, len, key);
  }
  message.len += len;
  return Status::kOk;
}

MutBytes Assembler::room() {
  const size_t len = message().len;
  return {bytes() + len, buffer_->cap - sizeof(Message) - len};
}

Status Assembler::commit(const Kernels &kernels, size_t len, bool last) {
  Message &message = this->message();
  if (message.validated) {
    const uint8_t *data = bytes() + message.len;
    Utf8State utf8 = message.utf8;
    if (!kernels.utf8_step(&utf8, data, len)) {
      message.len += utf8_first_error(message.utf8, data, len);
      return Status::kUtf8;
    }
    message.utf8 = utf8;
  }
  message.len += len;
  return last && message.utf8.need != 0 ? Status::kUtf8 : Status::kOk;
}

Lease *Assembler::finish(MutBytes *out) {
  Lease *buffer = buffer_;
  *out = {bytes(), message().len};
  if (out->size == 0) out->data = nullptr;
  buffer_ = nullptr;
  return buffer;
}

void Assembler::reset(Lender *lender) {
  lender->release(buffer_);
  buffer_ = nullptr;
}

}  // namespace tidewire
