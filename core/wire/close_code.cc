// SPDX-License-Identifier: MIT
#include "core/wire/close_code.h"

namespace tidewire {
namespace {

struct CodeRange {
  uint32_t first, last;
};

// 1004 is reserved; 1005, 1006 and 1015 only describe what happened locally; 1016-2999 are not assigned.
constexpr CodeRange kCodeRanges[] = {
    {1000, 1003},
    {1007, 1014},
    {3000, 3999},  // libraries, frameworks and applications, registered with IANA
    {4000, 4999},  // private use
};

}  // namespace

bool close_code_valid(uint32_t code) {
  for (const CodeRange &range : kCodeRanges) {
    if (code >= range.first && code <= range.last) return true;
  }
  return false;
}

}  // namespace tidewire
