// SPDX-License-Identifier: MIT

// coder/websocket: each message is read into a buffer that is used again. Its buffers are those of net/http.
package main

import (
	"context"
	"net/http"

	"github.com/coder/websocket"

	"tidewire/bench/internal/serve"
)

func echo(ctx context.Context, conn *websocket.Conn) error {
	var room []byte
	for {
		kind, reader, err := conn.Reader(ctx)
		if err != nil {
			return err
		}
		if room, err = serve.ReadAll(reader, room); err != nil {
			return err
		}
		if err := conn.Write(ctx, kind, room); err != nil {
			return err
		}
	}
}

func main() {
	serve.HTTP(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		conn.SetReadLimit(-1)
		_ = echo(context.Background(), conn) // a load generator vanishes as it likes
	})
}
