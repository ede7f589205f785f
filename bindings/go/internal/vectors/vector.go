// SPDX-License-Identifier: MIT

// Package vectors reads the vector files that every language runs (tests/vectors in the sources of tidewire), and says
// whether what a runner saw is what they ask for. It knows nothing of the engine: only tests use it.
package vectors

// A Vector is one connection: how it begins, what is done to it step by step, and what must come of it.
type Vector struct {
	ID         string            // as digests.txt names it: file and name
	IsClient   bool              // the role
	Flags      map[string]bool   // of its configuration, such as "stream"
	Config     map[string]uint64 // numbers of tw_conn_config
	Handshake  *Handshake        // nil: the stream starts with frames
	Deflate    map[string]uint64 // numbers of tw_deflate_config; nil: no compression
	Negotiated *Terms            // of a handshake that was done elsewhere; nil: none
	Random     []byte            // what the random source yields; empty: it fails
	Steps      []Step

	state     string
	failure   Failure
	hasHTTP   bool // whether failure.HTTPStatus is compared
	closeInfo *CloseInfo
	agreed    *Terms
	stats     map[string]uint64
}

// Handshake has fields of tw_handshake_config.
type Handshake struct {
	Numbers              map[string]uint64 // max_head_len, max_header_count, max_line_len
	Host, Target, Origin string            // "": NULL
	Subprotocols         []string
	Origins              []string
	Headers              [][2]string // name and value
	AnyOrigin            bool
}

// Terms are a tw_deflate: what both sides agreed on about compression. The zero value is that there is none.
type Terms struct {
	Enabled, SendTakeover, ReceiveTakeover bool
	SendWindowBits, ReceiveWindowBits      uint8
}

// Action is what a step does.
type Action int

// The actions, by their numbers; None only looks at the output.
const (
	None Action = iota
	Create
	Input
	EOF
	Send
	Ping
	Pong
	Close
	Tick
	Consume
)

var actions = []string{
	Create: "create", Input: "input", EOF: "eof", Send: "send", Ping: "ping", Pong: "pong", Close: "close", Tick: "tick",
	Consume: "consume",
}

// Step is one action, and what it must bring.
type Step struct {
	Action   Action
	Data     []byte // of Input, Send, Ping and Pong; of Close the reason
	Number   uint64 // of Close the code, of Tick the time, of Consume the bytes
	Opcode   uint8  // of Send
	More     bool   // of Send
	Compress *bool  // of Send: true or false is a flag; nil: neither

	status   string
	events   []Event
	deadline uint64
	form     form
	output   []byte
	frames   []frame
	wants    []string // nil: not compared
}

// form is how a step tells its output.
type form int

const (
	whole form = iota
	prefix
	deflated
	kept
)

var forms = []string{"output", "output_prefix", "deflated_output", "keep_output"}

// KeepsOutput tells whether the runner leaves the output after the step alone.
func (s *Step) KeepsOutput() bool { return s.form == kept }

var (
	roles         = []string{"server", "client"}
	opcodes       = []string{"continuation", "text", "binary"}
	wants         = []string{"read", "write", "close", "pause"} // bits 0 to 3 of tw_conn_wants
	configNumbers = []string{
		"max_frame_len", "max_message_len", "max_output_len", "max_memory_len", "output_high_len", "output_low_len",
		"max_fragments", "max_control_rate",
	}
	configTimes = []string{
		"handshake_timeout_ns", "idle_timeout_ns", "ping_interval_ns", "pong_timeout_ns", "message_timeout_ns",
		"close_timeout_ns",
	}
	configFlags      = []string{"stream", "stream_fragmented", "manual_pong", "manual_close", "trusted"}
	handshakeNumbers = []string{"max_head_len", "max_header_count", "max_line_len"}
	deflateNumbers   = []string{
		"level", "memory_level", "send_window_bits", "receive_window_bits", "max_context_len", "min_len", "max_call_len",
		"max_ratio",
	}
	statsNumbers = []string{
		"bytes_received", "bytes_sent", "messages_received", "messages_sent", "frames_received", "frames_sent",
		"control_frames_received", "control_frames_sent", "deflated_received_len", "inflated_received_len",
		"deflated_sent_len", "inflated_sent_len", "rtt_ns",
	}
	states = []string{"connecting", "open", "closing", "closed"}
	causes = []string{"nobody", "us", "peer", "error"}
)
