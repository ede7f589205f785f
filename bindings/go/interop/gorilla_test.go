// SPDX-License-Identifier: MIT

package interop_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

type gorillaEnd struct {
	*websocket.Conn
	received *inbox
	pongs    chan struct{}
}

func upgradeGorilla(s settings, w http.ResponseWriter, r *http.Request) (end, error) {
	upgrader := websocket.Upgrader{Subprotocols: s.subprotocols, EnableCompression: s.deflate}
	conn, err := upgrader.Upgrade(w, r, nil)
	return newGorillaEnd(conn, err), err
}

func dialGorilla(s settings, url string, config *tls.Config) (end, *http.Response, error) {
	dialer := websocket.Dialer{Subprotocols: s.subprotocols, EnableCompression: s.deflate, TLSClientConfig: config}
	header := http.Header{}
	if s.origin != "" {
		header.Set("Origin", s.origin)
	}
	conn, response, err := dialer.Dial(url, header)
	return newGorillaEnd(conn, err), response, err
}

func newGorillaEnd(conn *websocket.Conn, err error) end {
	if err != nil {
		return nil
	}
	e := &gorillaEnd{conn, newInbox(), make(chan struct{}, 1)}
	conn.SetPongHandler(func(string) error {
		e.pongs <- struct{}{}
		return nil
	})
	go e.received.fill(func() (int, []byte, error) {
		kind, data, err := conn.ReadMessage()
		var ended *websocket.CloseError
		if errors.As(err, &ended) {
			err = closed{ended.Code, ended.Text}
		}
		return kind, data, err
	})
	return e
}

func (e *gorillaEnd) inbox() *inbox       { return e.received }
func (e *gorillaEnd) drop()               { e.Conn.Close() }
func (e *gorillaEnd) subprotocol() string { return e.Subprotocol() }

func (e *gorillaEnd) send(kind int, data []byte) error { return e.WriteMessage(kind, data) }

// sendFragments makes a frame of what its buffer does not hold, so that pieces have to be longer.
func (e *gorillaEnd) sendFragments(kind int, pieces [][]byte) error {
	writer, err := e.NextWriter(kind)
	if err != nil {
		return err
	}
	return writePieces(writer, pieces)
}

func (e *gorillaEnd) ping() error {
	if err := e.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(guard)); err != nil {
		return err
	}
	return await(e.pongs)
}

func (e *gorillaEnd) close(code int, reason string) error {
	return e.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(guard))
}
