// SPDX-License-Identifier: MIT

package tidewire

import (
	"runtime"

	"tidewire/internal/engine"
)

// PreparedMessage is one that is encoded once, and compressed once for each kind of compression, to be sent by many
// connections. It may be used by several goroutines at a time, and is freed when nothing refers to it.
type PreparedMessage struct {
	message *engine.Prepared
}

// NewPreparedMessage copies and checks a message. ErrArgument: no type of data; ErrText: text is not UTF-8.
func NewPreparedMessage(typ MessageType, data []byte) (*PreparedMessage, error) {
	opcode := opcodeOf(typ)
	if opcode == 0 {
		return nil, errNoDataType
	}
	message, status := engine.NewPrepared(opcode, data, 0, defaultPool().pool)
	if status != engine.OK {
		return nil, statusError(status, "write")
	}
	p := &PreparedMessage{message}
	runtime.AddCleanup(p, (*engine.Prepared).Destroy, message)
	return p, nil
}

// WritePrepared sends a prepared message as WriteMessage does.
func (c *Conn) WritePrepared(message *PreparedMessage) error {
	defer runtime.KeepAlive(message)
	return c.send(outgoing{prepared: message.message})
}
