// SPDX-License-Identifier: MIT

// The client that the Autobahn test suite examines.
//
// client PORT CONTEXT: runs every case that the suite's server on 127.0.0.1 offers, echoing each message. CONTEXT is
// how many bytes of compression context a connection may keep. Status 0: every case was run to its end; what they
// showed is in the suite's report.
package main

import (
	"context"
	"fmt"
	"strconv"

	"tidewire"
	"tidewire/autobahn"
)

// dial connects to a page of the suite's server.
func dial(port uint16, page string, options *tidewire.Options) *tidewire.Conn {
	url := fmt.Sprintf("ws://127.0.0.1:%d/%s", port, page)
	conn, _, err := tidewire.Dial(context.Background(), url, &tidewire.DialOptions{Options: options})
	if err != nil {
		autobahn.Fail(err)
	}
	return conn
}

// caseCount asks the suite how many cases there are.
func caseCount(port uint16) int {
	conn := dial(port, "getCaseCount", nil)
	defer conn.Close()
	_, text, err := conn.ReadMessage()
	if err != nil {
		autobahn.Fail(err)
	}
	count, err := strconv.Atoi(string(text))
	if err != nil {
		autobahn.Fail(err)
	}
	return count
}

func main() {
	port, options := autobahn.Arguments()
	for number := range caseCount(port) {
		autobahn.Echo(dial(port, fmt.Sprintf("runCase?case=%d&agent=tidewire", number+1), options))
	}
	autobahn.Echo(dial(port, "updateReports?agent=tidewire", nil))
}
