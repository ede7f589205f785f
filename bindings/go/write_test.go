// SPDX-License-Identifier: MIT

package tidewire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestWriteBatchOf100LeavesInOneSystemCall(t *testing.T) {
	server, client := pair(t, "tcp", nil, nil)
	var messages []Message
	for range 100 {
		messages = append(messages, Message{TextMessage, []byte("twenty bytes of text")})
	}
	before := server.Stats().Writes
	if err := server.WriteBatch(messages); err != nil {
		t.Fatal(err)
	}
	if n := server.Stats().Writes - before; n != 1 {
		t.Errorf("%d system calls", n)
	}
	for range messages {
		if _, data, err := client.ReadMessage(); err != nil || string(data) != "twenty bytes of text" {
			t.Fatal(err)
		}
	}
	if n := client.Stats().Reads; n > 2 {
		t.Errorf("%d reads", n)
	}
}

func TestWriteAllocatesNothing(t *testing.T) {
	overKinds(t, func(t *testing.T, kind string) {
		server, peer := rawPeer(t, kind, nil)
		go io.Copy(io.Discard, peer)
		message := []byte("twenty bytes of text")
		prepared, err := NewPreparedMessage(TextMessage, message)
		if err != nil {
			t.Fatal(err)
		}
		batch := []Message{{TextMessage, message}, {BinaryMessage, message}}
		for name, write := range map[string]func() error{
			"WriteMessage":         func() error { return server.WriteMessage(TextMessage, message) },
			"WriteMessageNoFlush":  func() error { return server.WriteMessageNoFlush(TextMessage, message) },
			"WriteBatch":           func() error { return server.WriteBatch(batch) },
			"WritePrepared":        func() error { return server.WritePrepared(prepared) },
			"Flush":                server.Flush,
			"WriteMessage, 64 KiB": func() error { return server.WriteMessage(BinaryMessage, make([]byte, 64<<10)) },
		} {
			allowed := 0.0
			if strings.Contains(name, "KiB") {
				allowed = 1 // its own
			}
			if n := testing.AllocsPerRun(200, func() {
				if err := write(); err != nil {
					t.Fatal(err)
				}
			}); n > allowed {
				t.Errorf("%s: %v", name, n)
			}
		}
	})
}

func TestWriteKeepsTheOrderOfAllWays(t *testing.T) {
	overKinds(t, func(t *testing.T, kind string) {
		server, client := pair(t, kind, nil, nil)
		long := bytes.Repeat([]byte("l"), 300<<10)
		prepared, err := NewPreparedMessage(TextMessage, []byte("prepared"))
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"a", "b", string(long), "c", "prepared", "d", "e", "f", "g", string(long), "h"}
		written := make(chan error, 1)
		go func() {
			written <- errors.Join(
				server.WriteMessageNoFlush(TextMessage, []byte("a")),
				server.WriteMessageNoFlush(TextMessage, []byte("b")),
				server.WriteMessageNoFlush(TextMessage, long),
				server.WriteMessageNoFlush(TextMessage, []byte("c")),
				server.WritePrepared(prepared),
				server.WriteMessageNoFlush(TextMessage, []byte("d")),
				server.WriteMessage(TextMessage, []byte("e")),
				server.WriteMessageNoFlush(TextMessage, []byte("f")),
				server.WriteBatch([]Message{{TextMessage, []byte("g")}, {TextMessage, long}}),
				server.WriteMessageNoFlush(TextMessage, []byte("h")),
				server.WriteControl(CloseMessage, nil, time.Time{}))
		}()
		for i, w := range want {
			if _, data, err := client.ReadMessage(); err != nil || string(data) != w {
				t.Fatalf("message %d: %d bytes, %v", i, len(data), err)
			}
		}
		if _, _, err := client.ReadMessage(); !IsCloseError(err, CloseNoStatusReceived) {
			t.Error(err)
		}
		if err := <-written; err != nil {
			t.Error(err)
		}
	})
}

