// SPDX-License-Identifier: MIT

package engine_test

import (
	"slices"

	"tidewire/internal/engine"
	"tidewire/internal/vectors"
)

// vectorRun is one connection that is put through the steps of a vector.
type vectorRun struct {
	way
	conn   *engine.Conn
	events []engine.Event // room for those of a call
	trace  vectors.Trace
}

// run puts a new connection through the steps of a vector.
func run(v *vectors.Vector, w way) *vectors.Trace {
	r := vectorRun{way: w, events: make([]engine.Event, w.eventCap)}
	conn, status := engine.New(configOf(v, w))
	if status != engine.OK {
		r.trace = vectors.Trace{State: engine.StateClosed, Failure: vectors.Failure{Status: "TW_OK"}}
		r.trace.Steps = []vectors.Outcome{{Status: status.Name(), Wants: engine.WantClose}}
		return &r.trace
	}
	defer conn.Destroy()
	r.conn = conn
	if v.Steps[0].Action != vectors.Create {
		if early := r.output(); len(early) > 0 {
			r.trace.Steps = append(r.trace.Steps, vectors.Outcome{Output: early})
		}
	}
	for i := range v.Steps {
		r.step(i, &v.Steps[i])
	}
	r.end()
	return &r.trace
}

func (r *vectorRun) step(index int, step *vectors.Step) {
	var outcome vectors.Outcome
	outcome.Status = r.act(index, step, &outcome).Name()
	switch {
	case step.Action == vectors.Consume:
		outcome.Output = make([]byte, step.Number)
		n := r.conn.TakeOutput(outcome.Output)
		outcome.Output = outcome.Output[:n]
	case !step.KeepsOutput():
		outcome.Output = r.output()
	}
	outcome.Wants = r.conn.Wants()
	outcome.HeldLen = r.conn.Stats().HeldLen
	r.trace.Steps = append(r.trace.Steps, outcome)
}

// output takes all output.
func (r *vectorRun) output() []byte {
	var all []byte
	for {
		var part [4096]byte
		n := r.conn.TakeOutput(part[:])
		if n == 0 {
			return all
		}
		all = append(all, part[:n]...)
	}
}

func (r *vectorRun) act(index int, step *vectors.Step, outcome *vectors.Outcome) (status engine.Status) {
	switch step.Action {
	case vectors.Input:
		for _, piece := range r.cut(index, step.Data) {
			if status = r.feed(piece, outcome); status != engine.OK {
				return status
			}
		}
	case vectors.EOF:
		return r.conn.ReceiveEOF()
	case vectors.Send:
		return r.conn.Send(step.Opcode, step.Data, sendFlags(step))
	case vectors.Ping:
		return r.conn.Ping(step.Data)
	case vectors.Pong:
		return r.conn.Pong(step.Data)
	case vectors.Close:
		return r.conn.CloseWith(int(step.Number), string(step.Data))
	case vectors.Tick:
		outcome.Deadline, status = r.conn.Tick(step.Number)
	}
	return status
}

func sendFlags(step *vectors.Step) (flags uint32) {
	if step.More {
		flags |= engine.SendMore
	}
	switch {
	case step.Compress == nil:
	case *step.Compress:
		flags |= engine.SendCompress
	default:
		flags |= engine.SendNoCompress
	}
	return flags
}

// feed hands a piece of input to the connection.
func (r *vectorRun) feed(piece []byte, outcome *vectors.Outcome) engine.Status {
	if r.byReadBuffer {
		return r.feedReadBuffer(piece, outcome)
	}
	data := slices.Clone(piece)
	defer scribble(data)
	for {
		count, consumed, status := r.conn.Receive(data, r.events)
		r.take(count, outcome)
		if status != engine.NeedRoom {
			return status
		}
		data = data[consumed:]
	}
}

// feedReadBuffer does the same through the room that the engine lends.
func (r *vectorRun) feedReadBuffer(piece []byte, outcome *vectors.Outcome) engine.Status {
	for len(piece) > 0 {
		room, status := r.conn.ReadBuffer(0)
		if status != engine.OK {
			return status
		}
		n := copy(room, piece)
		piece = piece[n:]
		for status = engine.NeedRoom; status == engine.NeedRoom; n = 0 {
			var count int
			count, status = r.conn.ReadCommit(n, r.events)
			r.take(count, outcome)
		}
		if status != engine.OK {
			return status
		}
	}
	return engine.OK
}

// scribble makes sure that nobody looks at these bytes again.
func scribble(data []byte) {
	for i := range data {
		data[i] = 0xDD
	}
}

// take keeps the events of a call.
func (r *vectorRun) take(count int, outcome *vectors.Outcome) {
	for i := range r.events[:count] {
		event := &r.events[i]
		outcome.Add(vectors.Event{
			Type: event.Type, Opcode: event.Opcode, Flags: event.Flags, Code: event.Code, Offset: event.Offset,
			Data: event.Bytes(),
		})
	}
}

