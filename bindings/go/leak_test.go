// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"tidewire"
)

// descriptors counts the open ones of the process.
func descriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("the system does not tell what is open: ", err)
	}
	return len(entries)
}

// leavesNothing runs a function often, and looks for goroutines, descriptors and memory of the pool that stay.
func leavesNothing(t *testing.T, pool *tidewire.BufferPool, once func() error) {
	t.Helper()
	if err := once(); err != nil { // starts what stays, such as the network poller
		t.Fatal(err)
	}
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	for range 25 {
		if err := once(); err != nil {
			t.Fatal(err)
		}
	}
	guard := time.Now().Add(hang)
	for runtime.NumGoroutine() > goroutines || descriptors(t) > files || pool.Stats().InUseLen > 0 {
		if time.Now().After(guard) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines more, %d descriptors more, %d bytes of the pool\n%s",
				runtime.NumGoroutine()-goroutines, descriptors(t)-files, pool.Stats().InUseLen,
				stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(time.Millisecond)
	}
}

// A leakTest is a server and a client that share a pool.
type leakTest struct {
	pool     *tidewire.BufferPool
	options  *tidewire.Options
	upgrader *tidewire.Upgrader
	dial     *tidewire.DialOptions
	url      string
}

func newLeakTest(t *testing.T, handle func(*tidewire.Conn)) *leakTest {
	test := &leakTest{pool: newPool(t)}
	test.options = &tidewire.Options{Pool: test.pool, Compression: &tidewire.Compression{MaxContextLen: 1 << 20}}
	test.upgrader = &tidewire.Upgrader{Options: test.options}
	test.dial = &tidewire.DialOptions{Options: test.options}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := test.upgrader.Upgrade(w, r); err == nil {
			handle(conn)
		}
	}))
	t.Cleanup(server.Close)
	test.url = "ws" + strings.TrimPrefix(server.URL, "http")
	return test
}

// withConn does something with a new connection of the client.
func (test *leakTest) withConn(do func(*tidewire.Conn) error) func() error {
	return func() error {
		conn, _, err := tidewire.Dial(context.Background(), test.url, test.dial)
		if err != nil {
			return err
		}
		defer conn.Close()
		return do(conn)
	}
}

// exchangeOne sends a message that is worth compressing, and reads its echo.
func exchangeOne(conn *tidewire.Conn) error {
	text := strings.Repeat("leak ", 5000)
	if err := conn.WriteMessage(tidewire.TextMessage, []byte(text)); err != nil {
		return err
	}
	return expectMessage(conn, text)
}

func TestConnectionsThatEndInAnyWayLeaveNothing(t *testing.T) {
	for name, end := range map[string]func(*tidewire.Conn) error{
		"close": func(*tidewire.Conn) error { return nil },
		"closing handshake": func(conn *tidewire.Conn) error {
			return conn.CloseHandshake(context.Background(), tidewire.CloseNormalClosure, "enough")
		},
		"reset": func(conn *tidewire.Conn) error { return conn.NetConn().(*net.TCPConn).SetLinger(0) },
		"broken rule": func(conn *tidewire.Conn) error {
			if _, err := conn.NetConn().Write([]byte{0x83, 0x80, 0, 0, 0, 0}); err != nil {
				return err
			}
			_, _, err := conn.ReadMessage()
			var closed *tidewire.CloseError
			if !errors.As(err, &closed) || closed.Code != tidewire.CloseProtocolError {
				return err
			}
			return nil
		},
		"inside a message": func(conn *tidewire.Conn) error {
			_, err := conn.NetConn().Write([]byte{0x82, 0xFE, 0x04, 0x00, 0, 0, 0, 0, 'c', 'u', 't'})
			return err
		},
		"inside a writer": func(conn *tidewire.Conn) error {
			w, err := conn.NextWriter(tidewire.TextMessage)
			if err == nil {
				_, err = io.WriteString(w, "never ended")
			}
			return err
		},
		"cancelled read": func(conn *tidewire.Conn) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			defer cancel()
			_, _, err := conn.ReadMessageContext(ctx)
			return expectError(err, context.DeadlineExceeded)
		},
		"staged": func(conn *tidewire.Conn) error {
			return conn.WriteMessageNoFlush(tidewire.TextMessage, []byte("never sent"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			test := newLeakTest(t, echo)
			leavesNothing(t, test.pool, test.withConn(func(conn *tidewire.Conn) error {
				if err := exchangeOne(conn); err != nil {
					return err
				}
				return end(conn)
			}))
		})
	}
}

