/* SPDX-License-Identifier: MIT
 *
 * tidewire: a WebSocket engine (RFC 6455) that owns no socket, clock, file or thread.
 *
 * Order: version and status; kernels; frames; pool; compression; handshake; connection, first what every program
 * needs; the table for dlopen. What is not in this file is not promised. capi/README.md is the guide.
 *
 * Rules that hold for every function unless its comment says otherwise:
 *   Threads    An object is used by one thread at a time; different objects are independent. Functions without an
 *              object may run in any thread.
 *   NULL       A data pointer may be NULL where its length or count is 0. Any other NULL gives TW_ERR_NULL, also one
 *              inside a struct; a function that returns no status ignores it, or says what it returns.
 *   Lengths    `len` is bytes present, `cap` is room in bytes or elements, `count` is elements, `out_` receives a
 *              result.
 *   Statuses   A comment names those that its function returns besides TW_OK and TW_ERR_NULL. On an error, outputs are
 *              written only where the comment says so.
 *   Overlap    Inputs and outputs do not overlap unless exact in-place use is allowed.
 *   Ownership  Arguments are borrowed until the call returns. An object belongs to the caller of its create function
 *              until its destroy function; with a pool or an allocator, these go last.
 *   Events     The data of an event is valid until the next call on its connection that takes input (tw_conn_receive,
 *              _receive_into, _read_buffer, _read_commit), and no longer than the buffer that was fed.
 *   Structs    One that begins with struct_size is initialised by its TW_..._INIT; zero in every other field means
 *              the default. A longer struct of a newer caller is accepted while its unknown tail is zero. Functions
 *              that take one return TW_ERR_ARGUMENT where it is shorter than in its first release, or a field is out
 *              of its range, and TW_ERR_UNSUPPORTED where the unknown tail, a flag or a reserved field is not zero.
 *   Strings    `const char *` parameters end with a zero byte; views (tw_view) do not.
 */
#ifndef TIDEWIRE_TIDEWIRE_H_
#define TIDEWIRE_TIDEWIRE_H_

#include <stddef.h>
#include <stdint.h>

/* Define TW_STATIC when linking the static library. */
#if defined(TW_STATIC)
#define TW_API
#elif defined(__GNUC__) || defined(__clang__)
#define TW_API __attribute__((visibility("default")))
#else
#define TW_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version ------------------------------------------------------------------------------------------------- */

#define TW_VERSION_MAJOR 0        /* of this header: grows with a change that breaks programs */
#define TW_VERSION_MINOR 2        /* grows with what is added */
#define TW_VERSION_PATCH 0        /* grows with what is mended */
#define TW_VERSION_STRING "0.2.0" /* the three as text */

#define TW_ABI_MAJOR 1 /* of the binary interface: a program that was built for 1.0 runs with every 1.x */
#define TW_ABI_MINOR 1 /* of the binary interface: a higher one only adds */

/* The version of the library that runs: major * 65536 + minor * 256 + patch. Since 0.1. */
TW_API uint32_t tw_version(void);

/* The same as text, "0.2.0". Static. Since 0.1. */
TW_API const char *tw_version_string(void);

/* ---- Status -------------------------------------------------------------------------------------------------- */

/* What happened. The numbers are pinned and never used again for something else. "5.2" stands for RFC 6455 5.2.
 *   0              done
 *   1 ... 99       not an error: call again with more input or more room
 *   -1 ... -99     the caller's mistake; the object is unchanged
 *   -100 ... -199  the peer broke the protocol; the connection has failed
 *   -200 ... -299  a limit was reached; the connection has failed, but for calls whose comment says that it goes on
 *   -300 ... -399  resources; the comment of the function says what state the object is in
 * A connection that has failed stays so, and its calls that take input or tell the time return the same status again.
 * Since 0.1. */
typedef int32_t tw_status;

#define TW_OK 0         /* done */
#define TW_NEED_INPUT 1 /* the input ends before the result */
#define TW_NEED_ROOM 2  /* the output has no room for the result */

#define TW_ERR_NULL (-1)             /* a required pointer is NULL */
#define TW_ERR_ARGUMENT (-2)         /* an argument has a value that is not allowed */
#define TW_ERR_STATE (-3)            /* the object is in a state that does not allow this call */
#define TW_ERR_UNSUPPORTED (-4)      /* this version of the library does not know what was asked for */
#define TW_ERR_TEXT (-5)             /* 5.6: the text to send is not UTF-8 */
#define TW_ERR_CONTROL_LENGTH (-6)   /* 5.5: the control frame to send has more than 125 bytes of payload */
#define TW_ERR_SEND_CLOSE_CODE (-7)  /* 7.4: the close code to send must not appear in a close frame */
#define TW_ERR_HEADER_INJECTION (-8) /* RFC 9110 5.5: a header to send would end its line, or is the engine's own */
#define TW_ERR_KERNEL (-9)           /* no kernel of this name runs on this processor */

/* Frames and messages */
#define TW_ERR_RSV (-100)                /* 5.2: a reserved bit is set that no extension negotiated */
#define TW_ERR_OPCODE (-101)             /* 5.2: the opcode is reserved */
#define TW_ERR_LENGTH_NOT_MINIMAL (-102) /* 5.2: the payload length is not written in the shortest form */
#define TW_ERR_LENGTH_TOO_LARGE (-103)   /* 5.2: the payload length has its most significant bit set */
#define TW_ERR_MASK_MISSING (-104)       /* 5.1: a frame from a client is not masked */
#define TW_ERR_MASK_UNEXPECTED (-105)    /* 5.1: a frame from a server is masked */
#define TW_ERR_CONTROL_FRAGMENTED (-106) /* 5.5: a control frame is fragmented */
#define TW_ERR_CONTROL_TOO_LONG (-107)   /* 5.5: a control frame has more than 125 bytes of payload */
#define TW_ERR_CONTINUATION (-108)       /* 5.4: a continuation frame outside a fragmented message */
#define TW_ERR_INTERLEAVED (-109)        /* 5.4: a new message inside a fragmented one */
#define TW_ERR_UTF8 (-110)               /* 8.1: text is not UTF-8 */
#define TW_ERR_CLOSE_LENGTH (-111)       /* 5.5.1: a close frame has a payload of one byte */
#define TW_ERR_CLOSE_CODE (-112)         /* 7.4: a close frame has a code that must not be sent */
#define TW_ERR_CLOSE_REASON (-113)       /* 5.5.1: the reason in a close frame is not UTF-8 */
#define TW_ERR_EOF (-114)                /* 7.1.5: the stream ended before the closing handshake */
#define TW_ERR_DEFLATE (-115)            /* RFC 7692 7.2.2: a compressed message is not DEFLATE data, or is cut */

/* The opening handshake */
#define TW_ERR_HTTP_SYNTAX (-130)     /* RFC 9112 2: the head is not HTTP/1.1 */
#define TW_ERR_HTTP_METHOD (-131)     /* 4.1: the method is not GET */
#define TW_ERR_HTTP_VERSION (-132)    /* 4.1: the HTTP version is not 1.1 */
#define TW_ERR_HTTP_HOST (-133)       /* 4.2.1: there is not exactly one valid Host */
#define TW_ERR_HTTP_UPGRADE (-134)    /* 4.2.1: Upgrade does not name websocket */
#define TW_ERR_HTTP_CONNECTION (-135) /* 4.2.1: Connection does not name Upgrade */
#define TW_ERR_HTTP_BODY (-136)       /* RFC 9110 7.8: the head announces a body */
#define TW_ERR_HTTP_STATUS (-137)     /* 4.1: the server did not answer with status 101 */
#define TW_ERR_KEY (-140)             /* 4.2.1: Sec-WebSocket-Key is not one base64 value of 16 bytes */
#define TW_ERR_VERSION (-141)         /* 4.4: Sec-WebSocket-Version is not 13 */
#define TW_ERR_ACCEPT (-142)          /* 4.1: Sec-WebSocket-Accept does not answer the key that was sent */
#define TW_ERR_ORIGIN (-143)          /* 10.2: the Origin is not allowed */
#define TW_ERR_SUBPROTOCOL (-144)     /* 4.1: Sec-WebSocket-Protocol is malformed, or was not offered */
#define TW_ERR_EXTENSION (-145)       /* 9.1: Sec-WebSocket-Extensions is malformed, or was not offered */

