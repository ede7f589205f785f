// SPDX-License-Identifier: MIT

package tidewire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"

	"tidewire/internal/engine"
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

// engineConfig checks the options and gives what the engine is created with, but for a handshake.
func (o *Options) engineConfig(role Role) (engine.Config, error) {
	if o == nil {
		o = &Options{}
	}
	if err := o.check(role); err != nil {
		return engine.Config{}, err
	}
	config := engine.Config{
		Role:           uint32(role),
		Flags:          engine.ManualClose, // the reader answers when it comes to the close frame
		MaxFrameLen:    uint64(o.MaxFrameLen),
		MaxMessageLen:  uint64(o.ReadLimit),
		MaxOutputLen:   uint64(o.MaxOutputLen),
		MaxMemoryLen:   uint64(o.MaxMemoryLen),
		MaxFragments:   uint32(o.MaxFragments),
		MaxControlRate: uint32(o.MaxControlRate),
		Pool:           o.pool(),
		Deflate:        o.Compression.engineConfig(),
		LogLevel:       o.logLevel(),
	}
	if o.Stream {
		config.Flags |= engine.Stream
	}
	if o.Trusted {
		config.Flags |= engine.Trusted
	}
	if o.ManualPong {
		config.Flags |= engine.ManualPong
	}
	config.Ticks = o.PingInterval > 0 || o.PongTimeout > 0 || o.IdleTimeout > 0 || o.MessageTimeout > 0
	config.PingInterval = orNever(o.PingInterval)
	config.PongTimeout = orNever(o.PongTimeout)
	config.IdleTimeout = orNever(o.IdleTimeout)
	config.MessageTimeout = orNever(o.MessageTimeout)
	config.HandshakeTimeout = engine.Never
	config.CloseTimeout = uint64(o.CloseTimeout)
	return config, nil
}

// check refuses what no field may be.
func (o *Options) check(role Role) error {
	type field struct {
		name       string
		value, max int64
	}
	fields := []field{
		{"role", int64(role), int64(RoleClient)},
		{"ReadLimit", o.ReadLimit, math.MaxInt64},
		{"MaxFrameLen", o.MaxFrameLen, math.MaxInt64},
		{"MaxFragments", int64(o.MaxFragments), math.MaxUint32},
		{"MaxControlRate", int64(o.MaxControlRate), math.MaxUint32},
		{"MaxOutputLen", o.MaxOutputLen, math.MaxInt64},
		{"MaxMemoryLen", o.MaxMemoryLen, math.MaxInt64},
		{"PingInterval", int64(o.PingInterval), math.MaxInt64},
		{"PongTimeout", int64(o.PongTimeout), math.MaxInt64},
		{"IdleTimeout", int64(o.IdleTimeout), math.MaxInt64},
		{"MessageTimeout", int64(o.MessageTimeout), math.MaxInt64},
		{"CloseTimeout", int64(o.CloseTimeout), math.MaxInt64},
	}
	if c := o.Compression; c != nil {
		fields = append(fields, []field{
			{"Compression.Level", int64(c.Level), 9},
			{"Compression.MemoryLevel", int64(c.MemoryLevel), 9},
			{"Compression.SendWindowBits", int64(c.SendWindowBits), 15},
			{"Compression.ReceiveWindowBits", int64(c.ReceiveWindowBits), 15},
			{"Compression.MaxContextLen", c.MaxContextLen, math.MaxInt64},
			{"Compression.MinLen", c.MinLen, math.MaxInt64},
			{"Compression.MaxRatio", int64(c.MaxRatio), math.MaxUint32},
		}...)
	}
	for _, f := range fields {
		if f.value < 0 || f.value > f.max {
			return badOption("%s is %d, outside of 0 to %d", f.name, f.value, f.max)
		}
		if strings.HasSuffix(f.name, "WindowBits") && f.value != 0 && f.value < 8 {
			return badOption("%s is %d, neither 0 nor 8 to 15", f.name, f.value)
		}
	}
	if o.Pool != nil && o.Pool.closed.Load() {
		return &Error{Status: ErrState, Op: "options", Err: errors.New("the Pool is closed")}
	}
	return nil
}

func badOption(format string, args ...any) error {
	return &Error{Status: ErrArgument, Op: "options", Err: fmt.Errorf(format, args...)}
}

func (o *Options) pool() *engine.Pool {
	if o.Pool != nil {
		return o.Pool.pool
	}
	return defaultPool().pool
}

// logLevel is how detailed the engine writes lines for the logger.
func (o *Options) logLevel() uint32 {
	if o.Logger == nil {
		return 0
	}
	switch ctx := context.Background(); {
	case o.Logger.Enabled(ctx, slog.LevelDebug):
		return engine.LogDebug
	case o.Logger.Enabled(ctx, slog.LevelInfo):
		return engine.LogInfo
	case o.Logger.Enabled(ctx, slog.LevelError):
		return engine.LogError
	}
	return 0
}

func (c *Compression) engineConfig() *engine.DeflateConfig {
	if c == nil {
		return nil
	}
	return &engine.DeflateConfig{
		Level:             uint32(c.Level),
		MemoryLevel:       uint32(c.MemoryLevel),
		SendWindowBits:    uint32(c.SendWindowBits),
		ReceiveWindowBits: uint32(c.ReceiveWindowBits),
		MaxContextLen:     uint64(c.MaxContextLen),
		MinLen:            uint64(c.MinLen),
		MaxRatio:          uint32(c.MaxRatio),
	}
}

// orNever is a time-out for the engine, to which 0 means a default.
func orNever(d time.Duration) uint64 {
	if d == 0 {
		return engine.Never
	}
	return uint64(d)
}