func TestWritersThatAreHeldUpLeaveNothing(t *testing.T) {
	test := newLeakTest(t, func(conn *tidewire.Conn) { readAll(conn); conn.Close() })
	leavesNothing(t, test.pool, func() error {
		server, peer := streams(t, "tcp")
		defer peer.Close()
		conn, err := tidewire.NewConn(server, tidewire.RoleServer, test.options)
		if err != nil {
			return err
		}
		defer conn.Close()
		if err := conn.SetWriteDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
			return err
		}
		_, err = fill(conn)
		return expectError(err, os.ErrDeadlineExceeded)
	})
}

func TestHandshakesThatFailLeaveNothing(t *testing.T) {
	answer := func(text string) func(*testing.T, *leakTest) string {
		return func(t *testing.T, _ *leakTest) string {
			return "ws://" + listen(t, func(nc net.Conn) {
				if readRequest(t, nc) != nil {
					io.WriteString(nc, text)
				}
			})
		}
	}
	for name, prepare := range map[string]func(*testing.T, *leakTest) string{
		"nobody there":  func(*testing.T, *leakTest) string { return "ws://127.0.0.1:1" },
		"no WebSocket":  answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"),
		"no HTTP":       answer("SSH-2.0-OpenSSH\r\n\r\n"),
		"end in a head": answer("HTTP/1.1 101 Swi"),
		"silence": func(t *testing.T, test *leakTest) string {
			test.dial.HandshakeTimeout = 5 * time.Millisecond
			return "ws://" + listen(t, func(nc net.Conn) { io.Copy(io.Discard, nc) })
		},
		"refused origin": func(_ *testing.T, test *leakTest) string {
			test.dial.Origin = "http://elsewhere.example"
			return test.url
		},
		"bad header": func(_ *testing.T, test *leakTest) string {
			test.dial.HTTPHeader = http.Header{"X": {"a\r\nb"}}
			return test.url
		},
		"bad response header": func(_ *testing.T, test *leakTest) string {
			test.upgrader.ResponseHeader = func(*http.Request) http.Header { return http.Header{"Upgrade": {"tea"}} }
			return test.url
		},
		"unknown authority": func(t *testing.T, test *leakTest) string {
			server := httptest.NewUnstartedServer(http.NotFoundHandler())
			server.Config.ErrorLog = nil
			server.StartTLS()
			t.Cleanup(server.Close)
			test.dial.TLSConfig = &tls.Config{ServerName: "example.com"}
			return "wss" + strings.TrimPrefix(server.URL, "https")
		},
	} {
		t.Run(name, func(t *testing.T) {
			test := newLeakTest(t, echo)
			url := prepare(t, test)
			leavesNothing(t, test.pool, func() error {
				conn, response, err := tidewire.Dial(context.Background(), url, test.dial)
				if err == nil {
					conn.Close()
					return fmt.Errorf("the handshake succeeds: %v", response)
				}
				return nil
			})
		})
	}
}

func TestRequestsThatAreRefusedLeaveNothing(t *testing.T) {
	for name, text := range map[string]string{
		"no WebSocket": "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"another site": request("Origin: http://elsewhere.example\r\n"),
		"no HTTP":      "\r\n\r\n\x00",
		"cut":          "GET / HT",
		"nothing":      "",
	} {
		t.Run(name, func(t *testing.T) {
			test := newLeakTest(t, echo)
			leavesNothing(t, test.pool, func() error {
				stream, peer := streams(t, "tcp")
				defer peer.Close()
				if _, err := io.WriteString(peer, text); err != nil {
					return err
				}
				if err := closeWrite(peer); err != nil {
					return err
				}
				conn, _, err := test.upgrader.Accept(context.Background(), stream)
				if err == nil {
					conn.Close()
					return errors.New("the request is accepted")
				}
				return nil
			})
		})
	}
}

func TestForgottenConnectionLeavesNoMemory(t *testing.T) {
	pool := newPool(t)
	func() {
		stream, peer := streams(t, "pipe")
		defer peer.Close()
		conn, err := tidewire.NewConn(stream, tidewire.RoleServer, &tidewire.Options{Pool: pool})
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.WriteMessageNoFlush(tidewire.TextMessage, []byte("forgotten")); err != nil {
			t.Fatal(err)
		}
		if pool.Stats().InUseLen == 0 {
			t.Fatal("the connection takes nothing from its pool")
		}
	}()
	for guard := time.Now().Add(hang); pool.Stats().InUseLen > 0; {
		if time.Now().After(guard) {
			t.Fatalf("%d bytes of the pool are in use", pool.Stats().InUseLen)
		}
		runtime.GC()
	}
}
