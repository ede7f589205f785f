// SPDX-License-Identifier: MIT

// Rows of messages in memory, timed in turn and printed as Google Benchmark would.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"tidewire/bench/internal/memory"
)

func main() {
	log.SetFlags(0)
	filter := flag.String("filter", ".", "run only rows whose name, such as BM_GoReceive/gws/125, matches")
	repetitions := flag.Int("repetitions", 7, "of each row")
	minTime := flag.Float64("min-time", 0.05, "seconds of processor time that a repetition takes")
	versions := flag.Bool("versions", false, "print the versions of Go and of the libraries, and run nothing")
	flag.Parse()
	if *versions {
		printVersions()
		return
	}
	matches, err := regexp.Compile(*filter)
	if err != nil {
		log.Fatal(err)
	}
	entries, err := measure(matches, *repetitions, time.Duration(*minTime*float64(time.Second)))
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(entries); err != nil {
		log.Fatal(err)
	}
}

func printVersions() {
	fmt.Println("Go", runtime.Version()[len("go"):])
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	for _, module := range info.Deps {
		if module.Replace == nil { // as ours is, whose version the engine tells
			fmt.Println(strings.SplitN(module.Path, "/", 2)[1], module.Version[len("v"):])
		}
	}
}

// measure runs every row that matches, once to check it and then so often, in turn.
func measure(matches *regexp.Regexp, repetitions int, minTime time.Duration) ([]entry, error) {
	rows, err := open(matches, minTime)
	if err != nil {
		return nil, err
	}
	entries := []entry{}
	for range repetitions {
		for _, each := range rows {
			entry, err := each.entry()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", each.name, err)
			}
			entries = append(entries, entry)
		}
	}
	for _, each := range memory.Flushes() { // once: counts do not vary as times do
		if !matches.MatchString(each.String()) {
			continue
		}
		writes, allocations, err := each.Count()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", each, err)
		}
		entries = append(entries, newEntry(each.String(), 0, allocations))
		entries[len(entries)-1].Writes = &writes
	}
	return entries, nil
}

func open(matches *regexp.Regexp, minTime time.Duration) ([]row, error) {
	var rows []row
	for _, each := range memory.Rows() {
		if !matches.MatchString(each.String()) {
			continue
		}
		run, err := each.Make()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", each, err)
		}
		opened := row{name: each.String(), index: len(rows), run: run, messages: memory.Batch}
		if err := opened.calibrate(minTime); err != nil {
			return nil, fmt.Errorf("%s: %w", each, err)
		}
		rows = append(rows, opened)
	}
	return rows, nil
}