/* Limits, by the names that they have in a configuration */
#define TW_ERR_LIMIT_FRAME (-200)        /* a frame is longer than max_frame_len */
#define TW_ERR_LIMIT_MESSAGE (-201)      /* a message is longer than max_message_len */
#define TW_ERR_LIMIT_FRAGMENTS (-202)    /* a message has more frames than max_fragments */
#define TW_ERR_LIMIT_OUTPUT (-203)       /* more than max_output_len would be queued */
#define TW_ERR_LIMIT_CONTROL_RATE (-204) /* more control frames came in a second than max_control_rate */
#define TW_ERR_LIMIT_MEMORY (-205)       /* the connection would hold more than max_memory_len */
#define TW_ERR_LIMIT_RATIO (-206)        /* a compressed message expands more than max_ratio */
#define TW_ERR_LIMIT_HEAD (-210)         /* the head of the handshake is longer than max_head_len */
#define TW_ERR_LIMIT_HEADER_COUNT (-211) /* the handshake has more headers than max_header_count */
#define TW_ERR_LIMIT_LINE (-212)         /* a line of the handshake is longer than max_line_len */
#define TW_ERR_TIMEOUT_HANDSHAKE (-220)  /* the opening handshake took handshake_timeout_ns */
#define TW_ERR_TIMEOUT_IDLE (-221)       /* nothing was received for idle_timeout_ns */
#define TW_ERR_TIMEOUT_PONG (-222)       /* a ping was not answered within pong_timeout_ns */
#define TW_ERR_TIMEOUT_MESSAGE (-223)    /* a message was incomplete for message_timeout_ns */
#define TW_ERR_TIMEOUT_CLOSE (-224)      /* the closing handshake took close_timeout_ns */

/* Resources */
#define TW_ERR_NO_MEMORY (-300) /* the allocator returned no memory */
#define TW_ERR_RANDOM (-301)    /* the random source failed */

/* The constant's name, such as "TW_ERR_RSV"; "TW_ERR_UNKNOWN" for any other number. Static, never NULL. Since 0.1. */
TW_API const char *tw_status_name(tw_status status);

/* One sentence for people. Static, never NULL. Since 0.1. */
TW_API const char *tw_status_message(tw_status status);

/* The close code that tells the peer (1002, 1007, 1009, ...); 0 where no close code fits. TW_ERR_EOF gives 1006, which
 * is never sent. Since 0.1. */
TW_API uint16_t tw_status_close_code(tw_status status);

/* The HTTP status with which a server refuses a handshake (400, 403, 426, ...); 0 where none fits. Since 0.1. */
TW_API uint16_t tw_status_http_status(tw_status status);

/* "RFC 6455 5.2": the rule that was broken; NULL where it is none of an RFC. Static. Since 0.2. */
TW_API const char *tw_status_section(tw_status status);

/* "max_frame_len": the limit that was reached, as tw_conn_config, tw_handshake_config or tw_deflate_config name it;
 * NULL for none. Static. Since 0.2. */
TW_API const char *tw_status_limit(tw_status status);

/* ---- Common types -------------------------------------------------------------------------------------------- */

/* Bytes owned by somebody else. Has the layout of POSIX `struct iovec`. Since 0.1. */
typedef struct tw_view {
  const uint8_t *data; /* may be NULL where len is 0 */
  size_t len;          /* bytes */
} tw_view;

/* Where an object takes memory from. The functions must be safe to call from every thread that uses the objects made
 * with them. Both or neither are set; the struct is copied, `context` must outlive the object. Since 0.1. */
typedef struct tw_allocator {
  void *(*allocate)(void *context, size_t size);             /* aligned as malloc aligns; NULL: no memory */
  void (*release)(void *context, void *memory, size_t size); /* `size` as it was asked for */
  void *context;                                             /* passed on */
} tw_allocator;

/* Where unpredictable bytes come from (RFC 6455 10.3). `fill` writes `len` bytes and returns 0. The default is the
 * operating system's CSPRNG; replace it in tests only. Since 0.1. */
typedef struct tw_random {
  int32_t (*fill)(void *context, uint8_t *out, size_t len); /* anything but 0: TW_ERR_RANDOM */
  void *context;                                            /* passed on */
} tw_random;

/* ---- Kernels ------------------------------------------------------------------------------------------------- */

/* dst[i] = src[i] ^ key[(phase + i) % 4] for i < len (RFC 6455 5.3). Masking and unmasking are the same operation.
 * dst == src is allowed, other overlap gives TW_ERR_ARGUMENT. `phase` is the number of payload bytes before src[0].
 * Since 0.1. */
TW_API tw_status tw_mask(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4], uint64_t phase);

/* Tells whether data is valid UTF-8 (RFC 3629): TW_OK or TW_ERR_UTF8. out_valid_len, which may be NULL, receives the
 * length of the longest prefix of whole, valid code points. Since 0.1. */
TW_API tw_status tw_utf8_validate(const uint8_t *data, size_t len, size_t *out_valid_len);

/* A validation in progress; {0} is the start. Plain data, may be copied. Since 0.1. */
typedef struct tw_utf8 {
  uint32_t state; /* private */
} tw_utf8;

/* Begins a text. Since 0.1. */
TW_API void tw_utf8_init(tw_utf8 *utf8);

/* Validates the next bytes of a text; it may be cut anywhere. TW_ERR_UTF8 comes with the first byte that no valid text
 * can have there; out_error_offset, which may be NULL, then receives its offset in data, and the state is undefined
 * until tw_utf8_init. Since 0.1. */
TW_API tw_status tw_utf8_step(tw_utf8 *utf8, const uint8_t *data, size_t len, size_t *out_error_offset);

/* Ends a text: TW_ERR_UTF8 when it stops inside a code point. Since 0.1. */
TW_API tw_status tw_utf8_finish(const tw_utf8 *utf8);

/* tw_mask, and tw_utf8_step on the result, in one pass: overlap and statuses as theirs. All of dst is written even
 * where TW_ERR_UTF8 is returned. Since 0.1. */
TW_API tw_status tw_unmask_utf8(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4], uint64_t phase,
                                tw_utf8 *utf8, size_t *out_error_offset);

/* ---- Frames -------------------------------------------------------------------------------------------------- */

#define TW_OPCODE_CONTINUATION 0 /* a further fragment */
#define TW_OPCODE_TEXT 1         /* UTF-8 */
#define TW_OPCODE_BINARY 2       /* any bytes */
#define TW_OPCODE_CLOSE 8        /* control frame: the last one of its sender */
#define TW_OPCODE_PING 9         /* control frame: to be answered */
#define TW_OPCODE_PONG 10        /* control frame: the answer, with the payload of the ping */

/* tw_frame.flags, tw_event.flags. FIN and RSV have the values that they have in the first byte of a frame. */
#define TW_FRAME_FIN 0x80    /* the last fragment, or the only one */
#define TW_FRAME_RSV1 0x40   /* a compressed message, where that was negotiated */
#define TW_FRAME_RSV2 0x20   /* reserved */
#define TW_FRAME_RSV3 0x10   /* reserved */
#define TW_FRAME_MASKED 0x01 /* tw_frame.masking_key is set */

#define TW_FRAME_HEADER_MAX 14     /* bytes of a header at most */
#define TW_CONTROL_PAYLOAD_MAX 125 /* bytes of a control frame's payload at most */

