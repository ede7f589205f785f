// SPDX-License-Identifier: MIT

package tidewire

import (
	"io"
	"sync"

	"tidewire/internal/engine"
)

// NextReader waits for the next message and returns a reader of it, which ends with io.EOF. What was not read of the
// message before is skipped. With Options.Stream the message is handed on as its bytes come; otherwise it is there as a
// whole. The reader is valid until the next call of NextReader or ReadMessage, and part of the connection: it is used
// where that is read.
func (c *Conn) NextReader() (MessageType, io.Reader, error) {
	if err := c.beginRead(); err != nil {
		return 0, nil, err
	}
	defer c.endRead()
	event, err := c.nextMessage()
	if err != nil {
		return 0, nil, err
	}
	b := &c.reader.body
	b.open, b.pos = true, 0
	return MessageType(event.Opcode), b, nil
}

// body reads the message that the reader's current event is, or begins.
type body struct {
	c    *Conn
	open bool // there is a message, and its end was not reached
	pos  int  // bytes of the current event that were read

	typ      MessageType // of what ReadMessage gathers
	gathered []byte      // what it has of a message in chunks; nil: it has not begun
}

func (b *body) Read(p []byte) (int, error) {
	if err := b.c.beginRead(); err != nil {
		return 0, err
	}
	defer b.c.endRead()
	return b.read(p)
}

// read is Read by who has the right to.
func (b *body) read(p []byte) (int, error) {
	for b.open {
		event, err := b.c.nextData()
		if err != nil {
			return 0, err
		}
		if left := event.Bytes()[b.pos:]; len(left) > 0 {
			n := copy(p, left)
			b.pos += n
			return n, nil
		}
		b.passPart(event)
	}
	return 0, io.EOF
}

// passPart goes on behind an event.
func (b *body) passPart(event *engine.Event) {
	b.open = event.Flags&engine.Fin == 0
	b.pos = 0
	if event.Type == engine.EventMessage {
		b.c.reader.pass()
	} else {
		b.c.reader.next++
	}
}

// skip reads to the end of the message.
func (b *body) skip() error {
	b.gathered = nil
	for b.open {
		event, err := b.c.nextData()
		if err != nil {
			return err
		}
		b.passPart(event)
	}
	return nil
}

// gather is ReadMessage where messages come in chunks. What there is when a deadline ends it stays for the next call.
func (c *Conn) gather() (MessageType, []byte, error) {
	if err := c.beginRead(); err != nil {
		return 0, nil, err
	}
	defer c.endRead()
	b := &c.reader.body
	if b.gathered == nil {
		event, err := c.nextMessage()
		if err != nil {
			return 0, nil, err
		}
		b.open, b.pos = true, 0
		b.typ, b.gathered = MessageType(event.Opcode), []byte{}
	}
	for {
		if len(b.gathered) == cap(b.gathered) {
			b.gathered = append(b.gathered, 0)[:len(b.gathered)]
		}
		n, err := b.read(b.gathered[len(b.gathered):cap(b.gathered)])
		b.gathered = b.gathered[:len(b.gathered)+n]
		if err == io.EOF {
			data := b.gathered
			b.gathered = nil
			return b.typ, data, nil
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

// NextWriter returns a writer of one message, which is sent when it is closed; what is long leaves in fragments before.
// Until then it has the right to send messages: those of others wait, and so does this goroutine if it sends another;
// control frames pass. A message that cannot be ended, after an error or a deadline, is the last: whatever is sent then
// returns the same error.
func (c *Conn) NextWriter(typ MessageType) (io.WriteCloser, error) {
	opcode := opcodeOf(typ)
	if opcode == 0 {
		return nil, errNoDataType
	}
	if err := c.take(nil); err != nil {
		return nil, err
	}
	c.unlock()
	return &messageWriter{c: c, opcode: opcode, buffer: fragmentBuffers.Get().(*[fragmentLen]byte)}, nil
}

const fragmentLen = 4096 // bytes of a fragment that is put together of shorter writes

var fragmentBuffers = sync.Pool{New: func() any { return new([fragmentLen]byte) }}

// messageWriter is what NextWriter returns.
type messageWriter struct {
	c      *Conn
	opcode uint8 // of the next fragment
	buffer *[fragmentLen]byte
	len    int // bytes of buffer
	err    error
}

func (w *messageWriter) Write(p []byte) (int, error) {
	if w.buffer == nil {
		return 0, errWriterClosed
	}
	if w.len+len(p) > fragmentLen && w.len > 0 {
		if err := w.send(w.buffer[:w.len], engine.SendMore); err != nil {
			return 0, err
		}
		w.len = 0
	}
	if len(p) > fragmentLen {
		if err := w.send(p, engine.SendMore); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	w.len += copy(w.buffer[w.len:], p)
	return len(p), nil
}

// send sends a fragment, unless an earlier one failed. With half a message sent and no end of it, the connection can
// send nothing more.
func (w *messageWriter) send(data []byte, flags uint32) error {
	if w.err != nil {
		return w.err
	}
	c := w.c
	c.mu.Lock()
	c.writer.out = outgoing{opcode: w.opcode, data: data, flags: flags}
	c.unlock()
	w.err = c.finish()
	c.mu.Lock()
	leaves := w.err == nil || isTimeout(w.err) && c.writer.out.queued
	begun := w.opcode == engine.Continuation || leaves
	if w.err != nil && begun && !(leaves && flags == 0) && c.writeErr == nil {
		c.writeErr = w.err
	}
	c.unlock()
	w.opcode = engine.Continuation
	return w.err
}

// Close sends the end of the message and gives the right to send back.
func (w *messageWriter) Close() error {
	if w.buffer == nil {
		return errWriterClosed
	}
	err := w.send(w.buffer[:w.len], 0)
	fragmentBuffers.Put(w.buffer)
	w.buffer = nil
	w.c.mu.Lock()
	w.c.give(err)
	w.c.unlock()
	return err
}
