/* SPDX-License-Identifier: MIT
 *
 * FRAMES of tests/vectors/README.md: output that is compared after inflation.
 */
#ifndef TIDEWIRE_TESTS_CAPI_VECTOR_FRAMES_H_
#define TIDEWIRE_TESTS_CAPI_VECTOR_FRAMES_H_

#include <zlib.h>

#include "vector_file.h"

/* What the peer of one connection would make of its frames. All zero is the start. */
struct frame_inflater {
  z_stream stream;
  int is_ready;
  int in_compressed_message;
  int at_block_boundary; /* after what was inflated last */
};

void frame_inflater_end(struct frame_inflater *inflater);

/* NULL where the output is the frames of the step, otherwise what differs. Unmasks the output in place. `terms` are
 * those of the side that sent it. */
const char *compare_frames(struct frame_inflater *inflater, const struct step *step, bytes *output,
                           const tw_deflate *terms);

#endif /* TIDEWIRE_TESTS_CAPI_VECTOR_FRAMES_H_ */