/* One frame. Not versioned: its 32 bytes never change. Since 0.1. */
typedef struct tw_frame {
  uint8_t *payload;       /* of a decoded frame: points into the buffer that was decoded, unmasked */
  uint64_t payload_len;   /* bytes */
  uint8_t reserved;       /* 0 */
  uint8_t opcode;         /* TW_OPCODE_... */
  uint8_t flags;          /* TW_FRAME_... */
  uint8_t header_len;     /* bytes; ignored by encoders */
  uint8_t masking_key[4]; /* as on the wire; zero where the frame is not masked */
  uint64_t offset;        /* of the frame's first byte in the data; ignored by encoders */
} tw_frame;

/* Decoding rules, to be or-ed. Without a TW_DECODE_..MASKED flag both directions are accepted. */
#define TW_DECODE_REQUIRE_MASKED 0x01u   /* what a server receives: TW_ERR_MASK_MISSING otherwise */
#define TW_DECODE_REQUIRE_UNMASKED 0x02u /* what a client receives: TW_ERR_MASK_UNEXPECTED otherwise */
#define TW_DECODE_VALIDATE_TEXT 0x04u    /* whole text frames (FIN, no RSV bit) must be UTF-8: TW_ERR_UTF8 */
#define TW_DECODE_ALLOW_RSV1 0x40u       /* an extension negotiated the bit */
#define TW_DECODE_ALLOW_RSV2 0x20u       /* likewise */
#define TW_DECODE_ALLOW_RSV3 0x10u       /* likewise */

/* Reads one frame header. out_frame receives all but the payload pointer, which is NULL. TW_NEED_INPUT when data ends
 * inside the header. A rule that one header can break gives its status: TW_ERR_RSV ... TW_ERR_CONTROL_TOO_LONG.
 * TW_ERR_ARGUMENT: rules that do not exist, or exclude each other. Since 0.1. */
TW_API tw_status tw_frame_decode(const uint8_t *data, size_t len, uint32_t rules, tw_frame *out_frame);

/* Reads every whole frame of data, at most `cap`, and unmasks the payloads in place; descriptors point into data.
 *   TW_OK          all of data was read
 *   TW_NEED_INPUT  data ends inside a frame, which is untouched
 *   TW_NEED_ROOM   `cap` frames were read and data has more
 *   an error       the frame at *out_consumed breaks the rule (as tw_frame_decode, TW_ERR_UTF8), and is untouched
 * *out_count and *out_consumed, the bytes of the frames read, are written in all four cases; TW_ERR_ARGUMENT, as
 * tw_frame_decode, writes nothing. The rules between frames (fragmentation) are the connection's. Payloads of fragments
 * are not validated: use tw_utf8_step. Since 0.1. */
TW_API tw_status tw_frames_decode(uint8_t *data, size_t len, uint32_t rules, tw_frame *frames, size_t cap,
                                  size_t *out_count, size_t *out_consumed);

/* Writes the header of frame: at most TW_FRAME_HEADER_MAX bytes. TW_NEED_ROOM leaves `out` alone and writes the length
 * that is needed. Refuses what no receiver may accept: TW_ERR_OPCODE, TW_ERR_CONTROL_FRAGMENTED,
 * TW_ERR_CONTROL_LENGTH, TW_ERR_LENGTH_TOO_LARGE. TW_ERR_ARGUMENT: a flag or an opcode that no frame can have.
 * Since 0.1. */
TW_API tw_status tw_frame_header_encode(const tw_frame *frame, uint8_t *out, size_t cap, size_t *out_len);

/* Writes whole frames one after the other: header, and payload masked with the frame's key where TW_FRAME_MASKED is
 * set. TW_NEED_ROOM leaves `out` alone and writes the length that is needed. Other statuses as
 * tw_frame_header_encode. Since 0.1. */
TW_API tw_status tw_frames_encode(const tw_frame *frames, size_t count, uint8_t *out, size_t cap, size_t *out_len);

/* Like tw_frames_encode without copying payloads: headers go to `headers`, and views, which has room for 2 * count,
 * shows header and payload of each frame in turn, without those payloads that are empty. A payload with TW_FRAME_MASKED
 * is masked where it lies, and only when the result is TW_OK. TW_NEED_ROOM writes the length of all headers. Other
 * statuses as tw_frame_header_encode. Since 0.1. */
TW_API tw_status tw_frames_encode_views(const tw_frame *frames, size_t count, uint8_t *headers, size_t cap,
                                        size_t *out_headers_len, tw_view *views, size_t *out_view_count);

/* Writes `count` masking keys of 4 bytes each, for tw_frame.masking_key: a fresh one for each frame that a client sends
 * (RFC 6455 5.3, 10.3). random may be NULL. TW_ERR_RANDOM leaves keys undefined; TW_ERR_ARGUMENT: 4 * count is no
 * size_t. Since 0.2. */
TW_API tw_status tw_masking_keys(const tw_random *random, uint8_t *keys, size_t count);

/* Whether a close frame may carry this code (RFC 6455 7.4, IANA): 1000-1003, 1007-1014, 3000-4999. Returns 1 or 0.
 * Since 0.1. */
TW_API int32_t tw_close_code_valid(uint32_t code);

/* ---- Pool ---------------------------------------------------------------------------------------------------- */

/* Buffers in size classes, shared by connections. May be used by several threads at a time: each of the first 64 keeps
 * a few idle buffers for itself, while max_idle_len has room for them, so that a hot one is acquired and released
 * without waiting for others. Since 0.1. */
typedef struct tw_pool tw_pool;

/* A size class. Not versioned: its 16 bytes never change. Since 0.1. */
typedef struct tw_pool_class {
  uint64_t len;      /* bytes of a buffer */
  uint64_t max_idle; /* buffers kept for reuse; 0: as many as max_idle_len allows */
} tw_pool_class;

#define TW_POOL_CLASSES_MAX 16 /* classes of a pool */

/* How a pool keeps buffers. Since 0.1. */
typedef struct tw_pool_config {
  size_t struct_size;            /* bytes */
  const tw_allocator *allocator; /* NULL: the C library; copied */
  uint64_t max_idle_len;         /* bytes kept for reuse, those kept by threads included; 0: 16 MiB */
  const tw_pool_class *classes;  /* ascending lengths; NULL: 256 B, 1, 4, 8, 16 and 64 KiB; copied */
  size_t class_count;            /* at most TW_POOL_CLASSES_MAX */
} tw_pool_config;
/* A tw_pool_config of defaults. */
#define TW_POOL_CONFIG_INIT \
  { sizeof(tw_pool_config), NULL, 0, NULL, 0 }

/* What a pool did and holds. Since 0.1. */
typedef struct tw_pool_stats {
  size_t struct_size;      /* bytes */
  uint64_t hits;           /* acquisitions served from idle buffers */
  uint64_t misses;         /* acquisitions that asked the allocator */
  uint64_t drops;          /* releases that went back to the allocator because a cap on idle buffers was reached */
  uint64_t in_use_len;     /* bytes of acquired buffers */
  uint64_t idle_len;       /* bytes kept for reuse */
  uint64_t high_water_len; /* bytes: the high_water of all classes, and of what is longer, together */
  uint64_t huge;           /* acquisitions longer than the largest class and a quarter of max_idle_len (of an exact
                              length: all of it): never kept, no hit and no miss */
  uint64_t class_count;    /* of tw_pool_get_class_stats */
} tw_pool_stats;
/* A tw_pool_stats for tw_pool_get_stats. */
#define TW_POOL_STATS_INIT \
  { sizeof(tw_pool_stats), 0, 0, 0, 0, 0, 0, 0, 0 }

