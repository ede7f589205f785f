// SPDX-License-Identifier: MIT

package memory

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
	"github.com/lxzan/gws"

	"tidewire"
)

const (
	batchLen = 100            // messages of a batch
	writeLen = readLen + 1024 // room for a whole frame, so that a message becomes one
)

// sender makes the function that sends one binary message, or batchLen of them.
type sender struct {
	name    string
	isBatch bool
	dials   bool // sends a request first, which is answered
	make    func(c net.Conn, data []byte) (send func() error, err error)
}

var (
	serverSenders = over(tidewire.RoleServer, []sender{
		{name: "tw_write_message", make: ours(tidewire.RoleServer, writeMessage)},
		{name: "tw_write_no_flush", isBatch: true, make: ours(tidewire.RoleServer, writeNoFlush)},
		{name: "tw_write_batch", isBatch: true, make: ours(tidewire.RoleServer, writeBatch)},
		{name: "gws", make: gwsServer},
		{name: "gorilla", make: gorillaServer},
		{name: "coder", make: coderServer},
	})
	clientSenders = over(tidewire.RoleClient, []sender{
		{name: "tw_write_message", make: ours(tidewire.RoleClient, writeMessage)},
		{name: "tw_write_no_flush", isBatch: true, make: ours(tidewire.RoleClient, writeNoFlush)},
		{name: "tw_write_batch", isBatch: true, make: ours(tidewire.RoleClient, writeBatch)},
		{name: "gws", dials: true, make: gwsClient},
		{name: "gorilla", dials: true, make: gorillaClient},
		{name: "coder", dials: true, make: coderClient},
	})
)

// over turns senders into what sends that many messages over a connection of its own, and looks whether all of their
// bytes were written.
func over(role tidewire.Role, senders []sender) []maker {
	var makers []maker
	for _, each := range senders {
		makers = append(makers, maker{each.name, func(size int) (func(int) error, error) {
			c := newConn(nil)
			var end net.Conn = c
			if each.dials {
				end = &dialled{conn: c, answer: make(chan []byte, 1)}
			}
			send, err := each.make(end, payload(size))
			run := repeat(each.isBatch, send)
			return func(messages int) error {
				before := c.written
				if err := run(messages); err != nil {
					return err
				}
				return lengthError(c.written-before, messages*frameLen(role, size))
			}, err
		}})
	}
	return makers
}

func lengthError(written, want int) error {
	if written == want {
		return nil
	}
	return fmt.Errorf("%d bytes were written in place of %d", written, want)
}

func frameLen(role tidewire.Role, size int) int {
	header := 2
	if size > 65535 {
		header = 10
	} else if size > 125 {
		header = 4
	}
	if role == tidewire.RoleClient {
		header += 4
	}
	return header + size
}

func repeat(isBatch bool, send func() error) func(messages int) error {
	return func(messages int) error {
		if isBatch {
			messages /= batchLen
		}
		for range messages {
			if err := send(); err != nil {
				return err
			}
		}
		return nil
	}
}

// ---- Ours ----

func ours(
	role tidewire.Role, send func(*tidewire.Conn, []byte) func() error,
) func(net.Conn, []byte) (func() error, error) {
	return func(c net.Conn, data []byte) (func() error, error) {
		conn, err := tidewire.NewConn(c, role, nil)
		return send(conn, data), err
	}
}

func writeMessage(conn *tidewire.Conn, data []byte) func() error {
	return func() error { return conn.WriteMessage(tidewire.BinaryMessage, data) }
}

func writeNoFlush(conn *tidewire.Conn, data []byte) func() error {
	return func() error {
		for range batchLen {
			if err := conn.WriteMessageNoFlush(tidewire.BinaryMessage, data); err != nil {
				return err
			}
		}
		return conn.Flush()
	}
}

func writeBatch(conn *tidewire.Conn, data []byte) func() error {
	messages := make([]tidewire.Message, batchLen)
	for i := range messages {
		messages[i] = tidewire.Message{Type: tidewire.BinaryMessage, Data: data}
	}
	return func() error { return conn.WriteBatch(messages) }
}

// ---- Peers ----

func gwsServer(c net.Conn, data []byte) (func() error, error) {
	conn, err := gws.NewUpgrader(gws.BuiltinEventHandler{}, nil).UpgradeFromConn(c, bufio.NewReader(c), request())
	return func() error { return conn.WriteMessage(gws.OpcodeBinary, data) }, err
}

func gwsClient(c net.Conn, data []byte) (func() error, error) {
	conn, _, err := gws.NewClientFromConn(gws.BuiltinEventHandler{}, &gws.ClientOption{Addr: address}, c)
	return func() error { return conn.WriteMessage(gws.OpcodeBinary, data) }, err
}

func gorillaServer(c net.Conn, data []byte) (func() error, error) {
	upgrader := gorilla.Upgrader{ReadBufferSize: readLen, WriteBufferSize: writeLen}
	conn, err := upgrader.Upgrade(writerOf(c), request(), nil)
	return func() error { return conn.WriteMessage(gorilla.BinaryMessage, data) }, err
}

func gorillaClient(c net.Conn, data []byte) (func() error, error) {
	dialer := gorilla.Dialer{
		NetDial:         func(string, string) (net.Conn, error) { return c, nil },
		WriteBufferSize: writeLen,
	}
	conn, _, err := dialer.Dial(address, nil)
	return func() error { return conn.WriteMessage(gorilla.BinaryMessage, data) }, err
}

func coderServer(c net.Conn, data []byte) (func() error, error) {
	conn, err := websocket.Accept(writerOf(c), request(), nil)
	return func() error { return conn.Write(context.Background(), websocket.MessageBinary, data) }, err
}

func coderClient(c net.Conn, data []byte) (func() error, error) {
	dial := func(context.Context, string, string) (net.Conn, error) { return c, nil }
	client := &http.Client{Transport: &http.Transport{DialContext: dial}}
	conn, _, err := websocket.Dial(context.Background(), address, &websocket.DialOptions{HTTPClient: client})
	return func() error { return conn.Write(context.Background(), websocket.MessageBinary, data) }, err
}
