// SPDX-License-Identifier: MIT

package tidewire

import (
	"cmp"
	"net"
	"runtime"
	"sync"
	"syscall"
	"time"

	"tidewire/internal/engine"
)

// MessageType tells text, which is UTF-8, from binary; control frames have types too. The numbers are the opcodes.
type MessageType int

const (
	TextMessage   MessageType = 1  // UTF-8
	BinaryMessage MessageType = 2  // any bytes
	CloseMessage  MessageType = 8  // the last frame of its sender
	PingMessage   MessageType = 9  // to be answered
	PongMessage   MessageType = 10 // the answer, with the bytes of the ping
)

// Message is one that WriteBatch sends.
type Message struct {
	Type MessageType // TextMessage or BinaryMessage
	Data []byte      // is copied
}

// Conn is a WebSocket connection after its opening handshake. It has one reader at a time, and any number of writers,
// whose messages never interleave; all other methods may be called at any time.
//
// A socket is read and written where it is: one call into the engine for each read takes all that came, and messages
// are handed out of its memory. On any other net.Conn (TLS, a pipe) the same happens through its Read and Write.
type Conn struct {
	nc          net.Conn
	raw         syscall.RawConn // nil: nc is no socket
	subprotocol string
	compression Negotiated
	role        Role
	streams     bool // Options.Stream
	closeLimit  time.Duration
	logger      *logger
	cleanup     runtime.Cleanup

	mu       sync.Mutex   // guards what follows, and eng but for the events of the last read
	eng      *engine.Conn // nil: freed
	closed   bool         // Close was called
	final    Stats        // when eng is nil
	writeErr error        // why nothing can be written any more
	timer    *time.Timer
	alarm    uint64 // when the timer fires, on the engine's clock; engine.Never: it does not

	writer writer
	reader reader
	limits deadlines
}

// NewConn makes a connection of a stream on which frames come next: its opening handshake was done elsewhere. nil
// options are the defaults. With Options.Compression that handshake agreed on permessage-deflate with the window bits
// given there, and no_context_takeover for both sides. The connection owns nc from now on; on an error it does not.
func NewConn(nc net.Conn, role Role, opts *Options) (*Conn, error) {
	config, err := opts.engineConfig(role)
	if err != nil {
		return nil, err
	}
	if nc == nil {
		return nil, badOption("there is no connection")
	}
	config.Flags |= engine.Upgraded
	if d := config.Deflate; d != nil {
		config.Negotiated = &engine.Deflate{Enabled: true,
			SendWindowBits: windowBits(d.SendWindowBits), ReceiveWindowBits: windowBits(d.ReceiveWindowBits)}
	}
	ec, status := engine.New(&config)
	if status != engine.OK {
		return nil, statusError(status, "options")
	}
	return newConn(nc, ec, opts, nil, "")
}

// newConn makes a connection of an engine that is open and has no output; rest came after the head of the handshake.
// It owns ec, also when it fails.
func newConn(nc net.Conn, ec *engine.Conn, opts *Options, rest []byte, subprotocol string) (*Conn, error) {
	raw, err := socketOf(nc)
	if err != nil {
		ec.Destroy()
		return nil, err
	}
	if opts == nil {
		opts = &Options{}
	}
	c := &Conn{
		nc:          nc,
		raw:         raw,
		subprotocol: subprotocol,
		compression: newNegotiated(ec.Deflate()),
		role:        Role(ec.Role()),
		streams:     opts.Stream,
		closeLimit:  cmp.Or(opts.CloseTimeout, defaultCloseTimeout),
		logger:      newLogger(opts),
		eng:         ec,
		alarm:       engine.Never,
	}
	c.reader.init(c, append([]byte(nil), rest...))
	c.writer.init(c)
	c.cleanup = runtime.AddCleanup(c, (*engine.Conn).Destroy, ec)
	if ec.Ticking() {
		c.mu.Lock()
		ec.TellTime()
		c.setAlarm()
		c.unlock()
	}
	return c, nil
}

