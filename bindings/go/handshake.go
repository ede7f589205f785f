// SPDX-License-Identifier: MIT

package tidewire

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"tidewire/internal/engine"
)

const (
	defaultHandshakeTimeout = 10 * time.Second
	firstHeadLen            = 4096 // bytes: what most heads fit in
)

// longAgo is a deadline that ends every read and write at once.
var longAgo = time.Unix(1, 0)

// errHandshakeTimeout tells the end of HandshakeTimeout from that of the caller's context.
var errHandshakeTimeout = errors.New("HandshakeTimeout")

// errLineEnd is why a request that a handler has written to is refused.
var errLineEnd = errors.New("a line ends inside a field")

// opening is an opening handshake: bytes go to and fro, and the engine writes and judges the heads.
type opening struct {
	ec          *engine.Conn
	op          string // for errors: "dial", "upgrade", "accept"
	opts        *Options
	received    []byte // since the first byte of the peer's head
	headLen     int    // bytes of received that belong to the head, as far as the engine has looked
	subprotocol int    // position in the offered or supported ones plus 1; 0: none
}

// newOpening begins a handshake. What a client cannot ask for, or a server not answer, is refused.
func newOpening(role Role, opts *Options, handshake *engine.HandshakeConfig, op string) (*opening, error) {
	config, err := opts.engineConfig(role)
	if err != nil {
		return nil, err
	}
	config.Handshake = handshake
	ec, status := engine.New(&config)
	if status != engine.OK {
		return nil, handshakeError(Status(status), op, blame(config))
	}
	return &opening{ec: ec, op: op, opts: opts}, nil
}

// blame finds what the engine refuses of a handshake, by asking it about each part alone; nil where it is no part.
func blame(config engine.Config) error {
	h := config.Handshake
	refused := func(part engine.HandshakeConfig) bool {
		part.Host = cmp.Or(part.Host, "localhost")
		config.Handshake = &part
		ec, status := engine.New(&config)
		if status == engine.OK {
			ec.Destroy()
		}
		return status != engine.OK
	}
	for _, header := range h.Headers {
		if refused(engine.HandshakeConfig{Headers: [][2]string{header}}) {
			return fmt.Errorf("the header %q", header[0])
		}
	}
	switch {
	case refused(engine.HandshakeConfig{Host: h.Host}):
		return fmt.Errorf("the host %q", h.Host)
	case refused(engine.HandshakeConfig{Target: h.Target}):
		return fmt.Errorf("the target %q", h.Target)
	case refused(engine.HandshakeConfig{Origin: h.Origin}):
		return fmt.Errorf("the Origin %q", h.Origin)
	case refused(engine.HandshakeConfig{Subprotocols: h.Subprotocols}):
		return fmt.Errorf("the subprotocols %q", h.Subprotocols)
	}
	return nil
}

// discard ends a handshake that came to nothing.
func (o *opening) discard() {
	log := newLogger(o.opts)
	o.ec.Close()
	lines := log.take(o.ec)
	o.ec.Destroy()
	log.put(lines)
}

// connect makes the connection, which owns nc and the engine; without one, both are gone.
func (o *opening) connect(nc net.Conn, subprotocols []string) (*Conn, error) {
	chosen := ""
	if o.subprotocol > 0 {
		chosen = subprotocols[o.subprotocol-1]
	}
	conn, err := newConn(nc, o.ec, o.opts, o.rest(), chosen)
	if err != nil {
		nc.Close()
	}
	return conn, err
}

// head is what the peer sent, with the empty line.
func (o *opening) head() []byte { return o.received[:o.headLen] }

// rest is what came behind the head, and belongs to the connection.
func (o *opening) rest() []byte { return o.received[o.headLen:] }

// read reads from r until the head is whole. What the engine refuses is an *Error.
func (o *opening) read(r io.Reader) error {
	o.received = slices.Grow(o.received, firstHeadLen)
	for {
		if len(o.received) == cap(o.received) {
			o.received = slices.Grow(o.received, len(o.received)) // the engine's limit on heads bounds it
		}
		n, err := r.Read(o.received[len(o.received):cap(o.received)])
		o.received = o.received[:len(o.received)+n]
		if n > 0 {
			if done, err := o.feed(); done || err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return handshakeError(ErrEOF, o.op, io.ErrUnexpectedEOF)
		}
		if err != nil {
			return fmt.Errorf("tidewire: %s: %w", o.op, err)
		}
	}
}

