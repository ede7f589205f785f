// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"tidewire"
)

// numbered is message `number` of a writer; its length and its bytes follow from both.
func numbered(writer, number int) []byte {
	length := []int{0, 3, 120, 1000, 5000, 70000}[(writer+number)%6]
	return append(fmt.Appendf(nil, "%d %d ", writer, number), bytes.Repeat([]byte{byte('a' + writer)}, length)...)
}

// writeNumbered sends message `number` in one of the ways that there are.
func writeNumbered(conn *tidewire.Conn, writer, number int) error {
	data := numbered(writer, number)
	switch (writer + number) % 5 {
	case 0:
		return conn.WriteMessage(tidewire.TextMessage, data)
	case 1:
		return conn.WriteMessageNoFlush(tidewire.TextMessage, data)
	case 2:
		return conn.WriteBatch([]tidewire.Message{{Type: tidewire.TextMessage, Data: data}})
	case 3:
		prepared, err := tidewire.NewPreparedMessage(tidewire.TextMessage, data)
		if err != nil {
			return err
		}
		return conn.WritePrepared(prepared)
	}
	w, err := conn.NextWriter(tidewire.TextMessage)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{data[:1], nil, data[1:]} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return w.Close()
}

func testConcurrentWriters(t *testing.T, sender, receiver *tidewire.Conn) {
	const writers, messages = 8, 60
	var functions []func() error
	for writer := range writers {
		functions = append(functions, func() error {
			for number := range messages {
				if err := writeNumbered(sender, writer, number); err != nil {
					return fmt.Errorf("writer %d, message %d: %w", writer, number, err)
				}
				if err := sender.WriteControl(tidewire.PingMessage, nil, time.Time{}); err != nil {
					return fmt.Errorf("writer %d, ping %d: %w", writer, number, err)
				}
			}
			return sender.Flush()
		})
	}
	functions = append(functions, func() error {
		var next [writers]int
		for range writers * messages {
			_, data, err := receiver.ReadMessage()
			if err != nil {
				return err
			}
			var writer, number int
			if _, err := fmt.Sscanf(string(data), "%d %d ", &writer, &number); err != nil {
				return fmt.Errorf("%.40q: %w", data, err)
			}
			if number != next[writer] || !bytes.Equal(data, numbered(writer, number)) {
				return fmt.Errorf("writer %d: message %d, %d bytes, instead of message %d", writer, number, len(data),
					next[writer])
			}
			next[writer]++
		}
		go readAll(receiver) // the pings behind the last message
		return nil
	})
	go readAll(sender) // the pongs
	finishes(t, functions...)
}

// readAll reads until the connection ends.
func readAll(conn *tidewire.Conn) {
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			return
		}
	}
}

func TestBothRolesWriteFromManyGoroutinesMessagesStayWholeAndInOrder(t *testing.T) {
	onNetworks(t, func(t *testing.T, network string) {
		server, client := connected(t, network, nil)
		testConcurrentWriters(t, server, client)
		server, client = connected(t, network, &tidewire.Options{Compression: &tidewire.Compression{}})
		testConcurrentWriters(t, client, server)
	})
}