// socketOf is how to reach the socket of what is one, and nothing more: a type that embeds a *net.TCPConn has reasons
// of its own to read and write.
func socketOf(nc net.Conn) (syscall.RawConn, error) {
	switch socket := nc.(type) {
	case *net.TCPConn:
		return socket.SyscallConn()
	case *net.UnixConn:
		return socket.SyscallConn()
	}
	return nil, nil
}

// windowBits is the number that stands for itself of those in Compression.
func windowBits(bits uint32) uint8 {
	if bits == 0 {
		return 15
	}
	return uint8(bits)
}

// Close closes the connection at once, as gorilla/websocket does: what is queued is offered to the socket, but not
// waited for, and no close frame is sent (see [Conn.CloseHandshake]). Calls that wait return an error that is
// net.ErrClosed, and so does a second Close.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.unlock()
		return net.ErrClosed
	}
	c.closed = true
	if c.timer != nil {
		c.timer.Stop()
	}
	queued := c.eng.Staged() > 0 || c.eng.Waiting() > 0
	close(c.writer.dead)
	c.unlock()
	if queued && c.raw != nil {
		c.raw.Control(c.writer.offer)
	}
	err := c.nc.Close()
	if c.reader.stop() {
		c.free()
	}
	return err
}

// free frees the engine. Nobody reads any more, and writers see that the connection is closed.
func (c *Conn) free() {
	c.mu.Lock()
	c.final = c.stats()
	c.cleanup.Stop()
	c.eng.Close()
	lines := c.logger.take(c.eng)
	c.eng.Destroy()
	c.eng = nil
	c.mu.Unlock()
	c.logger.put(lines)
}

// unlock unlocks mu, and logs what the engine had to say.
func (c *Conn) unlock() {
	if c.logger == nil || c.eng == nil {
		c.mu.Unlock()
		return
	}
	lines := c.logger.take(c.eng)
	c.mu.Unlock()
	c.logger.put(lines)
}

// usable tells why nothing can be sent any more. mu is held.
func (c *Conn) usable() error {
	if c.closed {
		return net.ErrClosed
	}
	if c.writeErr == nil {
		if errno := c.eng.WriteErrno(); errno != 0 {
			c.writeErr = systemError(c.nc, "write", "sendmsg", errno)
		}
	}
	return c.writeErr
}

// setAlarm sees to it that the time is told when the engine awaits something. mu is held.
func (c *Conn) setAlarm() {
	deadline := c.eng.Deadline()
	if deadline >= c.alarm || c.closed {
		return
	}
	c.alarm = deadline
	wait := time.Duration(0)
	if now := engine.Now(); deadline > now {
		wait = time.Duration(deadline - now)
	}
	if c.timer == nil {
		c.timer = time.AfterFunc(wait, c.tellTime)
	} else {
		c.timer.Reset(wait)
	}
}

// tellTime is what the timer does: pings, and the end of a connection whose peer took too long.
func (c *Conn) tellTime() {
	c.mu.Lock()
	if c.closed {
		c.unlock()
		return
	}
	late := c.eng.TellTime() == engine.Done
	c.alarm = engine.Never
	if !late {
		c.setAlarm()
	}
	queued := c.eng.Waiting() > 0 || late
	c.unlock()
	if queued {
		c.push()
	}
	if late {
		c.limits.interrupt(c.nc, &c.limits.read)
	}
}

// NetConn is the connection below. Whoever reads from it or writes to it breaks this one.
func (c *Conn) NetConn() net.Conn { return c.nc }

// LocalAddr is that of the connection below.
func (c *Conn) LocalAddr() net.Addr { return c.nc.LocalAddr() }

// RemoteAddr is that of the connection below.
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// Subprotocol is what both sides agreed on; "" for none.
func (c *Conn) Subprotocol() string { return c.subprotocol }