// end looks at the connection after the last step.
func (r *vectorRun) end() {
	failure, closing, agreed := r.conn.Error(), r.conn.CloseInfo(), r.conn.Deflate()
	r.trace.State = r.conn.State()
	r.trace.Failure = vectors.Failure{
		Status:     failure.Status.Name(),
		Offset:     failure.Offset,
		CloseCode:  uint64(failure.CloseCode),
		Limit:      failure.Limit,
		HTTPStatus: uint64(failure.Status.HTTPStatus()),
	}
	r.trace.Close = vectors.CloseInfo{
		Local:  uint64(closing.Local),
		Remote: uint64(closing.Remote),
		Cause:  closing.Cause,
	}
	r.trace.Agreed = vectors.Terms(agreed)
	stats := r.conn.Stats()
	r.trace.Stats = map[string]uint64{
		"bytes_received":          stats.BytesReceived,
		"bytes_sent":              stats.BytesSent,
		"messages_received":       stats.MessagesReceived,
		"messages_sent":           stats.MessagesSent,
		"frames_received":         stats.FramesReceived,
		"frames_sent":             stats.FramesSent,
		"control_frames_received": stats.ControlFramesReceived,
		"control_frames_sent":     stats.ControlFramesSent,
		"deflated_received_len":   stats.DeflatedReceivedLen,
		"inflated_received_len":   stats.InflatedReceivedLen,
		"deflated_sent_len":       stats.DeflatedSentLen,
		"inflated_sent_len":       stats.InflatedSentLen,
		"rtt_ns":                  stats.RTT,
	}
}

func configOf(v *vectors.Vector, w way) *engine.Config {
	n := v.Config
	config := &engine.Config{
		MaxFrameLen: n["max_frame_len"], MaxMessageLen: n["max_message_len"],
		MaxOutputLen: n["max_output_len"], MaxMemoryLen: n["max_memory_len"],
		OutputHighLen: n["output_high_len"], OutputLowLen: n["output_low_len"],
		MaxFragments: uint32(n["max_fragments"]), MaxControlRate: uint32(n["max_control_rate"]),
		HandshakeTimeout: n["handshake_timeout_ns"], IdleTimeout: n["idle_timeout_ns"],
		PingInterval: n["ping_interval_ns"], PongTimeout: n["pong_timeout_ns"],
		MessageTimeout: n["message_timeout_ns"], CloseTimeout: n["close_timeout_ns"],
		Random: v.Random,
	}
	if config.Random == nil {
		config.Random = []byte{}
	}
	if v.IsClient {
		config.Role = engine.RoleClient
	}
	if w.byReadBuffer {
		config.ReadLen, config.MaxReadLen = readLen, 4*readLen
	}
	for flag, bit := range map[string]uint32{
		"stream": engine.Stream, "stream_fragmented": engine.StreamFragmented, "manual_pong": engine.ManualPong,
		"manual_close": engine.ManualClose, "trusted": engine.Trusted,
	} {
		if v.Flags[flag] {
			config.Flags |= bit
		}
	}
	if v.Handshake == nil {
		config.Flags |= engine.Upgraded
	} else {
		config.Handshake = handshakeOf(v.Handshake)
	}
	if v.Deflate != nil {
		config.Deflate = deflateOf(v.Deflate)
	}
	if v.Negotiated != nil {
		negotiated := engine.Deflate(*v.Negotiated)
		config.Negotiated = &negotiated
	}
	return config
}

func handshakeOf(h *vectors.Handshake) *engine.HandshakeConfig {
	config := &engine.HandshakeConfig{
		MaxHeadLen:     uint32(h.Numbers["max_head_len"]),
		MaxHeaderCount: uint32(h.Numbers["max_header_count"]),
		MaxLineLen:     uint32(h.Numbers["max_line_len"]),
		Host:           h.Host, Target: h.Target, Origin: h.Origin,
		Subprotocols: h.Subprotocols, Origins: h.Origins, Headers: h.Headers,
	}
	if h.AnyOrigin {
		config.Flags |= engine.AnyOrigin
	}
	return config
}

func deflateOf(n map[string]uint64) *engine.DeflateConfig {
	return &engine.DeflateConfig{
		Level: uint32(n["level"]), MemoryLevel: uint32(n["memory_level"]),
		SendWindowBits: uint32(n["send_window_bits"]), ReceiveWindowBits: uint32(n["receive_window_bits"]),
		MaxContextLen: n["max_context_len"], MinLen: n["min_len"], MaxCallLen: n["max_call_len"],
		MaxRatio: uint32(n["max_ratio"]),
	}
}
