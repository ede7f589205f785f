// SPDX-License-Identifier: MIT

package memory

import (
	"fmt"
	"io"
	"net"

	"tidewire"
	"tidewire/bench/internal/heap"
)

const (
	flushSize = 125 // bytes of a message
	flushes   = 20  // batches that are counted
)

// Flush counts what it takes to write batches of batchLen messages to a TCP socket.
type Flush struct {
	Name    string // whose, such as "gws"
	isBatch bool
	make    flusher
}

// flusher makes a function that sends, and one that says how many system calls have written.
type flusher func(c net.Conn, data []byte) (send func() error, writes func() int, err error)

// Flushes are all of them.
func Flushes() []Flush {
	return []Flush{
		{Name: "tw_write_batch", isBatch: true, make: flushOurs(writeBatch)},
		{Name: "tw_write_no_flush", isBatch: true, make: flushOurs(writeNoFlush)},
		{Name: "tw_write_message", make: flushOurs(writeMessage)},
		{Name: "gws", make: flushPeer(gwsServer)},
		{Name: "gorilla", make: flushPeer(gorillaServer)},
		{Name: "coder", make: flushPeer(coderServer)},
	}
}

// String is the row's name as Google Benchmark would write it.
func (f Flush) String() string {
	return fmt.Sprintf("BM_GoFlush/%s/%d", f.Name, flushSize)
}

// Count returns system calls that write for each batch, and allocations for each message.
func (f Flush) Count() (writes, allocations float64, err error) {
	client, server, err := tcpPair()
	if err != nil {
		return 0, 0, err
	}
	defer client.Close()
	defer server.Close()
	send, writesNow, err := f.make(server, payload(flushSize))
	if err != nil {
		return 0, 0, err
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, client) // until server is closed
	}()
	run := repeat(f.isBatch, send)
	if err := run(flushes * batchLen); err != nil { // what is allocated once is not counted
		return 0, 0, err
	}
	before, allocated := writesNow(), heap.Allocations()
	err = run(flushes * batchLen)
	allocated = heap.Allocations() - allocated
	return float64(writesNow()-before) / flushes, float64(allocated) / (flushes * batchLen), err
}

func tcpPair() (client, server net.Conn, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer listener.Close()
	if client, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		return nil, nil, err
	}
	server, err = listener.Accept()
	return client, server, err
}

// flushOurs asks the connection, which makes its system calls itself.
func flushOurs(send func(*tidewire.Conn, []byte) func() error) flusher {
	return func(c net.Conn, data []byte) (func() error, func() int, error) {
		conn, err := tidewire.NewConn(c, tidewire.RoleServer, nil)
		return send(conn, data), func() int { return int(conn.Stats().Writes) }, err
	}
}

// flushPeer counts calls of Write, each of which is a system call where the socket takes all of it.
func flushPeer(make func(net.Conn, []byte) (func() error, error)) flusher {
	return func(c net.Conn, data []byte) (func() error, func() int, error) {
		counted := &counted{Conn: c}
		send, err := make(counted, data)
		return send, func() int { return counted.writes }, err
	}
}

type counted struct {
	net.Conn
	writes int
}

func (c *counted) Write(data []byte) (int, error) {
	c.writes++
	return c.Conn.Write(data)
}
