// SPDX-License-Identifier: MIT
#include "core/message/assembler.h"

#include <string.h>

#include <new>

namespace tidewire {
namespace {

constexpr size_t kLongCap = 64 << 10;  // bytes

// The last frame shows how long the message is. Before it, doubling bounds how often a byte is copied; a long message
// grows by four, as a copy costs more than room that is not used, but not for what a peer inflates at no cost. It leaps
// to max_len early, so that the old buffer and the new one are not twice of that together.
size_t grown_cap(const Assembler::Message &message, size_t needed, bool last, uint64_t max_len) {
  const unsigned factor = message.compressed || message.cap < kLongCap ? 2 : 4;
  const uint64_t grown = message.cap > max_len / (2 * factor) ? max_len : factor * uint64_t{message.cap};
  return last || grown < needed ? needed : static_cast<size_t>(grown);
}

}  // namespace

Status Assembler::start(Lender *lender, const Message &message, size_t room) {
  if (room > SIZE_MAX - sizeof(Message)) return Status::kNoMemory;
  Lease *lease = nullptr;
  const Status status = lender->acquire(sizeof(Message) + room, &lease);
  if (status == Status::kOk) move_to(lease, message);
  return status;
}

Status Assembler::start_in(Lender *lender, const Message &message, MutBytes dst) {
  const Status status = start(lender, message, 0);
  if (status != Status::kOk) return status;
  this->message().data = dst.data;
  this->message().cap = dst.size;
  return Status::kOk;
}

Status Assembler::grow(Lender *lender, size_t more, bool last, uint64_t max_len) {
  const Message &message = this->message();
  if (more > SIZE_MAX - sizeof(Message) - message.len) return Status::kNoMemory;
  if (message.len + more <= message.cap) return Status::kOk;
  const size_t new_cap = grown_cap(message, message.len + more, last, max_len);
  Lease *larger = nullptr;
  // The largest one may not be rounded up to a size class.
  const Status status = new_cap == max_len ? lender->acquire_exact(sizeof(Message) + new_cap, &larger)
                                           : lender->acquire(sizeof(Message) + new_cap, &larger);
  if (status != Status::kOk) return status;
  Lease *smaller = buffer_;
  move_to(larger, message);
  if (message.len > 0) memcpy(own_bytes(), message.data, message.len);
  lender->release(smaller);
  return Status::kOk;
}

// The lease is that of `message` from now on, which has what is left of it as room.
void Assembler::move_to(Lease *lease, const Message &message) {
  buffer_ = lease;
  Message *moved = new (lease->bytes()) Message(message);
  moved->data = own_bytes();
  moved->cap = lease->cap - sizeof(Message);
}

Status Assembler::append(const Kernels &kernels, const uint8_t *src, size_t len, uint32_t key, bool last,
                         size_t *out_error) {
  return unmask(kernels, message().data + message().len, src, len, key, last, out_error);
}

Status Assembler::pass(const Kernels &kernels, uint8_t *data, size_t len, uint32_t key, bool last, size_t *out_error) {
  return unmask(kernels, data, data, len, key, last, out_error);
}

Status Assembler::unmask(const Kernels &kernels, uint8_t *dst, const uint8_t *src, size_t len, uint32_t key, bool last,
                         size_t *out_error) {
  Message &message = this->message();
  const bool lies_unmasked = dst == src && key == 0;
  if (message.validated) {
    Utf8State utf8 = message.utf8;
    const bool valid =
        lies_unmasked ? kernels.utf8_step(&utf8, src, len) : kernels.unmask_utf8(dst, src, len, key, &utf8);
    if (!valid) {
      *out_error = utf8_first_error(message.utf8, dst, len);
      return Status::kUtf8;
    }
    if (last && utf8.need != 0) {
      *out_error = len;
      return Status::kUtf8;
    }
    message.utf8 = utf8;
  } else if (!lies_unmasked) {
    kernels.mask(dst, src, len, key);
  }
  message.len += len;
  return Status::kOk;
}

MutBytes Assembler::room() {
  const Message &message = this->message();
  return {message.data + message.len, message.cap - message.len};
}

Status Assembler::commit(const Kernels &kernels, size_t len, bool last) {
  Message &message = this->message();
  if (message.validated) {
    const uint8_t *data = message.data + message.len;
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

Lease *Assembler::finish(Lender *lender, MutBytes *out) {
  *out = {message().data, message().len};
  if (out->size == 0) out->data = nullptr;
  if (borrows()) reset(lender);
  return abandon();
}

Lease *Assembler::abandon() {
  Lease *buffer = buffer_;
  buffer_ = nullptr;
  return buffer;
}

void Assembler::reset(Lender *lender) {
  lender->release(buffer_);
  buffer_ = nullptr;
}

}  // namespace tidewire
