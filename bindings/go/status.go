// SPDX-License-Identifier: MIT

package tidewire

import "tidewire/internal/engine"

// Status is what the engine says of a call, as an error. The numbers are those of the C interface. Compare with
// errors.Is(err, tidewire.ErrUTF8).
type Status int32

// What went wrong, by the names of the C interface; "5.2" stands for RFC 6455 5.2.
const (
	ErrNull            Status = -1 // a required pointer is NULL
	ErrArgument        Status = -2 // an argument has a value that is not allowed
	ErrState           Status = -3 // the object is in a state that does not allow this call
	ErrUnsupported     Status = -4 // this version of the library does not know what was asked for
	ErrText            Status = -5 // 5.6: the text to send is not UTF-8
	ErrControlLength   Status = -6 // 5.5: the control frame to send has more than 125 bytes of payload
	ErrSendCloseCode   Status = -7 // 7.4: the close code to send must not appear in a close frame
	ErrHeaderInjection Status = -8 // RFC 9110 5.5: a header to send would end its line, or is the engine's own
	ErrKernel          Status = -9 // no kernel of this name runs on this processor

	ErrRSV               Status = -100 // 5.2: a reserved bit is set that no extension negotiated
	ErrOpcode            Status = -101 // 5.2: the opcode is reserved
	ErrLengthNotMinimal  Status = -102 // 5.2: the payload length is not written in the shortest form
	ErrLengthTooLarge    Status = -103 // 5.2: the payload length has its most significant bit set
	ErrMaskMissing       Status = -104 // 5.1: a frame from a client is not masked
	ErrMaskUnexpected    Status = -105 // 5.1: a frame from a server is masked
	ErrControlFragmented Status = -106 // 5.5: a control frame is fragmented
	ErrControlTooLong    Status = -107 // 5.5: a control frame has more than 125 bytes of payload
	ErrContinuation      Status = -108 // 5.4: a continuation frame outside a fragmented message
	ErrInterleaved       Status = -109 // 5.4: a new message inside a fragmented one
	ErrUTF8              Status = -110 // 8.1: text is not UTF-8
	ErrCloseLength       Status = -111 // 5.5.1: a close frame has a payload of one byte
	ErrCloseCode         Status = -112 // 7.4: a close frame has a code that must not be sent
	ErrCloseReason       Status = -113 // 5.5.1: the reason in a close frame is not UTF-8
	ErrEOF               Status = -114 // 7.1.5: the stream ended before the closing handshake
	ErrDeflate           Status = -115 // RFC 7692 7.2.2: a compressed message is not DEFLATE data, or is cut

	ErrHTTPSyntax     Status = -130 // RFC 9112 2: the head is not HTTP/1.1
	ErrHTTPMethod     Status = -131 // 4.1: the method is not GET
	ErrHTTPVersion    Status = -132 // 4.1: the HTTP version is not 1.1
	ErrHTTPHost       Status = -133 // 4.2.1: there is not exactly one valid Host
	ErrHTTPUpgrade    Status = -134 // 4.2.1: Upgrade does not name websocket
	ErrHTTPConnection Status = -135 // 4.2.1: Connection does not name Upgrade
	ErrHTTPBody       Status = -136 // RFC 9110 7.8: the head announces a body
	ErrHTTPStatus     Status = -137 // 4.1: the server did not answer with status 101
	ErrKey            Status = -140 // 4.2.1: Sec-WebSocket-Key is not one base64 value of 16 bytes
	ErrVersion        Status = -141 // 4.4: Sec-WebSocket-Version is not 13
	ErrAccept         Status = -142 // 4.1: Sec-WebSocket-Accept does not answer the key that was sent
	ErrOrigin         Status = -143 // 10.2: the Origin is not allowed
	ErrSubprotocol    Status = -144 // 4.1: Sec-WebSocket-Protocol is malformed, or was not offered
	ErrExtension      Status = -145 // 9.1: Sec-WebSocket-Extensions is malformed, or was not offered

	ErrLimitFrame       Status = -200 // a frame is longer than max_frame_len
	ErrLimitMessage     Status = -201 // a message is longer than max_message_len
	ErrLimitFragments   Status = -202 // a message has more frames than max_fragments
	ErrLimitOutput      Status = -203 // more than max_output_len would be queued
	ErrLimitControlRate Status = -204 // more control frames came in a second than max_control_rate
	ErrLimitMemory      Status = -205 // the connection would hold more than max_memory_len
	ErrLimitRatio       Status = -206 // a compressed message expands more than max_ratio
	ErrLimitHead        Status = -210 // the head of the handshake is longer than max_head_len
	ErrLimitHeaderCount Status = -211 // the handshake has more headers than max_header_count
	ErrLimitLine        Status = -212 // a line of the handshake is longer than max_line_len
	ErrTimeoutHandshake Status = -220 // the opening handshake took handshake_timeout_ns
	ErrTimeoutIdle      Status = -221 // nothing was received for idle_timeout_ns
	ErrTimeoutPong      Status = -222 // a ping was not answered within pong_timeout_ns
	ErrTimeoutMessage   Status = -223 // a message was incomplete for message_timeout_ns
	ErrTimeoutClose     Status = -224 // the closing handshake took close_timeout_ns

	ErrNoMemory Status = -300 // the allocator returned no memory
	ErrRandom   Status = -301 // the random source failed
)

// Error is the name and a sentence for people: "TW_ERR_RSV: ...".
func (s Status) Error() string { return s.String() + ": " + s.sentence() }

// String is the name of the C interface: "TW_ERR_RSV".
func (s Status) String() string { return engine.Status(s).Name() }

func (s Status) sentence() string { return engine.Status(s).Message() }

// HTTPStatus is the status with which a server refuses a handshake (400, 403, 426, ...); 0 where none fits.
func (s Status) HTTPStatus() int { return engine.Status(s).HTTPStatus() }

// CloseCode is the close code that tells the peer (1002, 1007, 1009, ...); 0 where none fits.
func (s Status) CloseCode() int { return engine.Status(s).CloseCode() }
