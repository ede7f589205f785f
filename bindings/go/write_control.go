// SPDX-License-Identifier: MIT

package tidewire

import (
	"encoding/binary"
	"net"
	"os"
	"time"

	"tidewire/internal/engine"
)

// WriteControl sends a control frame: CloseMessage, with data as [FormatCloseMessage] makes it, PingMessage or
// PongMessage. It passes messages that are being written, behind what is queued. Where the socket is full it waits, at
// most until the deadline (zero: for as long as it takes); the frame then stays queued, and the error is
// os.ErrDeadlineExceeded.
//
// ErrControlLength: more than 125 bytes; ErrSendCloseCode; ErrText: the reason is not UTF-8; ErrState: a close frame was
// sent, or the connection has failed. Then nothing was sent, and the connection goes on.
func (c *Conn) WriteControl(typ MessageType, data []byte, deadline time.Time) error {
	if !deadline.IsZero() && !time.Now().Before(deadline) {
		return os.ErrDeadlineExceeded
	}
	if err := c.queueControl(typ, data); err != nil {
		return err
	}
	return c.waitDrained(c.push(), deadline)
}

// FormatCloseMessage is the payload of a close frame. CloseNoStatusReceived gives an empty one.
func FormatCloseMessage(code int, text string) []byte {
	if code == CloseNoStatusReceived {
		return nil
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), text...)
}

func (c *Conn) queueControl(typ MessageType, data []byte) error {
	c.mu.Lock()
	defer c.unlock()
	if err := c.usable(); err != nil {
		return err
	}
	if c.eng.Staged() > 0 {
		c.eng.Flush(engine.NoSocket)
	}
	status := engine.ErrArgument
	switch {
	case typ == PingMessage:
		status = c.eng.Ping(data)
	case typ == PongMessage:
		status = c.eng.Pong(data)
	case typ == CloseMessage && len(data) == 0:
		status = c.closeWith(0, "")
	case typ == CloseMessage && len(data) >= 2:
		status = c.closeWith(int(binary.BigEndian.Uint16(data)), string(data[2:]))
	}
	if status != engine.OK {
		return engineError(c.eng, status, "write")
	}
	return nil
}

// closeWith queues a close frame. mu is held.
func (c *Conn) closeWith(code int, reason string) engine.Status {
	status := c.eng.CloseWith(code, reason)
	if status == engine.OK {
		c.writer.ended = true
	}
	return status
}

// push writes without waiting, and leaves what cannot be written so to a goroutine: the result is closed when that
// ends, and nil where there is none.
func (c *Conn) push() <-chan struct{} {
	if c.raw != nil {
		c.raw.Control(c.writer.offer)
	}
	c.mu.Lock()
	defer c.unlock()
	if c.closed || c.raw != nil && !c.eng.Blocked() {
		return nil
	}
	c.startDrain()
	return c.writer.drained
}

// offerStep writes what the socket takes.
func (c *Conn) offerStep(fd uintptr) {
	c.mu.Lock()
	if c.eng != nil {
		c.eng.Flush(fd)
	}
	c.unlock()
}

// startDrain leaves the output to a goroutine, so that whoever reads need not wait for the peer to. It is bounded by
// the write deadline, and by Close. mu is held.
func (c *Conn) startDrain() {
	if !c.writer.draining {
		c.writer.draining = true
		c.writer.drained = make(chan struct{})
		go c.drain()
	}
}

func (c *Conn) drain() {
	for {
		var err error
		if c.raw != nil {
			err = c.raw.Write(c.writer.flush)
		} else {
			err = c.pushStream()
		}
		c.mu.Lock()
		if err != nil || c.usable() != nil || c.eng.OutputLen() == 0 {
			c.writer.draining = false
			close(c.writer.drained)
			c.unlock()
			return
		}
		c.unlock()
	}
}

// flushStep is what raw.Write calls until all is written.
func (c *Conn) flushStep(fd uintptr) bool {
	c.mu.Lock()
	defer c.unlock()
	return c.usable() != nil || c.eng.Flush(fd) == engine.Done
}

// waitDrained waits for a goroutine that writes.
func (c *Conn) waitDrained(drained <-chan struct{}, deadline time.Time) error {
	if drained != nil {
		var over <-chan time.Time
		if !deadline.IsZero() {
			timer := time.NewTimer(time.Until(deadline))
			defer timer.Stop()
			over = timer.C
		}
		select {
		case <-drained:
		case <-over:
			return os.ErrDeadlineExceeded
		case <-c.writer.dead:
			return net.ErrClosed
		}
	}
	c.mu.Lock()
	defer c.unlock()
	if err := c.usable(); err != nil {
		return err
	}
	if drained != nil && c.eng.OutputLen() > 0 {
		return os.ErrDeadlineExceeded // that of SetWriteDeadline
	}
	return nil
}
