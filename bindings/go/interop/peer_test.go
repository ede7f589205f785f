// SPDX-License-Identifier: MIT

package interop_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// guard is how long anything may take before a test gives up.
const guard = 20 * time.Second

// The numbers that all of the libraries have for the kinds of messages.
const (
	text   = 1
	binary = 2
)

type message struct {
	kind int
	data []byte
}

// closed is what an end gets when a close frame came.
type closed struct {
	code   int
	reason string
}

func (c closed) Error() string { return fmt.Sprintf("closed with %d %q", c.code, c.reason) }

// settings are what a library is asked for. Not all of them have everything.
type settings struct {
	deflate      bool // permessage-deflate
	takeover     bool // both sides keep their context between messages
	subprotocols []string
	origin       string // of a client; servers refuse that of another host
}

// end is one side of an open connection. A goroutine of its own reads all the time, and puts what comes into inbox.
type end interface {
	inbox() *inbox
	send(kind int, data []byte) error
	ping() error // returns when the pong is there
	// close sends a close frame. See library.seesAnswer.
	close(code int, reason string) error
	drop() // ends everything at once
	subprotocol() string
}

// fragmenter is an end that can send a message in frames of its caller's choice.
type fragmenter interface {
	sendFragments(kind int, pieces [][]byte) error
}

// library is one of those that are compared.
type library struct {
	name    string
	upgrade func(s settings, w http.ResponseWriter, r *http.Request) (end, error)
	dial    func(s settings, url string, config *tls.Config) (end, *http.Response, error)

	refusal     int  // HTTP status with which its server refuses a foreign origin
	hasTakeover bool // can keep the context of permessage-deflate
	seesAnswer  bool // what answers its close frame comes to its inbox
}

var (
	ours = library{
		name: "tidewire", upgrade: upgradeOurs, dial: dialOurs,
		refusal: http.StatusForbidden, hasTakeover: true, seesAnswer: true,
	}
	peers = []library{
		{
			name: "gorilla", upgrade: upgradeGorilla, dial: dialGorilla,
			refusal: http.StatusForbidden, seesAnswer: true,
		},
		{
			name: "gws", upgrade: upgradeGws, dial: dialGws,
			refusal: http.StatusBadRequest, hasTakeover: true,
		},
		{
			name: "coder", upgrade: upgradeCoder, dial: dialCoder,
			refusal: http.StatusForbidden, hasTakeover: true,
		},
	}
)

// inbox has what came to one end.
type inbox struct {
	messages chan message
	end      chan error // one, after the messages
}

func newInbox() *inbox {
	return &inbox{messages: make(chan message, 64), end: make(chan error, 1)}
}

// fill is what the goroutine of an end does.
func (i *inbox) fill(next func() (int, []byte, error)) {
	defer close(i.messages)
	for {
		kind, data, err := next()
		if err != nil {
			i.end <- err
			return
		}
		i.messages <- message{kind, data}
	}
}

// next is the next message, or what ended the connection.
func (i *inbox) next() (message, error) {
	select {
	case m, ok := <-i.messages:
		if ok {
			return m, nil
		}
		return message{}, <-i.end
	case <-time.After(guard):
		return message{}, fmt.Errorf("nothing came within %v", guard)
	}
}

// connection has both ends of one.
type connection struct {
	server, client     end
	ofServer, ofClient library
}

// eachPair runs a test with ours as server of each peer's client, and as client of each peer's server.
func eachPair(t *testing.T, test func(t *testing.T, server, client library)) {
	for _, peer := range peers {
		for _, pair := range [][2]library{{ours, peer}, {peer, ours}} {
			t.Run(fmt.Sprintf("%sServer_%sClient", pair[0].name, pair[1].name), func(t *testing.T) {
				t.Parallel()
				test(t, pair[0], pair[1])
			})
		}
	}
}

// connect opens a connection that the test's end ends. start is how the server starts, with TLS or without.
func connect(t *testing.T, server, client library, s settings, start func(*httptest.Server)) connection {
	t.Helper()
	accepted := make(chan end, 1)
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		opened, err := server.upgrade(s, w, r)
		if err != nil {
			t.Error("upgrade:", err)
			close(accepted)
			return
		}
		accepted <- opened
	}))
	start(web)
	t.Cleanup(web.Close)
	var config *tls.Config
	if web.TLS != nil {
		config = web.Client().Transport.(*http.Transport).TLSClientConfig
	}
	opened, _, err := client.dial(s, "ws"+strings.TrimPrefix(web.URL, "http"), config)
	if err != nil {
		t.Fatal("dial:", err)
	}
	t.Cleanup(opened.drop)
	at := <-accepted
	if at == nil {
		t.FailNow()
	}
	t.Cleanup(at.drop)
	return connection{at, opened, server, client}
}

// eachWay runs a part of a test from one end to the other, and back.
func (c connection) eachWay(t *testing.T, part func(t *testing.T, from, to end, by library)) {
	t.Helper()
	t.Run("toServer", func(t *testing.T) { part(t, c.client, c.server, c.ofClient) })
	t.Run("toClient", func(t *testing.T) { part(t, c.server, c.client, c.ofServer) })
}

// writePieces writes a message piece by piece.
func writePieces(writer io.WriteCloser, pieces [][]byte) error {
	for _, piece := range pieces {
		if _, err := writer.Write(piece); err != nil {
			return err
		}
	}
	return writer.Close()
}

func await(pongs <-chan struct{}) error {
	select {
	case <-pongs:
		return nil
	case <-time.After(guard):
		return fmt.Errorf("no pong within %v", guard)
	}
}
