// SPDX-License-Identifier: MIT

package vectors

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

// Trace is what a runner saw of a vector.
type Trace struct {
	Steps   []Outcome
	State   uint32 // TW_STATE_...
	Failure Failure
	Close   CloseInfo
	Agreed  Terms
	Stats   map[string]uint64 // numbers of tw_conn_stats by name
}

// Outcome is what a step brought.
type Outcome struct {
	Status   string  // the name of what was returned
	Events   []Event // in the order of their arrival, see [Outcome.Add]
	Output   []byte  // that was queued after the step, or of Consume the bytes that it consumed
	Deadline uint64  // of Tick
	Wants    uint32  // TW_WANT_..., after Output was consumed
	HeldLen  uint64  // of tw_conn_stats
}

// Event is a tw_event.
type Event struct {
	Type, Opcode, Flags uint8
	Code                uint32
	Offset              uint64
	Data                []byte
}

const (
	eventChunk = 6
	flagFIN    = 0x80
)

var eventTypes = map[string]Event{
	"open":               {Type: 1},
	"text":               {Type: 2, Opcode: 1, Flags: flagFIN},
	"binary":             {Type: 2, Opcode: 2, Flags: flagFIN},
	"ping":               {Type: 3, Opcode: 9, Flags: flagFIN},
	"pong":               {Type: 4, Opcode: 10, Flags: flagFIN},
	"close":              {Type: 5, Opcode: 8, Flags: flagFIN},
	"chunk_text":         {Type: eventChunk, Opcode: 1},
	"chunk_binary":       {Type: eventChunk, Opcode: 2},
	"chunk_continuation": {Type: eventChunk, Opcode: 0},
}

func (e Event) equal(other Event) bool {
	return bytes.Equal(e.Data, other.Data) && e.Type == other.Type && e.Opcode == other.Opcode &&
		e.Flags == other.Flags && e.Code == other.Code && e.Offset == other.Offset
}

// continues tells whether the event is a further part of the frame whose part came last.
func (e Event) continues(last Event) bool {
	return e.Type == eventChunk && last.Type == eventChunk && e.Opcode == 0 && last.Flags == 0 && e.Offset == last.Offset
}

// Add puts an event behind the others, or where it goes on with the chunk that came last, into that. Its data may be
// gone afterwards.
func (o *Outcome) Add(event Event) {
	if n := len(o.Events); n > 0 && event.continues(o.Events[n-1]) {
		last := &o.Events[n-1]
		last.Data = append(last.Data, event.Data...)
		last.Flags = event.Flags
		return
	}
	event.Data = bytes.Clone(event.Data)
	o.Events = append(o.Events, event)
}

// Failure is a tw_error, and the HTTP status of a server's refusal.
type Failure struct {
	Status     string // "TW_OK": the connection has not failed
	Offset     uint64
	CloseCode  uint64
	Limit      string // "": NULL
	HTTPStatus uint64
}

// CloseInfo is a tw_close.
type CloseInfo struct {
	Local, Remote uint64
	Cause         uint32 // TW_CLOSE_BY_...
}

// Check says what of the trace is not as the vector has it.
func (v *Vector) Check(trace *Trace) error {
	if len(trace.Steps) != len(v.Steps) {
		return fmt.Errorf("%d steps were run, not %d", len(trace.Steps), len(v.Steps))
	}
	var peer inflater
	for i := range v.Steps {
		if err := v.checkStep(i, trace, &peer); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return v.checkEnd(trace)
}

func (v *Vector) checkStep(i int, trace *Trace, peer *inflater) error {
	step, seen := &v.Steps[i], &trace.Steps[i]
	limit, limited := v.Config["max_memory_len"]
	switch {
	case seen.Status != step.status:
		return fmt.Errorf("status %s, not %s", seen.Status, step.status)
	case !slices.EqualFunc(seen.Events, step.events, Event.equal):
		return fmt.Errorf("events %v, not %v", seen.Events, step.events)
	case seen.Deadline != step.deadline:
		return fmt.Errorf("deadline %d, not %d", seen.Deadline, step.deadline)
	case limited && seen.HeldLen > limit:
		return fmt.Errorf("%d bytes are held, more than %d", seen.HeldLen, limit)
	}
	if err := step.checkOutput(seen.Output, trace.Agreed, peer); err != nil {
		return err
	}
	if step.wants == nil {
		return nil
	}
	return checkWants(seen.Wants, step.wants)
}

func (s *Step) checkOutput(output []byte, terms Terms, peer *inflater) error {
	switch s.form {
	case deflated:
		return peer.check(output, s.frames, terms)
	case prefix:
		output = output[:min(len(output), len(s.output))]
	}
	if !bytes.Equal(output, s.output) {
		return fmt.Errorf("output %x, not %x", output, s.output)
	}
	return nil
}

func checkWants(seen uint32, words []string) error {
	var bits uint32
	for _, word := range words {
		bits |= 1 << slices.Index(wants, word)
	}
	if seen != bits {
		return fmt.Errorf("wants %#x, not %v", seen, words)
	}
	return nil
}

func (v *Vector) checkEnd(trace *Trace) error {
	if state := states[trace.State]; state != v.state {
		return fmt.Errorf("state %s, not %s", state, v.state)
	}
	last := len(v.Steps) - 1
	if v.Steps[last].wants == nil {
		word := "read"
		if v.state == "closed" {
			word = "close"
		}
		if err := checkWants(trace.Steps[last].Wants, []string{word}); err != nil {
			return err
		}
	}
	if err := v.checkFailure(trace); err != nil {
		return err
	}
	if v.closeInfo != nil && trace.Close != *v.closeInfo {
		return fmt.Errorf("closing %v, not %v", trace.Close, *v.closeInfo)
	}
	if v.agreed != nil && trace.Agreed != *v.agreed {
		return fmt.Errorf("agreed %v, not %v", trace.Agreed, *v.agreed)
	}
	for name, want := range v.stats {
		if got := trace.Stats[name]; got != want {
			return fmt.Errorf("%s is %d, not %d", name, got, want)
		}
	}
	return nil
}

func (v *Vector) checkFailure(trace *Trace) error {
	failure := trace.Failure
	if !v.hasHTTP {
		failure.HTTPStatus = 0
	}
	if failure != v.failure {
		return fmt.Errorf("error %+v, not %+v", failure, v.failure)
	}
	line := fmt.Appendf(nil, "HTTP/1.1 %d ", v.failure.HTTPStatus)
	output := trace.Steps[len(trace.Steps)-1].Output
	if v.hasHTTP && !bytes.HasPrefix(output, line) {
		return fmt.Errorf("the output does not begin with %s", line)
	}
	return nil
}

// Equal tells whether two ways of running saw the same.
func (t *Trace) Equal(other *Trace) bool {
	return slices.EqualFunc(t.Steps, other.Steps, Outcome.equal) && t.State == other.State &&
		t.Failure == other.Failure && t.Close == other.Close && t.Agreed == other.Agreed &&
		maps.Equal(t.Stats, other.Stats)
}

// equal tells whether two outcomes are the same, but for what is held: that follows how the input was cut.
func (o Outcome) equal(other Outcome) bool {
	return o.Status == other.Status && slices.EqualFunc(o.Events, other.Events, Event.equal) &&
		bytes.Equal(o.Output, other.Output) && o.Deadline == other.Deadline && o.Wants == other.Wants
}