func TestServerInsideAMessageHoldsBackOtherMessagesButNoPing(t *testing.T) {
	server, peer := besides(t, "tcp", nil)
	w, err := server.NextWriter(tidewire.TextMessage)
	if err != nil {
		t.Fatal(err)
	}
	second := make(chan error, 1)
	go func() { second <- server.WriteMessage(tidewire.TextMessage, []byte("second")) }()
	for _, part := range []string{"fi", "rst"} {
		if _, err := io.WriteString(w, part); err != nil {
			t.Fatal(err)
		}
		if err := server.WriteControl(tidewire.PingMessage, []byte(part), time.Now().Add(hang)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var messages, pings []string
	var message string
	for len(messages) < 2 {
		first, payload, err := serverFrame(peer)
		if err != nil {
			t.Fatal(err)
		}
		if first == 0x89 {
			pings = append(pings, fmt.Sprintf("%s after %d messages", payload, len(messages)))
			continue
		}
		message += string(payload)
		if first&0x80 != 0 {
			messages, message = append(messages, message), ""
		}
	}
	if err := <-second; err != nil {
		t.Error(err)
	}
	if got := strings.Join(messages, ", "); got != "first, second" {
		t.Errorf("messages: %s", got)
	}
	if got := strings.Join(pings, ", "); got != "fi after 0 messages, rst after 0 messages" {
		t.Errorf("pings: %s", got)
	}
}

func TestServerSendsABatchWithABadTextWhatCameBeforeLeaves(t *testing.T) {
	onNetworks(t, func(t *testing.T, network string) {
		server, client := connected(t, network, nil)
		large := strings.Repeat("l", 1<<20)
		text := func(data string) tidewire.Message {
			return tidewire.Message{Type: tidewire.TextMessage, Data: []byte(data)}
		}
		finishes(t, func() error {
			if err := server.WriteBatch(nil); err != nil {
				return fmt.Errorf("an empty batch: %w", err)
			}
			err := server.WriteBatch([]tidewire.Message{text("one"), text(large), text("\xFF"), text("not sent")})
			if err := expectError(err, tidewire.ErrText); err != nil {
				return err
			}
			if !strings.Contains(err.Error(), "2") {
				return fmt.Errorf("%q does not name message 2", err)
			}
			if err := server.WriteMessageNoFlush(tidewire.TextMessage, []byte("\xFF")); err == nil {
				return errors.New("a text that is no text is staged")
			}
			return server.WriteMessage(tidewire.TextMessage, []byte("after"))
		}, func() error {
			for _, want := range []string{"one", large, "after"} {
				if err := expectMessage(client, want); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func TestServersAndClientsSendOnePreparedMessageAtTheSameTime(t *testing.T) {
	for _, compression := range []*tidewire.Compression{nil, {}} {
		options := &tidewire.Options{Compression: compression}
		text := strings.Repeat("prepared once ", 2000)
		prepared, err := tidewire.NewPreparedMessage(tidewire.TextMessage, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		const pairs, senders = 8, 4
		var senderEnds, functions = []*tidewire.Conn{}, []func() error{}
		for i := range pairs {
			sender, receiver := connected(t, "tcp", options)
			if i%2 == 0 {
				sender, receiver = receiver, sender
			}
			senderEnds = append(senderEnds, sender)
			functions = append(functions, func() error {
				for range senders {
					if err := expectMessage(receiver, text); err != nil {
						return err
					}
				}
				return nil
			})
		}
		for range senders {
			functions = append(functions, func() error {
				for _, conn := range senderEnds {
					if err := conn.WritePrepared(prepared); err != nil {
						return err
					}
				}
				return nil
			})
		}
		finishes(t, functions...)
	}
}

// startsWith tells whether the text begins with this number.
func startsWith(data []byte, number int) bool {
	return bytes.HasPrefix(data, fmt.Appendf(nil, "%d ", number))
}

// fill writes large numbered messages until the peer, which does not read, holds the writer up until its deadline.
// Returns how many were taken.
func fill(conn *tidewire.Conn) (count int, err error) {
	filler := strings.Repeat("f", 1<<16)
	for ; err == nil; count++ {
		err = conn.WriteMessage(tidewire.TextMessage, fmt.Appendf(nil, "%d %s", count, filler))
	}
	return count - 1, err
}

// besidesFull is besides with a socket that takes no more, because the peer has read nothing.
func besidesFull(t *testing.T) (server *tidewire.Conn, peer net.Conn) {
	t.Helper()
	server, peer = besides(t, "tcp", nil)
	if err := server.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := fill(server); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	if err := server.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	return server, peer
}

func TestServerWhosePeerDoesNotReadIsHeldUpAndFreedByItsDeadline(t *testing.T) {
	onNetworks(t, func(t *testing.T, network string) {
		pool, err := tidewire.NewBufferPool(nil)
		if err != nil {
			t.Fatal(err)
		}
		server, client := connected(t, network, &tidewire.Options{Pool: pool})
		if err := server.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		var sent int
		finishes(t, func() error {
			var err error
			sent, err = fill(server)
			return expectError(err, os.ErrDeadlineExceeded)
		})
		if held := pool.Stats().InUseLen; held > 8<<20 {
			t.Errorf("%d bytes are held after %d messages", held, sent)
		}
		// The message that the deadline cut off may have been queued, but not in part.
		if err := server.SetWriteDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		finishes(t, func() error {
			return server.WriteMessage(tidewire.TextMessage, []byte("last"))
		}, func() error {
			for next := 0; ; next++ {
				_, data, err := client.ReadMessage()
				if err != nil {
					return err
				}
				if string(data) == "last" {
					if next < sent || next > sent+1 {
						return fmt.Errorf("%d messages came of %d", next, sent)
					}
					return nil
				}
				if !startsWith(data, next) {
					return fmt.Errorf("%.20q instead of message %d", data, next)
				}
			}
		})
	})
}

func TestServerReadsAndAnswersPingsWhileAWriterIsHeldUp(t *testing.T) {
	server, peer := besidesFull(t)
	written := make(chan error, 1)
	go func() { written <- server.WriteMessage(tidewire.TextMessage, []byte("last")) }()
	for i := range 50 {
		text := fmt.Sprintf("message %d", i)
		frames := append(clientFrame(0x89, []byte(text)), clientFrame(0x81, []byte(text))...)
		if _, err := peer.Write(frames); err != nil {
			t.Fatal(err)
		}
		finishes(t, func() error { return expectMessage(server, text) })
	}
	for seen := map[string]bool{}; !seen["pong"] || !seen["last"]; {
		first, payload, err := serverFrame(peer)
		if err != nil {
			t.Fatalf("%v: %v", seen, err)
		}
		if first == 0x8A {
			payload = []byte("pong")
		}
		seen[string(payload)] = true
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}
