// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tidewire"
)

func TestServerWriteIsCancelledWhileAPongWaitsThePongLeaves(t *testing.T) {
	server, peer := besidesFull(t)
	if _, err := peer.Write(append(clientFrame(0x89, nil), clientFrame(0x81, nil)...)); err != nil {
		t.Fatal(err)
	}
	finishes(t, func() error {
		if err := expectMessage(server, ""); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		return expectError(server.WriteMessageContext(ctx, tidewire.BinaryMessage, nil), context.DeadlineExceeded)
	})
	for {
		first, _, err := serverFrame(peer)
		if err != nil {
			t.Fatal(err)
		}
		if first == 0x8A {
			return
		}
	}
}

func TestServerWriteIsCancelledMessagesArriveWholeAndInOrder(t *testing.T) {
	onNetworks(t, func(t *testing.T, network string) {
		server, client := connected(t, network, nil)
		filler := strings.Repeat("f", 1<<16)
		const last = 300
		var written [last + 1]atomic.Bool
		finishes(t, func() error {
			for number := range last {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(number%7)*time.Millisecond)
				message := fmt.Appendf(nil, "%d %s", number, filler[:number*200%len(filler)])
				err := server.WriteMessageContext(ctx, tidewire.TextMessage, message)
				cancel()
				written[number].Store(err == nil)
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					return err
				}
			}
			written[last].Store(true)
			return server.WriteMessage(tidewire.TextMessage, fmt.Appendf(nil, "%d ", last))
		}, func() error {
			for next := 0; next <= last; next++ {
				_, data, err := client.ReadMessage()
				if err != nil {
					return err
				}
				for !startsWith(data, next) {
					if next == last || written[next].Load() {
						return fmt.Errorf("%.20q instead of message %d", data, next)
					}
					next++
				}
				time.Sleep(time.Duration(next%3) * time.Millisecond)
			}
			return nil
		})
	})
}

func TestServerIsClosedWhileItsWritersAreHeldUp(t *testing.T) {
	onNetworks(t, func(t *testing.T, network string) {
		server, _ := connected(t, network, nil)
		write := func() error {
			_, err := fill(server)
			return expectError(err, net.ErrClosed)
		}
		finishes(t, write, write, func() error {
			time.Sleep(50 * time.Millisecond)
			return server.Close()
		})
	})
}
