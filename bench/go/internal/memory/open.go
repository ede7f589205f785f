// SPDX-License-Identifier: MIT

package memory

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
)

const (
	address = "ws://127.0.0.1/"
	key     = "dGhlIHNhbXBsZSBub25jZQ=="
)

// request is what a peer's server is told that a client asked.
func request() *http.Request {
	r, err := http.NewRequest(http.MethodGet, "http://127.0.0.1/", nil)
	if err != nil {
		panic(err)
	}
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
	r.Header.Set("Sec-WebSocket-Version", "13")
	r.Header.Set("Sec-WebSocket-Key", key)
	return r
}

// hijacked is the [http.ResponseWriter] of a peer's server, which gives it a conn.
type hijacked struct {
	conn   net.Conn
	header http.Header
}

func (h *hijacked) Header() http.Header         { return h.header }
func (h *hijacked) WriteHeader(int)             {}
func (h *hijacked) Write(p []byte) (int, error) { return len(p), nil }

func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReaderSize(h.conn, readLen), bufio.NewWriterSize(h.conn, readLen)), nil
}

func writerOf(c net.Conn) *hijacked {
	return &hijacked{conn: c, header: http.Header{}}
}

// dialled is what a peer's client gets when it dials: a conn that begins with the answer to its request.
type dialled struct {
	*conn
	request []byte
	answer  chan []byte // once
	rest    []byte      // of the answer
	open    bool
}

func (d *dialled) Write(data []byte) (int, error) {
	if d.open {
		return d.conn.Write(data)
	}
	d.request = append(d.request, data...)
	if bytes.HasSuffix(d.request, []byte("\r\n\r\n")) {
		d.open = true
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(d.request)))
		if err != nil {
			return 0, err
		}
		d.answer <- switching(r.Header.Get("Sec-WebSocket-Key"))
	}
	return len(data), nil
}

func (d *dialled) Read(room []byte) (int, error) {
	if len(d.rest) == 0 {
		select {
		case d.rest = <-d.answer:
		case <-d.closed:
		}
	}
	n := copy(room, d.rest)
	d.rest = d.rest[n:]
	if n == 0 {
		return 0, net.ErrClosed
	}
	return n, nil
}

// switching is the response that accepts a request with that key.
func switching(asked string) []byte {
	accept := sha1.Sum([]byte(asked + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(accept[:]))
}
