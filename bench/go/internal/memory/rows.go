// SPDX-License-Identifier: MIT

package memory

import (
	"bytes"
	"fmt"
)

// Row is one thing to measure. Make opens its connection, and returns a function that handles that many messages, a
// multiple of Batch.
type Row struct {
	Table string // such as "GoReceive"
	Name  string // whose, such as "gws"
	Size  int    // of a message, bytes of payload
	Make  func() (run func(messages int) error, err error)
}

// Batch is what the messages of a run are a multiple of.
const Batch = 800

var (
	sizes  = []int{16, 125, 1024, 16384, 65536}
	tables = []struct {
		name string
		rows []maker
	}{
		{"GoReceive", receivers},
		{"GoSendServer", serverSenders},
		{"GoSendClient", clientSenders},
	}
)

type maker struct {
	name string
	make func(size int) (run func(messages int) error, err error)
}

// String is the row's name as Google Benchmark would write it.
func (r Row) String() string {
	return fmt.Sprintf("BM_%s/%s/%d", r.Table, r.Name, r.Size)
}

// Rows are all of them.
func Rows() []Row {
	var rows []Row
	for _, table := range tables {
		for _, each := range table.rows {
			for _, size := range sizes {
				rows = append(rows, Row{table.name, each.name, size, func() (func(int) error, error) {
					return each.make(size)
				}})
			}
		}
	}
	return rows
}

// received compares the messages of the first run, which is not timed, and adds up the lengths of those that follow.
type received struct {
	want    []byte
	checked bool
	wrong   int // messages of the first run
	len     int // of the run's messages
}

func (r *received) take(message []byte) {
	r.len += len(message)
	if !r.checked && !bytes.Equal(message, r.want) {
		r.wrong++
	}
}

// end says whether the run had as many messages as it should.
func (r *received) end(messages int) error {
	total := r.len
	r.len = 0
	r.checked = true
	if r.wrong > 0 || total != messages*len(r.want) {
		return fmt.Errorf("%d of %d messages are wrong; they have %d bytes in place of %d", r.wrong, messages, total,
			messages*len(r.want))
	}
	return nil
}