/* What a pool did and holds in buffers of one class; counts, but for len. Since 0.1. */
typedef struct tw_pool_class_stats {
  size_t struct_size;  /* bytes */
  uint64_t len;        /* bytes of a buffer */
  uint64_t max_idle;   /* as configured */
  uint64_t hits;       /* acquisitions served from idle buffers */
  uint64_t misses;     /* acquisitions that asked the allocator */
  uint64_t drops;      /* releases that went back to the allocator */
  uint64_t in_use;     /* buffers acquired now */
  uint64_t idle;       /* buffers kept for reuse now */
  uint64_t high_water; /* the most in use at once; with several threads also counts what they then kept idle */
} tw_pool_class_stats;
/* A tw_pool_class_stats for tw_pool_get_class_stats. */
#define TW_POOL_CLASS_STATS_INIT \
  { sizeof(tw_pool_class_stats), 0, 0, 0, 0, 0, 0, 0, 0 }

/* Creates a pool; config may be NULL. TW_ERR_ARGUMENT also where the classes are not ascending, or too many;
 * TW_ERR_NO_MEMORY. An error writes NULL. Since 0.1. */
TW_API tw_status tw_pool_create(const tw_pool_config *config, tw_pool **out_pool);

/* Frees the pool and its idle buffers. Every acquired buffer must be back, and every connection, lease and prepared
 * message that uses it gone. Since 0.1. */
TW_API void tw_pool_destroy(tw_pool *pool);

/* Lends a buffer of at least `len` bytes (contents undefined, aligned to 16), with one holder. *out_cap is its real
 * size: that of the class, or where `len` is more than the largest, `len` rounded up by at most an eighth.
 * TW_ERR_NO_MEMORY writes NULL. Since 0.1. */
TW_API tw_status tw_pool_acquire(tw_pool *pool, size_t len, uint8_t **out_data, size_t *out_cap);

/* Lends a buffer of exactly `len` bytes, kept for reuse at that length, whatever the classes, while max_idle_len has
 * room for it. TW_ERR_NO_MEMORY writes NULL. Since 0.1. */
TW_API tw_status tw_pool_acquire_exact(tw_pool *pool, size_t len, uint8_t **out_data);

/* Adds a holder: the buffer comes back with the last of their releases, from any thread. TW_ERR_ARGUMENT and
 * TW_ERR_STATE as tw_pool_release. Since 0.1. */
TW_API tw_status tw_pool_retain(tw_pool *pool, uint8_t *data);

/* Takes a buffer back from a holder. NULL is ignored. Misuse is refused and changes nothing: TW_ERR_ARGUMENT where data
 * is no buffer of this pool, TW_ERR_STATE where it was released already (while the pool keeps it, and nobody acquired
 * it again). Since 0.1. */
TW_API tw_status tw_pool_release(tw_pool *pool, uint8_t *data);

/* Frees idle buffers, those that the calling thread keeps first, until at most keep_len bytes are idle. What other
 * threads keep stays: a thread calls it with 0 before it ends, if it used the pool. Since 0.1. */
TW_API tw_status tw_pool_trim(tw_pool *pool, uint64_t keep_len);

/* Copies the counters into *stats, whose struct_size says how much room it has. While other threads use the pool, they
 * are not all of one moment. Since 0.1. */
TW_API tw_status tw_pool_get_stats(const tw_pool *pool, tw_pool_stats *stats);

/* The same for the class at `index`, from 0: TW_ERR_ARGUMENT when there is none. Since 0.1. */
TW_API tw_status tw_pool_get_class_stats(const tw_pool *pool, size_t index, tw_pool_class_stats *stats);

/* Recommends classes for the next tw_pool_config from what was counted so far: under 80 % hits max_idle grows by a
 * fifth; over 95 %, where more than half of the returned buffers were dropped, it shrinks by a fifth. `text` receives a
 * line with the reason for each class, with zero byte. TW_NEED_ROOM: class_cap or text_cap is too small; *out_count
 * and *out_text_len (without the zero byte) say what is needed. Since 0.1. */
TW_API tw_status tw_pool_advise(const tw_pool *pool, tw_pool_class *classes, size_t class_cap, size_t *out_count,
                                char *text, size_t text_cap, size_t *out_text_len);

/* ---- Compression --------------------------------------------------------------------------------------------- */

/* What a side wants of permessage-deflate (RFC 7692). A client with such a struct offers the extension, a server
 * accepts it. Without context takeover, which is the default, compression memory is borrowed while a message is under
 * way and given back after it; with a tw_pool it is then reused by all connections. Since 0.1. */
