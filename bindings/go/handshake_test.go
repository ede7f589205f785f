// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"tidewire"
)

// patience is a guard against hanging, not a measure.
const patience = 20 * time.Second

// maskedHello is the text message "Hello" of a client, with the masking key of RFC 6455 5.7.
const maskedHello = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"

// echo sends back what conn reads until it ends.
func echo(conn *tidewire.Conn) {
	defer conn.Close()
	for {
		typ, data, err := conn.ReadMessage()
		if err != nil {
			return
		}
		if conn.WriteMessage(typ, data) != nil {
			return
		}
	}
}

// echoHandler upgrades with u and echoes.
func echoHandler(u *tidewire.Upgrader) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := u.Upgrade(w, r); err == nil {
			echo(conn)
		}
	})
}

// serve starts a server of net/http, to be reached at the URL.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

// listen calls handle with each connection to the address, in a goroutine of its own that is awaited.
func listen(t *testing.T, handle func(nc net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveListener(t, listener, handle)
	return listener.Addr().String()
}

func serveListener(t *testing.T, listener net.Listener, handle func(nc net.Conn)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			nc, err := listener.Accept()
			if err != nil {
				return
			}
			nc.SetDeadline(time.Now().Add(patience))
			go func() {
				defer nc.Close()
				handle(nc)
			}()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
}

// readRequest reads a request that was sent to a server without net/http.
func readRequest(t *testing.T, nc net.Conn) *http.Request {
	r, err := http.ReadRequest(bufio.NewReader(nc))
	if err != nil {
		t.Errorf("the request cannot be read: %v", err)
		return nil
	}
	return r
}

// exchange writes request to addr and reads the response, body included.
func exchange(t *testing.T, addr, request string) *http.Response {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(nc, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp
}

// acceptKey is the answer to a key (RFC 6455 4.2.2).
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// request is a right one, with more lines, each ended by CRLF.
func request(more string) string {
	return "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + more + "\r\n"
}

// mustDial connects; the connection goes with the test.
func mustDial(t *testing.T, url string, opts *tidewire.DialOptions) (*tidewire.Conn, *http.Response) {
	t.Helper()
	conn, resp, err := tidewire.Dial(t.Context(), url, opts)
	if err != nil {
		t.Fatalf("Dial(%q): %v", url, err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, resp
}

// checkEcho sends a message and expects it back.
func checkEcho(t *testing.T, conn *tidewire.Conn) {
	t.Helper()
	conn.SetDeadline(time.Now().Add(patience))
	want := []byte(strings.Repeat("Straße ", 50)) // worth compressing
	if err := conn.WriteMessage(tidewire.TextMessage, want); err != nil {
		t.Fatalf("WriteMessage: %v", err)
	}
	checkMessage(t, conn, string(want))
}

// checkMessage expects a text message.
func checkMessage(t *testing.T, conn *tidewire.Conn, want string) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(patience))
	typ, data, err := conn.ReadMessage()
	if err != nil || typ != tidewire.TextMessage || !bytes.Equal(data, []byte(want)) {
		t.Fatalf("ReadMessage() = %v, %q, %v; want text %q", typ, data, err, want)
	}
}

// checkStatus expects an error of the handshake.
func checkStatus(t *testing.T, err error, want tidewire.Status) *tidewire.Error {
	t.Helper()
	var known *tidewire.Error
	if !errors.As(err, &known) || known.Status != want || !errors.Is(err, want) {
		t.Fatalf("the error is %#v (%v), want one of %v", err, err, want)
	}
	return known
}

// checkNoGoroutine expects that no more goroutines run than before, soon.
func checkNoGoroutine(t *testing.T, before int) {
	t.Helper()
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
