// SPDX-License-Identifier: MIT

// Package serve has what the echo servers share: the port, the line that names it, and the server for net/http.
package serve

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
)

// ReadLen is the room for one read, of those that let their user choose: as much as the other languages' servers have
// in the end, and no more than a batch of small messages needs.
const ReadLen = 64 * 1024

// Listen takes the port from the last argument, 0 for a free one, and prints which it is.
func Listen() net.Listener {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", os.Args[len(os.Args)-1]))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	return listener
}

// HTTP serves until the process is killed. A handler that returns ends its connection.
func HTTP(handler http.HandlerFunc) {
	log.Fatal(http.Serve(Listen(), handler))
}

// Accept runs handle for each connection, without net/http, and closes the connection after it.
func Accept(handle func(*net.TCPConn) error) {
	listener := Listen()
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer conn.Close()
			_ = handle(conn.(*net.TCPConn)) // a load generator vanishes as it likes
		}()
	}
}
