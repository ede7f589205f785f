// SPDX-License-Identifier: MIT

package tidewire

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"tidewire/internal/engine"
)

const (
	maxRejectedLen = 65536       // bytes that a client that is refused may still send
	rejectedTime   = time.Second // that it may take to read why
)

// Accept does the opening handshake on a stream that a client has just opened: the way of a server without net/http,
// which spends least on a connection. The request tells what the client asked for, and has ctx as its context; ctx has
// no effect on the connection after Accept has returned.
//
// A request that is refused is answered, and the error is an *[Error] then; the function Error of the Upgrader is not
// called. nc is closed with every error.
func (u *Upgrader) Accept(ctx context.Context, nc net.Conn) (*Conn, *http.Request, error) {
	o, err := u.newOpening("accept", nil)
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	bounded, cancel := handshakeContext(ctx, u.HandshakeTimeout)
	defer cancel()
	var r *http.Request
	err = interruptible(bounded, nc, o.op, func() (err error) {
		if r, err = o.incoming(ctx, nc); err == nil {
			err = u.reconsider(o, r)
		}
		if err != nil {
			reject(nc, err)
		}
		return err
	})
	if err != nil {
		o.discard()
		nc.Close()
		return nil, nil, err
	}
	conn, err := u.open(bounded, nc, o)
	if err != nil {
		return nil, nil, err
	}
	return conn, r, nil
}

// incoming reads a request from nc.
func (o *opening) incoming(ctx context.Context, nc net.Conn) (*http.Request, error) {
	if err := o.read(nc); err != nil {
		return nil, err
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(o.head())))
	if err != nil {
		return nil, handshakeError(ErrHTTPSyntax, o.op, err) // such as a target with a broken escape
	}
	r.RemoteAddr = nc.RemoteAddr().String()
	if secure, ok := nc.(*tls.Conn); ok {
		state := secure.ConnectionState()
		r.TLS = &state
	}
	return r.WithContext(ctx), nil
}

// reconsider asks the functions of u about a request that is right otherwise. The engine gets it once more, now that
// the header of the response is known.
func (u *Upgrader) reconsider(o *opening, r *http.Request) error {
	if u.CheckOrigin == nil && u.ResponseHeader == nil {
		return nil
	}
	judged, err := u.judge(o.op, r, o.received, nil)
	if err != nil {
		return err
	}
	o.ec.Destroy()
	*o = *judged
	return nil
}

// reject writes why a request got no connection, and waits for the client to have read it: closing a socket that has
// unread input may take back what was written.
func reject(nc net.Conn, reason error) {
	var known *Error
	if !errors.As(reason, &known) {
		return // the stream failed
	}
	if _, err := nc.Write(engine.Refusal(engine.Status(known.Status))); err != nil {
		return
	}
	half, ok := nc.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	nc.SetReadDeadline(time.Now().Add(rejectedTime))
	io.Copy(io.Discard, io.LimitReader(nc, maxRejectedLen))
}
