// SPDX-License-Identifier: MIT

package engine

// #cgo noescape tw_conn_receive
// #cgo nocallback tw_conn_receive
// #cgo noescape tw_conn_read_commit
// #cgo nocallback tw_conn_read_commit
// #cgo noescape tw_conn_send
// #cgo nocallback tw_conn_send
// #include <stdlib.h>
// #include "session.h"
import "C"

import "unsafe"

// Receive feeds a copy of data, which events then point into until the next Receive.
func (c *Conn) Receive(data []byte, events []Event) (count, consumed int, status Status) {
	C.free(c.scratch)
	c.scratch = C.CBytes(data)
	var n, used C.size_t
	status = Status(C.tw_conn_receive(c.s.conn, (*C.uint8_t)(c.scratch), C.size_t(len(data)),
		(*C.tw_event)(unsafe.Pointer(unsafe.SliceData(events))), C.size_t(len(events)), &n, &used))
	return int(n), int(used), status
}

// ReadBuffer lends room to read into.
func (c *Conn) ReadBuffer(hint int) ([]byte, Status) {
	status := Status(C.tw_conn_read_buffer(c.s.conn, C.size_t(hint), &c.s.room, &c.s.room_cap))
	return c.Room(), status
}

// ReadCommit takes the first n bytes of that room.
func (c *Conn) ReadCommit(n int, events []Event) (count int, status Status) {
	var out C.size_t
	status = Status(C.tw_conn_read_commit(c.s.conn, C.size_t(n),
		(*C.tw_event)(unsafe.Pointer(unsafe.SliceData(events))), C.size_t(len(events)), &out))
	return int(out), status
}

// ReceiveEOF says that the peer closed its direction of the stream.
func (c *Conn) ReceiveEOF() Status { return Status(C.tw_conn_receive_eof(c.s.conn)) }

// Send queues a message, or a fragment of one.
func (c *Conn) Send(opcode uint8, data []byte, flags uint32) Status {
	return Status(C.tw_conn_send(c.s.conn, C.uint32_t(opcode), bytes(data), C.size_t(len(data)), C.uint32_t(flags)))
}

// Ping queues a ping.
func (c *Conn) Ping(data []byte) Status {
	return Status(C.tw_conn_ping(c.s.conn, bytes(data), C.size_t(len(data))))
}

// Pong queues a pong.
func (c *Conn) Pong(data []byte) Status {
	return Status(C.tw_conn_pong(c.s.conn, bytes(data), C.size_t(len(data))))
}

// CloseWith starts the closing handshake, or answers the peer's close frame.
func (c *Conn) CloseWith(code int, reason string) Status {
	data := unsafe.Slice(unsafe.StringData(reason), len(reason))
	return Status(C.tw_conn_close(c.s.conn, C.uint32_t(code), bytes(data), C.size_t(len(data))))
}

// Tick tells the time in nanoseconds of any clock, and learns when to do so next.
func (c *Conn) Tick(now uint64) (deadline uint64, status Status) {
	status = Status(C.tw_conn_tick(c.s.conn, C.uint64_t(now), &c.s.deadline_ns))
	return uint64(c.s.deadline_ns), status
}

// OutputLen is how many bytes of output are queued.
func (c *Conn) OutputLen() int {
	var n C.size_t
	C.tw_conn_output_len(c.s.conn, &n)
	return int(n)
}

// SetMaxMessageLen limits messages that begin after the call; 0: 16 MiB.
func (c *Conn) SetMaxMessageLen(n uint64) Status {
	return Status(C.tw_conn_set_max_message_len(c.s.conn, C.uint64_t(n)))
}

// State is tw_conn_state.
func (c *Conn) State() uint32 { return uint32(C.tw_conn_state(c.s.conn)) }

// Wants is tw_conn_wants.
func (c *Conn) Wants() uint32 { return uint32(C.tw_conn_wants(c.s.conn)) }

// Error is why the connection failed.
func (c *Conn) Error() Error {
	e := C.tw_error{struct_size: C.sizeof_tw_error}
	C.tw_conn_get_error(c.s.conn, &e)
	return Error{Status(e.status), uint32(e.close_code), uint64(e.offset),
		C.GoString(e.message), C.GoString(e.section), C.GoString(e.limit)}
}

// CloseInfo is how the connection ended.
func (c *Conn) CloseInfo() CloseInfo {
	var info C.tw_close
	C.tw_conn_get_close(c.s.conn, &info)
	return CloseInfo{uint16(info.local_code), uint16(info.remote_code), uint32(info.cause)}
}

// Deflate is what was negotiated.
func (c *Conn) Deflate() Deflate {
	var d C.tw_deflate
	C.tw_conn_get_deflate(c.s.conn, &d)
	return Deflate{d.enabled != 0, d.flags&C.TW_DEFLATE_SEND_TAKEOVER != 0, d.flags&C.TW_DEFLATE_RECEIVE_TAKEOVER != 0,
		uint8(d.send_window_bits), uint8(d.receive_window_bits)}
}

// Stats are the counters of the connection.
func (c *Conn) Stats() Stats {
	s := C.tw_conn_stats{struct_size: C.sizeof_tw_conn_stats}
	C.tw_conn_get_stats(c.s.conn, &s)
	return *(*Stats)(unsafe.Pointer(&s.bytes_received))
}

// Refusal is the HTTP response that refuses a request because of status; nil where none fits.
func Refusal(status Status) []byte {
	var n C.size_t
	if C.tw_refusal_build(C.tw_status(status), nil, 0, &n) != C.TW_NEED_ROOM {
		return nil
	}
	out := make([]byte, n)
	C.tw_refusal_build(C.tw_status(status), bytes(out), n, &n)
	return out
}
