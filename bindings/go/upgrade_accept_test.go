// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"tidewire"
)

// accepted is what Accept returned.
type accepted struct {
	conn *tidewire.Conn
	r    *http.Request
	err  error
}

// accept starts a server on u alone, and hands on what each Accept returns.
func accept(t *testing.T, u *tidewire.Upgrader) (string, <-chan accepted) {
	t.Helper()
	results := make(chan accepted, 1)
	return listen(t, func(nc net.Conn) {
		nc.SetDeadline(time.Time{})
		conn, r, err := u.Accept(t.Context(), nc)
		results <- accepted{conn, r, err}
		if err == nil {
			echo(conn)
		}
	}), results
}

func TestAcceptor_EchoesAndTellsTheRequest(t *testing.T) {
	addr, results := accept(t, &tidewire.Upgrader{Subprotocols: []string{"a"}})
	conn, _ := mustDial(t, "ws://"+addr+"/chat?room=1", &tidewire.DialOptions{Subprotocols: []string{"b", "a"}})
	checkEcho(t, conn)
	got := <-results
	if got.err != nil || got.conn.Subprotocol() != "a" || conn.Subprotocol() != "a" {
		t.Errorf("Accept() = %v, subprotocol %q", got.err, conn.Subprotocol())
	}
	if got.r.URL.Query().Get("room") != "1" || got.r.Host != addr || got.r.RemoteAddr != conn.LocalAddr().String() {
		t.Errorf("the request is %v", got.r)
	}
}

func TestAcceptor_SpeaksTLS(t *testing.T) {
	_, config := serveTLS(t, nil)
	states := make(chan *tls.ConnectionState, 1)
	addr := listenTLS(t, func(nc net.Conn) {
		conn, r, err := new(tidewire.Upgrader).Accept(t.Context(), nc)
		if err != nil {
			t.Error(err)
			return
		}
		states <- r.TLS
		echo(conn)
	})
	conn, _ := mustDial(t, "wss://"+addr, &tidewire.DialOptions{TLSConfig: config})
	checkEcho(t, conn)
	if state := <-states; state == nil || !state.HandshakeComplete {
		t.Errorf("the request has the TLS state %v", state)
	}
}

func TestAcceptor_AnswersWhatItRefuses(t *testing.T) {
	deny := func(*http.Request) bool { return false }
	bad := func(*http.Request) http.Header { return http.Header{"X": {"a\r\nY: b"}} }
	right := request("")
	for _, test := range []struct {
		name, request string
		upgrader      tidewire.Upgrader
		want          tidewire.Status
		status        int
	}{
		{"page", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", tidewire.Upgrader{}, tidewire.ErrHTTPUpgrade, 426},
		{"no HTTP", "\x16\x03\x01\x02\x00\x01", tidewire.Upgrader{}, tidewire.ErrHTTPSyntax, 400},
		{"target", strings.Replace(right, "/chat", "/%zz", 1), tidewire.Upgrader{}, tidewire.ErrHTTPSyntax, 400},
		{"long head", right[:len(right)-2] + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 100),
			tidewire.Upgrader{}, tidewire.ErrLimitHead, 431},
		{"limit", right, tidewire.Upgrader{MaxHeadLen: 50}, tidewire.ErrLimitHead, 431},
		{"foreign page", request("Origin: https://evil.example\r\n"), tidewire.Upgrader{}, tidewire.ErrOrigin, 403},
		{"function", right, tidewire.Upgrader{CheckOrigin: deny}, tidewire.ErrOrigin, 403},
		{"header", right, tidewire.Upgrader{ResponseHeader: bad}, tidewire.ErrHeaderInjection, 500},
	} {
		t.Run(test.name, func(t *testing.T) {
			addr, results := accept(t, &test.upgrader)
			resp := exchange(t, addr, test.request)
			got := <-results
			checkStatus(t, got.err, test.want)
			if resp.StatusCode != test.status || got.conn != nil || got.r != nil {
				t.Errorf("the response is %v, Accept() = %v, %v", resp.Status, got.conn, got.r)
			}
		})
	}
}

func TestAcceptor_AsksItsFunctions(t *testing.T) {
	asked := ""
	addr, results := accept(t, &tidewire.Upgrader{
		CheckOrigin:    func(r *http.Request) bool { asked = r.Header.Get("Origin"); return true },
		ResponseHeader: func(r *http.Request) http.Header { return http.Header{"X-Path": {r.URL.Path}} },
	})
	conn, resp := mustDial(t, "ws://"+addr+"/here", &tidewire.DialOptions{Origin: "https://page.example"})
	checkEcho(t, conn)
	if got := <-results; got.err != nil || asked != "https://page.example" || resp.Header.Get("X-Path") != "/here" {
		t.Errorf("Accept() = %v, CheckOrigin saw %q, the response has %v", got.err, asked, resp.Header)
	}
}

func TestAcceptor_ReadsWhatCameWithTheRequest(t *testing.T) {
	whole := request("") + maskedHello
	for cut := range len(whole) {
		server, client := net.Pipe()
		client.SetDeadline(time.Now().Add(patience))
		upgrader := &tidewire.Upgrader{}
		if cut%2 == 1 { // the way on which the engine gets the request twice
			upgrader.CheckOrigin = func(*http.Request) bool { return true }
		}
		go func() {
			io.WriteString(client, whole[:cut])
			io.WriteString(client, whole[cut:])
			io.Copy(io.Discard, client)
		}()
		go io.Copy(io.Discard, client) // the response
		conn, _, err := upgrader.Accept(t.Context(), server)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		checkMessage(t, conn, "Hello")
		conn.Close()
		client.Close()
	}
}

func TestAcceptor_EndsWithTimeAndContext(t *testing.T) {
	before := runtime.NumGoroutine()
	server, client := net.Pipe()
	_, _, err := (&tidewire.Upgrader{HandshakeTimeout: time.Millisecond}).Accept(t.Context(), server)
	checkStatus(t, err, tidewire.ErrTimeoutHandshake)
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the stream is not closed: %v", err)
	}
	server, client = net.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		io.WriteString(client, "GET ")
		cancel()
	}()
	_, _, err = new(tidewire.Upgrader).Accept(ctx, server)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Accept() = %v", err)
	}
	server, client = net.Pipe()
	client.Close()
	_, _, err = new(tidewire.Upgrader).Accept(t.Context(), server)
	checkStatus(t, err, tidewire.ErrEOF)
	checkNoGoroutine(t, before)
}

func TestAcceptor_ClientIsGone_IsAnError(t *testing.T) {
	before := runtime.NumGoroutine()
	server, client := net.Pipe()
	go func() {
		io.WriteString(client, request(""))
		client.Close()
	}()
	conn, r, err := new(tidewire.Upgrader).Accept(t.Context(), server)
	if conn != nil || r != nil || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Accept() = %v, %v, %v", conn, r, err)
	}
	checkNoGoroutine(t, before)
}

func TestAcceptor_WrongConfiguration_ClosesTheStream(t *testing.T) {
	server, client := net.Pipe()
	_, _, err := (&tidewire.Upgrader{MaxHeadLen: -1}).Accept(t.Context(), server)
	checkStatus(t, err, tidewire.ErrArgument)
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the stream is not closed: %v", err)
	}
}
