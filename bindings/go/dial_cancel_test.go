// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"testing"

	"tidewire"
)

// Whatever a client waits for, the end of its context ends it, and leaves neither a socket nor a goroutine.
func TestClient_ContextEnds_EveryStepEnds(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("steps", func(t *testing.T) {
		const tunnel = "HTTP/1.1 200 OK\r\n\r\n"
		for _, test := range []struct{ name, scheme, proxy, answer string }{
			{"handshake", "ws", "", ""},
			{"half a response", "ws", "", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: web"},
			{"TLS", "wss", "", ""},
			{"proxy", "ws", "http", ""},
			{"TLS of the proxy", "ws", "https", ""},
			{"handshake through the proxy", "ws", "http", tunnel},
			{"TLS through the proxy", "wss", "http", tunnel},
		} {
			t.Run(test.name, func(t *testing.T) { checkCancel(t, test.scheme, test.proxy, test.answer) })
		}
		t.Run("connecting", checkCancelConnecting)
	})
	checkNoGoroutine(t, before)
}

// checkCancel dials a server, or a proxy, that answers the first that it reads and is silent then.
func checkCancel(t *testing.T, scheme, proxy, answer string) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the user has left")
	closed := make(chan struct{})
	addr := listen(t, func(nc net.Conn) {
		defer close(closed)
		buf := make([]byte, 4096)
		nc.Read(buf)
		io.WriteString(nc, answer)
		if proxy != "" && answer != "" {
			nc.Read(buf) // what the client sends through the tunnel
		}
		cancel(cause)
		io.Copy(io.Discard, nc)
	})
	opts := &tidewire.DialOptions{}
	if proxy != "" {
		opts.Proxy = http.ProxyURL(&url.URL{Scheme: proxy, Host: addr})
	}
	conn, resp, err := tidewire.Dial(ctx, scheme+"://"+addr, opts)
	if conn != nil || resp != nil || !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
		t.Errorf("Dial() = %v, %v, %v", conn, resp, err)
	}
	<-closed
}

func checkCancelConnecting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	conn, resp, err := tidewire.Dial(ctx, "ws://127.0.0.1/", &tidewire.DialOptions{
		NetDialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			cancel()
			<-ctx.Done()
			return nil, ctx.Err()
		},
	})
	if conn != nil || resp != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("Dial() = %v, %v, %v", conn, resp, err)
	}
}

func TestClient_ContextHasEnded_ConnectsToNobody(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	addr := listen(t, func(nc net.Conn) {
		if n, _ := nc.Read(make([]byte, 1)); n > 0 {
			t.Error("the client sent something")
		}
	})
	_, _, err := tidewire.Dial(ctx, "ws://"+addr, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Dial() = %v", err)
	}
}
