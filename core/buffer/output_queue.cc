// SPDX-License-Identifier: MIT
#include "core/buffer/output_queue.h"

namespace tidewire {

namespace {

// A segment fills a pool class: small for the few replies of one read, larger while output piles up.
constexpr size_t kFirstSegmentLen = 4096;
constexpr size_t kLargestSegmentLen = 65536;

size_t segment_len(size_t queued) {
  if (queued < kFirstSegmentLen) return kFirstSegmentLen;
  return queued < kLargestSegmentLen / 4 ? kLargestSegmentLen / 4 : kLargestSegmentLen;
}

}  // namespace

Status OutputQueue::add_segment(Lender *lender, size_t len, uint8_t **out) {
  constexpr size_t kOverhead = sizeof(Segment) - sizeof(Lease);
  if (len > SIZE_MAX - kOverhead) return Status::kNoMemory;
  const size_t usual = segment_len(size_) - sizeof(Segment);
  Lease *lease = nullptr;
  const Status status = lender->acquire((len < usual ? usual : len) + kOverhead, &lease);
  if (status != Status::kOk) return status;
  Segment *segment = reinterpret_cast<Segment *>(lease);
  segment->begin = segment->end = 0;
  if (tail_ == nullptr) {
    head_ = segment;
  } else {
    tail_->lease.next = lease;
  }
  tail_ = segment;
  *out = segment->bytes();
  return Status::kOk;
}

size_t OutputQueue::views(ByteView *out, size_t cap) const {
  size_t count = 0;
  for (Segment *segment = head_; segment != nullptr && count < cap; segment = segment->next()) {
    if (segment->begin == segment->end) continue;
    out[count++] = {segment->bytes() + segment->begin, segment->end - segment->begin};
  }
  return count;
}

void OutputQueue::consume(Lender *lender, size_t len) {
  size_ -= len;
  while (head_ != nullptr) {
    const size_t present = head_->end - head_->begin;
    if (len < present) {
      head_->begin += len;
      return;
    }
    len -= present;
    Segment *spent = head_;
    head_ = spent->next();
    lender->release(&spent->lease);
  }
  tail_ = nullptr;
}

void OutputQueue::clear(Lender *lender) { consume(lender, size_); }

}  // namespace tidewire
