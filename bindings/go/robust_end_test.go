// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"testing"

	"tidewire"
)

// answerAll sends back messages until reading fails, and returns why.
func answerAll(conn *tidewire.Conn) error {
	for {
		kind, data, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		if err := conn.WriteMessageNoFlush(kind, data); err != nil {
			return err
		}
	}
}

// closeWrite ends one direction of a stream.
func closeWrite(stream net.Conn) error {
	return stream.(interface{ CloseWrite() error }).CloseWrite()
}

func TestServerWhosePeerHalfClosesAfterMessagesAnswersThemAll(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		server, peer := besides(t, network, nil)
		const count = 500
		finishes(t, func() error {
			return expectError(answerAll(server), tidewire.ErrEOF)
		}, func() error {
			for range count {
				if _, err := peer.Write(clientFrame(0x82, make([]byte, 300))); err != nil {
					return err
				}
			}
			return closeWrite(peer)
		}, func() error {
			for i := range count {
				first, payload, err := serverFrame(peer)
				if err != nil || first != 0x82 || len(payload) != 300 {
					return fmt.Errorf("%s, answer %d: %x, %d bytes, %w", network, i, first, len(payload), err)
				}
			}
			return nil
		})
	}
}

func TestServerWhosePeerHalfClosesAfterItsCloseFrameSeesTheCloseFrame(t *testing.T) {
	server, peer := besides(t, "tcp", nil)
	if _, err := peer.Write(clientFrame(0x88, []byte("\x03\xE9going"))); err != nil {
		t.Fatal(err)
	}
	if err := closeWrite(peer); err != nil {
		t.Fatal(err)
	}
	finishes(t, func() error {
		for range 2 {
			_, _, err := server.ReadMessage()
			var closed *tidewire.CloseError
			if !errors.As(err, &closed) || closed.Code != 1001 || closed.Text != "going" {
				return fmt.Errorf("reading ended with %w", err)
			}
		}
		first, payload, err := serverFrame(peer)
		if err != nil || first != 0x88 || !bytes.HasPrefix(payload, []byte{0x03, 0xE9}) {
			return fmt.Errorf("the answer is %x %x, %w", first, payload, err)
		}
		return nil
	})
}

func TestServerWhosePeerIsGoneFails(t *testing.T) {
	for name, leave := range map[string]func(net.Conn) error{
		"reset": func(peer net.Conn) error {
			if err := peer.(*net.TCPConn).SetLinger(0); err != nil {
				return err
			}
			return peer.Close()
		},
		"closed":  net.Conn.Close,
		"in half": func(peer net.Conn) error { defer peer.Close(); _, err := peer.Write([]byte{0x82}); return err },
	} {
		server, peer := besides(t, "tcp", nil)
		finishes(t, func() error { return leave(peer) }, func() error {
			_, _, err := server.ReadMessage()
			if err == nil || errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("%s: reading ended with %v", name, err)
			}
			if _, _, again := server.ReadMessage(); again == nil || again.Error() != err.Error() {
				return fmt.Errorf("%s: reading again ended with %v, not %v", name, again, err)
			}
			if err := server.WriteMessage(tidewire.TextMessage, nil); err == nil {
				return fmt.Errorf("%s: writing goes on", name)
			}
			return nil
		})
	}
}

func TestServerIsSentWhatBreaksARuleAnswersWhatCameBeforeAndTellsTheCode(t *testing.T) {
	onNetworks(t, func(t *testing.T, network string) {
		server, peer := besides(t, network, nil)
		finishes(t, func() error {
			var stream []byte
			for i := range 20 {
				stream = append(stream, clientFrame(0x82, []byte{byte(i)})...)
			}
			_, err := peer.Write(append(stream, clientFrame(0x83, nil)...))
			return err
		}, func() error {
			err := answerAll(server)
			if err := expectError(err, tidewire.ErrOpcode); err != nil {
				return err
			}
			var failure *tidewire.Error
			if !errors.As(err, &failure) || failure.Offset != 20*7 || failure.CloseCode != 1002 {
				return fmt.Errorf("the failure is %+v", failure)
			}
			return server.Close()
		}, func() error {
			for i := range 20 {
				first, payload, err := serverFrame(peer)
				if err != nil || first != 0x82 || !bytes.Equal(payload, []byte{byte(i)}) {
					return fmt.Errorf("answer %d is %x %x, %w", i, first, payload, err)
				}
			}
			first, payload, err := serverFrame(peer)
			if err != nil || first != 0x88 || !bytes.HasPrefix(payload, []byte{0x03, 0xEA}) {
				return fmt.Errorf("the close frame is %x %x, %w", first, payload, err)
			}
			return nil
		})
	})
}
