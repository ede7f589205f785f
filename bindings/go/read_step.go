// SPDX-License-Identifier: MIT

package tidewire

import (
	"io"
	"net"
	"sync/atomic"

	"tidewire/internal/engine"
)

// reader is the half of a connection that receives. All but right belongs to the goroutine that reads.
type reader struct {
	right atomic.Int32

	events []engine.Event // of the last read, in memory of the engine
	next   int            // the first of events that was not handed out
	ready  int            // messages of events that were not handed out
	rest   []byte         // what came before there was a reader, not yet taken
	err    error          // why nothing can be read any more
	ended  chan struct{}  // closed when err is set
	found  error          // of the last step
	step   func(fd uintptr) bool

	body body // of NextReader

	onPing, onPong func(data string) error
	onClose        func(code int, text string) error
}

// States of reader.right.
const (
	rightFree    int32 = iota
	rightTaken         // a goroutine reads
	rightGone          // the connection is closed
	rightLeaving       // the connection is closed, and the goroutine that reads frees it
)

func (r *reader) init(c *Conn, rest []byte) {
	r.rest = rest
	r.ended = make(chan struct{})
	r.step = c.readStep
	r.body.c = c
}

// stop lets nobody read any more, and tells whether nobody does.
func (r *reader) stop() bool {
	for {
		if r.right.CompareAndSwap(rightFree, rightGone) {
			return true
		}
		if r.right.CompareAndSwap(rightTaken, rightLeaving) {
			return false
		}
	}
}

// beginRead takes the right to read.
func (c *Conn) beginRead() error {
	if c.reader.right.CompareAndSwap(rightFree, rightTaken) {
		return nil
	}
	c.mu.Lock()
	defer c.unlock()
	if c.closed {
		return net.ErrClosed
	}
	return errConcurrentRead
}

// endRead gives the right to read back.
func (c *Conn) endRead() {
	if !c.reader.right.CompareAndSwap(rightTaken, rightFree) {
		c.free()
	}
}

// pass goes on behind the current event, which is a message.
func (r *reader) pass() {
	r.next++
	r.ready--
}

// nextMessage waits for the next message, or chunk of one, and handles what comes before it.
func (c *Conn) nextMessage() (*engine.Event, error) {
	r := &c.reader
	if r.body.open {
		if err := r.body.skip(); err != nil {
			return nil, err
		}
	}
	return c.nextData()
}

func (c *Conn) nextData() (*engine.Event, error) {
	for c.reader.err == nil {
		if event, err := c.heldData(); event != nil || err != nil {
			return event, err
		}
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
	return nil, c.reader.err
}

// heldData is the next message, or chunk, of the last read; nil where there is none.
func (c *Conn) heldData() (*engine.Event, error) {
	r := &c.reader
	for r.next < len(r.events) {
		event := &r.events[r.next]
		if event.Type == engine.EventMessage || event.Type == engine.EventChunk {
			return event, nil
		}
		r.next++
		if err := c.control(event); err != nil {
			return nil, c.endReading(err)
		}
		if r.right.Load() != rightTaken {
			return nil, net.ErrClosed // by a handler, perhaps
		}
	}
	return nil, nil
}

// endReading keeps what every further call returns.
func (c *Conn) endReading(err error) error {
	if c.reader.err == nil {
		c.reader.err = err
		close(c.reader.ended)
	}
	return c.reader.err
}

// control handles a control frame.
func (c *Conn) control(event *engine.Event) error {
	r := &c.reader
	switch event.Type {
	case engine.EventPing:
		if r.onPing != nil {
			return r.onPing(string(event.Bytes()))
		}
	case engine.EventPong:
		if r.onPong != nil {
			return r.onPong(string(event.Bytes()))
		}
	case engine.EventClose:
		return c.answerClose(&CloseError{Code: int(event.Code), Text: string(event.Bytes())})
	}
	return nil
}

// answerClose answers a close frame with its code (RFC 6455 5.5.1), unless one was sent.
func (c *Conn) answerClose(closed *CloseError) error {
	if c.reader.onClose != nil {
		if err := c.reader.onClose(closed.Code, closed.Text); err != nil {
			return err
		}
	}
	c.mu.Lock()
	if c.closed {
		c.unlock()
		return closed
	}
	if c.eng.Staged() > 0 {
		c.eng.Flush(engine.NoSocket)
	}
	code := closed.Code
	if code == CloseNoStatusReceived {
		code = 0
	}
	c.closeWith(code, "")
	c.unlock()
	c.pushLast()
	return closed
}

// fill waits until there are events, and returns why there are none and will be none, or not now.
func (c *Conn) fill() error {
	r := &c.reader
	r.events, r.next, r.ready = nil, 0, 0
	var err error
	switch {
	case len(r.rest) > 0:
		err = c.fillFromRest()
	case c.raw != nil:
		if err = c.raw.Read(r.step); err == nil {
			err = r.found
		}
	default:
		err = c.fillFromStream()
	}
	if len(r.events) > 0 {
		return nil
	}
	return c.readFailed(err)
}

// readStep is what raw.Read calls until there are events.
func (c *Conn) readStep(fd uintptr) bool {
	for {
		c.mu.Lock()
		step := engine.Done
		if c.reader.found = nil; c.closed {
			c.reader.found = net.ErrClosed
		} else {
			step = c.eng.Turn(fd)
			c.took()
		}
		c.unlock()
		if step != engine.Again {
			return step == engine.Done
		}
	}
}

// took looks at what a step brought. mu is held.
func (c *Conn) took() {
	r := &c.reader
	r.events = c.eng.Events()
	r.ready = c.eng.Messages()
	if c.eng.Blocked() {
		c.startDrain()
	}
	if c.eng.Ticking() {
		c.setAlarm()
	}
}

// fillFromRest takes what came before there was a reader.
func (c *Conn) fillFromRest() error {
	c.mu.Lock()
	defer c.unlock()
	r := &c.reader
	for len(r.rest) > 0 && len(r.events) == 0 && c.eng.ReadStatus() >= 0 {
		if c.closed {
			return net.ErrClosed
		}
		r.rest = r.rest[c.eng.Feed(r.rest):]
		c.took()
	}
	if len(r.rest) == 0 {
		r.rest = nil
	}
	return nil
}

// fillFromStream reads what is no socket.
func (c *Conn) fillFromStream() error {
	for {
		c.mu.Lock()
		if c.closed {
			c.unlock()
			return net.ErrClosed
		}
		step := c.eng.Lend()
		c.took()
		c.unlock()
		if step == engine.Done {
			return nil
		}
		n, err := c.nc.Read(c.eng.Room())
		c.mu.Lock()
		if c.closed {
			c.unlock()
			return net.ErrClosed
		}
		if err == io.EOF {
			err = nil
			if n == 0 {
				n = -1
			}
		}
		step = c.eng.Take(n)
		c.took()
		c.unlock()
		if step == engine.Done || err != nil {
			return err
		}
	}
}

// readFailed tells why there are no events: err is what the stream below had to say.
func (c *Conn) readFailed(err error) error {
	c.mu.Lock()
	if c.closed {
		c.unlock()
		return net.ErrClosed
	}
	status, errno := c.eng.ReadStatus(), c.eng.ReadErrno()
	if status < 0 {
		err = engineError(c.eng, status, "read")
		c.writer.ended = true
	} else if errno != 0 {
		err = systemError(c.nc, "read", "recv", errno)
	}
	c.unlock()
	switch {
	case status < 0:
		c.pushLast() // the close frame that tells the peer why
	case err == nil || isTimeout(err):
		return err
	}
	return c.endReading(err)
}
