// SPDX-License-Identifier: MIT

package tidewire

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"tidewire/internal/engine"
)

// opcodeOf is the opcode of a type of data; 0 for any other.
func opcodeOf(typ MessageType) uint8 {
	if typ == TextMessage || typ == BinaryMessage {
		return uint8(typ)
	}
	return 0
}

// WriteMessage sends a message and returns when the socket took it. It may be called by any number of goroutines;
// while the peer reads more slowly than is sent, they wait, and reading goes on. A control type is what
// [Conn.WriteControl] is for, and goes there.
//
// ErrText: text is not UTF-8; ErrState: a close frame was sent, or the connection has failed; ErrLimitOutput: longer
// than Options.MaxOutputLen. Then nothing was sent, and the connection goes on.
func (c *Conn) WriteMessage(typ MessageType, data []byte) error {
	opcode := opcodeOf(typ)
	if opcode == 0 {
		return c.WriteControl(typ, data, time.Time{})
	}
	return c.send(outgoing{opcode: opcode, data: data})
}

// WriteMessageContext is WriteMessage that ends with ctx.Err() when ctx is done. The message may then be queued: it
// leaves, whole, with what is written later.
func (c *Conn) WriteMessageContext(ctx context.Context, typ MessageType, data []byte) error {
	if ctx.Done() == nil {
		return c.WriteMessage(typ, data)
	}
	opcode := opcodeOf(typ)
	if opcode == 0 {
		return errNoDataType
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.take(ctx.Done()); err == errGaveUp {
		return ctx.Err()
	} else if err != nil {
		return err
	}
	c.writer.out = outgoing{opcode: opcode, data: data}
	c.unlock()
	err := c.limits.during(ctx, c.nc, &c.limits.write, func() error { return c.conclude(c.finish()) })
	c.goOnWriting() // the deadline is the user's again
	return err
}

// WriteMessageNoFlush queues a message without a system call. It leaves with Flush, with the next message that is
// written, or when the reader is about to wait, so that a loop that answers what it reads needs no Flush. Where much is
// queued, or the message is very long, this call writes, and waits, as WriteMessage does. Errors are those of
// WriteMessage.
func (c *Conn) WriteMessageNoFlush(typ MessageType, data []byte) error {
	opcode := opcodeOf(typ)
	if opcode == 0 {
		return errNoDataType
	}
	c.mu.Lock()
	if c.writer.taken || c.usable() != nil || !c.stage(opcode, data) {
		c.unlock()
		return c.queueOrWait(opcode, data)
	}
	c.unlock()
	return nil
}

// stage puts a short message where one call finds many; a refused one is left to the engine, which says why. mu is
// held.
func (c *Conn) stage(opcode uint8, data []byte) bool {
	if len(data) > engine.StageMax || c.writer.ended {
		return false
	}
	flags := uint32(0)
	if opcode == engine.Text {
		if !utf8.Valid(data) {
			return false
		}
		flags = engine.SendValidUTF8
	}
	return c.eng.Stage(opcode, data, flags)
}

// queueOrWait is the rest of WriteMessageNoFlush, where there is more to do than to copy a few bytes.
func (c *Conn) queueOrWait(opcode uint8, data []byte) error {
	if err := c.take(nil); err != nil {
		return err
	}
	err := c.queueMessage(opcode, data)
	c.give(err)
	c.unlock()
	return err
}

// queueMessage queues a message without writing, unless there is too much. mu and the right are held.
func (c *Conn) queueMessage(opcode uint8, data []byte) error {
	if c.stage(opcode, data) {
		return nil
	}
	out := outgoing{opcode: opcode, data: data}
	if c.raw != nil && len(data) >= engine.LendLen {
		return c.finishWithRight(out)
	}
	for {
		if err := c.queue(engine.NoSocket, nil, &out); err != nil || out.queued {
			return err
		}
		if err := c.finishWithRight(outgoing{queued: true}); err != nil {
			return err
		}
	}
}

// finishWithRight queues out, unless it is, and writes all output. mu, which it unlocks meanwhile, and the right are
// held.
func (c *Conn) finishWithRight(out outgoing) error {
	c.writer.out = out
	c.unlock()
	err := c.finish()
	c.mu.Lock()
	if err == nil {
		err = c.usable()
	}
	if err == nil {
		err = c.refused()
	}
	return err
}

// Flush sends what WriteMessageNoFlush queued, and returns when the socket took it.
func (c *Conn) Flush() error {
	return c.send(outgoing{queued: true})
}

// WriteBatch sends messages, as many as fit with one system call. Where one is refused, those before it are sent, those
// behind it are not, and the error is a *BatchError.
func (c *Conn) WriteBatch(messages []Message) error {
	if err := c.take(nil); err != nil {
		return err
	}
	var refused error
	for i, m := range messages {
		opcode := opcodeOf(m.Type)
		err := error(errNoDataType)
		if opcode != 0 {
			err = c.queueMessage(opcode, m.Data)
		}
		if err != nil {
			refused = &BatchError{Index: i, Err: err}
			break
		}
	}
	err := c.usable()
	if err == nil {
		err = c.finishWithRight(outgoing{queued: true})
	}
	c.give(err)
	c.unlock()
	if refused != nil {
		return refused
	}
	return err
}

// BatchError tells which message of a batch could not be sent.
type BatchError struct {
	Index int   // of the message
	Err   error // why
}

// Error says which message it was, and why.
func (e *BatchError) Error() string { return fmt.Sprintf("message %d: %v", e.Index, e.Err) }

// Unwrap is the reason.
func (e *BatchError) Unwrap() error { return e.Err }
