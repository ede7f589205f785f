// SPDX-License-Identifier: MIT

package vectors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// frame is one of an output whose compressed bytes the engine chooses.
type frame struct {
	first byte   // FIN, RSV1 and the opcode
	key   []byte // nil: not masked
	data  []byte // what the payload stands for
}

const (
	rsv1      = 0x40
	isControl = 0x08
)

// inflater is the peer: what it makes of output in which messages may be compressed.
type inflater struct {
	window       window
	isCompressed bool   // within a compressed message
	message      []byte // its payload so far
	begin        int    // of the message in the window
}

// check says what of the output is not these frames.
func (in *inflater) check(output []byte, frames []frame, terms Terms) error {
	for i, want := range frames {
		got, rest, err := splitFrame(output)
		if err == nil {
			got.data, err = in.payload(got, terms)
		}
		if err != nil {
			return fmt.Errorf("frame %d: %w", i, err)
		}
		if got.first != want.first || !bytes.Equal(got.key, want.key) || !bytes.Equal(got.data, want.data) {
			return fmt.Errorf("frame %d: %x, not %x", i, got, want)
		}
		output = rest
	}
	if len(output) > 0 {
		return fmt.Errorf("%x after %d frames", output, len(frames))
	}
	return nil
}

var errFrame = errors.New("no whole frame, or its length is not in the shortest form")

// splitFrame takes the first frame off, and unmasks its payload.
func splitFrame(output []byte) (f frame, rest []byte, err error) {
	if len(output) < 2 {
		return f, nil, errFrame
	}
	f.first = output[0]
	length, head := uint64(output[1]&0x7F), 2
	var shortest uint64
	switch {
	case length == 126 && len(output) >= 4:
		length, head, shortest = uint64(binary.BigEndian.Uint16(output[2:])), 4, 126
	case length == 127 && len(output) >= 10:
		length, head, shortest = binary.BigEndian.Uint64(output[2:]), 10, 1<<16
	}
	if output[1]&0x80 != 0 {
		head += 4
	}
	if length < shortest || len(output) < head || length > uint64(len(output)-head) {
		return f, nil, errFrame
	}
	end := head + int(length)
	f.data = output[head:end]
	if output[1]&0x80 != 0 {
		f.key = output[head-4 : head]
		f.data = masked(f.key, f.data)
	}
	return f, output[end:], nil
}

// payload gives what the payload of the next frame stands for.
func (in *inflater) payload(f frame, terms Terms) ([]byte, error) {
	if f.first&rsv1 != 0 {
		in.isCompressed, in.message = true, nil
		in.window.reach = 1 << terms.SendWindowBits
		if !terms.SendTakeover {
			in.window.data = nil
		}
		in.begin = len(in.window.data)
		if !terms.Enabled {
			return nil, errors.New("no compression was agreed on")
		}
	}
	if !in.isCompressed || f.first&isControl != 0 {
		return f.data, nil
	}
	in.message = slices.Concat(in.message, f.data)
	isLast := f.first&flagFIN != 0
	if isLast {
		in.message = append(in.message, 0x00, 0x00, 0xFF, 0xFF)
		in.isCompressed = false
	}
	// All of the message once more: what it stood for before this frame is known.
	known := len(in.window.data)
	in.window.data = in.window.data[:in.begin]
	err := in.window.inflate(in.message)
	if err == errCut && !isLast {
		err = nil
	}
	return in.window.data[known:], err
}
