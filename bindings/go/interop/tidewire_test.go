// SPDX-License-Identifier: MIT

package interop_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"time"

	"tidewire"
)

type ourEnd struct {
	*tidewire.Conn
	received *inbox
	pongs    chan struct{}
}

func ourOptions(s settings) *tidewire.Options {
	options := &tidewire.Options{}
	if s.deflate {
		options.Compression = &tidewire.Compression{}
	}
	if s.takeover {
		options.Compression.MaxContextLen = 512 * 1024
	}
	return options
}

func upgradeOurs(s settings, w http.ResponseWriter, r *http.Request) (end, error) {
	upgrader := tidewire.Upgrader{Subprotocols: s.subprotocols, Options: ourOptions(s)}
	conn, err := upgrader.Upgrade(w, r)
	return newOurEnd(conn, err), err
}

func dialOurs(s settings, url string, config *tls.Config) (end, *http.Response, error) {
	conn, response, err := tidewire.Dial(context.Background(), url, &tidewire.DialOptions{
		Subprotocols: s.subprotocols,
		Origin:       s.origin,
		TLSConfig:    config,
		Options:      ourOptions(s),
	})
	return newOurEnd(conn, err), response, err
}

func newOurEnd(conn *tidewire.Conn, err error) end {
	if err != nil {
		return nil
	}
	e := &ourEnd{conn, newInbox(), make(chan struct{}, 1)}
	conn.SetPongHandler(func(string) error {
		e.pongs <- struct{}{}
		return nil
	})
	go e.received.fill(func() (int, []byte, error) {
		kind, data, err := conn.ReadMessage()
		var ended *tidewire.CloseError
		if errors.As(err, &ended) {
			err = closed{ended.Code, ended.Text}
		}
		return int(kind), data, err
	})
	return e
}

func (e *ourEnd) inbox() *inbox       { return e.received }
func (e *ourEnd) drop()               { e.Close() }
func (e *ourEnd) subprotocol() string { return e.Subprotocol() }

func (e *ourEnd) send(kind int, data []byte) error {
	return e.WriteMessage(tidewire.MessageType(kind), data)
}

func (e *ourEnd) sendFragments(kind int, pieces [][]byte) error {
	writer, err := e.NextWriter(tidewire.MessageType(kind))
	if err != nil {
		return err
	}
	return writePieces(writer, pieces)
}

func (e *ourEnd) ping() error {
	if err := e.WriteControl(tidewire.PingMessage, []byte("ping"), time.Now().Add(guard)); err != nil {
		return err
	}
	return await(e.pongs)
}

func (e *ourEnd) close(code int, reason string) error {
	return e.WriteControl(tidewire.CloseMessage, tidewire.FormatCloseMessage(code, reason), time.Now().Add(guard))
}
