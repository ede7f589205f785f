// SPDX-License-Identifier: MIT

//go:build cgo

// Package engine is the only one with C in it: the engine's connection without I/O, one to one, and steps that make
// one call into C of all that reading or writing takes (session.h). It locks nothing: a Conn is used by one goroutine
// at a time, but for the events of the last read, which belong to the reader.
package engine

import (
	"strings"
	"unsafe"
)

// Status is tw_status: 0 is done, positive says call again, negative is an error.
type Status int32

// The statuses that this package and its callers act upon; all of them are in package tidewire.
const (
	OK             Status = 0
	NeedRoom       Status = 2
	ErrArgument    Status = -2
	ErrState       Status = -3
	ErrUnsupported Status = -4
	ErrText        Status = -5
	ErrUTF8        Status = -110
	ErrEOF         Status = -114
	ErrNoMemory    Status = -300
)

// Roles, flags and kinds, by the numbers of the C interface.
const (
	RoleServer uint32 = 0
	RoleClient uint32 = 1

	Upgraded         uint32 = 0x1
	Stream           uint32 = 0x2
	ManualPong       uint32 = 0x4
	ManualClose      uint32 = 0x8
	Trusted          uint32 = 0x10
	StreamFragmented uint32 = 0x20

	AnyOrigin uint32 = 0x1

	Continuation uint8 = 0
	Text         uint8 = 1
	Binary       uint8 = 2
	Close        uint8 = 8
	Ping         uint8 = 9
	Pong         uint8 = 10

	Fin uint8 = 0x80

	SendMore       uint32 = 0x1
	SendValidUTF8  uint32 = 0x2
	SendCompress   uint32 = 0x4
	SendNoCompress uint32 = 0x8

	EventOpen    uint8 = 1
	EventMessage uint8 = 2
	EventPing    uint8 = 3
	EventPong    uint8 = 4
	EventClose   uint8 = 5
	EventChunk   uint8 = 6

	StateConnecting uint32 = 0
	StateOpen       uint32 = 1
	StateClosing    uint32 = 2
	StateClosed     uint32 = 3

	WantRead  uint32 = 1
	WantWrite uint32 = 2
	WantClose uint32 = 4
	WantPause uint32 = 8

	LogError uint32 = 1
	LogInfo  uint32 = 2
	LogDebug uint32 = 3

	Never uint64 = 1<<64 - 1
)

// Event is tw_event. Data is memory of C, valid until the next call that takes input.
type Event struct {
	data   *byte
	len    uint64
	Type   uint8
	Opcode uint8
	Flags  uint8
	_      uint8
	Code   uint32
	Offset uint64
}

// Bytes is a view of the event's data.
func (e *Event) Bytes() []byte { return unsafe.Slice(e.data, int(e.len)) }

// Len is len(e.Bytes()).
func (e *Event) Len() int { return int(e.len) }

// Config is tw_conn_config; zero means default.
type Config struct {
	Role, Flags                                            uint32
	MaxFrameLen, MaxMessageLen, MaxOutputLen, MaxMemoryLen uint64 // bytes
	OutputHighLen, OutputLowLen                            uint64 // bytes
	MaxFragments, MaxControlRate                           uint32
	HandshakeTimeout, IdleTimeout, PingInterval            uint64 // nanoseconds, or Never
	PongTimeout, MessageTimeout, CloseTimeout              uint64 // nanoseconds, or Never
	ReadLen, MaxReadLen, WriteLen, MinBorrowLen            uint32 // bytes
	Pool                                                   *Pool
	Handshake                                              *HandshakeConfig
	Deflate                                                *DeflateConfig
	Negotiated                                             *Deflate
	LogLevel                                               uint32 // of the lines that TakeLog hands out; 0: none
	Random                                                 []byte // for tests: drawn again and again; nil: the system's
	Ticks                                                  bool   // tell the time with every read
}

// HandshakeConfig is tw_handshake_config; zero means default.
type HandshakeConfig struct {
	Flags, MaxHeadLen, MaxHeaderCount, MaxLineLen uint32
	Host, Target, Origin                          string
	Subprotocols, Origins                         []string
	Headers                                       [][2]string
}

// hasNUL tells whether a string would be cut on its way to C.
func (h *HandshakeConfig) hasNUL() bool {
	all := append([]string{h.Host, h.Target, h.Origin}, h.Subprotocols...)
	all = append(all, h.Origins...)
	for _, header := range h.Headers {
		all = append(all, header[:]...)
	}
	for _, s := range all {
		if strings.IndexByte(s, 0) >= 0 {
			return true
		}
	}
	return false
}

// DeflateConfig is tw_deflate_config; zero means default.
type DeflateConfig struct {
	Level, MemoryLevel, SendWindowBits, ReceiveWindowBits uint32
	MaxContextLen, MinLen, MaxCallLen                     uint64 // bytes
	MaxRatio                                              uint32
}

// Deflate is tw_deflate: what both sides agreed on.
type Deflate struct {
	Enabled                           bool
	SendTakeover, ReceiveTakeover     bool
	SendWindowBits, ReceiveWindowBits uint8
}

// Error is tw_error.
type Error struct {
	Status                  Status
	CloseCode               uint32
	Offset                  uint64
	Message, Section, Limit string
}

// CloseInfo is tw_close.
type CloseInfo struct {
	Local, Remote uint16
	Cause         uint32
}

// Stats is tw_conn_stats.
type Stats struct {
	BytesReceived, BytesSent                 uint64
	MessagesReceived, MessagesSent           uint64
	FramesReceived, FramesSent               uint64
	ControlFramesReceived, ControlFramesSent uint64
	DeflatedReceivedLen, InflatedReceivedLen uint64
	DeflatedSentLen, InflatedSentLen         uint64
	HeldLen, ContextLen                      uint64
	RTT                                      uint64 // nanoseconds
}

// Step is what a call of the session came to.
type Step int32

const (
	Done    Step = 0 // events or a failure are there; all is written
	Again   Step = 1 // read on
	Blocked Step = 2 // the socket is not ready
)
