// SPDX-License-Identifier: MIT

package engine

// #cgo !tw_system CXXFLAGS: -std=c++20 -O2 -fno-exceptions -fno-rtti -fvisibility=hidden -fvisibility-inlines-hidden
// #cgo !tw_system CPPFLAGS: -DTW_STATIC
// #cgo !tw_system LDFLAGS: -lz
// #cgo tw_system CFLAGS: -DTW_SYSTEM
// #cgo tw_system pkg-config: tidewire
// #cgo CFLAGS: -std=c11 -O2 -fvisibility=hidden
// #cgo noescape tw_session_turn
// #cgo nocallback tw_session_turn
// #cgo noescape tw_session_lend
// #cgo nocallback tw_session_lend
// #cgo noescape tw_session_take
// #cgo nocallback tw_session_take
// #cgo noescape tw_session_feed
// #cgo nocallback tw_session_feed
// #cgo noescape tw_session_send
// #cgo nocallback tw_session_send
// #cgo noescape tw_session_send_prepared
// #cgo nocallback tw_session_send_prepared
// #cgo noescape tw_session_flush
// #cgo nocallback tw_session_flush
// #cgo noescape tw_session_output
// #cgo nocallback tw_session_output
// #cgo noescape tw_session_stage
// #cgo nocallback tw_session_stage
// #include <stdlib.h>
// #include "session.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// Sizes of the session.
const (
	StageMax = C.TW_SESSION_STAGE_MAX // bytes of the longest message that is staged
	LendLen  = C.TW_SESSION_LEND_LEN  // bytes of a message from which on SendTo to a socket does not copy it first
)

// The two descriptions of what both sides of the boundary touch agree.
var (
	_ = [1]struct{}{}[unsafe.Sizeof(Event{})-C.sizeof_tw_event]
	_ = [1]struct{}{}[unsafe.Offsetof(Event{}.Offset)-unsafe.Offsetof(C.tw_event{}.offset)]
	_ = [1]struct{}{}[unsafe.Offsetof(Event{}.Type)-unsafe.Offsetof(C.tw_event{}._type)]
)

func init() {
	const want = C.TW_VERSION_MAJOR<<16 | C.TW_VERSION_MINOR<<8 | C.TW_VERSION_PATCH
	if got := uint32(C.tw_version()); got>>16 != want>>16 || got < want {
		panic(fmt.Sprintf("tidewire: built with the header of %s, runs with the library %s: build it again",
			C.TW_VERSION_STRING, C.GoString(C.tw_version_string())))
	}
}

// Name is the constant's name, "TW_ERR_RSV".
func (s Status) Name() string { return C.GoString(C.tw_status_name(C.tw_status(s))) }

// String is Name.
func (s Status) String() string { return s.Name() }

// Message is one sentence for people.
func (s Status) Message() string { return C.GoString(C.tw_status_message(C.tw_status(s))) }

// CloseCode tells the peer; 0 where none fits.
func (s Status) CloseCode() int { return int(C.tw_status_close_code(C.tw_status(s))) }

// HTTPStatus refuses a handshake; 0 where none fits.
func (s Status) HTTPStatus() int { return int(C.tw_status_http_status(C.tw_status(s))) }

// Section is the rule that was broken, "RFC 6455 5.2"; "" for none.
func (s Status) Section() string { return C.GoString(C.tw_status_section(C.tw_status(s))) }

// Limit is the limit that was reached, "max_frame_len"; "" for none.
func (s Status) Limit() string { return C.GoString(C.tw_status_limit(C.tw_status(s))) }

// bytes is where C finds b.
func bytes(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(b)) }

// Conn is a session: a connection of the engine and the steps upon it.
type Conn struct {
	s       *C.tw_session
	role    uint32
	pool    *Pool
	scratch unsafe.Pointer // what Receive was fed last
}

// New creates a connection, which refers to config.Pool until Destroy.
func New(config *Config) (*Conn, Status) {
	if config.Handshake != nil && config.Handshake.hasNUL() {
		return nil, ErrArgument
	}
	if !config.Pool.TryRef() {
		return nil, ErrState
	}
	var a arena
	defer a.free()
	c := config.toC(&a)
	random := bytes(config.Random)
	if config.Random != nil && len(config.Random) == 0 {
		random = (*C.uint8_t)(a.alloc(1))
	}
	conn := &Conn{pool: config.Pool, role: config.Role}
	status := Status(C.tw_session_create(c, random, C.size_t(len(config.Random)), C.uint32_t(config.LogLevel), &conn.s))
	if status != OK {
		conn.pool.Unref()
		return nil, status
	}
	if config.Ticks {
		conn.s.ticks = 1
	}
	return conn, OK
}

// Destroy frees the connection and what it logged last. The second time it does nothing.
func (c *Conn) Destroy() {
	if c.s == nil {
		return
	}
	C.tw_session_free(c.s)
	C.free(c.scratch)
	c.pool.Unref()
	c.s, c.scratch = nil, nil
}

// Role is that of the configuration.
func (c *Conn) Role() uint32 { return c.role }

// Turn is the reader's step on a socket: tw_session_turn.
func (c *Conn) Turn(fd uintptr) Step { return Step(C.tw_session_turn(c.s, C.int32_t(fd))) }

// Lend is the first half of Turn for streams that are no sockets: after Again, Room is to be read into.
func (c *Conn) Lend() Step { return Step(C.tw_session_lend(c.s)) }

// Room is what Lend lent.
func (c *Conn) Room() []byte { return unsafe.Slice((*byte)(c.s.room), int(c.s.room_cap)) }

