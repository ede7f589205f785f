// SPDX-License-Identifier: MIT

package interop_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"

	"github.com/lxzan/gws"
)

// gwsEnd is the handler of its connection.
type gwsEnd struct {
	gws.BuiltinEventHandler
	conn     *gws.Conn
	received *inbox
	pongs    chan struct{}
}

func newGwsEnd() *gwsEnd {
	return &gwsEnd{received: newInbox(), pongs: make(chan struct{}, 1)}
}

func deflateOfGws(s settings) gws.PermessageDeflate {
	return gws.PermessageDeflate{
		Enabled:               s.deflate,
		ServerContextTakeover: s.takeover,
		ClientContextTakeover: s.takeover,
		ServerMaxWindowBits:   15,
		ClientMaxWindowBits:   15,
	}
}

func upgradeGws(s settings, w http.ResponseWriter, r *http.Request) (end, error) {
	e := newGwsEnd()
	conn, err := gws.NewUpgrader(e, &gws.ServerOption{
		CheckUtf8Enabled:  true,
		PermessageDeflate: deflateOfGws(s),
		SubProtocols:      s.subprotocols,
		// It has no check of origins of its own.
		Authorize: func(r *http.Request, _ gws.SessionStorage) bool { return r.Header.Get("Origin") == "" },
	}).Upgrade(w, r)
	if err != nil {
		return nil, err
	}
	return e.run(conn), nil
}

func dialGws(s settings, url string, config *tls.Config) (end, *http.Response, error) {
	e := newGwsEnd()
	header := http.Header{}
	if s.origin != "" {
		header.Set("Origin", s.origin)
	}
	if len(s.subprotocols) > 0 {
		header.Set("Sec-WebSocket-Protocol", strings.Join(s.subprotocols, ", "))
	}
	conn, response, err := gws.NewClient(e, &gws.ClientOption{
		Addr:              url,
		RequestHeader:     header,
		CheckUtf8Enabled:  true,
		PermessageDeflate: deflateOfGws(s),
		TlsConfig:         config,
	})
	if err != nil {
		return nil, response, err
	}
	return e.run(conn), response, nil
}

func (e *gwsEnd) run(conn *gws.Conn) end {
	e.conn = conn
	go conn.ReadLoop()
	return e
}

func (e *gwsEnd) OnMessage(_ *gws.Conn, m *gws.Message) {
	e.received.messages <- message{int(m.Opcode), bytes.Clone(m.Bytes())}
	_ = m.Close() // always nil
}

func (e *gwsEnd) OnPing(conn *gws.Conn, payload []byte) { _ = conn.WritePong(payload) }
func (e *gwsEnd) OnPong(*gws.Conn, []byte)              { e.pongs <- struct{}{} }

func (e *gwsEnd) OnClose(_ *gws.Conn, err error) {
	var ended *gws.CloseError
	if errors.As(err, &ended) {
		err = closed{int(ended.Code), string(ended.Reason)}
	}
	e.received.end <- err
	close(e.received.messages)
}

func (e *gwsEnd) inbox() *inbox       { return e.received }
func (e *gwsEnd) drop()               { e.conn.NetConn().Close() }
func (e *gwsEnd) subprotocol() string { return e.conn.SubProtocol() }

func (e *gwsEnd) send(kind int, data []byte) error {
	return e.conn.WriteMessage(gws.Opcode(kind), data)
}

func (e *gwsEnd) ping() error {
	if err := e.conn.WritePing([]byte("ping")); err != nil {
		return err
	}
	return await(e.pongs)
}

func (e *gwsEnd) close(code int, reason string) error {
	return e.conn.WriteClose(uint16(code), []byte(reason))
}
