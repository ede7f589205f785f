// SPDX-License-Identifier: MIT

package tidewire

import (
	"context"
	"errors"
	"io"
	"net"
	"time"
)

const (
	defaultCloseTimeout = 10 * time.Second
	serverCloseTimeout  = time.Second // for a server to close the stream after the closing handshake (RFC 6455 7.1.1)
)

// CloseHandshake does the closing handshake: it sends what is queued and a close frame with code and reason (code 0:
// none), waits for the peer's, and closes the connection, in any case. It waits until ctx is done, or for
// Options.CloseTimeout. Messages that come meanwhile go to the goroutine that reads, or else are dropped. The result is
// nil when the peer answered.
//
// ErrSendCloseCode, ErrControlLength (more than 123 bytes of reason), ErrText and ErrArgument (a reason without a code)
// leave the connection as it was. A close frame that was sent or received before is no error.
func (c *Conn) CloseHandshake(ctx context.Context, code int, reason string) error {
	c.mu.Lock()
	if c.closed {
		c.unlock()
		return net.ErrClosed
	}
	c.unlock()
	data := FormatCloseMessage(code, reason)
	if code == 0 {
		data = []byte(reason)
	}
	if err := c.queueControl(CloseMessage, data); err != nil && !errors.Is(err, ErrState) {
		if c.failed() {
			c.Close()
		}
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.closeLimit)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		c.limits.interrupt(c.nc, &c.limits.read)
		c.limits.interrupt(c.nc, &c.limits.write)
	})
	defer stop()
	err := c.awaitClose(ctx)
	c.Close()
	return err
}

// failed tells whether nothing can be written any more.
func (c *Conn) failed() bool {
	c.mu.Lock()
	defer c.unlock()
	return c.usable() != nil
}

// awaitClose waits until the peer has answered, by reading if nobody else does.
func (c *Conn) awaitClose(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	c.wait(c.push(), deadline)
	for {
		_, _, err := c.NextReader()
		if errors.Is(err, errConcurrentRead) {
			select {
			case <-c.reader.ended:
			case <-ctx.Done():
				return ctx.Err()
			case <-c.writer.dead:
				return net.ErrClosed
			}
			continue
		}
		var closed *CloseError
		var failure *Error
		switch {
		case err == nil:
		case errors.As(err, &failure):
			return err
		case errors.As(err, &closed):
			c.awaitEOF(ctx)
			return nil
		case isTimeout(err) && ctx.Err() != nil:
			return ctx.Err()
		default:
			return err
		}
	}
}

// awaitEOF lets the server close the stream first: it is the side on which the connection then lingers.
func (c *Conn) awaitEOF(ctx context.Context) {
	if c.role != RoleClient {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, serverCloseTimeout)
	defer cancel()
	c.limits.during(ctx, c.nc, &c.limits.read, func() error {
		if err := c.beginRead(); err != nil {
			return err
		}
		defer c.endRead()
		_, err := io.Copy(io.Discard, c.nc)
		return err
	})
}
