// SPDX-License-Identifier: MIT

package tidewire

import (
	"time"

	"tidewire/internal/engine"
)

// Stats are what a connection did and holds.
type Stats struct {
	BytesReceived         uint64        // the opening handshake included, where the engine did it
	BytesSent             uint64        // queued
	MessagesReceived      uint64        // whole ones
	MessagesSent          uint64        // queued
	FramesReceived        uint64        // of all kinds
	FramesSent            uint64        // queued; of all kinds
	ControlFramesReceived uint64        // pings, pongs, close frames
	ControlFramesSent     uint64        // queued
	DeflatedReceivedLen   uint64        // payload bytes of compressed messages, as received
	InflatedReceivedLen   uint64        // the same messages after inflation
	DeflatedSentLen       uint64        // payload bytes of compressed messages, as queued
	InflatedSentLen       uint64        // the same messages before compression
	HeldLen               uint64        // bytes that the engine holds for the connection now
	RTT                   time.Duration // of the last ping of Options.PingInterval; 0: unknown
	Reads                 uint64        // system calls that read; of a stream that is no socket, calls of its Read
	Writes                uint64        // system calls that wrote to the socket
}

// Stats are the counters now, or when the connection was closed.
func (c *Conn) Stats() Stats {
	c.mu.Lock()
	defer c.unlock()
	if c.eng == nil {
		return c.final
	}
	return c.stats()
}

func (c *Conn) stats() Stats {
	s := c.eng.Stats()
	reads, writes := c.eng.SystemCalls()
	return Stats{
		BytesReceived: s.BytesReceived, BytesSent: s.BytesSent,
		MessagesReceived: s.MessagesReceived, MessagesSent: s.MessagesSent,
		FramesReceived: s.FramesReceived, FramesSent: s.FramesSent,
		ControlFramesReceived: s.ControlFramesReceived, ControlFramesSent: s.ControlFramesSent,
		DeflatedReceivedLen: s.DeflatedReceivedLen, InflatedReceivedLen: s.InflatedReceivedLen,
		DeflatedSentLen: s.DeflatedSentLen, InflatedSentLen: s.InflatedSentLen,
		HeldLen: s.HeldLen, RTT: time.Duration(s.RTT),
		Reads: reads, Writes: writes,
	}
}

// State tells how far a connection is.
type State uint8

const (
	StateConnecting State = 0 // the opening handshake
	StateOpen       State = 1 // messages go both ways
	StateClosing    State = 2 // one close frame was sent or received, or the connection failed
	StateClosed     State = 3 // nothing is read or sent any more
)

// State is how far the connection is.
func (c *Conn) State() State {
	c.mu.Lock()
	defer c.unlock()
	if c.closed {
		return StateClosed
	}
	return State(c.eng.State())
}

// Negotiated is what both sides agreed on of permessage-deflate (RFC 7692).
type Negotiated struct {
	Enabled           bool // messages may be compressed
	SendTakeover      bool // this side may refer to its earlier messages
	ReceiveTakeover   bool // the peer may
	SendWindowBits    int  // 8 to 15
	ReceiveWindowBits int  // 8 to 15
}

// Compression is what was negotiated; zero: no compression.
func (c *Conn) Compression() Negotiated { return c.compression }

func newNegotiated(d engine.Deflate) Negotiated {
	return Negotiated{d.Enabled, d.SendTakeover, d.ReceiveTakeover, int(d.SendWindowBits), int(d.ReceiveWindowBits)}
}
