// SPDX-License-Identifier: MIT

package memory

import (
	"bufio"
	"context"

	"github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
	"github.com/lxzan/gws"

	"tidewire"
	"tidewire/bench/internal/serve"
)

// Each reads as its library does it fastest; ours in all of its ways.
var receivers = []maker{
	{"tw_read_batch", func(size int) (func(int) error, error) {
		conn, err := tidewire.NewConn(newConn(masked(payload(size))), tidewire.RoleServer, nil)
		got := received{want: payload(size)}
		count := 0
		take := func(_ tidewire.MessageType, message []byte) error {
			got.take(message)
			count++
			return nil
		}
		return func(messages int) error {
			for count = 0; count < messages; {
				if err := conn.ReadBatch(take); err != nil {
					return err
				}
			}
			return got.end(messages)
		}, err
	}},
	{"tw_read_message_into", func(size int) (func(int) error, error) {
		conn, err := tidewire.NewConn(newConn(masked(payload(size))), tidewire.RoleServer, nil)
		room := make([]byte, size)
		return pull(size, func() ([]byte, error) {
			_, n, err := conn.ReadMessageInto(room)
			return room[:n], err
		}), err
	}},
	{"tw_read_message", func(size int) (func(int) error, error) {
		conn, err := tidewire.NewConn(newConn(masked(payload(size))), tidewire.RoleServer, nil)
		return pull(size, func() ([]byte, error) {
			_, message, err := conn.ReadMessage()
			return message, err
		}), err
	}},
	{"gws", receiveGws},
	{"gorilla", func(size int) (func(int) error, error) {
		upgrader := gorilla.Upgrader{ReadBufferSize: readLen, WriteBufferSize: readLen}
		conn, err := upgrader.Upgrade(writerOf(newConn(masked(payload(size)))), request(), nil)
		room := make([]byte, 0, size+1) // the end of a message is found by a read that has room for more
		return pull(size, func() ([]byte, error) {
			_, reader, err := conn.NextReader()
			if err != nil {
				return nil, err
			}
			return serve.ReadAll(reader, room)
		}), err
	}},
	{"coder", func(size int) (func(int) error, error) {
		conn, err := websocket.Accept(writerOf(newConn(masked(payload(size)))), request(), nil)
		if err != nil {
			return nil, err
		}
		conn.SetReadLimit(-1)
		room := make([]byte, 0, size+1)
		return pull(size, func() ([]byte, error) {
			_, reader, err := conn.Reader(context.Background())
			if err != nil {
				return nil, err
			}
			return serve.ReadAll(reader, room)
		}), nil
	}},
}

// pull runs with a library that is asked for one message after the other.
func pull(size int, next func() ([]byte, error)) func(messages int) error {
	got := received{want: payload(size)}
	return func(messages int) error {
		for range messages {
			message, err := next()
			if err != nil {
				return err
			}
			got.take(message)
		}
		return got.end(messages)
	}
}

type gwsHandler struct {
	gws.BuiltinEventHandler
	*received
}

func (h gwsHandler) OnMessage(_ *gws.Conn, message *gws.Message) {
	h.take(message.Bytes())
	_ = message.Close() // always nil
}

// receiveGws lets the read loop of gws go on for the batches of one run, and wait in Read until the next.
func receiveGws(size int) (func(int) error, error) {
	got := &received{want: payload(size)}
	batches, done := make(chan int), make(chan struct{})
	c := newConn(masked(got.want))
	first := true
	c.next = func() int {
		if !first {
			done <- struct{}{}
		}
		first = false
		return <-batches
	}
	upgrader := gws.NewUpgrader(gwsHandler{received: got}, nil)
	conn, err := upgrader.UpgradeFromConn(c, bufio.NewReaderSize(c, readLen), request())
	if err != nil {
		return nil, err
	}
	go conn.ReadLoop()
	return func(messages int) error {
		batches <- messages / frames
		<-done
		return got.end(messages)
	}, nil
}