// Take is the second half: n bytes were read into Room; -1 is the end of the stream.
func (c *Conn) Take(n int) Step { return Step(C.tw_session_take(c.s, C.int64_t(n))) }

// Feed takes bytes that were read elsewhere, until there are events or a failure, and tells how many it took.
func (c *Conn) Feed(data []byte) int {
	return int(C.tw_session_feed(c.s, bytes(data), C.size_t(len(data))))
}

// Events are those of the last Turn, Take or Feed.
func (c *Conn) Events() []Event {
	return unsafe.Slice((*Event)(unsafe.Pointer(c.s.events)), int(c.s.event_count))
}

// Messages is how many of Events are whole messages.
func (c *Conn) Messages() int { return int(c.s.message_count) }

// ReadStatus is what the last step that took input or told the time returned. An error stays.
func (c *Conn) ReadStatus() Status { return Status(c.s.read_status) }

// ReadErrno is why the socket could not be read; 0 for none.
func (c *Conn) ReadErrno() int32 { return int32(c.s.read_errno) }

// WriteErrno is why the socket could not be written; 0 for none. It stays.
func (c *Conn) WriteErrno() int32 { return int32(c.s.write_errno) }

// Blocked tells whether output is queued that the socket did not take.
func (c *Conn) Blocked() bool { return c.s.blocked != 0 }

// Ticking tells whether time is told with every read.
func (c *Conn) Ticking() bool { return c.s.ticks != 0 }

// TellTime is Tick with the clock of Now. Done: a time-out has passed, ReadStatus tells which.
func (c *Conn) TellTime() Step { return Step(C.tw_session_tick(c.s)) }

// Deadline is when to tell the time next, on the clock of Now; Never for none.
func (c *Conn) Deadline() uint64 { return uint64(c.s.deadline_ns) }

// Now is CLOCK_MONOTONIC in nanoseconds.
func Now() uint64 { return uint64(C.tw_session_now()) }

// SystemCalls are the numbers of reads and writes.
func (c *Conn) SystemCalls() (reads, writes uint64) { return uint64(c.s.reads), uint64(c.s.writes) }

// Consumed is how many bytes of output have left, Queued how many will have when all that is there now has.
func (c *Conn) Consumed() uint64 { return uint64(c.s.consumed) }
func (c *Conn) Queued() uint64   { return c.Consumed() + uint64(c.Waiting()) }

// Waiting is how many bytes of output wait.
func (c *Conn) Waiting() int { return int(C.tw_session_queued(c.s)) }

// NoSocket stands for no file descriptor: what is queued is not written.
const NoSocket = ^uintptr(0)

// SendTo queues a message behind what is staged, and writes what the socket takes or moves output to dst; Moved then
// tells how much. NeedRoom: too much waits already, and the message was not queued.
func (c *Conn) SendTo(fd uintptr, dst []byte, opcode uint8, data []byte, flags uint32) Status {
	return Status(C.tw_session_send(c.s, C.int32_t(fd), bytes(dst), C.size_t(len(dst)), C.uint32_t(opcode),
		bytes(data), C.size_t(len(data)), C.uint32_t(flags)))
}

// SendPreparedTo is SendTo of a prepared message.
func (c *Conn) SendPreparedTo(fd uintptr, dst []byte, p *Prepared) Status {
	return Status(C.tw_session_send_prepared(c.s, C.int32_t(fd), bytes(dst), C.size_t(len(dst)), p.p))
}

// Moved is how many bytes the last SendTo moved.
func (c *Conn) Moved() int { return int(c.s.moved) }

// Flush queues what is staged and writes what the socket takes: Done or Blocked.
func (c *Conn) Flush(fd uintptr) Step { return Step(C.tw_session_flush(c.s, C.int32_t(fd))) }

// TakeOutput queues what is staged and moves output to dst.
func (c *Conn) TakeOutput(dst []byte) int {
	return int(C.tw_session_output(c.s, bytes(dst), C.size_t(len(dst))))
}

// SendStatus is why staged messages were refused, told once.
func (c *Conn) SendStatus() Status {
	status := Status(c.s.send_status)
	c.s.send_status = 0
	return status
}

// Staged is how many bytes are staged.
func (c *Conn) Staged() int { return int(c.s.stage_len) }

// Stage puts a message of at most StageMax bytes behind the others for one call to queue them all. false: there is no
// room now.
func (c *Conn) Stage(opcode uint8, data []byte, flags uint32) bool {
	if c.s.stage == nil && C.tw_session_stage(c.s) != 0 {
		return false
	}
	const header = C.sizeof_tw_record
	need := C.uint32_t(header + (len(data)+7)&^7)
	if need > C.TW_SESSION_STAGE_LEN-c.s.stage_len {
		return false
	}
	at := unsafe.Add(unsafe.Pointer(c.s.stage), c.s.stage_len)
	*(*C.tw_record)(at) = C.tw_record{len: C.uint32_t(len(data)), flags: C.uint32_t(opcode) | C.uint32_t(flags<<8)}
	copy(unsafe.Slice((*byte)(unsafe.Add(at, header)), len(data)), data)
	c.s.stage_len += need
	return true
}

// Close ends the session; then TakeLog has the last lines until Destroy.
func (c *Conn) Close() { C.tw_session_close(c.s) }

// TakeLog hands out the lines that were logged since the last call.
func (c *Conn) TakeLog(line func(level uint32, text string)) {
	if c.s.log_len == 0 {
		return
	}
	log := string(unsafe.Slice((*byte)(c.s.log), int(c.s.log_len)))
	c.s.log_len = 0
	for len(log) > 3 {
		n := 3 + int(log[1]) + int(log[2])<<8
		line(uint32(log[0]), log[3:n])
		log = log[n:]
	}
}
