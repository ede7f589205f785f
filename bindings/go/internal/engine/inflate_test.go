// SPDX-License-Identifier: MIT

package engine_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"testing"

	"tidewire/internal/engine"
)

// inflatedLen is what twelve calls inflate; deflated it does not fit into one read buffer.
const inflatedLen = 12 << 20

// compressedMessage is a frame of a client whose message inflates to that many zeros.
func compressedMessage(t *testing.T) []byte {
	t.Helper()
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, inflatedLen)); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	payload := bytes.TrimSuffix(deflated.Bytes(), []byte{0x00, 0x00, 0xFF, 0xFF})
	frame := binary.BigEndian.AppendUint16([]byte{0xC2, 0xFE}, uint16(len(payload)))
	return append(append(frame, 0, 0, 0, 0), payload...)
}

func inflating(t *testing.T) *engine.Conn {
	t.Helper()
	conn, status := engine.New(&engine.Config{
		Flags:      engine.Upgraded,
		Deflate:    &engine.DeflateConfig{MaxRatio: 100000},
		Negotiated: &engine.Deflate{Enabled: true, SendWindowBits: 15, ReceiveWindowBits: 15},
	})
	if status != engine.OK {
		t.Fatal(status)
	}
	t.Cleanup(conn.Destroy)
	return conn
}

// expectMessage takes what is left to take, until the message is there.
func expectMessage(t *testing.T, conn *engine.Conn) {
	t.Helper()
	if len(conn.Events()) == 0 {
		conn.Lend()
	}
	events := conn.Events()
	if status := conn.ReadStatus(); status < 0 || len(events) != 1 || events[0].Len() != inflatedLen {
		t.Errorf("%d events, %v", len(events), status)
	}
}

func TestServerReadsAMessageThatTakesManyCallsToInflate(t *testing.T) {
	conn := inflating(t)
	for frame := compressedMessage(t); len(frame) > 0; {
		if step := conn.Lend(); step != engine.Again {
			t.Fatalf("step %d, %v", step, conn.ReadStatus())
		}
		n := copy(conn.Room(), frame)
		frame = frame[n:]
		conn.Take(n)
	}
	expectMessage(t, conn)
}

func TestServerIsFedAMessageThatTakesManyCallsToInflate(t *testing.T) {
	conn := inflating(t)
	for frame := compressedMessage(t); len(frame) > 0; {
		n := conn.Feed(frame)
		if n == 0 {
			t.Fatalf("%d bytes are left, %v", len(frame), conn.ReadStatus())
		}
		frame = frame[n:]
	}
	expectMessage(t, conn)
}
