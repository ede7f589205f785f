// SPDX-License-Identifier: MIT
#include "core/buffer/output_queue.h"

#include <new>

namespace tidewire {

namespace {

// Lengths of whole leases, which fill pool classes.
constexpr size_t kHeaderSegmentLen = 256;  // for what goes before a reference
constexpr size_t kLargestSegmentLen = 65536;

}  // namespace

// Small for the few replies of one read, four times the last one where output piles up.
Status OutputQueue::add_segment(Lender *lender, size_t len, size_t first_len, uint8_t **out) {
  if (len > SIZE_MAX - sizeof(Segment)) return Status::kNoMemory;
  const bool full = tail_ != nullptr && tail_->reference.empty();
  const size_t full_len = full ? tail_->lease.held_len() : 0;
  size_t lease_len = first_len;
  while (lease_len <= full_len && lease_len < kLargestSegmentLen) lease_len *= 4;
  if (lease_len > kLargestSegmentLen && lease_len > first_len) lease_len = kLargestSegmentLen;
  const size_t least_len = sizeof(Segment) + len;
  return append_segment(lender, lease_len < least_len ? least_len : lease_len, out);
}

Status OutputQueue::append_segment(Lender *lender, size_t lease_len, uint8_t **out) {
  Lease *lease = nullptr;
  const Status status = lender->acquire(lease_len - sizeof(Lease), &lease);
  if (status != Status::kOk) return status;
  const Lease copy = *lease;  // whose bytes are undefined once the segment's life begins
  Segment *segment = new (lease) Segment{copy, 0, 0, copy.held_len() - sizeof(Segment), {}, nullptr};
  if (tail_ == nullptr) {
    head_ = segment;
  } else {
    tail_->lease.next = lease;
  }
  tail_ = segment;
  *out = segment->bytes();
  return Status::kOk;
}

Status OutputQueue::reserve_before_reference(Lender *lender, size_t len, uint8_t **out) {
  const bool fits = tail_ != nullptr && tail_->reference.empty() && tail_->room_end - tail_->end >= len;
  if (!fits) return append_segment(lender, kHeaderSegmentLen, out);
  *out = tail_->bytes() + tail_->end;
  return Status::kOk;
}

void OutputQueue::refer(ByteView bytes, SharedLease *lease) {
  if (lease != nullptr) lease->retain();
  tail_->reference = bytes;
  tail_->referenced = lease;
  tail_->room_end = tail_->end;
  size_ += bytes.size;
}

size_t OutputQueue::views(ByteView *out, size_t cap) const {
  size_t count = 0;
  for (Segment *segment = head_; segment != nullptr; segment = segment->next()) {
    const ByteView parts[] = {{segment->bytes() + segment->begin, segment->end - segment->begin}, segment->reference};
    for (const ByteView &part : parts) {
      if (part.empty()) continue;
      if (count == cap) return count;
      out[count++] = part;
    }
  }
  return count;
}

void OutputQueue::consume(Lender *lender, size_t len) {
  size_ -= len;
  while (head_ != nullptr) {
    const size_t own = head_->end - head_->begin;
    if (len < own) {
      head_->begin += len;
      return;
    }
    len -= own;
    if (len < head_->reference.size) {
      head_->begin = head_->end;
      head_->reference = head_->reference.from(len);
      return;
    }
    len -= head_->reference.size;
    Segment *spent = head_;
    head_ = spent->next();
    if (spent->referenced != nullptr) spent->referenced->release();
    lender->release(&spent->lease);
  }
  tail_ = nullptr;
}

void OutputQueue::clear(Lender *lender) { consume(lender, size_); }

}  // namespace tidewire
