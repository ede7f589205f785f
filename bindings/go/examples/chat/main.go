// SPDX-License-Identifier: MIT

// Chat is a room: a page, and a WebSocket beside it that passes every message on to everybody. A message is encoded
// once for all of them, and who reads too slowly has to leave.
//
//	go run ./examples/chat 127.0.0.1:9002
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"time"

	"tidewire"
)

//go:embed page.html
var page []byte

const (
	backlog  = 64               // messages that may wait for one member
	patience = 10 * time.Second // for a member's socket to take a message
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: chat HOST:PORT")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, addr string, out io.Writer) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	room := &room{members: map[*member]struct{}{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { w.Write(page) })
	mux.HandleFunc("GET /room", func(w http.ResponseWriter, r *http.Request) { room.serve(ctx, w, r) })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	fmt.Fprintf(out, "listening on http://%v\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// room is who is there.
type room struct {
	mu      sync.Mutex
	members map[*member]struct{}
}

// member is one connection.
type member struct {
	conn    *tidewire.Conn
	waiting chan *tidewire.PreparedMessage
}

// upgrader pings, so that members who are gone without a word are noticed.
var upgrader = &tidewire.Upgrader{Options: &tidewire.Options{
	ReadLimit:    4096,
	PingInterval: 20 * time.Second,
	PongTimeout:  20 * time.Second,
}}

// serve is a member's stay.
func (r *room) serve(ctx context.Context, w http.ResponseWriter, request *http.Request) {
	conn, err := upgrader.Upgrade(w, request)
	if err != nil {
		return
	}
	defer conn.Close()
	m := &member{conn: conn, waiting: make(chan *tidewire.PreparedMessage, backlog)}
	r.enter(m)
	defer r.leave(m)
	for {
		typ, data, err := conn.ReadMessageContext(ctx)
		if err != nil {
			return
		}
		message, err := tidewire.NewPreparedMessage(typ, data)
		if err != nil {
			return
		}
		r.broadcast(message)
	}
}

func (r *room) enter(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members[m] = struct{}{}
	go m.write()
}

func (r *room) leave(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.members, m)
	close(m.waiting)
}

// broadcast waits for nobody.
func (r *room) broadcast(message *tidewire.PreparedMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for m := range r.members {
		select {
		case m.waiting <- message:
		default:
			m.conn.Close() // its reader ends, and leaves
		}
	}
}

// write sends what was said, until the member leaves.
func (m *member) write() {
	for message := range m.waiting {
		m.conn.SetWriteDeadline(time.Now().Add(patience))
		if m.conn.WritePrepared(message) != nil {
			m.conn.Close()
		}
	}
}
