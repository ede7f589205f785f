// SPDX-License-Identifier: MIT

// Package tidewire speaks WebSocket (RFC 6455) with compression (RFC 7692), strict by default and within limits.
//
// A client calls [Dial], a handler of net/http [Upgrader.Upgrade], a server of its own [Upgrader.Accept], and whoever
// did the opening handshake elsewhere [NewConn]. Each gives a [Conn].
//
//	conn, _, err := tidewire.Dial(ctx, "wss://example.com/chat", nil)
//	if err != nil {
//		return err
//	}
//	defer conn.Close()
//	err = conn.WriteMessage(tidewire.TextMessage, []byte("Hello"))
//
// # Reading and writing
//
// A Conn has one reader at a time and any number of writers, whose messages never interleave. Somebody has to read, or
// pings stay unanswered, and the end of the connection is not seen.
//
// Sockets wait in the netpoller of the runtime, as always in Go; one call into the engine, which is in C++, takes all
// that a read brought, and answers leave together: [Conn.WriteMessageNoFlush] and [Conn.WriteBatch] send any number of
// messages with one system call. Before a reader waits it sends what is queued, so that a loop that answers what it
// reads needs no [Conn.Flush].
//
// # Errors
//
// Why a call or a connection failed is an *[Error], which names the rule or the limit; compare with errors.Is and a
// [Status], such as [ErrLimitMessage]. What the peer closed with is a *[CloseError]. Errors of the network, deadlines
// and contexts are those of the packages net, os and context.
package tidewire
