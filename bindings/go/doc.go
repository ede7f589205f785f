// SPDX-License-Identifier: MIT

// Package tidewire speaks WebSocket (RFC 6455, RFC 7692) over connections that Go owns: sockets wait in the runtime's
// netpoller, and one call into the engine takes all that a read brought.
//
// A client calls [Dial], a server of net/http [Upgrader.Upgrade], and whoever did the opening handshake elsewhere
// [NewConn]. A [Conn] has one reader and any number of writers.
package tidewire
