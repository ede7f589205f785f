// SPDX-License-Identifier: MIT

package engine_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"tidewire/internal/vectors"
)

const (
	vectorFolder  = "../../../../tests/vectors"
	everySplitMax = 2048 // bytes of an input that is cut at every point
	eventCap      = 64
	readLen       = 256 // bytes, so that every read buffer is too small at some time
)

// way is how a connection takes its input.
type way struct {
	byReadBuffer bool // what a Conn uses where its stream is no socket
	eventCap     int
	cut          func(step int, data []byte) [][]byte
}

func uncut(_ int, data []byte) [][]byte { return [][]byte{data} }

func byteByByte(_ int, data []byte) [][]byte {
	var pieces [][]byte
	for i := range data {
		pieces = append(pieces, data[i:i+1])
	}
	return pieces
}

// cutOnce cuts the input of one step in two.
func cutOnce(cutStep, at int) func(int, []byte) [][]byte {
	return func(step int, data []byte) [][]byte {
		if step != cutStep {
			return [][]byte{data}
		}
		return [][]byte{data[:at], data[at:]}
	}
}

// ways calls run with every way of running that tests/vectors/README.md has.
func ways(v *vectors.Vector, run func(string, way)) {
	for _, by := range []bool{false, true} {
		run(fmt.Sprintf("whole, by read buffer: %t", by), way{by, eventCap, uncut})
		run(fmt.Sprintf("one event a call, by read buffer: %t", by), way{by, 1, uncut})
		run(fmt.Sprintf("byte by byte, by read buffer: %t", by), way{by, eventCap, byteByByte})
	}
	for i := range v.Steps {
		if v.Steps[i].Action != vectors.Input || isRace { // with its detector a call of C takes ten times as long
			continue
		}
		length := len(v.Steps[i].Data)
		for at := 1; at < length; at++ {
			isEdge := length <= everySplitMax || at <= 64 || at >= length-64
			if !isEdge && at%251 != 0 {
				continue
			}
			run(fmt.Sprintf("step %d cut at %d", i, at), way{false, eventCap, cutOnce(i, at)})
			if isEdge {
				run(fmt.Sprintf("step %d cut at %d, by read buffer", i, at), way{true, eventCap, cutOnce(i, at)})
			}
		}
	}
}

func TestVectors(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(vectorFolder, "*.json"))
	if err != nil || len(paths) == 0 {
		t.Skip("the vectors are not part of the module: this runs in the sources of tidewire")
	}
	digests, err := vectors.ReadDigests(filepath.Join(vectorFolder, "digests.txt"))
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, path := range paths {
		found, err := vectors.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		count += len(found)
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			for _, v := range found {
				checkVector(t, v, digests[v.ID])
			}
		})
	}
	if count != len(digests) {
		t.Errorf("%d vectors have %d digests", count, len(digests))
	}
}

// checkVector runs a vector in every way. Each must bring what the vector has, and the same as the others.
func checkVector(t *testing.T, v *vectors.Vector, digest string) {
	var first *vectors.Trace
	ways(v, func(name string, w way) {
		trace := run(v, w)
		if first == nil {
			first = trace
		}
		if err := v.Check(trace); err != nil {
			t.Errorf("%s, %s: %v", v.ID, name, err)
		} else if !trace.Equal(first) {
			t.Errorf("%s, %s: not the same as whole", v.ID, name)
		}
		if got := v.Digest(trace); got != digest {
			t.Errorf("%s, %s: digest %s, not %s", v.ID, name, got, digest)
		}
	})
}