typedef struct tw_deflate_config {
  size_t struct_size;           /* bytes */
  uint32_t level;               /* 1 (fast) ... 9 (small); 0: 1 */
  uint32_t memory_level;        /* 1 ... 9: memory of the compressor, 2^(memory_level + 9) bytes of it; 0: 8 */
  uint32_t send_window_bits;    /* the most that this side uses, 8 ... 15; 0: 15 */
  uint32_t receive_window_bits; /* the most that the peer may use, 8 ... 15; 0: 15 */
  uint64_t max_context_len; /* bytes kept between messages. A direction whose state fits takes its context over, first
                               the receiving one (with zlib 40 KiB at 15 bits), then the sending one (280 KiB);
                               0: none is kept */
  uint64_t min_len;         /* a shorter message is sent as it is; 0: 128 bytes */
  uint64_t max_call_len;    /* inflated bytes of one call that takes input, then TW_NEED_ROOM; 0: 1 MiB */
  uint32_t max_ratio;       /* of inflated to received bytes in messages above 64 KiB; 0: 250 */
  uint32_t reserved;        /* 0 */
} tw_deflate_config;
/* A tw_deflate_config of defaults. */
#define TW_DEFLATE_CONFIG_INIT \
  { sizeof(tw_deflate_config), 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* What both sides agreed on. All zero: no compression. Not versioned: its 8 bytes never change. Since 0.1. */
typedef struct tw_deflate {
  uint8_t enabled;             /* 1: permessage-deflate was negotiated */
  uint8_t flags;               /* TW_DEFLATE_... */
  uint8_t send_window_bits;    /* 8 ... 15 */
  uint8_t receive_window_bits; /* 8 ... 15 */
  uint8_t reserved[4];         /* 0 */
} tw_deflate;

#define TW_DEFLATE_SEND_TAKEOVER 0x1u    /* this side may refer to its earlier messages */
#define TW_DEFLATE_RECEIVE_TAKEOVER 0x2u /* the peer may */
#define TW_DEFLATE_WINDOW_ASKED 0x4u     /* in a server's tw_agreement: the response must tell send_window_bits */

/* ---- Handshake ----------------------------------------------------------------------------------------------- */

#define TW_KEY_LEN 24    /* Sec-WebSocket-Key: base64 of 16 bytes */
#define TW_ACCEPT_LEN 28 /* Sec-WebSocket-Accept: base64 of a SHA-1 */

/* A header of HTTP to send. Since 0.1. */
typedef struct tw_header {
  const char *name;  /* a token of RFC 9110, none of those that the engine writes */
  const char *value; /* without control characters, but for tabs */
} tw_header;

/* What a side wants of the opening handshake. Since 0.1. */
typedef struct tw_handshake_config {
  size_t struct_size;               /* bytes */
  uint32_t flags;                   /* TW_HANDSHAKE_... */
  uint32_t max_head_len;            /* bytes of a request or response head; 0: 16384 */
  uint32_t max_header_count;        /* 0: 100 */
  uint32_t max_line_len;            /* bytes without the line end; 0: 8192 */
  const char *host;                 /* client: Host, required, such as "example.com:8080" */
  const char *target;               /* client: what is requested, starts with '/'; NULL: "/" */
  const char *origin;               /* client: Origin; NULL: none is sent */
  const char *const *subprotocols;  /* client: offered; server: supported. In order of preference */
  size_t subprotocol_count;         /* of subprotocols */
  const char *const *origins;       /* server: allowed besides the same origin, such as "https://example.com" */
  size_t origin_count;              /* of origins */
  const tw_header *headers;         /* added to the request or to the response of status 101 */
  size_t header_count;              /* of headers */
  const tw_deflate_config *deflate; /* NULL: compression is not offered, and declined. tw_conn_create takes it from
                                       tw_conn_config instead */
} tw_handshake_config;
/* A tw_handshake_config of defaults. */
#define TW_HANDSHAKE_CONFIG_INIT \
  { sizeof(tw_handshake_config), 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, NULL, 0, NULL, 0, NULL }

/* Server: accept every Origin. The default accepts a request without Origin (not a browser), the same origin (host and
 * port equal Host), and `origins`. */
#define TW_HANDSHAKE_ANY_ORIGIN 0x1u

/* A request or response head that is being read. Plain data, may be copied. Since 0.1. */
typedef struct tw_head {
  uint64_t state[8]; /* private */
} tw_head;

/* Begins to read the head of a request (role TW_ROLE_SERVER) or of a response (TW_ROLE_CLIENT). Limits come from
 * config, which may be NULL. TW_ERR_ARGUMENT also for another role. Since 0.1. */
TW_API tw_status tw_head_init(tw_head *head, uint32_t role, const tw_handshake_config *config);

/* Reads on. data is all that was received since the first byte of the head; it may have grown and moved since the last
 * call, and no byte is looked at twice. TW_NEED_INPUT until the empty line; then *out_head_len is the length of
 * the head, after which frames begin. TW_ERR_HTTP_SYNTAX, _VERSION and TW_ERR_LIMIT_HEAD, _HEADER_COUNT, _LINE stay,
 * and *out_head_len is the offset of the offending line. TW_ERR_ARGUMENT: data is shorter than it was; TW_ERR_STATE:
 * before tw_head_init. Since 0.1. */
TW_API tw_status tw_head_parse(tw_head *head, const uint8_t *data, size_t len, size_t *out_head_len);

/* The method of a complete request, "GET", as a view into data, which is what tw_head_parse read and may have moved.
 * TW_ERR_STATE where the head is not complete or has no such part; so in all functions that take a complete head.
 * Since 0.1. */
TW_API tw_status tw_head_method(const tw_head *head, const uint8_t *data, tw_view *out_method);

/* Like tw_head_method, the target: "/chat". Since 0.1. */
TW_API tw_status tw_head_target(const tw_head *head, const uint8_t *data, tw_view *out_target);

/* Like tw_head_method, the three digits of a response's status: "101". Since 0.1. */
TW_API tw_status tw_head_status(const tw_head *head, const uint8_t *data, tw_view *out_status);

/* The value, without surrounding blanks, of the header with this name (any case), counting repeated ones from index 0.
 * A name of NULL counts all headers. out_name may be NULL. TW_NEED_INPUT when there are no more; TW_ERR_STATE.
 * Since 0.1. */
TW_API tw_status tw_head_header(const tw_head *head, const uint8_t *data, const char *name, size_t index,
                                tw_view *out_name, tw_view *out_value);

/* Walks over all headers in their order: *cursor is 0 at first, and is moved on. out_name may be NULL. TW_NEED_INPUT
 * when there are no more; TW_ERR_STATE. Since 0.2. */
TW_API tw_status tw_head_next(const tw_head *head, const uint8_t *data, size_t *cursor, tw_view *out_name,
                              tw_view *out_value);

/* What the opening handshake led to. Not versioned: its 40 bytes never change. Since 0.1. */
typedef struct tw_agreement {
  uint32_t subprotocol;          /* position in tw_handshake_config.subprotocols plus 1; 0: none */
  tw_deflate deflate;            /* compression, seen from this side */
  uint8_t accept[TW_ACCEPT_LEN]; /* Sec-WebSocket-Accept, which proves the handshake */
} tw_agreement;

/* Server: checks a complete request against RFC 6455 4.2.1, and chooses a subprotocol and the first acceptable offer of
 * compression (RFC 7692 5). config may be NULL. What is wrong gives its status: TW_ERR_HTTP_METHOD, _HOST, _UPGRADE,
 * _CONNECTION, _BODY, TW_ERR_KEY, _VERSION, _ORIGIN, _SUBPROTOCOL (also more than 64 of them), _EXTENSION; a head that
 * is not complete TW_ERR_STATE. Since 0.1. */
TW_API tw_status tw_request_check(const tw_head *head, const uint8_t *data, const tw_handshake_config *config,
                                  tw_agreement *out_agreement);

/* Server: writes the response of status 101 to the request that led to `agreement`. config may be NULL. TW_NEED_ROOM
 * writes the length that is needed. TW_ERR_HEADER_INJECTION: a string of config would end its field, or a header is
 * malformed or one that the engine writes; TW_ERR_ARGUMENT: a subprotocol is malformed otherwise or named twice, or
 * agreement is not one that tw_request_check makes with config. Since 0.1. */
TW_API tw_status tw_response_build(const tw_handshake_config *config, const tw_agreement *agreement, uint8_t *out,
                                   size_t cap, size_t *out_len);

/* Server: writes the response that refuses a request because of `reason`, a status whose tw_status_http_status is not
 * 0 (TW_ERR_ARGUMENT). It closes the HTTP connection, so that nothing after the request can pass for a second one.
 * TW_NEED_ROOM writes the length that is needed. Since 0.1. */
TW_API tw_status tw_refusal_build(tw_status reason, uint8_t *out, size_t cap, size_t *out_len);

/* Client: a fresh Sec-WebSocket-Key. random may be NULL. TW_ERR_RANDOM. Since 0.1. */
TW_API tw_status tw_key_generate(const tw_random *random, uint8_t key[TW_KEY_LEN]);

/* Client: writes the request. config has a host (TW_ERR_NULL). TW_NEED_ROOM writes the length that is needed.
 * TW_ERR_KEY: key is not base64 of 16 bytes; TW_ERR_HEADER_INJECTION: a string of config would end its field, or a
 * header is malformed or one that the engine writes; TW_ERR_ARGUMENT: a string of config is malformed otherwise, or a
 * subprotocol named twice. Since 0.1. */
TW_API tw_status tw_request_build(const tw_handshake_config *config, const uint8_t key[TW_KEY_LEN], uint8_t *out,
                                  size_t cap, size_t *out_len);

/* Client: checks a complete response against RFC 6455 4.1, RFC 7692 7.1 and the request that config and key made;
 * config may be NULL. What is wrong gives its status: TW_ERR_KEY (the argument), TW_ERR_HTTP_STATUS, _UPGRADE,
 * _CONNECTION, _BODY, TW_ERR_ACCEPT, _SUBPROTOCOL, _EXTENSION; a head that is not complete TW_ERR_STATE. Since 0.1. */
TW_API tw_status tw_response_check(const tw_head *head, const uint8_t *data, const tw_handshake_config *config,
                                   const uint8_t key[TW_KEY_LEN], tw_agreement *out_agreement);

/* Sec-WebSocket-Accept for a key (RFC 6455 4.2.2, step 5.4). TW_ERR_KEY when key is not base64 of 16 bytes.
 * Since 0.1. */
TW_API tw_status tw_accept_key(const uint8_t key[TW_KEY_LEN], uint8_t accept[TW_ACCEPT_LEN]);

/* ---- Connection ---------------------------------------------------------------------------------------------- */

/* One side of a WebSocket connection, without I/O. Feed what was read from the socket, look at the events, send, write
 * the output to the socket. Connections with a pool share what is equal in their configurations: an idle one then holds
 * 256 bytes. Since 0.1. */
typedef struct tw_conn tw_conn;

#define TW_ROLE_SERVER 0u /* answers the handshake; its frames are not masked */
#define TW_ROLE_CLIENT 1u /* begins the handshake; its frames are masked */

#define TW_LOG_ERROR 1u /* a connection failed: one line with the status, the rule or limit, and the offset */
#define TW_LOG_INFO 2u  /* it opened, with what was negotiated; it was closed, with both codes, or destroyed before */
#define TW_LOG_DEBUG 3u /* control frames, and pauses of the output */

/* Where lines about connections go: tw_conn_config.log. `put_line` is called within calls of the connection and in
 * their thread, tw_conn_create and tw_conn_destroy included; it calls no function with this connection, nor destroys
 * it. `line` has `len` printable ASCII bytes, at most 512, without a line end and with a zero byte behind, and is valid
 * during the call; what a peer chose is quoted, escaped and cut. What is not wanted is not formatted. Since 0.2. */
typedef struct tw_log {
  /* `level` is that of the line. */
  void (*put_line)(void *context, const tw_conn *conn, uint32_t level, const char *line, size_t len);
  void *context;     /* passed on; outlives the connection. Where it differs, connections share no configuration */
  uint32_t level;    /* TW_LOG_...: the most detailed that is wanted; not 0 */
  uint32_t reserved; /* 0 */
} tw_log;

/* What a connection is created with: its role, limits, times and memory. Since 0.1. */
typedef struct tw_conn_config {
  size_t struct_size;                   /* bytes */
  uint32_t role;                        /* TW_ROLE_... */
  uint32_t flags;                       /* TW_CONN_... */
  uint64_t max_frame_len;               /* payload bytes of a received frame; 0: 16 MiB */
  uint64_t max_message_len;             /* payload bytes of a received message, inflated; 0: 16 MiB */
  uint64_t max_output_len;              /* bytes queued and not yet consumed; 0: 64 MiB */
  uint64_t max_memory_len;              /* bytes held for this connection, see tw_conn_stats; 0: 128 MiB */
  uint64_t output_high_len;             /* TW_WANT_PAUSE from so many queued bytes on; 0: 1 MiB */
  uint64_t output_low_len;              /* ... until no more than these are queued; 0: a quarter of output_high_len */
  uint32_t max_fragments;               /* frames of a received message; 0: 1024 */
  uint32_t max_control_rate;            /* control frames received in one second of tw_conn_tick; 0: 1000 */
  uint64_t handshake_timeout_ns;        /* from the first tick to TW_EVENT_OPEN; 0: 10 s */
  uint64_t idle_timeout_ns;             /* without input; 0: 120 s */
  uint64_t ping_interval_ns;            /* between two pings of the engine; 0: 20 s */
  uint64_t pong_timeout_ns;             /* for the answer to such a ping; 0: 20 s */
  uint64_t message_timeout_ns;          /* from the first byte of a message to its last; 0: 60 s */
  uint64_t close_timeout_ns;            /* from the first close frame until all is read and written; 0: 10 s */
  uint32_t read_len;                    /* bytes of a read buffer at first, its own 32 included; 0: 8 KiB */
  uint32_t max_read_len;                /* ... while reads fill it; 0: 256 KiB, or read_len where that is more */
  uint32_t write_len;                   /* bytes of the first buffer of output; 0: 4 KiB */
  uint32_t min_borrow_len;              /* bytes from which on TW_SEND_BORROW does not copy; 0: 8 KiB */
  const tw_allocator *allocator;        /* NULL: the C library; copied */
  const tw_random *random;              /* NULL: the operating system's CSPRNG; copied */
  tw_pool *pool;                        /* NULL: buffers come from the allocator; outlives the connection */
  const tw_handshake_config *handshake; /* NULL: defaults; required for a client that does its handshake; copied */
  const tw_deflate_config *deflate;     /* NULL: no compression; copied */
  const tw_deflate *negotiated;         /* what a handshake done elsewhere agreed on; only with TW_CONN_UPGRADED and
                                           deflate; copied */
  const tw_log *log;                    /* NULL: nothing is logged; copied. Since 0.2 */
} tw_conn_config;
/* A tw_conn_config of defaults: a server. */
#define TW_CONN_CONFIG_INIT                                                                                            \
  {                                                                                                                    \
    sizeof(tw_conn_config), TW_ROLE_SERVER, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, \
        NULL, NULL, NULL, NULL                                                                                         \
  }

#define TW_NEVER UINT64_MAX /* a time-out that never comes, a limit that is never reached */

#define TW_CONN_UPGRADED 0x1u     /* the handshake was done elsewhere: the stream starts with frames */
#define TW_CONN_STREAM 0x2u       /* messages are not assembled: TW_EVENT_CHUNK instead of TW_EVENT_MESSAGE */
#define TW_CONN_MANUAL_PONG 0x4u  /* pings are not answered: call tw_conn_pong */
#define TW_CONN_MANUAL_CLOSE 0x8u /* a close frame is not answered: call tw_conn_close */
/* Against RFC 6455, for peers under the same control: text is not validated, and a frame may be masked or not whatever
 * the role of its sender. */
#define TW_CONN_TRUSTED 0x10u
/* Like TW_CONN_STREAM, of messages of several frames alone: a message of one frame comes whole. Since 0.2. */
#define TW_CONN_STREAM_FRAGMENTED 0x20u

#define TW_EVENT_OPEN 1u    /* handshake done; data: the peer's head, code: the subprotocol's position plus 1, or 0 */
#define TW_EVENT_MESSAGE 2u /* opcode: TEXT or BINARY; data: the whole message */
/* data: payload. The pong is queued, unless a close frame was sent; while the output is above output_high_len, only the
 * latest ping is answered, later. */
#define TW_EVENT_PING 3u
#define TW_EVENT_PONG 4u  /* data: payload. The answer to a ping of tw_conn_tick is not reported */
#define TW_EVENT_CLOSE 5u /* code: the peer's close code, 1005 where it sent none; data: the reason, UTF-8 */
/* data: a part, which may end inside a code point; opcode: TEXT or BINARY in a message's first, then CONTINUATION; FIN:
 * the last. */
#define TW_EVENT_CHUNK 6u

/* What the peer did. Not versioned: its 32 bytes never change. Since 0.1. */
typedef struct tw_event {
  uint8_t *data;    /* may be written to, and be NULL where len is 0; see Events at the top of this file */
  uint64_t len;     /* bytes */
  uint8_t type;     /* TW_EVENT_... */
  uint8_t opcode;   /* TW_OPCODE_... of the message or control frame; 0 for OPEN */
  uint8_t flags;    /* TW_FRAME_FIN for messages, last chunks and control frames */
  uint8_t reserved; /* 0 */
  uint32_t code;    /* see TW_EVENT_OPEN and TW_EVENT_CLOSE; 0 otherwise */
  uint64_t offset;  /* in the received stream, of the first byte of the frame that completed the event */
} tw_event;

/* Creates a connection. A client's request is output at once. TW_ERR_NO_MEMORY, TW_ERR_LIMIT_MEMORY, TW_ERR_RANDOM, and
 * of handshake the statuses of tw_request_build or tw_response_build. An error writes NULL. Since 0.1. */
TW_API tw_status tw_conn_create(const tw_conn_config *config, tw_conn **out_conn);

/* Frees the connection and all that it holds, output that was not consumed included. Since 0.1. */
TW_API void tw_conn_destroy(tw_conn *conn);

/* Takes bytes that were read from the socket, unmasks them in place, and writes at most `cap` events.
 *   TW_OK         all of data was taken; a frame cut by its end is kept inside
 *   TW_NEED_ROOM  events is full, or much was inflated: handle it, then call again with data + *out_consumed
 *   an error      the connection failed: handle the events that came before, write the output (tw_conn_output adds the
 *                 close frame, or it holds the refusal), close the socket. tw_conn_get_error has the details
 * *out_count and *out_consumed are written in all cases. After the peer's close frame, or a failure, data is discarded.
 * TW_ERR_NO_MEMORY and TW_ERR_RANDOM fail the connection too; TW_ERR_STATE does not: it is returned until
 * tw_conn_read_commit is done, or while tw_conn_receive_into holds a cut message. A call with len 0 gives back the
 * memory of the last events and does nothing else. Since 0.1. */
TW_API tw_status tw_conn_receive(tw_conn *conn, uint8_t *data, size_t len, tw_event *events, size_t cap,
                                 size_t *out_count, size_t *out_consumed);

/* Where to read from the socket into, *out_cap bytes: the buffer of a message under way, where its frame misses as much
 * as a read buffer has, so that its bytes land where they will live; or else a read buffer, borrowed until its events
 * are given back, of a size that follows how full the reads are. hint: bytes known to wait in the socket, or 0. Gives
 * back the memory of the last events. The room is this connection's until the next call that takes input; calling again
 * without one is allowed. TW_ERR_STATE as tw_conn_receive, TW_ERR_NO_MEMORY, TW_ERR_LIMIT_MEMORY: the connection goes
 * on; they write NULL and 0. Since 0.1. */
TW_API tw_status tw_conn_read_buffer(tw_conn *conn, size_t hint, uint8_t **out_data, size_t *out_cap);

/* Like tw_conn_receive, of the first `len` bytes of that room. After TW_NEED_ROOM call it with len 0 until it returns
 * something else; no other input is taken before (TW_ERR_STATE). len 0 otherwise (nothing was there to read) gives the
 * room back. TW_ERR_ARGUMENT: len is more than the room; *out_count is then 0. Since 0.1. */
TW_API tw_status tw_conn_read_commit(tw_conn *conn, size_t len, tw_event *events, size_t cap, size_t *out_count);

/* Says that the peer closed its direction of the stream. TW_OK after its close frame, otherwise TW_ERR_EOF, and the
 * connection has failed; one that had failed returns its error again. Since 0.1. */
TW_API tw_status tw_conn_receive_eof(tw_conn *conn);

/* Flags of tw_conn_send */
#define TW_SEND_MORE 0x1u       /* more fragments of this message follow; they have opcode TW_OPCODE_CONTINUATION */
#define TW_SEND_VALID_UTF8 0x2u /* the caller vouches for the text: for all fragments of a message, or for none */
/* Compress it whatever its length, where compression was negotiated; a message of min_len or more, judged by its first
 * fragment, is without the flag. First fragment only. */
#define TW_SEND_COMPRESS 0x4u
#define TW_SEND_NO_COMPRESS 0x8u /* do not compress it; first fragment only */
/* data may be used until all output up to its end was consumed, or the connection is destroyed: from min_borrow_len on
 * it is then not copied, but for what is masked or compressed. */
#define TW_SEND_BORROW 0x10u
/* With TW_SEND_BORROW, of a client: data may be masked where it lies, not copied. */
#define TW_SEND_MASK_IN_PLACE 0x20u

/* Queues a message, or a fragment of one. data is copied unless the flags allow otherwise. TW_ERR_STATE: not open, or
 * out of the order of fragments; TW_ERR_ARGUMENT: another opcode, or flags that do not go together; TW_ERR_TEXT: not
 * UTF-8; TW_ERR_LIMIT_OUTPUT, TW_ERR_LIMIT_MEMORY, TW_ERR_NO_MEMORY, TW_ERR_RANDOM. Whatever is wrong, nothing was
 * queued and the connection goes on. Since 0.1. */
TW_API tw_status tw_conn_send(tw_conn *conn, uint32_t opcode, const uint8_t *data, size_t len, uint32_t flags);

/* Queues a ping. TW_ERR_CONTROL_LENGTH: more than 125 bytes; TW_ERR_STATE, limits and resources as tw_conn_send.
 * Since 0.1. */
TW_API tw_status tw_conn_ping(tw_conn *conn, const uint8_t *data, size_t len);

/* Like tw_conn_ping, a pong: unsolicited, or the answer with TW_CONN_MANUAL_PONG. Since 0.1. */
TW_API tw_status tw_conn_pong(tw_conn *conn, const uint8_t *data, size_t len);

/* Starts the closing handshake, or answers the peer's close frame in place of the engine. code 0 sends none, and no
 * reason; reason is UTF-8 of at most 123 bytes. Events go on until the peer answers. TW_ERR_STATE: not open, or a close
 * frame was sent; TW_ERR_SEND_CLOSE_CODE: see tw_close_code_valid; TW_ERR_CONTROL_LENGTH, TW_ERR_TEXT: the reason;
 * TW_ERR_ARGUMENT: a reason without a code; TW_ERR_LIMIT_MEMORY and resources as tw_conn_send. Since 0.1. */
TW_API tw_status tw_conn_close(tw_conn *conn, uint32_t code, const uint8_t *reason, size_t len);

/* Shows the queued output, oldest byte first, as at most `cap` views; they stay valid, and nothing is consumed, until
 * tw_conn_output_consume, tw_conn_destroy, or a tw_conn_tick that drops the output because close_timeout_ns has passed.
 * *out_count is 0 when nothing is queued.
 * The close frame that answers the peer's, or a failure, is added by this call: until then messages may still be sent,
 * so that those which were received before are answered first. Since 0.1. */
TW_API tw_status tw_conn_output(tw_conn *conn, tw_view *views, size_t cap, size_t *out_count);

/* Writes how many bytes of output are queued, without a close frame that tw_conn_output will add. Since 0.1. */
TW_API tw_status tw_conn_output_len(const tw_conn *conn, size_t *out_len);

/* Says that the first `len` bytes of the output were written. TW_ERR_ARGUMENT when that is more than is queued.
 * Since 0.1. */
TW_API tw_status tw_conn_output_consume(tw_conn *conn, size_t len);

#define TW_STATE_CONNECTING 0u /* opening handshake */
#define TW_STATE_OPEN 1u       /* messages go both ways */
#define TW_STATE_CLOSING 2u /* one close frame was sent or received, or the connection failed: the other is missing */
#define TW_STATE_CLOSED 3u  /* nothing more is read or sent, but for the output that is queued */

/* TW_STATE_...; TW_STATE_CLOSED for NULL. Since 0.1. */
TW_API uint32_t tw_conn_state(const tw_conn *conn);

#define TW_WANT_READ 1u  /* input is expected */
#define TW_WANT_WRITE 2u /* output is queued */
/* Nothing is left to read or write. A server closes the socket now; a client waits for the server to do so first
 * (RFC 6455 7.1.1), with a time limit of its own. */
#define TW_WANT_CLOSE 4u
/* The peer reads more slowly than is sent: send no more, and better read no more, until it goes. Who reads no more sees
 * no pong: pong_timeout_ns bounds the pause. */
#define TW_WANT_PAUSE 8u

/* What the connection waits for, TW_WANT_... or-ed; 0 for NULL. Since 0.1. */
TW_API uint32_t tw_conn_wants(const tw_conn *conn);

/* Tells the time, of any clock that does not go back: call it before the calls that take input, and at the deadline.
 * Pings, and fails the connection when a time-out has passed: the result is then TW_ERR_TIMEOUT_..., to be handled like
 * that of tw_conn_receive. *out_next_deadline_ns, always written, is when to call again at the latest, TW_NEVER where
 * nothing is awaited; every call of this connection may bring it nearer. Without ticks there are no time-outs, pings
 * and rates. Since 0.1. */
TW_API tw_status tw_conn_tick(tw_conn *conn, uint64_t now_ns, uint64_t *out_next_deadline_ns);

/* Why a connection failed. Since 0.1. */
typedef struct tw_error {
  size_t struct_size;  /* bytes */
  tw_status status;    /* TW_OK: the connection has not failed */
  uint32_t close_code; /* that answered the failure; 1006 where none did, 0 in the handshake */
  uint64_t offset;     /* in the received stream, of the offending byte or frame */
  const char *message; /* tw_status_message; static, as the two below */
  const char *section; /* "RFC 6455 5.2"; NULL where no rule of an RFC was broken */
  const char *limit;   /* the name of the limit in tw_conn_config or tw_handshake_config; NULL for none */
} tw_error;
/* A tw_error for tw_conn_get_error. */
#define TW_ERROR_INIT \
  { sizeof(tw_error), TW_OK, 0, 0, NULL, NULL, NULL }

/* Writes why the connection failed, TW_OK in error->status where it did not. Since 0.1. */
TW_API tw_status tw_conn_get_error(const tw_conn *conn, tw_error *error);

#define TW_CLOSE_BY_NOBODY 0u /* not yet */
#define TW_CLOSE_BY_US 1u     /* tw_conn_close */
#define TW_CLOSE_BY_PEER 2u   /* its close frame came first */
#define TW_CLOSE_BY_ERROR 3u  /* the connection failed, see tw_conn_get_error */

/* How a connection ended, or is about to. Not versioned: its 8 bytes never change. Since 0.1. */
typedef struct tw_close {
  uint16_t local_code;  /* in our close frame, 1005 where it has none; 0: not queued yet */
  uint16_t remote_code; /* in the peer's, 1005 where it has none; 0: not received */
  uint32_t cause;       /* TW_CLOSE_BY_..., the first of them */
} tw_close;

/* Writes the close codes of both directions and what began the closing. Since 0.1. */
TW_API tw_status tw_conn_get_close(const tw_conn *conn, tw_close *out_close);

/* ---- Connection, advanced ------------------------------------------------------------------------------------ */

/* Writes what was negotiated; all zero before TW_EVENT_OPEN, and where compression was not. Since 0.1. */
TW_API tw_status tw_conn_get_deflate(const tw_conn *conn, tw_deflate *out_deflate);

/* What a connection did and holds. Since 0.1. */
typedef struct tw_conn_stats {
  size_t struct_size;               /* bytes */
  uint64_t bytes_received;          /* taken from the stream, the opening handshake included */
  uint64_t bytes_sent;              /* queued */
  uint64_t messages_received;       /* whole ones */
  uint64_t messages_sent;           /* queued */
  uint64_t frames_received;         /* of all kinds */
  uint64_t frames_sent;             /* queued; of all kinds */
  uint64_t control_frames_received; /* pings, pongs, close frames */
  uint64_t control_frames_sent;     /* queued */
  uint64_t deflated_received_len;   /* payload bytes of compressed messages, as received */
  uint64_t inflated_received_len;   /* the same messages after inflation */
  uint64_t deflated_sent_len;       /* payload bytes of compressed messages, as queued */
  uint64_t inflated_sent_len;       /* the same messages before compression */
  uint64_t held_len;    /* bytes that the connection holds now, its own struct and all bookkeeping included */
  uint64_t context_len; /* of these, compression state kept between messages */
  uint64_t rtt_ns;      /* from the last ping of tw_conn_tick to its pong, up to the next microsecond; 0: unknown */
} tw_conn_stats;
/* A tw_conn_stats for tw_conn_get_stats. */
#define TW_CONN_STATS_INIT \
  { sizeof(tw_conn_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* Copies the counters into *stats, whose struct_size says how much room it has. Since 0.1. */
TW_API tw_status tw_conn_get_stats(const tw_conn *conn, tw_conn_stats *stats);

/* Like tw_conn_receive, except that it stops with TW_NEED_ROOM after one TW_EVENT_MESSAGE where data has more, and that
 * its bytes are put together in dst. A message of more than dst_cap bytes comes in memory of the engine as ever: event
 * data tells. While a message is cut, dst belongs to the connection: until it is complete, or the connection has
 * failed or is destroyed, every call that takes input is this one with the same dst and dst_cap (TW_ERR_STATE).
 * TW_ERR_STATE also with TW_CONN_STREAM and TW_CONN_STREAM_FRAGMENTED. Since 0.1. */
TW_API tw_status tw_conn_receive_into(tw_conn *conn, uint8_t *data, size_t len, uint8_t *dst, size_t dst_cap,
                                      tw_event *events, size_t cap, size_t *out_count, size_t *out_consumed);

/* Sets max_message_len of tw_conn_config for what comes from now on; 0: 16 MiB. A message under way that already has
 * more fails with its next data. TW_ERR_NO_MEMORY changes nothing. Since 0.2. */
TW_API tw_status tw_conn_set_max_message_len(tw_conn *conn, uint64_t max_message_len);

/* Bytes with one or more holders, which may be in different threads. Since 0.1. */
typedef struct tw_lease tw_lease;

/* Moves the bytes of an event of the last call that took input, at most once for each, out of the connection, which may
 * then go on or be destroyed; its pool must stay. A message that the engine put together is not copied, anything else
 * is. *out_data points to event->len bytes, which belong to the lease with its one holder; may be NULL where len is 0.
 * TW_ERR_NO_MEMORY: the event stays as it was. An error writes NULL to *out_lease. Since 0.1. */
TW_API tw_status tw_conn_detach(tw_conn *conn, const tw_event *event, tw_lease **out_lease, uint8_t **out_data);

/* Adds a holder. Since 0.1. */
TW_API tw_status tw_lease_retain(tw_lease *lease);

/* Gives the lease back; its bytes are freed with the last holder's. NULL is ignored. Since 0.1. */
TW_API void tw_lease_release(tw_lease *lease);

/* A message, or a fragment of one, as tw_conn_send takes it. Not versioned: its 24 bytes never change. Since 0.1. */
typedef struct tw_message {
  const uint8_t *data; /* may be NULL where len is 0 */
  size_t len;          /* bytes */
  uint32_t opcode;     /* TW_OPCODE_TEXT, _BINARY or _CONTINUATION */
  uint32_t flags;      /* TW_SEND_... */
} tw_message;

/* tw_conn_send of each message in turn, until one is refused: with its status. *out_count, always written, is how many
 * were queued. Since 0.1. */
TW_API tw_status tw_conn_send_batch(tw_conn *conn, const tw_message *messages, size_t count, size_t *out_count);

/* A message that is encoded once, and compressed once for each profile of compression, to be sent by many connections.
 * May be used by several threads at a time. Since 0.1. */
typedef struct tw_prepared tw_prepared;

/* Copies and validates a whole message; flags as tw_conn_send, without MORE, BORROW and MASK_IN_PLACE. pool lends the
 * memory, and outlives the message and what is queued of it; NULL: the C library. TW_ERR_ARGUMENT, TW_ERR_TEXT,
 * TW_ERR_NO_MEMORY. An error writes NULL. Since 0.1. */
TW_API tw_status tw_prepared_create(uint32_t opcode, const uint8_t *data, size_t len, uint32_t flags, tw_pool *pool,
                                    tw_prepared **out_prepared);

/* Gives the message up; connections that have it queued keep what they need of it. Since 0.1. */
TW_API void tw_prepared_destroy(tw_prepared *prepared);

/* Queues a prepared message, statuses as tw_conn_send, which it does not mix with fragments. A server shares its bytes
 * from min_borrow_len on, unless its compressor keeps a context; a client copies and masks them. Since 0.1. */
TW_API tw_status tw_conn_send_prepared(tw_conn *conn, tw_prepared *prepared);

/* ---- dlopen -------------------------------------------------------------------------------------------------- */

struct tw_api;

/* The table of all functions above (tw_table.h), for hosts that find the library with dlopen. NULL when the library
 * does not speak that version of the interface: pass TW_ABI_MAJOR. Static. Since 0.1. */
TW_API const struct tw_api *tw_get_api(uint32_t abi_major);

#ifdef __cplusplus
}
#endif

#endif /* TIDEWIRE_TIDEWIRE_H_ */
