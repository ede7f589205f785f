// SPDX-License-Identifier: MIT

// No protocol at all: what was read is written. The netpoller's own cost for a read and a write.
package main

import (
	"net"

	"tidewire/bench/internal/serve"
)

const readLen = 256 * 1024

func main() {
	serve.Accept(func(conn *net.TCPConn) error {
		room := make([]byte, readLen)
		for {
			n, err := conn.Read(room)
			if err != nil {
				return err
			}
			if _, err := conn.Write(room[:n]); err != nil {
				return err
			}
		}
	})
}
