// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"tidewire"
)

func TestEcho(t *testing.T) {
	reader, writer := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- run(ctx, "127.0.0.1:0", writer) }()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, url, _ := strings.Cut(strings.TrimSpace(line), "listening on ")
	conn, _, err := tidewire.Dial(ctx, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	const count = 100
	for i := range count {
		if err := conn.WriteMessageNoFlush(tidewire.TextMessage, fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range count {
		_, data, err := conn.ReadMessage()
		if err != nil || string(data) != fmt.Sprint(i) {
			t.Fatalf("message %d is %q, %v", i, data, err)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, _, err := conn.ReadMessage(); err == nil {
		t.Error("the connection goes on after the server's end")
	}
}
