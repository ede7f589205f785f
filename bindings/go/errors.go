// SPDX-License-Identifier: MIT

package tidewire

// Error is why a connection failed, or why a call was refused. errors.Is finds its Status.
type Error struct {
	Status    Status
	Offset    uint64 // in the received stream, of the offending byte or frame; 0 where the peer did nothing wrong
	CloseCode int    // that the peer was told; 1006 where none was, 0 in the handshake or where the connection goes on
	Section   string // the rule, "RFC 6455 5.2"; "" for none
	Limit     string // the limit, by its name in Options: "ReadLimit"; "" for none
	Op        string // what was being done: "read", "write", "dial", "upgrade"
}

// CloseError is what reading ends with when the peer sent a close frame. Code is 1005 where it carried none.
type CloseError struct {
	Code int    // RFC 6455 7.4
	Text string // the reason, UTF-8
}
