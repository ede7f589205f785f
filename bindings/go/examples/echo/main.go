// SPDX-License-Identifier: MIT

// Echo is a server that sends every message back, without net/http: the shortest way from a socket to messages.
//
//	go run ./examples/echo 127.0.0.1:9001
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"sync"

	"tidewire"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: echo HOST:PORT")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx is done, and then closes all connections.
func run(ctx context.Context, addr string, out io.Writer) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	fmt.Fprintf(out, "listening on ws://%v\n", listener.Addr())
	upgrader := &tidewire.Upgrader{Options: &tidewire.Options{Compression: &tidewire.Compression{}}}
	var all sync.WaitGroup
	defer all.Wait()
	for {
		nc, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		all.Add(1)
		go func() {
			defer all.Done()
			if conn, _, err := upgrader.Accept(ctx, nc); err == nil {
				echo(ctx, conn)
			}
		}()
	}
}

// echo answers until the client closes the connection, or ctx is done. It flushes nothing: what is queued leaves, all
// at once, when there is nothing more to read.
func echo(ctx context.Context, conn *tidewire.Conn) {
	defer conn.Close()
	for {
		typ, data, err := conn.ReadMessageContext(ctx)
		if err != nil || conn.WriteMessageNoFlush(typ, data) != nil {
			return
		}
	}
}
