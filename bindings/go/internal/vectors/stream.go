// SPDX-License-Identifier: MIT

package vectors

import (
	"bytes"
	"fmt"
)

// Stream is what a vector comes to for who does nothing but read and answer: what the peer sends, and what it gets.
type Stream struct {
	Input    []byte
	HasEnded bool    // the peer closes its direction of the stream
	Opens    bool    // the opening handshake is part of Input, and succeeds
	Messages []Event // whole ones
	Close    *Event  // the peer's close frame; nil: none
	Failure  Failure // "TW_OK": none
	Output   []byte  // what the peer gets
	IsPrefix bool    // Output is only how that begins
}

// Stream gives what the vector comes to; nil where more is done than to read.
func (v *Vector) Stream() *Stream {
	s := &Stream{Failure: v.failure}
	for i := range v.Steps {
		step := &v.Steps[i]
		isLast := i == len(v.Steps)-1
		switch {
		case step.form != whole && !(step.form == prefix && isLast), step.Action == EOF && !isLast:
			return nil
		case step.Action == Input:
			s.Input = append(s.Input, step.Data...)
		case step.Action == EOF:
			s.HasEnded = true
		case step.Action != None:
			return nil
		}
		s.Output = append(s.Output, step.output...)
		s.IsPrefix = step.form == prefix
		for j := range step.events {
			s.add(&step.events[j])
		}
	}
	return s
}

func (s *Stream) add(event *Event) {
	switch event.Type {
	case eventTypes["open"].Type:
		s.Opens = true
	case eventTypes["text"].Type:
		s.Messages = append(s.Messages, *event)
	case eventTypes["close"].Type:
		s.Close = event
	}
}

// CheckOutput says what of the frames that the peer got is not as the vector has it, whatever they are masked with.
func (s *Stream) CheckOutput(got []byte) error {
	want := s.Output
	for len(want) > 0 || len(got) > 0 {
		var wanted, gotten frame
		var err, problem error
		wanted, want, problem = splitFrame(want)
		gotten, got, err = splitFrame(got)
		isSame := gotten.first == wanted.first && bytes.Equal(gotten.data, wanted.data)
		if err != nil || problem != nil || !isSame || (gotten.key == nil) != (wanted.key == nil) {
			return fmt.Errorf("output: frame %x %x, not %x %x", gotten.first, gotten.data, wanted.first, wanted.data)
		}
	}
	return nil
}
