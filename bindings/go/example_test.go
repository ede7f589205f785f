// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tidewire"
)

// startEcho starts a server that the examples talk to.
func startEcho(options *tidewire.Options) (url string, stop func()) {
	upgrader := &tidewire.Upgrader{Options: options, Subprotocols: []string{"chat.v2", "chat.v1"}}
	server := httptest.NewServer(echoHandler(upgrader))
	return "ws" + strings.TrimPrefix(server.URL, "http"), server.Close
}

func ExampleDial() {
	url, stop := startEcho(nil)
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	conn, _, err := tidewire.Dial(ctx, url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	if err := conn.WriteMessage(tidewire.TextMessage, []byte("Hello")); err != nil {
		log.Fatal(err)
	}
	_, data, err := conn.ReadMessage()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", data)
	// Output: Hello
}

func ExampleDial_options() {
	url, stop := startEcho(&tidewire.Options{Compression: &tidewire.Compression{}})
	defer stop()

	conn, resp, err := tidewire.Dial(context.Background(), url, &tidewire.DialOptions{
		HTTPHeader:       http.Header{"Authorization": {"Bearer token"}},
		Subprotocols:     []string{"chat.v1", "chat.v2"},
		HandshakeTimeout: 5 * time.Second,
		Options: &tidewire.Options{
			ReadLimit:    1 << 20,
			PingInterval: 20 * time.Second,
			PongTimeout:  20 * time.Second,
			Compression:  &tidewire.Compression{MinLen: 1024},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(resp.Status, conn.Subprotocol(), conn.Compression().Enabled)
	// Output: 101 Switching Protocols chat.v2 true
}

func ExampleDial_refused() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "come back tomorrow", http.StatusServiceUnavailable)
	}))
	defer server.Close()

	_, resp, err := tidewire.Dial(context.Background(), "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if errors.Is(err, tidewire.ErrHTTPStatus) {
		body, _ := io.ReadAll(resp.Body)
		fmt.Printf("%s: %s", resp.Status, body)
	}
	// Output: 503 Service Unavailable: come back tomorrow
}

func ExampleDialOptions_unixSocket() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "socket")
	listener, err := net.Listen("unix", path)
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	go http.Serve(listener, echoHandler(&tidewire.Upgrader{}))

	conn, _, err := tidewire.Dial(context.Background(), "ws://localhost/chat", &tidewire.DialOptions{
		NetDialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(conn.RemoteAddr().Network())
	// Output: unix
}

func ExampleUpgrader_Upgrade() {
	upgrader := &tidewire.Upgrader{Origins: []string{"https://example.com"}}
	handler := func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r)
		if err != nil {
			return // the client has been told why
		}
		defer conn.Close()
		for {
			typ, data, err := conn.ReadMessage()
			if err != nil {
				return
			}
			if err := conn.WriteMessage(typ, data); err != nil {
				return
			}
		}
	}
	server := httptest.NewServer(http.HandlerFunc(handler)) // or http.ListenAndServe
	defer server.Close()

	url := "ws" + strings.TrimPrefix(server.URL, "http")
	for _, origin := range []string{"https://example.com", "https://evil.example"} {
		conn, resp, err := tidewire.Dial(context.Background(), url, &tidewire.DialOptions{Origin: origin})
		fmt.Println(resp.StatusCode, errors.Is(err, tidewire.ErrHTTPStatus))
		if err == nil {
			conn.Close()
		}
	}
	// Output:
	// 101 false
	// 403 true
}

func ExampleUpgrader_Accept() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	go func() {
		upgrader := &tidewire.Upgrader{}
		for {
			nc, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				conn, r, err := upgrader.Accept(context.Background(), nc)
				if err != nil {
					return
				}
				defer conn.Close()
				conn.WriteMessage(tidewire.TextMessage, []byte("you asked for "+r.URL.Path))
			}()
		}
	}()

	conn, _, err := tidewire.Dial(context.Background(), "ws://"+listener.Addr().String()+"/news", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	_, data, _ := conn.ReadMessage()
	fmt.Printf("%s\n", data)
	// Output: you asked for /news
}

