// SPDX-License-Identifier: MIT

package tidewire

import (
	"context"
	"net"
)

// ReadMessage waits for the next message and returns it in memory of its own. Pings are answered and control frames
// handled on the way, and before it waits, it sends what WriteMessageNoFlush queued.
//
// After the peer's close frame, which it answers, the error is a *[CloseError]; after a failure an *[Error], and the
// peer has been told by a close frame. Each further call returns the same. An error that is os.ErrDeadlineExceeded is
// the exception: reading goes on when there is a new deadline.
func (c *Conn) ReadMessage() (MessageType, []byte, error) {
	if c.streams {
		return c.gather()
	}
	if err := c.beginRead(); err != nil {
		return 0, nil, err
	}
	event, err := c.nextMessage()
	if err != nil {
		c.endRead()
		return 0, nil, err
	}
	from := event.Bytes()
	data := make([]byte, len(from)) // with the copy one step for the compiler, which clears nothing
	copy(data, from)
	c.reader.pass()
	c.endRead()
	return MessageType(event.Opcode), data, nil
}

// ReadMessageInto is like ReadMessage, except that it copies the message to buf and returns its length; it allocates
// nothing. A message longer than buf stays to be read by the next call: the error is io.ErrShortBuffer, and the result
// the length that it needs. With Options.Stream, use NextReader: the error is ErrState.
func (c *Conn) ReadMessageInto(buf []byte) (MessageType, int, error) {
	if c.streams {
		return 0, 0, errStreamed
	}
	if err := c.beginRead(); err != nil {
		return 0, 0, err
	}
	event, err := c.nextMessage()
	if err != nil {
		c.endRead()
		return 0, 0, err
	}
	typ, n := MessageType(event.Opcode), event.Len()
	if n > len(buf) {
		err = errShortBuffer
	} else {
		copy(buf, event.Bytes())
		c.reader.pass()
	}
	c.endRead()
	return typ, n, err
}

// ReadBatch waits for messages and calls handle for each that one read brought, with the message where it lies in the
// engine's memory: nothing is copied or allocated. data is valid until handle returns, and handle may change it, but
// neither keep it nor append to it. handle may write to the connection, and close it, which ends the batch; it must not
// read. Its error ends the batch and is returned: the messages after that one are there for the next call. Other errors
// are those of ReadMessage. With Options.Stream, use NextReader: the error is ErrState.
func (c *Conn) ReadBatch(handle func(typ MessageType, data []byte) error) error {
	if c.streams {
		return errStreamed
	}
	if err := c.beginRead(); err != nil {
		return err
	}
	defer c.endRead()
	r := &c.reader
	event, err := c.nextMessage()
	for err == nil && event != nil {
		r.pass()
		if err = handle(MessageType(event.Opcode), event.Bytes()); err != nil {
			break
		}
		if r.right.Load() != rightTaken {
			return net.ErrClosed
		}
		event, err = c.heldData()
	}
	return err
}

// ReadMessageContext is ReadMessage that ends with ctx.Err() when ctx is done. Nothing is lost by that.
func (c *Conn) ReadMessageContext(ctx context.Context) (typ MessageType, data []byte, err error) {
	if ctx.Done() == nil {
		return c.ReadMessage()
	}
	if err := ctx.Err(); err != nil {
		return 0, nil, err
	}
	err = c.limits.during(ctx, c.nc, &c.limits.read, func() error {
		typ, data, err = c.ReadMessage()
		return err
	})
	return typ, data, err
}

// Buffered is how many messages can be read without waiting. There may be more. It is for the goroutine that reads.
func (c *Conn) Buffered() int { return c.reader.ready }

// SetReadLimit limits the payload of messages that begin after the call; 0 or less is the default, 16 MiB. A longer
// message fails the connection with ErrLimitMessage, and the peer is told by close code 1009.
func (c *Conn) SetReadLimit(limit int64) {
	c.mu.Lock()
	defer c.unlock()
	if !c.closed {
		c.eng.SetMaxMessageLen(uint64(max(limit, 0))) // without memory for a change the old limit stays
	}
}

// SetPingHandler has h told of pings, by the goroutine that reads; its error ends reading. The engine answers them all
// the same, unless Options.ManualPong says otherwise. Set it before reading.
func (c *Conn) SetPingHandler(h func(data string) error) { c.reader.onPing = h }

// SetPongHandler has h told of pongs, but for the answers to pings of Options.PingInterval; else as SetPingHandler.
func (c *Conn) SetPongHandler(h func(data string) error) { c.reader.onPong = h }

// SetCloseHandler has h told of the peer's close frame before it is answered, unless h answers it; else as
// SetPingHandler.
func (c *Conn) SetCloseHandler(h func(code int, text string) error) { c.reader.onClose = h }
