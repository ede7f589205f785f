// SPDX-License-Identifier: MIT

// Package autobahn is what the two programs have in common that the Autobahn test suite examines.
package autobahn

import (
	"fmt"
	"os"
	"strconv"

	"tidewire"
)

// Arguments reads PORT and CONTEXT, the bytes of compression context that a connection may keep, and gives the options
// that the cases need.
func Arguments() (port uint16, options *tidewire.Options) {
	if len(os.Args) != 3 {
		Fail(fmt.Errorf("usage: %s PORT CONTEXT", os.Args[0]))
	}
	number, err := strconv.ParseUint(os.Args[1], 10, 16)
	if err != nil {
		Fail(err)
	}
	context, err := strconv.ParseInt(os.Args[2], 10, 64)
	if err != nil {
		Fail(err)
	}
	return uint16(number), &tidewire.Options{
		MaxFragments: 128 * 1024, // case 9.3.1 sends 65536
		ReadLimit:    16 << 20,   // the cases of 9 send as much
		Compression:  &tidewire.Compression{MaxContextLen: context},
	}
}

// Echo sends back what it receives, until the peer has seen enough or has broken a rule: many cases do so to see what
// then happens.
func Echo(conn *tidewire.Conn) {
	defer conn.Close()
	for {
		kind, data, err := conn.ReadMessage()
		if err != nil {
			return
		}
		if err := conn.WriteMessage(kind, data); err != nil {
			return
		}
	}
}

// Fail ends the program.
func Fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
