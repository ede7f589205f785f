// SPDX-License-Identifier: MIT
// Bytes on their way to the socket, in segments that never move: what was shown as a view stays where it is while more
// is queued. Holds nothing when empty.
#ifndef TIDEWIRE_CORE_BUFFER_OUTPUT_QUEUE_H_
#define TIDEWIRE_CORE_BUFFER_OUTPUT_QUEUE_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/buffer/lease.h"

namespace tidewire {

class OutputQueue {
 public:
  // Room for `len` contiguous bytes after what is queued, to be filled and then committed. Statuses of Lender::acquire.
  Status reserve(Lender *lender, size_t len, uint8_t **out) {
    if (tail_ == nullptr || tail_->cap() - tail_->end < len) return add_segment(lender, len, out);
    *out = tail_->bytes() + tail_->end;
    return Status::kOk;
  }
  // Queues the first `len` of the bytes that were reserved last.
  void commit(size_t len) {
    tail_->end += len;
    size_ += len;
  }

  // Writes at most `cap` views of what is queued, oldest first. Returns how many.
  size_t views(ByteView *out, size_t cap) const;
  // Drops the `len` oldest bytes, at most size().
  void consume(Lender *lender, size_t len);
  void clear(Lender *lender);

  size_t size() const { return size_; }

 private:
  // At the start of a lease; the bytes follow. Linked by the lease's own pointer.
  struct Segment {
    Lease lease;
    size_t begin;  // of the queued bytes, in bytes()
    size_t end;

    uint8_t *bytes() { return reinterpret_cast<uint8_t *>(this + 1); }
    size_t cap() const { return lease.cap - (sizeof(Segment) - sizeof(Lease)); }
    Segment *next() const { return reinterpret_cast<Segment *>(lease.next); }
  };

  Status add_segment(Lender *lender, size_t len, uint8_t **out);

  Segment *head_ = nullptr;
  Segment *tail_ = nullptr;
  size_t size_ = 0;  // bytes queued
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BUFFER_OUTPUT_QUEUE_H_
