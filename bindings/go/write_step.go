// SPDX-License-Identifier: MIT

package tidewire

import (
	"errors"
	"math"
	"net"
	"os"
	"sync"

	"tidewire/internal/engine"
)

// writer is the half of a connection that sends. Who sends a message has the right to, until it is queued and, but for
// those without a flush, written; control frames need no right. Conn.mu guards all but pushing and what that guards.
type writer struct {
	taken   bool          // somebody has the right
	waiting int           // how many wait for it
	turn    chan struct{} // wakes one of them
	dead    chan struct{} // closed by Close

	ended bool // a close frame was sent, or the connection has failed
	out   outgoing
	step  func(fd uintptr) bool // Conn.writeStep; made once, as the two below
	flush func(fd uintptr) bool // Conn.flushStep
	offer func(fd uintptr)      // Conn.offerStep

	pass      *pass // what a goroutine writes because nobody else should wait; nil: there is none
	following *pass // what it writes then; nil: nothing was queued since pass began
	parked    bool  // no goroutine does pass until a cancelled write has given the deadline back
	stalled   bool  // a deadline ended the writing of what is queued

	pushing sync.Mutex // held while a stream that is no socket is written
	buffer  *[]byte    // what of it is being written; guarded by pushing
	unsent  []byte     // the end of buffer that is not yet written; guarded by pushing
}

// outgoing is what its writer waits for.
type outgoing struct {
	opcode   uint8
	flags    uint32
	data     []byte
	prepared *engine.Prepared
	queued   bool // nothing is to be queued any more
	err      error
}

func (w *writer) init(c *Conn) {
	w.turn = make(chan struct{}, 1)
	w.dead = make(chan struct{})
	w.step, w.flush, w.offer = c.writeStep, c.flushStep, c.offerStep
}

// take waits for the right to send a message, and returns with mu held if there is no error.
func (c *Conn) take(done <-chan struct{}) error {
	c.mu.Lock()
	for c.writer.taken && !c.closed {
		c.writer.waiting++
		c.unlock()
		cancelled := false
		select {
		case <-c.writer.turn:
		case <-c.writer.dead:
		case <-done:
			cancelled = true
		}
		c.mu.Lock()
		c.writer.waiting--
		if cancelled {
			c.unlock()
			return errGaveUp
		}
	}
	if err := c.usable(); err != nil {
		c.unlock()
		return err
	}
	c.writer.taken = true
	return nil
}

// give gives the right back, with what writing came to. mu is held.
func (c *Conn) give(err error) {
	if isTimeout(err) {
		c.writer.stalled = true
	}
	c.writer.taken = false
	c.writer.out = outgoing{}
	if c.writer.waiting > 0 {
		select {
		case c.writer.turn <- struct{}{}:
		default:
		}
	}
}

// writeStep is what raw.Write calls until there is nothing left to wait for.
func (c *Conn) writeStep(fd uintptr) bool {
	c.mu.Lock()
	defer c.unlock()
	out := &c.writer.out
	if out.err = c.usable(); out.err != nil {
		return true
	}
	if !out.queued {
		if out.err = c.queue(fd, nil, out); out.err != nil || !out.queued {
			return out.err != nil
		}
	} else {
		c.eng.Flush(fd)
	}
	if c.eng.Blocked() {
		return false
	}
	out.err = c.usable()
	return true
}

// queue gives a message to the engine, which writes it unless fd is engine.NoSocket, or moves output to dst. Where too
// much waits it is not queued, and there is no error. mu is held.
func (c *Conn) queue(fd uintptr, dst []byte, out *outgoing) error {
	var status engine.Status
	if out.prepared != nil {
		status = c.eng.SendPreparedTo(fd, dst, out.prepared)
	} else {
		status = c.eng.SendTo(fd, dst, out.opcode, out.data, out.flags)
	}
	if status == engine.NeedRoom {
		return nil
	}
	out.queued = true
	if status != engine.OK {
		return engineError(c.eng, status, "write")
	}
	return nil
}

// finish queues what out is, if anything, and writes all output. The caller has the right.
func (c *Conn) finish() error {
	if c.raw == nil {
		return c.pushStream(&c.writer.out, math.MaxUint64)
	}
	if err := c.raw.Write(c.writer.step); err != nil {
		return err
	}
	return c.writer.out.err
}

// pushStream queues out, unless it is nil or queued, and writes the output of what is no socket, until all is gone or
// engine.Conn.Consumed has come to target.
func (c *Conn) pushStream(out *outgoing, target uint64) error {
	w := &c.writer
	w.pushing.Lock()
	defer w.pushing.Unlock()
	if w.buffer == nil {
		w.buffer = streamBuffers.Get().(*[]byte)
	}
	err := c.writeUnsent()
	for more := true; more && err == nil; {
		if more, err = c.takeOutput(out, target); err == nil {
			err = c.writeUnsent()
		}
	}
	if len(w.unsent) == 0 {
		streamBuffers.Put(w.buffer)
		w.buffer, w.unsent = nil, nil
	}
	return err
}

// writeUnsent writes what was moved out of the engine.
func (c *Conn) writeUnsent() error {
	w := &c.writer
	for len(w.unsent) > 0 {
		n, err := c.nc.Write(w.unsent)
		w.unsent = w.unsent[n:]
		if err != nil {
			return c.writeFailed(err)
		}
	}
	return nil
}

// takeOutput moves output to unsent, and tells whether there may be more.
func (c *Conn) takeOutput(out *outgoing, target uint64) (more bool, err error) {
	w := &c.writer
	c.mu.Lock()
	defer c.unlock()
	if err := c.usable(); err != nil {
		return false, err
	}
	if out == nil || out.queued {
		w.unsent = (*w.buffer)[:c.eng.TakeOutput(*w.buffer)]
	} else {
		err = c.queue(engine.NoSocket, *w.buffer, out)
		w.unsent = (*w.buffer)[:c.eng.Moved()]
		more = !out.queued
	}
	return more || len(w.unsent) == len(*w.buffer) && c.eng.Consumed() < target, err
}

// streamBuffers are for output on its way to a stream.
var streamBuffers = sync.Pool{New: func() any {
	buffer := make([]byte, 32<<10)
	return &buffer
}}

// writeFailed keeps an error of the stream below for those who write later, but for a deadline.
func (c *Conn) writeFailed(err error) error {
	if isTimeout(err) {
		return err
	}
	c.mu.Lock()
	defer c.unlock()
	if c.closed {
		return net.ErrClosed
	}
	if c.writeErr == nil {
		c.writeErr = err
	}
	return c.writeErr
}

func isTimeout(err error) bool { return err != nil && errors.Is(err, os.ErrDeadlineExceeded) }

// send does what WriteMessage and its kin have in common.
func (c *Conn) send(out outgoing) error {
	if err := c.take(nil); err != nil {
		return err
	}
	c.writer.out = out
	c.unlock()
	return c.conclude(c.finish())
}

// conclude gives the right back after writing, and tells how that went.
func (c *Conn) conclude(err error) error {
	c.mu.Lock()
	if err == nil && !c.closed {
		err = c.refused()
	}
	c.give(err)
	c.unlock()
	return err
}

// refused is why staged messages could not be queued, told once. mu is held.
func (c *Conn) refused() error {
	if status := c.eng.SendStatus(); status != engine.OK {
		return engineError(c.eng, status, "write")
	}
	return nil
}
