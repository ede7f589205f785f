// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"bytes"
	"context"
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

func TestServerIsReadByTwoAtATimeOneIsRefused(t *testing.T) {
	server, peer := besides(t, "tcp", nil)
	type result struct {
		text string
		err  error
	}
	results := make(chan result, 2)
	for range 2 {
		go func() {
			_, data, err := server.ReadMessage()
			results <- result{string(data), err}
		}()
	}
	finishes(t, func() error {
		// Nothing has come yet: only a refusal can end a read.
		if first := <-results; first.err == nil || errors.Is(first.err, net.ErrClosed) {
			return fmt.Errorf("the second reader got %v", first)
		}
		if _, err := peer.Write(clientFrame(0x81, []byte("for the other"))); err != nil {
			return err
		}
		if other := <-results; other.err != nil || other.text != "for the other" {
			return fmt.Errorf("the first reader got %v", other)
		}
		return nil
	})
}

// trickle writes messages in pieces of all lengths, and now and then waits.
func trickle(peer net.Conn, messages []string) error {
	var stream []byte
	for i, message := range messages {
		stream = append(stream, clientFrame(0x01, []byte(message[:len(message)/2]))...)
		stream = append(stream, clientFrame(0x89, []byte("ping"))...)
		stream = append(stream, clientFrame(0x80, []byte(message[len(message)/2:]))...)
		if i%3 == 0 {
			stream = append(stream, clientFrame(0x82, nil)...)
		}
	}
	for i := 1; len(stream) > 0; i++ {
		n := min(len(stream), i*i%4099)
		if _, err := peer.Write(stream[:n]); err != nil {
			return err
		}
		stream = stream[n:]
		if i%5 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

func testInterruptedReads(t *testing.T, network string, read func(*tidewire.Conn, int) ([]byte, error), why error) {
	server, peer := besides(t, network, nil)
	var messages []string
	for i := range 100 {
		messages = append(messages, fmt.Sprintf("%d %s", i, strings.Repeat("m", i*i*3)))
	}
	go io.Copy(io.Discard, peer) // the pongs
	finishes(t, func() error {
		return trickle(peer, messages)
	}, func() error {
		interruptions := 0
		for i := 0; i < len(messages); {
			data, err := read(server, i+interruptions)
			switch {
			case errors.Is(err, why):
				interruptions++
			case err != nil:
				return err
			case len(data) == 0:
			case string(data) != messages[i]:
				return fmt.Errorf("%.20q, %d bytes, instead of message %d", data, len(data), i)
			default:
				i++
			}
		}
		if interruptions == 0 {
			return errors.New("nothing was interrupted")
		}
		return nil
	})
}

func TestServerReadIsCancelledNothingIsLost(t *testing.T) {
	onNetworks(t, func(t *testing.T, network string) {
		testInterruptedReads(t, network, func(conn *tidewire.Conn, i int) ([]byte, error) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if i%4 == 0 {
				cancel()
			} else {
				defer time.AfterFunc(time.Duration(i%5)*200*time.Microsecond, cancel).Stop()
			}
			_, data, err := conn.ReadMessageContext(ctx)
			return data, err
		}, context.Canceled)
	})
}

func TestServerReadDeadlinePassesNothingIsLost(t *testing.T) {
	onNetworks(t, func(t *testing.T, network string) {
		testInterruptedReads(t, network, func(conn *tidewire.Conn, i int) ([]byte, error) {
			deadline := time.Now().Add(time.Duration(i%5-1) * 200 * time.Microsecond)
			if err := conn.SetReadDeadline(deadline); err != nil {
				return nil, err
			}
			_, data, err := conn.ReadMessage()
			return data, err
		}, os.ErrDeadlineExceeded)
	})
}

func TestServerReadDeadlinePassesInsideAStreamedMessageItsReaderGoesOn(t *testing.T) {
	onNetworks(t, func(t *testing.T, network string) {
		server, peer := besides(t, network, &tidewire.Options{Stream: true})
		var text string
		var r io.Reader
		finishes(t, func() error {
			_, err := peer.Write(clientFrame(0x01, []byte("begun, ")))
			return err
		}, func() (err error) {
			if _, r, err = server.NextReader(); err != nil {
				return err
			}
			part := make([]byte, len("begun, "))
			_, err = io.ReadFull(r, part)
			text = string(part)
			return err
		})
		finishes(t, func() error {
			if err := server.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
				return err
			}
			n, err := r.Read(make([]byte, 10))
			if n > 0 {
				return fmt.Errorf("%d bytes came", n)
			}
			return expectError(err, os.ErrDeadlineExceeded)
		})
		finishes(t, func() error {
			_, err := peer.Write(clientFrame(0x80, []byte("and ended")))
			return err
		}, func() error {
			if err := server.SetReadDeadline(time.Time{}); err != nil {
				return err
			}
			rest, err := io.ReadAll(r)
			text += string(rest)
			return err
		})
		if text != "begun, and ended" {
			t.Errorf("%q", text)
		}
	})
}

