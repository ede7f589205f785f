// SPDX-License-Identifier: MIT

// The echo server that the Autobahn test suite examines.
//
// server PORT CONTEXT: listens on 127.0.0.1 (port 0: any), says on which port, and ends at SIGTERM. CONTEXT is how many
// bytes of compression context a connection may keep.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"tidewire"
	"tidewire/autobahn"
)

func main() {
	port, options := autobahn.Arguments()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		autobahn.Fail(err)
	}
	upgrader := tidewire.Upgrader{Options: options}
	serve := func(w http.ResponseWriter, r *http.Request) {
		if conn, err := upgrader.Upgrade(w, r); err == nil {
			autobahn.Echo(conn)
		}
	}
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	fmt.Printf("listening on %s\n", listener.Addr())
	go func() { autobahn.Fail(http.Serve(listener, http.HandlerFunc(serve))) }()
	<-terminated
}