func ExampleNewConn() {
	// Two connections over a pipe, for a test: no handshake, no network.
	a, b := net.Pipe()
	server, err := tidewire.NewConn(a, tidewire.RoleServer, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client, err := tidewire.NewConn(b, tidewire.RoleClient, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	go client.WriteMessage(tidewire.BinaryMessage, []byte{1, 2, 3})
	typ, data, err := server.ReadMessage()
	fmt.Println(typ == tidewire.BinaryMessage, data, err)
	// Output: true [1 2 3] <nil>
}

func ExampleConn_ReadMessageInto() {
	url, stop := startEcho(nil)
	defer stop()
	conn, _, err := tidewire.Dial(context.Background(), url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	conn.WriteMessage(tidewire.TextMessage, []byte("longer than the buffer"))

	buf := make([]byte, 8)
	_, n, err := conn.ReadMessageInto(buf)
	if errors.Is(err, io.ErrShortBuffer) { // the message is still there
		buf = make([]byte, n)
		_, n, err = conn.ReadMessageInto(buf)
	}
	fmt.Printf("%s, %v\n", buf[:n], err)
	// Output: longer than the buffer, <nil>
}

func ExampleConn_ReadBatch() {
	url, stop := startEcho(nil)
	defer stop()
	conn, _, err := tidewire.Dial(context.Background(), url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	for i := range 10 {
		conn.WriteMessageNoFlush(tidewire.BinaryMessage, make([]byte, i))
	}

	messages, total := 0, 0
	for messages < 10 { // one read may bring them all, or some
		err := conn.ReadBatch(func(typ tidewire.MessageType, data []byte) error {
			messages++
			total += len(data)
			return nil
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(total, "bytes")
	// Output: 45 bytes
}

func ExampleConn_WriteBatch() {
	url, stop := startEcho(nil)
	defer stop()
	conn, _, err := tidewire.Dial(context.Background(), url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	batch := make([]tidewire.Message, 100)
	for i := range batch {
		batch[i] = tidewire.Message{Type: tidewire.TextMessage, Data: fmt.Append(nil, "message ", i)}
	}
	before := conn.Stats().Writes
	if err := conn.WriteBatch(batch); err != nil {
		log.Fatal(err)
	}
	fmt.Println(conn.Stats().Writes-before, "system call")
	// Output: 1 system call
}

func ExampleConn_WriteMessageNoFlush() {
	url, stop := startEcho(nil)
	defer stop()
	conn, _, err := tidewire.Dial(context.Background(), url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	conn.WriteMessageNoFlush(tidewire.TextMessage, []byte("one"))
	conn.WriteMessageNoFlush(tidewire.TextMessage, []byte("two"))
	if err := conn.Flush(); err != nil {
		log.Fatal(err)
	}
	for range 2 {
		_, data, _ := conn.ReadMessage()
		fmt.Printf("%s\n", data)
	}
	// Output:
	// one
	// two
}

func ExampleConn_NextWriter() {
	url, stop := startEcho(nil)
	defer stop()
	conn, _, err := tidewire.Dial(context.Background(), url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	w, err := conn.NextWriter(tidewire.TextMessage)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(w, "%d + %d", 1, 2)
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	_, r, err := conn.NextReader()
	if err != nil {
		log.Fatal(err)
	}
	text, err := io.ReadAll(r)
	fmt.Printf("%s, %v\n", text, err)
	// Output: 1 + 2, <nil>
}

func ExampleConn_CloseHandshake() {
	url, stop := startEcho(nil)
	defer stop()
	conn, _, err := tidewire.Dial(context.Background(), url, nil)
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	fmt.Println(conn.CloseHandshake(ctx, tidewire.CloseGoingAway, "see you"))
	// Output: <nil>
}

func ExampleCloseError() {
	url, stop := startEcho(nil)
	defer stop()
	conn, _, err := tidewire.Dial(context.Background(), url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	goodbye := tidewire.FormatCloseMessage(tidewire.CloseNormalClosure, "done")
	conn.WriteControl(tidewire.CloseMessage, goodbye, time.Now().Add(time.Second))

	_, _, err = conn.ReadMessage()
	var closed *tidewire.CloseError
	if errors.As(err, &closed) {
		fmt.Println("closed with", closed.Code)
	}
	// Output: closed with 1000
}

func ExamplePreparedMessage() {
	url, stop := startEcho(nil)
	defer stop()
	message, err := tidewire.NewPreparedMessage(tidewire.TextMessage, []byte("to all of you"))
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		conn, _, err := tidewire.Dial(context.Background(), url, nil)
		if err != nil {
			log.Fatal(err)
		}
		defer conn.Close()
		conn.WritePrepared(message)
		_, data, _ := conn.ReadMessage()
		fmt.Printf("%s\n", data)
	}
	// Output:
	// to all of you
	// to all of you
}

func ExampleBufferPool() {
	pool, err := tidewire.NewBufferPool(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	buf := pool.Get(1000)
	fmt.Println(len(buf), cap(buf))
	fmt.Println(pool.Put(buf), errors.Is(pool.Put(buf), tidewire.ErrState))
	// Output:
	// 1000 1024
	// <nil> true
}
