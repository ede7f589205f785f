// SPDX-License-Identifier: MIT

package main

import (
	"runtime"
	"syscall"
	"time"

	"tidewire/bench/internal/heap"
	"tidewire/bench/internal/memory"
)

// entry is one repetition of a row, as Google Benchmark would write it.
type entry struct {
	Name        string   `json:"name"`
	FamilyIndex int      `json:"family_index"`
	RunType     string   `json:"run_type"`
	CPUTime     float64  `json:"cpu_time"`         // of a message, in TimeUnit
	TimeUnit    string   `json:"time_unit"`        //
	PerMessage  float64  `json:"per_message"`      // the same in seconds
	Allocations float64  `json:"allocations"`      // for each message
	Writes      *float64 `json:"writes,omitempty"` // system calls for each batch; of a row that has no time
}

func newEntry(name string, index int, allocations float64) entry {
	return entry{Name: name, FamilyIndex: index, RunType: "iteration", TimeUnit: "ns", Allocations: allocations}
}

// row is one that is open.
type row struct {
	name     string
	index    int
	run      func(messages int) error
	messages int // of a repetition
}

// calibrate checks the row by a first run, and then finds how many messages take that long.
func (r *row) calibrate(minTime time.Duration) error {
	for {
		taken, _, err := r.measure()
		if err != nil {
			return err
		}
		if taken >= minTime {
			return nil
		}
		want := float64(r.messages) * float64(minTime) / float64(max(taken, time.Microsecond))
		r.messages = max(2*r.messages, int(want)/memory.Batch*memory.Batch)
	}
}

func (r *row) entry() (entry, error) {
	taken, allocations, err := r.measure()
	messages := float64(r.messages)
	entry := newEntry(r.name, r.index, float64(allocations)/messages)
	entry.PerMessage = taken.Seconds() / messages
	entry.CPUTime = entry.PerMessage * 1e9
	return entry, err
}

// measure runs once and returns what the process took, the garbage collector included.
func (r *row) measure() (taken time.Duration, allocations uint64, err error) {
	runtime.GC()
	allocations, taken = heap.Allocations(), processTime()
	err = r.run(r.messages)
	return processTime() - taken, heap.Allocations() - allocations, err
}

// processTime is that of all threads, in the program and in the system.
func processTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // Linux has it
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
