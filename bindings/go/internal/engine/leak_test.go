// SPDX-License-Identifier: MIT

package engine_test

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"tidewire/internal/engine"
)

// resident is how many bytes of the process are in memory, what Go does not need left out.
func resident(t *testing.T) int {
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("the system does not tell what memory is used: ", err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// use has a connection do what takes memory: events, a stage, output, compression, a cut message and a failure.
func use(conn *engine.Conn) {
	events := make([]engine.Event, 4)
	conn.Stage(engine.Text, []byte("staged"), 0)
	conn.Flush(engine.NoSocket)
	conn.Send(engine.Binary, make([]byte, 300), engine.SendCompress)
	conn.Ping([]byte("ping"))
	conn.Feed([]byte("\x89\x80\x00\x00\x00\x00\x82\xFE\x04\x00\x00\x00\x00\x00cut"))
	conn.Receive([]byte("more"), events)
	conn.CloseWith(1000, "enough")
	conn.Receive(make([]byte, 2000), events)
	conn.Stats()
}

func TestConnectionsOfTheEngineLeaveNoMemory(t *testing.T) {
	if isRace {
		t.Skip("the race detector keeps memory of its own")
	}
	pool, status := engine.NewPool(0, nil)
	if status != engine.OK {
		t.Fatal(status)
	}
	defer pool.Unref()
	deflate := &engine.DeflateConfig{MaxContextLen: 1 << 20}
	takeover := &engine.Deflate{
		Enabled: true, SendTakeover: true, ReceiveTakeover: true, SendWindowBits: 15, ReceiveWindowBits: 15,
	}
	request := &engine.HandshakeConfig{
		Host: "localhost", Origin: "http://localhost", Subprotocols: []string{"a", "b"}, Headers: [][2]string{{"X", "y"}},
	}
	refused := &engine.HandshakeConfig{Host: "localhost", Target: "no slash"}
	configs := []*engine.Config{
		{Flags: engine.Upgraded},
		{Flags: engine.Upgraded, Pool: pool, LogLevel: engine.LogDebug, Ticks: true},
		{Flags: engine.Upgraded, Pool: pool, Deflate: deflate, Negotiated: takeover},
		{Role: engine.RoleClient, Handshake: request, Deflate: deflate, Random: make([]byte, 1000)},
		{Role: engine.RoleClient, Handshake: refused, Pool: pool},
		{Role: engine.RoleClient, Handshake: request, Random: []byte{}},
	}
	before := 0
	const count = 60000
	for i := range count {
		for j, config := range configs {
			conn, status := engine.New(config)
			if isRefused := j >= 4; isRefused != (status != engine.OK) {
				t.Fatalf("configuration %d: %v", j, status)
			}
			if status == engine.OK {
				use(conn)
				conn.Destroy()
				conn.Destroy()
			}
		}
		prepared, status := engine.NewPrepared(engine.Text, make([]byte, 200), 0, pool)
		if status != engine.OK {
			t.Fatal(status)
		}
		prepared.Destroy()
		if i == count/10 {
			before = resident(t)
		}
	}
	// 100 bytes for each connection of one configuration would be 5.4 MB.
	if more := resident(t) - before; more > 4<<20 {
		t.Errorf("%d bytes are left", more)
	}
	if stats := pool.Stats(); stats.InUseLen != 0 {
		t.Errorf("%d bytes of the pool are in use", stats.InUseLen)
	}
}
