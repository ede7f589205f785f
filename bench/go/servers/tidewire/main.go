// SPDX-License-Identifier: MIT

// Ours, in all of its ways to read. What is written without a flush leaves when the reader is about to wait.
package main

import (
	"errors"
	"flag"
	"io"
	"net/http"

	"tidewire"
	"tidewire/bench/internal/serve"
)

func echo(conn *tidewire.Conn) error {
	for {
		kind, message, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		if err := conn.WriteMessageNoFlush(kind, message); err != nil {
			return err
		}
	}
}

// echoInto reads into a buffer that is used again, and is made longer when a message has no room in it.
func echoInto(conn *tidewire.Conn) error {
	var room []byte
	for {
		kind, n, err := conn.ReadMessageInto(room)
		if errors.Is(err, io.ErrShortBuffer) {
			room = make([]byte, n)
			continue
		}
		if err != nil {
			return err
		}
		if err := conn.WriteMessageNoFlush(kind, room[:n]); err != nil {
			return err
		}
	}
}

// echoBatch is called with messages where they were received.
func echoBatch(conn *tidewire.Conn) error {
	for {
		if err := conn.ReadBatch(conn.WriteMessageNoFlush); err != nil {
			return err
		}
	}
}

func main() {
	into := flag.Bool("into", false, "read into a buffer that is used again")
	batch := flag.Bool("batch", false, "take all messages of a read where they were received")
	flag.Parse()
	handle := echo
	switch {
	case *into:
		handle = echoInto
	case *batch:
		handle = echoBatch
	}
	serve.HTTP(func(w http.ResponseWriter, r *http.Request) {
		var upgrader tidewire.Upgrader
		conn, err := upgrader.Upgrade(w, r)
		if err != nil {
			return
		}
		defer conn.Close()
		_ = handle(conn) // a load generator vanishes as it likes
	})
}
