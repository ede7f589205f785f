// SPDX-License-Identifier: MIT

package engine_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"tidewire/internal/vectors"
)

// How a fuzzed connection is made, by bits.
const (
	asClient = 1 << iota
	withStream
	withStreamFragmented
	withManualPong
	withTrusted
	withDeflate
	withHandshake
	withLimits
)

// fuzzVector is a connection that is sent these bytes, and perhaps the end of the stream.
func fuzzVector(how uint8, data []byte) *vectors.Vector {
	has := func(bit uint8) bool { return how&bit != 0 }
	v := &vectors.Vector{
		IsClient: has(asClient),
		Flags: map[string]bool{
			"stream": has(withStream), "stream_fragmented": has(withStreamFragmented) && !has(withStream),
			"manual_pong": has(withManualPong), "trusted": has(withTrusted),
		},
		Config: map[string]uint64{},
		Random: []byte("these are no random bytes"),
		Steps:  []vectors.Step{{Action: vectors.Input, Data: data}, {Action: vectors.EOF}},
	}
	if has(withDeflate) {
		v.Deflate = map[string]uint64{"max_context_len": 1 << 20}
	}
	switch {
	case has(withHandshake):
		v.Handshake = &vectors.Handshake{Host: "localhost", Subprotocols: []string{"chat"}, AnyOrigin: true}
	case has(withDeflate):
		v.Negotiated = &vectors.Terms{
			Enabled: true, SendTakeover: true, ReceiveTakeover: true, SendWindowBits: 15, ReceiveWindowBits: 15,
		}
	}
	if has(withLimits) {
		v.Config = map[string]uint64{"max_message_len": 100, "max_frame_len": 60, "max_fragments": 3}
	}
	return v
}

// cutAnywhere cuts data into pieces whose lengths follow from the seed.
func cutAnywhere(seed uint64) func(int, []byte) [][]byte {
	return func(_ int, data []byte) (pieces [][]byte) {
		random := rand.New(rand.NewPCG(seed, 0))
		for len(data) > 0 {
			n := min(len(data), 1+random.IntN(1+random.IntN(1+len(data))))
			pieces = append(pieces, data[:n])
			data = data[n:]
		}
		return pieces
	}
}

// bitsOf is how a vector's connection is made, as far as a fuzzed one can be.
func bitsOf(v *vectors.Vector) (how uint8) {
	for bit, is := range map[uint8]bool{
		asClient: v.IsClient, withStream: v.Flags["stream"], withStreamFragmented: v.Flags["stream_fragmented"],
		withManualPong: v.Flags["manual_pong"], withTrusted: v.Flags["trusted"], withDeflate: v.Deflate != nil,
		withHandshake: v.Handshake != nil, withLimits: len(v.Config) > 0,
	} {
		if is {
			how |= bit
		}
	}
	return how
}

// addVectors has the fuzzer begin with what the vectors feed.
func addVectors(f *testing.F, add func(v *vectors.Vector, input []byte)) {
	paths, _ := filepath.Glob(filepath.Join(vectorFolder, "*.json")) // none outside of the sources of tidewire
	for _, path := range paths {
		found, err := vectors.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, v := range found {
			if stream := v.Stream(); stream != nil && len(stream.Input) < 4096 {
				add(v, stream.Input)
			}
		}
	}
}

// FuzzReceive feeds any bytes to any kind of connection: cut in whatever way, they bring the same events, output,
// failure and counters.
func FuzzReceive(f *testing.F) {
	f.Add(uint8(0), uint64(1), []byte("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x82\x80\x00\x00\x00\x00"))
	addVectors(f, func(v *vectors.Vector, input []byte) { f.Add(bitsOf(v), uint64(len(input)), input) })
	f.Fuzz(func(t *testing.T, how uint8, seed uint64, data []byte) {
		v := fuzzVector(how, data)
		whole := run(v, way{false, eventCap, uncut})
		for _, other := range []way{{false, 1, cutAnywhere(seed)}, {true, eventCap, cutAnywhere(seed + 1)}} {
			if trace := run(v, other); !trace.Equal(whole) {
				t.Fatalf("in pieces, by read buffer: %t:\n%s\nnot as whole:\n%s", other.byReadBuffer, seen(trace), seen(whole))
			}
		}
	})
}

func seen(trace *vectors.Trace) string { return fmt.Sprintf("%+v", *trace) }
