// SPDX-License-Identifier: MIT

package tidewire

import (
	"context"
	"net"
	"sync"
	"time"
)

// deadlines are those that the user set. They can be cut short, and come back.
type deadlines struct {
	mu    sync.Mutex
	read  deadline
	write deadline
}

// deadline is one direction's.
type deadline struct {
	at   time.Time
	cut  int // how many want it to be over
	cuts int // how many ever did
}

var past = time.Unix(1, 0)

// SetReadDeadline bounds reading; the zero time is no bound. What ends with os.ErrDeadlineExceeded has lost nothing:
// reading goes on with a later deadline.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.limits.change(c.nc, &c.limits.read, t)
}

// SetWriteDeadline bounds writing to the socket; the zero time is no bound. A message whose writing ended with
// os.ErrDeadlineExceeded may be queued: it then leaves, whole, with what is written later. (TLS alone goes on with
// nothing after that.)
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if err := c.limits.change(c.nc, &c.limits.write, t); err != nil {
		return err
	}
	c.goOnWriting()
	return nil
}

// goOnWriting leaves what a deadline kept from being written to a goroutine.
func (c *Conn) goOnWriting() {
	c.mu.Lock()
	defer c.unlock()
	w := &c.writer
	switch {
	case c.closed:
	case w.parked:
		w.parked = false
		go c.drain(w.pass)
	case w.stalled:
		w.stalled = false
		c.startDrain()
	}
}

// SetDeadline sets both.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

func (d *deadlines) change(nc net.Conn, side *deadline, t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	side.at = t
	if side.cut > 0 {
		return nil
	}
	return d.apply(nc, side, t)
}

func (d *deadlines) apply(nc net.Conn, side *deadline, t time.Time) error {
	if side == &d.read {
		return nc.SetReadDeadline(t)
	}
	return nc.SetWriteDeadline(t)
}

// interrupt ends what waits, and what would, until resume.
func (d *deadlines) interrupt(nc net.Conn, side *deadline) {
	d.mu.Lock()
	defer d.mu.Unlock()
	side.cut++
	side.cuts++
	d.apply(nc, side, past)
}

func (d *deadlines) resume(nc net.Conn, side *deadline) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if side.cut--; side.cut == 0 {
		d.apply(nc, side, side.at)
	}
}

// interruptions tells how often a deadline was cut short, and how many of these are over.
func (d *deadlines) interruptions(side *deadline) (all, over int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return side.cuts, side.cuts - side.cut
}

// during does a call that ends early, with ctx.Err(), when ctx is done. No goroutine waits for that.
func (d *deadlines) during(ctx context.Context, nc net.Conn, side *deadline, call func() error) error {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		d.interrupt(nc, side)
		close(done)
	})
	err := call()
	if stop() {
		return err
	}
	<-done
	d.resume(nc, side)
	if isTimeout(err) {
		return ctx.Err()
	}
	return err
}
