// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"tidewire"
)

// hang is after how long a test that waits has failed. Nothing is measured by it.
const hang = 30 * time.Second

// streams gives both ends of a new stream of a network: "tcp", "unix", or "pipe", which is no socket.
func streams(t testing.TB, network string) (server, client net.Conn) {
	t.Helper()
	if network == "pipe" {
		return net.Pipe()
	}
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "socket")
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err = net.Dial(network, listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return server, client
}

// upgraded makes a connection of one end of a stream, as after the opening handshake.
func upgraded(t testing.TB, stream net.Conn, role tidewire.Role, options *tidewire.Options) *tidewire.Conn {
	t.Helper()
	conn, err := tidewire.NewConn(stream, role, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// connected gives a server and a client that talk with each other.
func connected(t testing.TB, network string, options *tidewire.Options) (server, client *tidewire.Conn) {
	t.Helper()
	serverEnd, clientEnd := streams(t, network)
	return upgraded(t, serverEnd, tidewire.RoleServer, options), upgraded(t, clientEnd, tidewire.RoleClient, options)
}

// besides gives a server and the bare stream of its client, which writes and reads frames by hand.
func besides(t testing.TB, network string, options *tidewire.Options) (server *tidewire.Conn, peer net.Conn) {
	t.Helper()
	serverEnd, peer := streams(t, network)
	t.Cleanup(func() { peer.Close() })
	if err := peer.SetDeadline(time.Now().Add(hang)); err != nil {
		t.Fatal(err)
	}
	return upgraded(t, serverEnd, tidewire.RoleServer, options), peer
}

// onNetworks runs a test on sockets and on what is none.
func onNetworks(t *testing.T, test func(t *testing.T, network string)) {
	for _, network := range []string{"tcp", "unix", "pipe"} {
		t.Run(network, func(t *testing.T) { test(t, network) })
	}
}

// finishes fails the test where one of the functions, which run at once, returns an error or hangs.
func finishes(t testing.TB, functions ...func() error) {
	t.Helper()
	results := make(chan error, len(functions))
	for _, function := range functions {
		go func() { results <- function() }()
	}
	guard := time.After(hang)
	for range functions {
		select {
		case err := <-results:
			if err != nil {
				t.Error(err)
			}
		case <-guard:
			t.Fatal("it hangs")
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// clientFrame is a frame of a client with an empty masking key, so that its payload is what it is.
func clientFrame(first byte, payload []byte) []byte {
	frame := []byte{first, 0x80}
	switch n := len(payload); {
	case n < 126:
		frame[1] |= byte(n)
	case n < 1<<16:
		frame[1] |= 126
		frame = append(frame, byte(n>>8), byte(n))
	default:
		frame[1] |= 127
		frame = append(frame, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(append(frame, 0, 0, 0, 0), payload...)
}

// serverFrame reads the next frame that a server sent.
func serverFrame(r io.Reader) (first byte, payload []byte, err error) {
	var head [10]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	more := map[byte]int{126: 2, 127: 8}[head[1]]
	if _, err := io.ReadFull(r, head[2:2+more]); err != nil {
		return 0, nil, err
	}
	length := int(head[1])
	if more > 0 {
		length = 0
		for _, digit := range head[2 : 2+more] {
			length = length<<8 | int(digit)
		}
	}
	payload = make([]byte, length)
	_, err = io.ReadFull(r, payload)
	return head[0], payload, err
}

// expectMessage reads a message that must be this text.
func expectMessage(conn *tidewire.Conn, want string) error {
	kind, got, err := conn.ReadMessage()
	if err != nil {
		return fmt.Errorf("instead of %.40q: %w", want, err)
	}
	if kind != tidewire.TextMessage || string(got) != want {
		return fmt.Errorf("message %d %.40q, not %.40q", kind, got, want)
	}
	return nil
}

// expectError is for calls that must fail for a reason.
func expectError(got, want error) error {
	if !errors.Is(got, want) {
		return fmt.Errorf("error %v, not %v", got, want)
	}
	return nil
}