func TestWriteMessageNoFlushLeavesWhenTheReaderWaits(t *testing.T) {
	overKinds(t, func(t *testing.T, kind string) {
		server, peer := rawPeer(t, kind, nil)
		go func() {
			buffer := make([]byte, 10)
			for {
				typ, n, err := server.ReadMessageInto(buffer)
				if err != nil || server.WriteMessageNoFlush(typ, buffer[:n]) != nil {
					return
				}
			}
		}()
		for range 3 {
			write(t, peer, masked("one", "two"))
			expect(t, peer, "\x81\x03one\x81\x03two")
		}
	})
}

func TestWriteRefusesWhatMayNotBeSentAndGoesOn(t *testing.T) {
	server, client := pair(t, "tcp", &Options{MaxOutputLen: 100 << 10}, nil)
	text, long := []byte("\xff"), bytes.Repeat([]byte("\xff"), 5000)
	control := func(typ MessageType, data []byte) func() error {
		return func() error { return server.WriteControl(typ, data, time.Time{}) }
	}
	prepare := func(typ MessageType, data []byte) func() error {
		return func() error {
			_, err := NewPreparedMessage(typ, data)
			return err
		}
	}
	for name, c := range map[string]struct {
		write func() error
		want  error
	}{
		"text":           {func() error { return server.WriteMessage(TextMessage, text) }, ErrText},
		"staged text":    {func() error { return server.WriteMessageNoFlush(TextMessage, text) }, ErrText},
		"long text":      {func() error { return server.WriteMessageNoFlush(TextMessage, long) }, ErrText},
		"type":           {func() error { return server.WriteMessageNoFlush(3, nil) }, ErrArgument},
		"control type":   {func() error { return server.WriteMessage(3, nil) }, ErrArgument},
		"prepared type":  {prepare(PingMessage, nil), ErrArgument},
		"prepared text":  {prepare(TextMessage, text), ErrText},
		"length":         {func() error { return server.WriteMessage(BinaryMessage, make([]byte, 101<<10)) }, ErrLimitOutput},
		"long ping":      {control(PingMessage, make([]byte, 126)), ErrControlLength},
		"close code":     {control(CloseMessage, FormatCloseMessage(1006, "")), ErrSendCloseCode},
		"half a code":    {control(CloseMessage, []byte("x")), ErrArgument},
		"deadline":       {func() error { return server.WriteControl(PingMessage, nil, past) }, os.ErrDeadlineExceeded},
		"fragment text":  {func() error { return writeParts(server, "\xff") }, ErrText},
		"no data writer": {func() error { _, err := server.NextWriter(PongMessage); return err }, ErrArgument},
	} {
		if err := c.write(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := server.WriteBatch([]Message{{TextMessage, []byte("one")}, {TextMessage, text}, {TextMessage, []byte("no")}})
	var refused *BatchError
	if !errors.As(err, &refused) || refused.Index != 1 || !errors.Is(err, ErrText) {
		t.Error(err)
	}
	if err := server.WriteMessage(TextMessage, []byte("two")); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"one", "two"} {
		if _, data, err := client.ReadMessage(); err != nil || string(data) != want {
			t.Fatal(string(data), err)
		}
	}
}

// writeParts writes a message in parts.
func writeParts(c *Conn, parts ...string) error {
	w, err := c.NextWriter(TextMessage)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if _, err := io.WriteString(w, part); err != nil {
			w.Close()
			return err
		}
	}
	return w.Close()
}

func TestWriteEndsAtItsDeadlineAndWhatIsQueuedArrivesWhole(t *testing.T) {
	overKinds(t, func(t *testing.T, kind string) {
		server, client := pair(t, kind, nil, nil)
		server.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		sent := 0
		for err := error(nil); err == nil; sent++ {
			err = server.WriteMessage(BinaryMessage, bytes.Repeat([]byte{byte(sent)}, 1<<20))
			if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal(err)
			}
		}
		server.SetWriteDeadline(time.Time{}) // what is queued leaves now
		ended := make(chan error)
		go func() { ended <- server.WriteControl(CloseMessage, nil, time.Time{}) }()
		got := 0
		for ; ; got++ {
			_, data, err := client.ReadMessage()
			if IsCloseError(err, CloseNoStatusReceived) {
				break
			}
			if err != nil || !bytes.Equal(data, bytes.Repeat([]byte{byte(got)}, 1<<20)) {
				t.Fatal(got, len(data), err)
			}
		}
		if err := <-ended; err != nil || got != sent && got != sent-1 {
			t.Errorf("%d messages of %d, %v", got, sent, err)
		}
	})
}

