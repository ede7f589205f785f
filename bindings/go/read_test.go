// SPDX-License-Identifier: MIT

package tidewire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// masked are text frames with these payloads, of at most 125 bytes, masked with a key of zeros.
func masked(payloads ...string) string {
	var frames strings.Builder
	for _, p := range payloads {
		frames.Write([]byte{0x81, 0x80 | byte(len(p)), 0, 0, 0, 0})
		frames.WriteString(p)
	}
	return frames.String()
}

// endless is a stream on which the same bytes come again and again.
type endless struct {
	net.Conn
	data string
}

func (e endless) Read(p []byte) (int, error) { return copy(p, e.data), nil }

func TestReadMessageIntoAllocatesNothing(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	server, err := NewConn(endless{a, masked("one", "two", "three")}, RoleServer, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	buffer := make([]byte, 5)
	into := testing.AllocsPerRun(1000, func() {
		if _, _, err := server.ReadMessageInto(buffer); err != nil {
			t.Fatal(err)
		}
	})
	once := testing.AllocsPerRun(1000, func() {
		if _, _, err := server.ReadMessage(); err != nil {
			t.Fatal(err)
		}
	})
	batch := testing.AllocsPerRun(1000, func() {
		if err := server.ReadBatch(func(MessageType, []byte) error { return nil }); err != nil {
			t.Fatal(err)
		}
	})
	if into != 0 || once != 1 || batch != 0 {
		t.Errorf("ReadMessageInto: %v, ReadMessage: %v, ReadBatch: %v", into, once, batch)
	}
}

func TestReadMessageIntoKeepsWhatDoesNotFit(t *testing.T) {
	server, peer := rawPeer(t, "tcp", nil)
	write(t, peer, masked("first", "second"))
	typ, n, err := server.ReadMessageInto(make([]byte, 4))
	if typ != TextMessage || n != 5 || !errors.Is(err, io.ErrShortBuffer) {
		t.Fatal(typ, n, err)
	}
	buffer := make([]byte, 6)
	for _, want := range []string{"first", "second"} {
		typ, n, err := server.ReadMessageInto(buffer)
		if typ != TextMessage || err != nil || string(buffer[:n]) != want {
			t.Fatal(typ, n, err)
		}
	}
}

func TestReadMessageIsForOneGoroutineAtATime(t *testing.T) {
	server, peer := rawPeer(t, "tcp", nil)
	inside, done := make(chan struct{}), make(chan error)
	server.SetPingHandler(func(string) error {
		close(inside)
		<-done
		return nil
	})
	go func() { done <- server.ReadBatch(func(MessageType, []byte) error { return nil }) }()
	write(t, peer, "\x89\x80\x00\x00\x00\x00"+masked("x"))
	<-inside
	if _, _, err := server.ReadMessage(); !errors.Is(err, ErrState) {
		t.Error(err)
	}
	done <- nil
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestReadBatchEndsWithItsHandler(t *testing.T) {
	overKinds(t, func(t *testing.T, kind string) {
		server, peer := rawPeer(t, kind, nil)
		go peer.Write([]byte(masked("one", "two", "three")))
		stop := errors.New("stop")
		var got []string
		handle := func(typ MessageType, data []byte) error {
			got = append(got, string(data))
			if len(got) == 2 {
				return stop
			}
			return nil
		}
		for len(got) < 2 {
			if err := server.ReadBatch(handle); err != nil && err != stop {
				t.Fatal(err)
			}
		}
		if n := server.Buffered(); kind == "pipe" && n != 1 {
			t.Errorf("%d messages are left", n)
		}
		if err := server.ReadBatch(handle); err != nil || strings.Join(got, " ") != "one two three" {
			t.Fatal(got, err)
		}
	})
}

func TestReadBatchEndsWhenItsHandlerCloses(t *testing.T) {
	overKinds(t, func(t *testing.T, kind string) {
		server, peer := rawPeer(t, kind, nil)
		go peer.Write([]byte(masked("one", "two")))
		calls := 0
		err := server.ReadBatch(func(_ MessageType, data []byte) error {
			calls++
			server.Close()
			if string(data) != "one" {
				t.Errorf("%q", data)
			}
			return nil
		})
		if calls != 1 || !errors.Is(err, net.ErrClosed) {
			t.Fatal(calls, err)
		}
	})
}

func TestReadAnswersABrokenRuleBeforeItFails(t *testing.T) {
	overKinds(t, func(t *testing.T, kind string) {
		server, peer := rawPeer(t, kind, nil)
		go peer.Write([]byte(masked("x") + "\xc1\x80\x00\x00\x00\x00"))
		if _, data, err := server.ReadMessage(); err != nil || string(data) != "x" {
			t.Fatal(err)
		}
		answer := make(chan string)
		go func() {
			got := make([]byte, 4)
			io.ReadFull(peer, got)
			answer <- string(got)
		}()
		_, _, err := server.ReadMessage()
		var failure *Error
		if !errors.As(err, &failure) || failure.Status != ErrRSV || failure.Offset != 7 || failure.CloseCode != 1002 ||
			failure.Section != "RFC 6455 5.2" || failure.Op != "read" {
			t.Fatalf("%+v", err)
		}
		server.Close()
		if got := <-answer; got != "\x88\x02\x03\xea" {
			t.Errorf("% x", got)
		}
	})
}

func TestReadEndsWithTheStreamAsItWasClosed(t *testing.T) {
	server, peer := rawPeer(t, "tcp", nil)
	write(t, peer, masked("x")[:3])
	peer.Close()
	_, _, err := server.ReadMessage()
	var closed *CloseError
	if !errors.Is(err, ErrEOF) || !errors.Is(err, io.ErrUnexpectedEOF) || !errors.As(err, &closed) || closed.Code != 1006 {
		t.Fatal(err)
	}
	if !IsCloseError(err, 1006) || IsUnexpectedCloseError(err, 1006) || !IsUnexpectedCloseError(err, 1000) {
		t.Error("1006 is not seen")
	}
	if _, _, again := server.ReadMessage(); again != err {
		t.Error(again)
	}
}

func TestReadTellsHandlersAndTheEngineAnswers(t *testing.T) {
	server, peer := rawPeer(t, "tcp", nil)
	var told []string
	server.SetPingHandler(func(data string) error { told = append(told, "ping "+data); return nil })
	server.SetPongHandler(func(data string) error { told = append(told, "pong "+data); return nil })
	server.SetCloseHandler(func(code int, text string) error { told = append(told, "close "+text); return nil })
	write(t, peer, "\x89\x81\x00\x00\x00\x00a\x8a\x81\x00\x00\x00\x00b\x88\x83\x00\x00\x00\x00\x03\xe8c")
	if _, _, err := server.ReadMessage(); !IsCloseError(err, 1000) {
		t.Fatal(err)
	}
	if got := strings.Join(told, ", "); got != "ping a, pong b, close c" {
		t.Error(got)
	}
	expect(t, peer, "\x8a\x01a\x88\x02\x03\xe8")
}

func TestReadEndsWithTheErrorOfAHandler(t *testing.T) {
	server, peer := rawPeer(t, "tcp", &Options{ManualPong: true})
	enough := errors.New("enough")
	server.SetPingHandler(func(data string) error {
		if err := server.WriteControl(PongMessage, []byte("own"), time.Now().Add(time.Minute)); err != nil {
			t.Error(err)
		}
		return enough
	})
	write(t, peer, "\x89\x80\x00\x00\x00\x00"+masked("x"))
	for range 2 {
		if _, _, err := server.ReadMessage(); err != enough {
			t.Fatal(err)
		}
	}
	expect(t, peer, "\x8a\x03own")
}

func TestReadAnswersAllMessagesBeforeTheCloseFrame(t *testing.T) {
	overKinds(t, func(t *testing.T, kind string) {
		server, peer := rawPeer(t, kind, nil)
		ended := echo(server)
		go peer.Write([]byte(masked("one", "two") + "\x88\x80\x00\x00\x00\x00"))
		expect(t, peer, "\x81\x03one\x81\x03two\x88\x00")
		var closed *CloseError
		if err := <-ended; !errors.As(err, &closed) || closed.Code != CloseNoStatusReceived {
			t.Fatal(err)
		}
	})
}

func TestSetReadLimitFailsALongerMessage(t *testing.T) {
	server, peer := rawPeer(t, "tcp", &Options{ReadLimit: 100})
	server.SetReadLimit(5)
	write(t, peer, masked("12345", "123456"))
	if _, data, err := server.ReadMessage(); err != nil || string(data) != "12345" {
		t.Fatal(err)
	}
	_, _, err := server.ReadMessage()
	var failure *Error
	if !errors.As(err, &failure) || failure.Status != ErrLimitMessage || failure.Limit != "ReadLimit" ||
		failure.CloseCode != CloseMessageTooBig {
		t.Fatal(err)
	}
}

func TestReadMessageContextEndsAndLosesNothing(t *testing.T) {
	overKinds(t, func(t *testing.T, kind string) {
		server, peer := rawPeer(t, kind, nil)
		message := masked("whole")
		for i := range message {
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error)
			go func() {
				_, _, err := server.ReadMessageContext(ctx)
				ended <- err
			}()
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if kind != "pipe" && i+1 < len(message) {
				write(t, peer, message[i:i+1])
			} else if kind == "pipe" || i+1 == len(message) {
				go peer.Write([]byte(message[i:]))
				break
			}
		}
		typ, data, err := server.ReadMessageContext(t.Context())
		if typ != TextMessage || string(data) != "whole" || err != nil {
			t.Fatal(typ, data, err)
		}
	})
}

func TestReaderThatWaitsHoldsNoBuffers(t *testing.T) {
	pool, err := NewBufferPool(nil)
	if err != nil {
		t.Fatal(err)
	}
	server, client := pair(t, "tcp", &Options{Pool: pool}, nil)
	idle := pool.Stats().InUseLen
	ended := echo(server)
	for range 3 {
		if err := client.WriteMessage(BinaryMessage, bytes.Repeat([]byte("x"), 3000)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := client.ReadMessage(); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); pool.Stats().InUseLen != idle; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes are in use, %d were before", pool.Stats().InUseLen, idle)
		}
	}
	client.Close()
	<-ended
	if s := pool.Stats(); s.InUseLen != 0 {
		t.Errorf("%d bytes are in use after Close", s.InUseLen)
	}
}
