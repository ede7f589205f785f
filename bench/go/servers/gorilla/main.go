// SPDX-License-Identifier: MIT

// gorilla/websocket: each message is read into a buffer that is used again, which allocates less than its ReadMessage.
package main

import (
	"net/http"

	"github.com/gorilla/websocket"

	"tidewire/bench/internal/serve"
)

func echo(conn *websocket.Conn) error {
	var room []byte
	for {
		kind, reader, err := conn.NextReader()
		if err != nil {
			return err
		}
		if room, err = serve.ReadAll(reader, room); err != nil {
			return err
		}
		if err := conn.WriteMessage(kind, room); err != nil {
			return err
		}
	}
}

func main() {
	upgrader := websocket.Upgrader{ReadBufferSize: serve.ReadLen, WriteBufferSize: serve.ReadLen}
	serve.HTTP(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		_ = echo(conn) // a load generator vanishes as it likes
	})
}