func TestWriteThatWaitsHoldsUpNoReader(t *testing.T) {
	for _, kind := range []string{"tcp", "unix", "pipe"} {
		server, peer := rawPeer(t, kind, nil)
		written := make(chan error)
		go func() { written <- server.WriteMessage(BinaryMessage, make([]byte, 8<<20)) }()
		for taken := false; !taken; runtime.Gosched() {
			server.mu.Lock()
			taken = server.writer.taken
			server.mu.Unlock()
		}
		for range 100 { // pings, whose answers have no room
			go peer.Write([]byte("\x89\x80\x00\x00\x00\x00" + masked("x")))
			if _, _, err := server.ReadMessage(); err != nil {
				t.Fatal(err)
			}
		}
		err := server.WriteControl(PingMessage, nil, time.Now().Add(time.Millisecond))
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		if err := server.WriteMessageContext(cancelled(), BinaryMessage, nil); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		waiting := make(chan error)
		ctx, cancel := context.WithCancel(context.Background())
		go func() { waiting <- server.WriteMessageContext(ctx, BinaryMessage, nil) }()
		cancel()
		if err := <-waiting; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		server.Close()
		if err := <-written; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}
}

func TestWriteControlOutlivesTheCancellationOfAnotherWrite(t *testing.T) {
	overKinds(t, func(t *testing.T, kind string) {
		server, client := pair(t, kind, nil, nil)
		ctx, cancel := context.WithCancel(context.Background())
		written, pinged := make(chan error, 1), make(chan error, 1)
		go func() { written <- server.WriteMessageContext(ctx, BinaryMessage, make([]byte, 16<<20)) }()
		for taken := false; !taken; runtime.Gosched() {
			server.mu.Lock()
			taken = server.eng.Waiting() > 0 || server.eng.Consumed() > 0
			server.mu.Unlock()
		}
		go func() { pinged <- server.WriteControl(PingMessage, nil, time.Time{}) }()
		for waiting := false; !waiting; runtime.Gosched() {
			server.mu.Lock()
			waiting = server.writer.pass != nil
			server.mu.Unlock()
		}
		cancel()
		if err := <-written; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		client.SetPingHandler(func(string) error { return errors.New("pinged") })
		if _, data, err := client.ReadMessage(); err != nil || len(data) != 16<<20 {
			t.Fatal(len(data), err)
		}
		if _, _, err := client.ReadMessage(); err == nil || err.Error() != "pinged" {
			t.Fatal(err)
		}
		if err := <-pinged; err != nil {
			t.Error(err)
		}
	})
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestWriteAfterTheCloseFrameIsRefused(t *testing.T) {
	server, client := pair(t, "tcp", nil, nil)
	if err := server.WriteMessage(CloseMessage, FormatCloseMessage(1001, "away")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.ReadMessage(); !IsCloseError(err, CloseGoingAway) {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"WriteMessage": server.WriteMessage(TextMessage, nil),
		"NoFlush":      server.WriteMessageNoFlush(TextMessage, nil),
		"ping":         server.WriteControl(PingMessage, nil, time.Time{}),
		"client":       client.WriteMessage(TextMessage, nil),
	} {
		if !errors.Is(err, ErrState) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWriteToAPeerThatIsGoneFails(t *testing.T) {
	server, peer := rawPeer(t, "tcp", nil)
	peer.(*net.TCPConn).SetLinger(0)
	peer.Close()
	var err error
	for err == nil {
		err = server.WriteMessage(BinaryMessage, make([]byte, 1000))
	}
	var failure *net.OpError
	if !errors.As(err, &failure) || failure.Op != "write" {
		t.Fatal(err)
	}
	if again := server.WriteMessageNoFlush(TextMessage, nil); again != err {
		t.Error(again)
	}
}
