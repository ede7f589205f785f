// SPDX-License-Identifier: MIT

// gws, as its README shows an echo server, without the checks of text that it leaves out by default.
package main

import (
	"net/http"

	"github.com/lxzan/gws"

	"tidewire/bench/internal/serve"
)

type echo struct{ gws.BuiltinEventHandler }

func (echo) OnMessage(conn *gws.Conn, message *gws.Message) {
	defer message.Close()
	_ = conn.WriteMessage(message.Opcode, message.Bytes()) // an error ends the read loop as well
}

func main() {
	upgrader := gws.NewUpgrader(echo{}, &gws.ServerOption{ReadBufferSize: serve.ReadLen})
	serve.HTTP(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := upgrader.Upgrade(w, r); err == nil {
			conn.ReadLoop()
		}
	})
}
