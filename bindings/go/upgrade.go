// SPDX-License-Identifier: MIT

package tidewire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"tidewire/internal/engine"
)

// errHTTP2 is why a request of HTTP/2 is refused.
var errHTTP2 = errors.New("WebSocket over HTTP/2 (RFC 8441) is not supported: offer HTTP/1.1 alone")

// Upgrader is what a server wants of the opening handshake. The zero value are the defaults, strict: a page of another
// origin is refused. It may be shared, and is not changed by its methods.
type Upgrader struct {
	// Subprotocols are those that the server speaks, in the order of preference; the first that the client offers is
	// chosen. A client that offers none of them gets a connection without one.
	Subprotocols []string

	// Origins may connect besides the server's own pages, and programs, which send no Origin:
	// "https://example.com". Scheme, host and port count.
	Origins []string
	// AnyOrigin lets the pages of every site connect, with the cookies of whoever looks at them.
	AnyOrigin bool
	// CheckOrigin decides in place of Origins and AnyOrigin, about a request that is right otherwise. nil: they decide.
	CheckOrigin func(r *http.Request) bool

	// ResponseHeader gives headers to add to the response that accepts; what the handshake itself writes is refused with
	// ErrHeaderInjection, as in [DialOptions]. nil: none. See also [Upgrader.Upgrade].
	ResponseHeader func(r *http.Request) http.Header
	// Error writes the response to a request that Upgrade refuses, with an HTTP status that says why. What tells a
	// client how to do better (Sec-WebSocket-Version) is among the headers of w already. nil: a line of text.
	Error func(w http.ResponseWriter, r *http.Request, status int, reason error)

	// HandshakeTimeout bounds writing the response, and in Accept all of the handshake. 0: 10 s.
	HandshakeTimeout time.Duration
	// MaxHeadLen is the limit on the head of a request, and on one line of it, in bytes. 0: 16 KiB, and 8 KiB a line.
	MaxHeadLen int

	// Options are those of the connection. nil: the defaults.
	Options *Options
}

// IsWebSocketUpgrade tells whether r asks for a WebSocket, rightly or not: a handler that serves both pages and
// connections asks it first.
func IsWebSocketUpgrade(r *http.Request) bool {
	return lists(r.Header, "Connection", "upgrade") && lists(r.Header, "Upgrade", "websocket")
}

// Upgrade answers the request of a client with a connection. The headers of w are part of the response, but for those
// about a body. Nothing of net/http is used afterwards: its time-outs and [http.Server.Shutdown] do not know of the
// connection. w may be wrapped by something that has an Unwrap method.
//
// A request that is refused is answered, with the status that the protocol has for it, and the handler returns. The
// error is an *[Error] then.
func (u *Upgrader) Upgrade(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	const op = "upgrade"
	o, err := u.reread(op, w, r)
	if err != nil {
		u.refuse(w, r, err)
		return nil, err
	}
	nc, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		o.discard()
		err = handshakeError(ErrUnsupported, op, err)
		u.refuse(w, r, err)
		return nil, err
	}
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	o.received = append(o.received, early...)
	nc.SetDeadline(time.Time{}) // those of the http.Server
	ctx, cancel := handshakeContext(context.Background(), u.HandshakeTimeout)
	defer cancel()
	return u.open(ctx, nc, o)
}

// open writes the response of status 101, and makes the connection; without one, nc is closed.
func (u *Upgrader) open(ctx context.Context, nc net.Conn, o *opening) (*Conn, error) {
	err := interruptible(ctx, nc, o.op, func() error { return o.write(nc) })
	if err != nil {
		o.discard()
		nc.Close()
		return nil, err
	}
	return o.connect(nc, u.Subprotocols)
}

// reread lets the engine judge a request that net/http has read.
func (u *Upgrader) reread(op string, w http.ResponseWriter, r *http.Request) (*opening, error) {
	if r.ProtoMajor > 1 {
		return nil, handshakeError(ErrHTTPVersion, op, errHTTP2)
	}
	head, err := requestHead(r)
	if err != nil {
		return nil, handshakeError(ErrHTTPSyntax, op, err)
	}
	header := w.Header().Clone()
	for _, name := range []string{"Connection", "Content-Length", "Transfer-Encoding"} {
		header.Del(name) // about an ordinary response
	}
	return u.judge(op, r, head, fields(header))
}

// judge lets the engine judge a request, r, whose whole head has been received. header goes into the response.
func (u *Upgrader) judge(op string, r *http.Request, received []byte, header [][2]string) (*opening, error) {
	if u.ResponseHeader != nil {
		header = append(header, fields(u.ResponseHeader(r))...)
	}
	o, err := u.newOpening(op, header)
	if err != nil {
		return nil, err
	}
	o.received = received
	_, err = o.feed()
	if err == nil && u.CheckOrigin != nil && !u.CheckOrigin(r) {
		err = handshakeError(ErrOrigin, op, nil)
	}
	if err != nil {
		o.discard()
		return nil, err
	}
	return o, nil
}

// newOpening begins the server's side of a handshake.
func (u *Upgrader) newOpening(op string, headers [][2]string) (*opening, error) {
	if u.HandshakeTimeout < 0 || u.MaxHeadLen < 0 {
		return nil, handshakeError(ErrArgument, op, errors.New("a negative limit in Upgrader"))
	}
	handshake := &engine.HandshakeConfig{
		MaxHeadLen: headLimit(u.MaxHeadLen), MaxLineLen: headLimit(u.MaxHeadLen),
		Subprotocols: u.Subprotocols, Origins: u.Origins, Headers: headers,
	}
	if u.AnyOrigin || u.CheckOrigin != nil {
		handshake.Flags = engine.AnyOrigin
	}
	return newOpening(RoleServer, u.Options, handshake, op)
}

// refuse answers a request that got no connection, with the response that the engine has for the reason.
func (u *Upgrader) refuse(w http.ResponseWriter, r *http.Request, reason error) {
	resp := refusal(reason)
	header := w.Header()
	for name, values := range resp.Header {
		header[name] = values
	}
	// HTTP/2 has no such field. net/http closes a connection where the first line of it says so, and nothing else.
	if r.ProtoMajor == 1 {
		header.Set("Connection", "close")
		if header.Get("Upgrade") != "" {
			header.Add("Connection", "Upgrade")
		}
	}
	if u.Error != nil {
		header.Del("Content-Type")
		header.Del("Content-Length")
		u.Error(w, r, resp.StatusCode, reason)
		return
	}
	w.WriteHeader(resp.StatusCode)
	io.Copy(w, resp.Body)
}

// refusal is the response that the engine has for a reason; what no client is to blame for has status 500.
func refusal(reason error) *http.Response {
	var text []byte
	if known := (*Error)(nil); errors.As(reason, &known) {
		text = engine.Refusal(engine.Status(known.Status))
	}
	if text == nil {
		text = engine.Refusal(engine.ErrArgument)
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), nil)
	if err != nil {
		panic("tidewire: " + err.Error()) // the engine's own response
	}
	return resp
}

// lists tells whether a header has a word in its list, in any case.
func lists(header http.Header, name, word string) bool {
	for _, line := range header.Values(name) {
		for element := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.Trim(element, " \t"), word) {
				return true
			}
		}
	}
	return false
}
