// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"errors"
	"fmt"
	"net"
	"testing"

	"tidewire"
)

var errEnough = errors.New("enough")

// sendTogether has the peer write messages so that one read can bring them all.
func sendTogether(peer net.Conn, count int) error {
	var stream []byte
	for i := range count {
		stream = append(stream, clientFrame(0x81, fmt.Appendf(nil, "%d", i))...)
		stream = append(stream, clientFrame(0x89, nil)...)
	}
	_, err := peer.Write(stream)
	return err
}

func TestServerStopsInsideABatchTheRestComesNext(t *testing.T) {
	onNetworks(t, func(t *testing.T, network string) {
		const count = 300 // more than the events of one read
		server, peer := besides(t, network, nil)
		finishes(t, func() error {
			return sendTogether(peer, count)
		}, func() error {
			for i := range 2 * count { // the answers and the pongs
				if _, _, err := serverFrame(peer); err != nil {
					return fmt.Errorf("frame %d: %w", i, err)
				}
			}
			return nil
		}, func() error {
			for next := 0; next < count; {
				err := server.ReadBatch(func(kind tidewire.MessageType, data []byte) error {
					if string(data) != fmt.Sprint(next) {
						return fmt.Errorf("%q instead of message %d", data, next)
					}
					next++
					if err := server.WriteMessageNoFlush(kind, data); err != nil {
						return err
					}
					data[0] = 'x'
					if next%7 == 0 {
						return errEnough
					}
					return nil
				})
				if err != nil && err != errEnough {
					return err
				}
				if next%5 == 0 && next < count {
					if err := expectMessage(server, fmt.Sprint(next)); err != nil {
						return err
					}
					if err := server.WriteMessage(tidewire.TextMessage, nil); err != nil {
						return err
					}
					next++
				}
			}
			return server.Flush()
		})
	})
}

func TestServerIsClosedInsideABatchItsMessageStays(t *testing.T) {
	onNetworks(t, func(t *testing.T, network string) {
		pool := newPool(t)
		for byAnother := range 2 {
			server, peer := besides(t, network, &tidewire.Options{Pool: pool})
			go readAll(upgraded(t, peer, tidewire.RoleClient, nil)) // the pongs
			go sendTogether(peer, 3)
			finishes(t, func() error {
				handled := 0
				err := server.ReadBatch(func(_ tidewire.MessageType, data []byte) error {
					if handled++; byAnother == 1 {
						closed := make(chan error)
						go func() { closed <- server.Close() }()
						<-closed
					} else {
						server.Close()
					}
					if string(data) != "0" {
						return fmt.Errorf("the message is %q", data)
					}
					return nil
				})
				if handled != 1 {
					return fmt.Errorf("%d messages were handled", handled)
				}
				return expectError(err, net.ErrClosed)
			})
			if held := pool.Stats().InUseLen; held != 0 {
				t.Errorf("%d bytes are held", held)
			}
		}
	})
}