func TestServerGetsAnotherReadLimitWhileItRunsTheNextMessageIsJudgedByIt(t *testing.T) {
	server, peer := besides(t, "tcp", nil)
	exchange := func(length int) error {
		if _, err := peer.Write(clientFrame(0x82, make([]byte, length))); err != nil {
			return err
		}
		_, data, err := server.ReadMessage()
		if err == nil && len(data) != length {
			return fmt.Errorf("%d bytes came, not %d", len(data), length)
		}
		return err
	}
	finishes(t, func() error {
		for _, step := range []struct {
			limit int64
			sizes []int
		}{{1000, []int{1000, 10}}, {5, []int{5}}, {100000, []int{100000}}, {4, []int{4}}} {
			server.SetReadLimit(step.limit)
			for _, size := range step.sizes {
				if err := exchange(size); err != nil {
					return fmt.Errorf("%d bytes with the limit %d: %w", size, step.limit, err)
				}
			}
		}
		if err := expectError(exchange(5), tidewire.ErrLimitMessage); err != nil {
			return err
		}
		first, payload, err := serverFrame(peer)
		if err != nil || first != 0x88 || !bytes.HasPrefix(payload, []byte{0x03, 0xF1}) {
			return fmt.Errorf("the close frame is %x %x, %w", first, payload, err)
		}
		return nil
	})
}

func TestServerLimitIsSetByOthersWhileItReads(t *testing.T) {
	server, client := connected(t, "tcp", nil)
	const count = 300
	finishes(t, func() error {
		for i := range count {
			server.SetReadLimit(int64(1000 + i))
		}
		return nil
	}, func() error {
		for range count {
			if err := expectMessage(server, "short"); err != nil {
				return err
			}
		}
		return nil
	}, func() error {
		for range count {
			if err := client.WriteMessage(tidewire.TextMessage, []byte("short")); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestBothRolesAreClosedByOthersWhileTheyReadAndWrite(t *testing.T) {
	onNetworks(t, func(t *testing.T, network string) {
		for round := range 30 {
			server, client := connected(t, network, nil)
			var functions []func() error
			for _, conn := range []*tidewire.Conn{server, client} {
				functions = append(functions, func() error {
					for {
						if _, _, err := conn.ReadMessage(); err != nil {
							break
						}
					}
					return nil
				}, func() error {
					for {
						if err := conn.WriteMessage(tidewire.BinaryMessage, make([]byte, 1000)); err != nil {
							break
						}
					}
					return nil
				}, func() error {
					for {
						if err := conn.WriteMessageNoFlush(tidewire.BinaryMessage, make([]byte, 100)); err != nil {
							break
						}
					}
					return nil
				})
				for range 2 {
					functions = append(functions, func() error {
						time.Sleep(time.Duration(round) * 100 * time.Microsecond)
						conn.Close()
						conn.Stats()
						conn.SetReadLimit(1)
						return nil
					})
				}
			}
			finishes(t, functions...)
			for _, conn := range []*tidewire.Conn{server, client} {
				_, _, err := conn.ReadMessage()
				written := conn.WriteMessage(tidewire.TextMessage, nil)
				if !errors.Is(err, net.ErrClosed) || !errors.Is(written, net.ErrClosed) {
					t.Fatalf("reading ends with %v, writing with %v", err, written)
				}
			}
		}
	})
}
