// SPDX-License-Identifier: MIT

package tidewire

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"time"

	"tidewire/internal/engine"
)

const (
	defaultCloseTimeout = 10 * time.Second
	retryTime           = 10 * time.Millisecond // between two looks at whether another goroutine still reads
	serverCloseTimeout  = time.Second           // for a server to close the stream first (RFC 6455 7.1.1)
)

// CloseHandshake does the closing handshake: it sends what is queued and a close frame with code and reason (code 0:
// none), waits for the peer's, and closes the connection, in any case. Messages that come meanwhile go to the goroutine
// that reads, or else are dropped. The result is nil when the peer answered; ctx.Err() when ctx was done before, and
// context.DeadlineExceeded after Options.CloseTimeout.
//
// ErrSendCloseCode, ErrControlLength (more than 123 bytes of reason), ErrText and ErrArgument (a reason without a code)
// leave the connection as it was. That a close frame was sent or received before is no error.
func (c *Conn) CloseHandshake(ctx context.Context, code int, reason string) error {
	err := c.queueFrame(func() engine.Status { return c.closeWith(code, reason) })
	if refused := (*Error)(nil); errors.As(err, &refused) && refused.Status != ErrState {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.closeLimit)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		c.limits.interrupt(c.nc, &c.limits.read)
		c.limits.interrupt(c.nc, &c.limits.write)
	})
	defer stop()
	err = c.awaitClose(ctx)
	c.Close()
	return err
}

// awaitClose waits until the peer has answered, by reading if nobody else does.
func (c *Conn) awaitClose(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	c.wait(c.push(), deadline)
	for {
		_, _, err := c.NextReader()
		if err == errConcurrentRead || errors.Is(err, net.ErrClosed) {
			err = c.othersReading(ctx)
		}
		if _, ok := err.(*CloseError); ok {
			c.awaitEOF(ctx)
			return nil
		}
		if isTimeout(err) && ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// othersReading waits for a goroutine that reads, and tells what that ended with; nil: not yet, try again, for it may
// have stopped without an error.
func (c *Conn) othersReading(ctx context.Context) error {
	retry := time.NewTimer(retryTime)
	defer retry.Stop()
	select {
	case <-c.reader.ended:
		return c.reader.err
	case <-retry.C:
		return nil
	case <-ctx.Done():
	case <-c.writer.dead:
	}
	select {
	case <-c.reader.ended: // before what else happened
		return c.reader.err
	default:
	}
	return cmp.Or(ctx.Err(), net.ErrClosed)
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
