// SPDX-License-Identifier: MIT

package tidewire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net"
	"path/filepath"
	"runtime"
	"strings"
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
				c.Close()
				ended <- err
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

// rawPeer is a server and the stream that its peer would read and write.
func rawPeer(t testing.TB, kind string, options *Options) (*Conn, net.Conn) {
	t.Helper()
	a, b := streams(t, kind)
	server, err := NewConn(a, RoleServer, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Close()
		b.Close()
	})
	guard := time.Now().Add(20 * time.Second)
	server.SetDeadline(guard)
	b.SetDeadline(guard)
	return server, b
}

// write writes bytes to a stream.
func write(t testing.TB, nc net.Conn, data string) {
	t.Helper()
	if _, err := nc.Write([]byte(data)); err != nil {
		t.Fatal(err)
	}
}

// expect reads these bytes from a stream.
func expect(t testing.TB, nc net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(nc, got); err != nil || string(got) != want {
		t.Fatalf("got % x, %v, not % x", got, err, want)
	}
}

func TestNewConnRefusesOptionsOutOfRange(t *testing.T) {
	closed, err := NewBufferPool(nil)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, options := range map[string]*Options{
		"ReadLimit":                  {ReadLimit: -1},
		"MaxFragments":               {MaxFragments: math.MaxUint32 + 1},
		"PingInterval":               {PingInterval: -1},
		"Compression.Level":          {Compression: &Compression{Level: 10}},
		"Compression.SendWindowBits": {Compression: &Compression{SendWindowBits: 7}},
		"Pool":                       {Pool: closed},
	} {
		a, b := net.Pipe()
		conn, err := NewConn(a, RoleServer, options)
		var refused *Error
		if conn != nil || !errors.As(err, &refused) || refused.Op != "options" || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		a.Close()
		b.Close()
	}
	if _, err := NewConn(nil, Role(2), nil); !errors.Is(err, ErrArgument) {
		t.Error(err)
	}
}

func TestConnClosedWhileItReadsEndsWithErrClosed(t *testing.T) {
	overKinds(t, func(t *testing.T, kind string) {
		server, client := pair(t, kind, nil, nil)
		ended := make(chan error)
		go func() {
			_, _, err := server.ReadMessage()
			ended <- err
		}()
		if kind != "pipe" { // whose writes wait for the reader, which is then there
			if err := client.WriteControl(PingMessage, nil, time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := server.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Fatal(err)
		}
		for name, err := range map[string]error{
			"Close":        server.Close(),
			"WriteMessage": server.WriteMessage(TextMessage, nil),
			"NoFlush":      server.WriteMessageNoFlush(TextMessage, nil),
			"WriteBatch":   server.WriteBatch(nil),
			"WriteControl": server.WriteControl(PingMessage, nil, time.Time{}),
			"Flush":        server.Flush(),
			"Handshake":    server.CloseHandshake(context.Background(), 1000, ""),
			"ReadBatch":    server.ReadBatch(nil),
		} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if server.State() != StateClosed {
			t.Error(server.State())
		}
	})
}

func TestConnClosedKeepsItsStats(t *testing.T) {
	server, client := pair(t, "tcp", nil, nil)
	ended := echo(server)
	if err := client.WriteMessage(BinaryMessage, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	client.Close()
	<-ended
	for role, s := range map[string]Stats{"server": server.Stats(), "client": client.Stats()} {
		if s.MessagesReceived != 1 || s.MessagesSent != 1 || s.Reads == 0 || s.Writes != 1 {
			t.Errorf("%s: %+v", role, s)
		}
	}
}

func TestConnLogsWhatTheEngineSays(t *testing.T) {
	var lines bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	server, peer := rawPeer(t, "tcp", &Options{Logger: logger})
	write(t, peer, "\x89\x80\x00\x00\x00\x00\xc1\x80\x00\x00\x00\x00")
	if _, _, err := server.ReadMessage(); !errors.Is(err, ErrRSV) {
		t.Fatal(err)
	}
	server.Close()
	for _, want := range []string{"level=DEBUG", "level=ERROR", "TW_ERR_RSV"} {
		if !strings.Contains(lines.String(), want) {
			t.Errorf("no %s in:\n%s", want, &lines)
		}
	}
}

func TestConnTimersPingAndFail(t *testing.T) {
	t.Run("pong", func(t *testing.T) {
		server, client := pair(t, "tcp", &Options{PingInterval: time.Millisecond}, nil)
		echo(client)
		ended := echo(server)
		for server.Stats().RTT == 0 {
			time.Sleep(time.Millisecond)
		}
		server.Close()
		<-ended
	})
	for name, options := range map[string]*Options{
		"no pong": {PingInterval: time.Millisecond, PongTimeout: 5 * time.Millisecond},
		"idle":    {IdleTimeout: 5 * time.Millisecond},
		"message": {MessageTimeout: 5 * time.Millisecond},
	} {
		overKinds(t, func(t *testing.T, kind string) {
			server, peer := rawPeer(t, kind, options)
			go io.Copy(io.Discard, peer)
			if name == "message" {
				go peer.Write([]byte("\x01\x80\x00\x00\x00\x00"))
			}
			_, _, err := server.ReadMessage()
			var failure *Error
			if !errors.As(err, &failure) || !strings.Contains(failure.Status.String(), "TW_ERR_TIMEOUT") {
				t.Fatalf("%s: %v", name, err)
			}
			if _, _, again := server.ReadMessage(); again != err {
				t.Fatal(again)
			}
		})
	}
}

func TestConnCompressesWhereTheHandshakeAgreed(t *testing.T) {
	options := &Options{Compression: &Compression{}}
	server, client := pair(t, "tcp", options, options)
	ended := echo(server)
	sent := bytes.Repeat([]byte("abc"), 10000)
	if err := client.WriteMessage(TextMessage, sent); err != nil {
		t.Fatal(err)
	}
	if _, got, err := client.ReadMessage(); err != nil || !bytes.Equal(got, sent) {
		t.Fatal(len(got), err)
	}
	want := Negotiated{Enabled: true, SendWindowBits: 15, ReceiveWindowBits: 15}
	if s := client.Stats(); client.Compression() != want || s.DeflatedSentLen == 0 || s.BytesSent > 1000 {
		t.Errorf("%+v %+v", client.Compression(), s)
	}
	client.Close()
	<-ended
}

func TestConnCloseHandshakeWhileAnotherGoroutineReads(t *testing.T) {
	overKinds(t, func(t *testing.T, kind string) {
		server, client := pair(t, kind, nil, nil)
		ended, reading := echo(server), echo(client)
		for client.reader.right.Load() != rightTaken {
			runtime.Gosched()
		}
		if err := client.CloseHandshake(context.Background(), 3000, "bye"); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !IsCloseError(err, 3000) {
			t.Error(err)
		}
		if err := <-reading; !IsCloseError(err, 3000) {
			t.Error(err)
		}
	})
}

func TestConnCloseHandshakeGivesUp(t *testing.T) {
	server, _ := rawPeer(t, "tcp", nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := server.CloseHandshake(ctx, 1000, ""); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	server, _ = rawPeer(t, "tcp", &Options{CloseTimeout: time.Millisecond})
	if err := server.CloseHandshake(context.Background(), 1000, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	server, _ = rawPeer(t, "tcp", nil)
	if err := server.CloseHandshake(context.Background(), 1005, "x"); err == nil || server.State() != StateOpen {
		t.Error(err, server.State())
	}
	if err := server.CloseHandshake(context.Background(), 1006, ""); !errors.Is(err, ErrSendCloseCode) {
		t.Error(err)
	}
}