// feed hands what was received to the engine, and tells whether the handshake is done. There is room for one event,
// so that the engine takes nothing behind the head.
func (o *opening) feed() (bool, error) {
	var events [1]engine.Event
	count, consumed, status := o.ec.Receive(o.rest(), events[:])
	o.headLen += consumed
	if status < 0 {
		return false, engineError(o.ec, status, o.op)
	}
	if count == 1 {
		o.subprotocol = int(events[0].Code)
	}
	return count == 1, nil
}

// write writes what the engine has for the peer.
func (o *opening) write(w io.Writer) error {
	out := make([]byte, o.ec.OutputLen())
	n := o.ec.TakeOutput(out)
	if _, err := w.Write(out[:n]); err != nil {
		return fmt.Errorf("tidewire: %s: %w", o.op, err)
	}
	return nil
}

// handshakeError is why a handshake is refused that the engine has not judged.
func handshakeError(status Status, op string, err error) *Error {
	e := statusError(engine.Status(status), op)
	e.Err = err
	return e
}

// headLimit is a limit on heads as the engine takes it.
func headLimit(n int) uint32 { return uint32(min(n, math.MaxInt32)) }

// handshakeContext bounds ctx by a timeout: 0 is the default.
func handshakeContext(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout == 0 {
		timeout = defaultHandshakeTimeout
	}
	return context.WithTimeoutCause(ctx, timeout, errHandshakeTimeout)
}

// contextError is what a handshake ends with whose context has ended.
func contextError(ctx context.Context, op string) error {
	cause := context.Cause(ctx)
	if cause == errHandshakeTimeout {
		e := handshakeError(ErrTimeoutHandshake, op, ctx.Err())
		e.Limit = "HandshakeTimeout"
		return e
	}
	if cause != ctx.Err() {
		return fmt.Errorf("tidewire: %s: %w: %w", op, ctx.Err(), cause)
	}
	return fmt.Errorf("tidewire: %s: %w", op, cause)
}

// interruptible runs f, whose reads and writes of nc end when ctx does; nc is of no use then.
func interruptible(ctx context.Context, nc net.Conn, op string, f func() error) error {
	stop := context.AfterFunc(ctx, func() { nc.SetDeadline(longAgo) })
	err := f()
	if !stop() {
		return contextError(ctx, op)
	}
	return err
}

// fields lists header as the engine takes it, in an order that does not change.
func fields(header http.Header) [][2]string {
	names := make([]string, 0, len(header))
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	var list [][2]string
	for _, name := range names {
		for _, value := range header[name] {
			list = append(list, [2]string{name, value})
		}
	}
	return list
}

// requestHead writes the head of r again, as the client sent it.
func requestHead(r *http.Request) ([]byte, error) {
	var head bytes.Buffer
	lines := 0
	put := func(format string, args ...any) {
		fmt.Fprintf(&head, format+"\r\n", args...)
		lines++
	}
	target := r.RequestURI
	if target == "" { // made by hand
		target = r.URL.RequestURI()
	}
	put("%s %s HTTP/%d.%d", r.Method, target, r.ProtoMajor, r.ProtoMinor)
	put("Host: %s", r.Host)
	for _, field := range fields(r.Header) {
		put("%s: %s", field[0], field[1])
	}
	// net/http keeps these two apart from the others.
	if len(r.TransferEncoding) > 0 {
		put("Transfer-Encoding: %s", strings.Join(r.TransferEncoding, ", "))
	}
	if r.ContentLength > 0 && r.Header.Get("Content-Length") == "" {
		put("Content-Length: %d", r.ContentLength)
	}
	put("")
	// net/http lets no line end into a field, but handlers can write to the request.
	if bytes.Count(head.Bytes(), []byte("\n")) != lines || bytes.Count(head.Bytes(), []byte("\r")) != lines {
		return nil, errLineEnd
	}
	return head.Bytes(), nil
}
