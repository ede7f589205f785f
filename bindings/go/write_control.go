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
// ErrControlLength: more than 125 bytes; ErrSendCloseCode; ErrText: the reason is not UTF-8; ErrState: a close frame
// was sent, or the connection has failed. Then nothing was sent, and the connection goes on.
func (c *Conn) WriteControl(typ MessageType, data []byte, deadline time.Time) error {
	if !deadline.IsZero() && !time.Now().Before(deadline) {
		return os.ErrDeadlineExceeded
	}
	if err := c.queueControl(typ, data); err != nil {
		return err
	}
	return c.wait(c.push(), deadline)
}

// FormatCloseMessage is the payload of a close frame. CloseNoStatusReceived gives an empty one.
func FormatCloseMessage(code int, text string) []byte {
	if code == CloseNoStatusReceived {
		return nil
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), text...)
}

func (c *Conn) queueControl(typ MessageType, data []byte) error {
	return c.queueFrame(func() engine.Status {
		switch {
		case typ == PingMessage:
			return c.eng.Ping(data)
		case typ == PongMessage:
			return c.eng.Pong(data)
		case typ == CloseMessage && len(data) == 0:
			return c.closeWith(0, "")
		case typ == CloseMessage && len(data) >= 2:
			return c.closeWith(int(binary.BigEndian.Uint16(data)), string(data[2:]))
		}
		return engine.ErrArgument
	})
}

// queueFrame queues a control frame behind what is staged.
func (c *Conn) queueFrame(queue func() engine.Status) error {
	c.mu.Lock()
	defer c.unlock()
	if err := c.usable(); err != nil {
		return err
	}
	if c.eng.Staged() > 0 {
		c.eng.Flush(engine.NoSocket)
	}
	if status := queue(); status != engine.OK {
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

// push writes without waiting, and leaves what cannot be written so to a goroutine: the result tells when that wrote
// it, and is nil where nothing is left.
func (c *Conn) push() *pass {
	if c.raw != nil {
		c.raw.Control(c.writer.offer)
	}
	c.mu.Lock()
	defer c.unlock()
	if c.closed || c.raw != nil && !c.eng.Blocked() {
		return nil
	}
	return c.startDrain()
}

// pushLast writes what is the last, a close frame, so that a Close that comes next does not cut it off. A peer that
// does not take it is not waited for longer than lastFrameTime.
func (c *Conn) pushLast() {
	c.wait(c.push(), time.Now().Add(lastFrameTime))
}

const lastFrameTime = time.Second

// offerStep writes what the socket takes.
func (c *Conn) offerStep(fd uintptr) {
	c.mu.Lock()
	if c.eng != nil {
		c.eng.Flush(fd)
	}
	c.unlock()
}

// pass is what a goroutine that writes does at a time: what was queued when it began.
type pass struct {
	target uint64        // of engine.Conn.Consumed
	over   int           // interruptions of writing that were over when it began
	done   chan struct{} // closed at its end
	err    error         // then: why it ended early
}

// newPass is a pass that begins now. mu is held.
func (c *Conn) newPass() *pass {
	_, over := c.limits.interruptions(&c.limits.write)
	return &pass{target: c.eng.Queued(), over: over, done: make(chan struct{})}
}

// startDrain leaves the output to a goroutine, so that whoever reads need not wait for the peer to. It is bounded by
// the write deadline, and by Close. The result is the pass that writes what is queued now. mu is held.
func (c *Conn) startDrain() *pass {
	w := &c.writer
	switch {
	case w.pass == nil:
		w.pass = c.newPass()
		go c.drain(w.pass)
		return w.pass
	case w.following == nil:
		w.following = c.newPass() // whose target is set when it begins
	}
	return w.following
}

// drain is the goroutine that writes.
func (c *Conn) drain(p *pass) {
	for p != nil {
		if c.raw != nil {
			p.err = c.raw.Write(c.writer.flush)
		} else {
			p.err = c.pushStream(nil, p.target)
		}
		p = c.nextPass(p)
	}
}

// nextPass ends a pass, and begins the next if there is anything to do.
func (c *Conn) nextPass(p *pass) *pass {
	c.mu.Lock()
	defer c.unlock()
	w := &c.writer
	if all, over := c.limits.interruptions(&c.limits.write); isTimeout(p.err) && all > p.over && !c.closed {
		p.err, p.over = nil, over // it was the write of another that was cancelled
		if all > over {
			w.parked = true
			return nil
		}
		return p
	}
	if p.err == nil {
		p.err = c.usable()
	}
	close(p.done)
	next := w.following
	w.pass, w.following = nil, nil
	if p.err != nil {
		w.stalled = isTimeout(p.err)
		if next != nil {
			next.err = p.err
			close(next.done)
		}
		return nil
	}
	if next == nil && c.eng.Waiting() > 0 {
		next = c.newPass()
	}
	if next != nil {
		next.target = c.eng.Queued()
		w.pass = next
	}
	return next
}

// flushStep is what raw.Write calls until the pass is over.
func (c *Conn) flushStep(fd uintptr) bool {
	c.mu.Lock()
	defer c.unlock()
	return c.usable() != nil || c.eng.Flush(fd) == engine.Done || c.eng.Consumed() >= c.writer.pass.target
}

// wait waits for a pass, and tells how writing went.
func (c *Conn) wait(p *pass, deadline time.Time) error {
	if p == nil {
		c.mu.Lock()
		defer c.unlock()
		return c.usable()
	}
	var over <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-p.done:
		return p.err
	case <-over:
		return os.ErrDeadlineExceeded
	case <-c.writer.dead:
		return net.ErrClosed
	}
}
