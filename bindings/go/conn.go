// SPDX-License-Identifier: MIT

package tidewire

// MessageType tells text, which is UTF-8, from binary; control frames have types too. The numbers are the opcodes.
type MessageType int

const (
	TextMessage   MessageType = 1
	BinaryMessage MessageType = 2
	CloseMessage  MessageType = 8
	PingMessage   MessageType = 9
	PongMessage   MessageType = 10
)

// Message is one that WriteBatch sends.
type Message struct {
	Type MessageType // TextMessage or BinaryMessage
	Data []byte
}
