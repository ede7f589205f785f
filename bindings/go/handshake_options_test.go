// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"

	"tidewire"
)

func TestBothSides_NegotiateCompression(t *testing.T) {
	yes := &tidewire.Options{Compression: &tidewire.Compression{MinLen: 1}}
	for _, test := range []struct {
		name           string
		client, server *tidewire.Options
		want           bool
	}{
		{"both", yes, yes, true},
		{"client", yes, nil, false},
		{"server", nil, yes, false},
		{"neither", nil, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			addr := serve(t, echoHandler(&tidewire.Upgrader{Options: test.server}))
			conn, resp := mustDial(t, addr, &tidewire.DialOptions{Options: test.client})
			answer := resp.Header.Get("Sec-WebSocket-Extensions")
			if strings.Contains(answer, "permessage-deflate") != test.want {
				t.Errorf("the answer is %q", answer)
			}
			checkEcho(t, conn)
			if sent := conn.Stats().DeflatedSentLen > 0; sent != test.want {
				t.Errorf("the message was compressed: %v, want %v", sent, test.want)
			}
		})
	}
}

func TestBothSides_LogHandshakesThatFail(t *testing.T) {
	var mu sync.Mutex
	var lines strings.Builder
	logger := slog.New(slog.NewTextHandler(writerFunc(func(line []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return lines.Write(line)
	}), nil))
	options := &tidewire.Options{Logger: logger}
	addr := serve(t, echoHandler(&tidewire.Upgrader{Options: options}))
	_, _, err := tidewire.Dial(t.Context(), addr, &tidewire.DialOptions{Options: options, Origin: "https://evil.example"})
	checkStatus(t, err, tidewire.ErrHTTPStatus)
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []string{"TW_ERR_ORIGIN", "TW_ERR_HTTP_STATUS"} {
		if strings.Count(lines.String(), "level=ERROR") != 2 || !strings.Contains(lines.String(), want) {
			t.Errorf("the log has no %s:\n%s", want, lines.String())
		}
	}
}

// writerFunc is a function as an io.Writer.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(data []byte) (int, error) { return f(data) }
