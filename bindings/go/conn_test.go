// SPDX-License-Identifier: MIT

package tidewire

import (
	"bytes"
	"context"
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"
)

// pair is a server and a client that are connected over a stream of this kind.
func pair(t testing.TB, kind string, serverOptions, clientOptions *Options) (server, client *Conn) {
	t.Helper()
	a, b := streams(t, kind)
	server, err := NewConn(a, RoleServer, serverOptions)
	if err != nil {
		t.Fatal(err)
	}
	client, err = NewConn(b, RoleClient, clientOptions)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Close()
		client.Close()
	})
	guard := time.Now().Add(20 * time.Second) // against a hanging test
	server.SetDeadline(guard)
	client.SetDeadline(guard)
	return server, client
}

// streams are the two ends of a stream.
func streams(t testing.TB, kind string) (net.Conn, net.Conn) {
	t.Helper()
	if kind == "pipe" {
		return net.Pipe()
	}
	address := "127.0.0.1:0"
	if kind == "unix" {
		address = filepath.Join(t.TempDir(), "socket")
	}
	listener, err := net.Listen(kind, address)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	dialled, err := net.Dial(kind, listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return accepted, dialled
}

var kinds = []string{"tcp", "unix", "pipe"}

// overKinds runs a test over each kind of stream.
func overKinds(t *testing.T, test func(t *testing.T, kind string)) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) { test(t, kind) })
	}
}

// echo answers messages until reading ends, whose error it sends, and closes the connection.
func echo(c *Conn) <-chan error {
	ended := make(chan error, 1)
	go func() {
		for {
			typ, data, err := c.ReadMessage()
			if err == nil {
				err = c.WriteMessage(typ, data)
			}
			if err != nil {
				ended <- err
				c.Close()
				return
			}
		}
	}()
	return ended
}

func TestConnEchoesMessagesOfAllLengths(t *testing.T) {
	overKinds(t, func(t *testing.T, kind string) {
		server, client := pair(t, kind, nil, nil)
		ended := echo(server)
		for _, n := range []int{0, 1, 125, 126, 4096, 65535, 65536, 1 << 20} {
			sent := bytes.Repeat([]byte("a"), n)
			for _, typ := range []MessageType{TextMessage, BinaryMessage} {
				written := make(chan error, 1)
				go func() { written <- client.WriteMessage(typ, sent) }()
				got, data, err := client.ReadMessage()
				if err != nil || got != typ || !bytes.Equal(data, sent) {
					t.Fatalf("%d bytes: type %d, %d bytes, %v", n, got, len(data), err)
				}
				if err := <-written; err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := client.CloseHandshake(context.Background(), CloseNormalClosure, "done"); err != nil {
			t.Fatal(err)
		}
		var closed *CloseError
		if err := <-ended; !errors.As(err, &closed) || closed.Code != CloseNormalClosure || closed.Text != "done" {
			t.Fatal(err)
		}
	})
}
