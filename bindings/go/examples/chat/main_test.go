// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"tidewire"
)

// start runs the program, and returns its address and what ends it.
func start(t *testing.T) (string, func()) {
	t.Helper()
	reader, writer := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- run(ctx, "127.0.0.1:0", writer) }()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, addr, _ := strings.Cut(strings.TrimSpace(line), "listening on http://")
	return addr, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func join(t *testing.T, addr string) *tidewire.Conn {
	t.Helper()
	conn, _, err := tidewire.Dial(t.Context(), "ws://"+addr+"/room", &tidewire.DialOptions{Origin: "http://" + addr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

func say(t *testing.T, conn *tidewire.Conn, text string) {
	t.Helper()
	if err := conn.WriteMessage(tidewire.TextMessage, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, conn *tidewire.Conn, want string) {
	t.Helper()
	if _, data, err := conn.ReadMessage(); err != nil || string(data) != want {
		t.Fatalf("heard %q, %v; want %q", data, err, want)
	}
}

func TestChat_EverybodyHearsEverything(t *testing.T) {
	addr, end := start(t)
	first := join(t, addr)
	say(t, first, "alone")
	hear(t, first, "alone")
	second := join(t, addr)
	say(t, second, "hello")
	hear(t, first, "hello")
	hear(t, second, "hello")
	second.Close()
	say(t, first, "gone")
	hear(t, first, "gone")
	end()
	if _, _, err := first.ReadMessage(); err == nil {
		t.Error("the connection goes on after the server's end")
	}
}

func TestChat_ServesItsPageAndNoOther(t *testing.T) {
	addr, end := start(t)
	defer end()
	resp, err := http.Get("http://" + addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || !bytes.Contains(body, []byte("new WebSocket(")) {
		t.Errorf("the page is %q, %v", body, err)
	}
	_, resp, err = tidewire.Dial(t.Context(), "ws://"+addr+"/room", &tidewire.DialOptions{Origin: "https://evil.example"})
	if err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another site gets %v, %v", resp, err)
	}
}
