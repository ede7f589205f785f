// SPDX-License-Identifier: MIT

package memory

import (
	"strings"
	"testing"
)

func TestEveryRowRuns(t *testing.T) {
	for _, row := range Rows() {
		t.Run(row.String(), func(t *testing.T) {
			run, err := row.Make()
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the first compares, the second counts
				if err := run(Batch); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestFlushOurs_WritesABatchByOneSystemCallWithoutAllocation(t *testing.T) {
	for _, flush := range Flushes() {
		writes, allocations, err := flush.Count()
		if err != nil {
			t.Fatal(flush, err)
		}
		isOurs := strings.HasPrefix(flush.Name, "tw_")
		if want := map[bool]float64{true: 1, false: batchLen}[flush.isBatch]; writes != want {
			t.Errorf("%s: %v system calls wrote a batch in place of %v", flush, writes, want)
		}
		if isOurs && allocations >= 0.005 {
			t.Errorf("%s: %v allocations for each message", flush, allocations)
		}
	}
}

func TestReceived_NoticesAMessageThatDiffers(t *testing.T) {
	got := received{want: []byte("right")}
	got.take([]byte("right"))
	got.take([]byte("wrong"))
	if got.end(2) == nil {
		t.Error("a message of the same length passed")
	}
	got = received{want: []byte("right"), checked: true}
	got.take([]byte("right"))
	if got.end(2) == nil {
		t.Error("one message in place of two passed")
	}
}

// One operation is Batch messages.
func Benchmark(b *testing.B) {
	for _, row := range Rows() {
		b.Run(strings.TrimPrefix(row.String(), "BM_"), func(b *testing.B) {
			run, err := row.Make()
			if err == nil {
				err = run(Batch)
			}
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(Batch * row.Size))
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if err := run(Batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*Batch), "ns/message")
		})
	}
}
