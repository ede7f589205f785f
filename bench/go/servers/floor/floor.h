// SPDX-License-Identifier: MIT
#ifndef TIDEWIRE_BENCH_GO_FLOOR_H_
#define TIDEWIRE_BENCH_GO_FLOOR_H_

#include <stddef.h>
#include <stdint.h>

// Answers every whole frame of data, len bytes of masked frames, by one to the client, at out, which has room for len
// bytes. *out_consumed are the bytes of these frames; returned are those of the answers.
size_t floor_echo(const uint8_t *data, size_t len, uint8_t *out, size_t *out_consumed);

#endif  // TIDEWIRE_BENCH_GO_FLOOR_H_
