// SPDX-License-Identifier: MIT

package tidewire

import (
	"log/slog"
	"time"
)

// Role tells which side of a connection this is: a client masks what it sends (RFC 6455 5.1).
type Role uint8

const (
	RoleServer Role = 0 // answers the opening handshake
	RoleClient Role = 1 // begins it
)

// Options are what both sides of a connection can choose. The zero value, and nil, are the defaults: strict, and with
// limits. A negative limit or duration is refused with ErrArgument.
type Options struct {
	ReadLimit      int64 // payload bytes of a received message, inflated; 0: 16 MiB. See [Conn.SetReadLimit]
	MaxFrameLen    int64 // payload bytes of a received frame; 0: 16 MiB
	MaxFragments   int   // frames of a received message; 0: 1024
	MaxControlRate int   // control frames received in one second, while a time-out below is set; 0: 1000
	MaxOutputLen   int64 // bytes queued and not yet written; 0: 64 MiB
	MaxMemoryLen   int64 // bytes that the engine holds for this connection; 0: 128 MiB

	// Stream hands messages on piece by piece as they come ([Conn.NextReader]) and never holds a whole one.
	Stream bool
	// Trusted leaves text unvalidated and lets a frame be masked or not, against RFC 6455: for peers under the same
	// control.
	Trusted bool
	// ManualPong leaves pings unanswered; a ping handler answers them. See [Conn.SetPingHandler].
	ManualPong bool

	// Time-outs of the engine. 0: none, as in net/http; deadlines are there in any case. They need a reader: what was
	// not read is not seen.
	PingInterval   time.Duration // between two pings of the engine
	PongTimeout    time.Duration // for the answer to such a ping
	IdleTimeout    time.Duration // without input
	MessageTimeout time.Duration // from the first byte of a message to its last
	CloseTimeout   time.Duration // of the closing handshake; 0: 10 s

	// Compression offers or accepts permessage-deflate (RFC 7692). nil: none.
	Compression *Compression

	// Pool lends the engine its buffers. nil: one pool for all connections of the process.
	Pool *BufferPool

	// Logger gets a line for each connection that opened (Info), failed (Error) or closed (Info), and for control
	// frames (Debug). nil: nothing is logged, and nothing formatted.
	Logger *slog.Logger
}

// Compression is what a side wants of permessage-deflate. The zero value are the defaults: no context is kept between
// messages.
type Compression struct {
	Level             int   // 1 (fast) to 9 (small); 0: 1
	MemoryLevel       int   // 1 to 9: memory of the compressor, 2^(MemoryLevel + 9) bytes; 0: 8
	SendWindowBits    int   // the most that this side uses, 8 to 15; 0: 15
	ReceiveWindowBits int   // the most that the peer may use, 8 to 15; 0: 15
	MaxContextLen     int64 // bytes kept between messages: 40 KiB for receiving, 280 KiB for sending; 0: none
	MinLen            int64 // a shorter message is sent as it is; 0: 128 bytes
	MaxRatio          int   // of inflated to received bytes in messages above 64 KiB; 0: 250
}
