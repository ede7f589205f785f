// SPDX-License-Identifier: MIT

// Package memory has the rows that need no socket: connections whose other end is memory.
package memory

import (
	"encoding/binary"
	"io"
	"math"
	"net"
	"sync"
	"time"
)

const (
	frames  = 32        // of one read
	readLen = 64 * 1024 // room for one read, of those that let their user choose
)

// conn is a [net.Conn] that reads the same batch again and again, at most one of them at a time, and forgets what is
// written to it.
type conn struct {
	batch   []byte
	at      int        // of what is read of the batch
	left    int        // how many more batches may be read before next is asked
	next    func() int // how many batches may be read; waits where there are none
	closed  chan struct{}
	close   sync.Once
	written int // bytes
}

// newConn returns one that reads batches as long as it is asked for them; where batch is nil there is nothing to read.
func newConn(batch []byte) *conn {
	c := &conn{batch: batch, at: len(batch), closed: make(chan struct{})}
	c.next = func() int { return math.MaxInt }
	if batch == nil {
		c.next = func() int { <-c.closed; return 0 }
	}
	return c
}

func (c *conn) Read(room []byte) (int, error) {
	if c.at == len(c.batch) {
		if c.left == 0 {
			c.left = c.next()
		}
		if c.left == 0 {
			return 0, io.EOF
		}
		c.left--
		c.at = 0
	}
	n := copy(room, c.batch[c.at:])
	c.at += n
	return n, nil
}

func (c *conn) Write(data []byte) (int, error) {
	c.written += len(data)
	return len(data), nil
}

func (c *conn) Close() error {
	c.close.Do(func() { close(c.closed) })
	return nil
}

func (c *conn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *conn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *conn) SetDeadline(time.Time) error      { return nil }
func (c *conn) SetReadDeadline(time.Time) error  { return nil }
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

// payload returns the bytes of every message of that size.
func payload(size int) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i % 251)
	}
	return data
}

// masked returns a batch: frames binary messages as a client sends them, each with a masking key of its own.
func masked(data []byte) []byte {
	var batch []byte
	for i := range frames {
		batch = append(batch, 0x82)
		switch {
		case len(data) < 126:
			batch = append(batch, 0x80|byte(len(data)))
		case len(data) < 1<<16:
			batch = binary.BigEndian.AppendUint16(append(batch, 0x80|126), uint16(len(data)))
		default:
			batch = binary.BigEndian.AppendUint64(append(batch, 0x80|127), uint64(len(data)))
		}
		key := binary.BigEndian.AppendUint32(nil, uint32(i+1)*2654435761)
		batch = append(batch, key...)
		for at, each := range data {
			batch = append(batch, each^key[at%4])
		}
	}
	return batch
}
