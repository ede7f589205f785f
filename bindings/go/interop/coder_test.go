// SPDX-License-Identifier: MIT

package interop_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"

	"github.com/coder/websocket"
)

type coderEnd struct {
	*websocket.Conn
	received *inbox
}

func deflateOfCoder(s settings) websocket.CompressionMode {
	switch {
	case s.takeover:
		return websocket.CompressionContextTakeover
	case s.deflate:
		return websocket.CompressionNoContextTakeover
	}
	return websocket.CompressionDisabled
}

func upgradeCoder(s settings, w http.ResponseWriter, r *http.Request) (end, error) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:    s.subprotocols,
		CompressionMode: deflateOfCoder(s),
	})
	return newCoderEnd(conn, err), err
}

func dialCoder(s settings, url string, config *tls.Config) (end, *http.Response, error) {
	header := http.Header{}
	if s.origin != "" {
		header.Set("Origin", s.origin)
	}
	conn, response, err := websocket.Dial(context.Background(), url, &websocket.DialOptions{
		HTTPClient:      &http.Client{Transport: &http.Transport{TLSClientConfig: config}},
		HTTPHeader:      header,
		Subprotocols:    s.subprotocols,
		CompressionMode: deflateOfCoder(s),
	})
	return newCoderEnd(conn, err), response, err
}

func newCoderEnd(conn *websocket.Conn, err error) end {
	if err != nil {
		return nil
	}
	conn.SetReadLimit(-1)
	e := &coderEnd{conn, newInbox()}
	go e.received.fill(func() (int, []byte, error) {
		kind, data, err := conn.Read(context.Background())
		var ended websocket.CloseError
		if errors.As(err, &ended) {
			err = closed{int(ended.Code), ended.Reason}
		}
		return int(kind), data, err
	})
	return e
}

func (e *coderEnd) inbox() *inbox       { return e.received }
func (e *coderEnd) drop()               { e.CloseNow() }
func (e *coderEnd) subprotocol() string { return e.Subprotocol() }

func (e *coderEnd) send(kind int, data []byte) error {
	return e.Write(context.Background(), websocket.MessageType(kind), data)
}

func (e *coderEnd) sendFragments(kind int, pieces [][]byte) error {
	writer, err := e.Writer(context.Background(), websocket.MessageType(kind))
	if err != nil {
		return err
	}
	return writePieces(writer, pieces)
}

func (e *coderEnd) ping() error {
	ctx, cancel := context.WithTimeout(context.Background(), guard)
	defer cancel()
	return e.Ping(ctx)
}

func (e *coderEnd) close(code int, reason string) error {
	return e.Close(websocket.StatusCode(code), reason)
}
