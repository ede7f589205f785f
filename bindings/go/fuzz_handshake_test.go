// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"tidewire"
)

// memoryConn is a stream on which all that comes is there already, and what is written is kept.
type memoryConn struct {
	in  io.Reader
	out bytes.Buffer
}

func (m *memoryConn) Read(p []byte) (int, error)       { return m.in.Read(p) }
func (m *memoryConn) Write(p []byte) (int, error)      { return m.out.Write(p) }
func (m *memoryConn) Close() error                     { return nil }
func (m *memoryConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (m *memoryConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (m *memoryConn) SetDeadline(time.Time) error      { return nil }
func (m *memoryConn) SetReadDeadline(time.Time) error  { return nil }
func (m *memoryConn) SetWriteDeadline(time.Time) error { return nil }

// hijackable is the writer of a response on a stream that a handler may take over.
type hijackable struct {
	*httptest.ResponseRecorder
	stream net.Conn
}

func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.stream, bufio.NewReadWriter(bufio.NewReader(h.stream), bufio.NewWriter(h.stream)), nil
}

// checkRequest says what is wrong with a request that went to the host of a URL.
func checkRequest(sent []byte, raw string) error {
	stream := bufio.NewReader(bytes.NewReader(sent))
	r, err := http.ReadRequest(stream)
	if err != nil {
		return err
	}
	if n, _ := io.Copy(io.Discard, stream); n > 0 {
		return errors.New("there is more behind the request")
	}
	want, err := url.Parse(raw)
	if err != nil {
		return err
	}
	isSame := strings.EqualFold(r.URL.Path, want.Path) || r.URL.Path == "/" && want.Path == ""
	host, _, _ := strings.Cut(want.Hostname(), "%")
	if !isSame || (&url.URL{Host: r.Host}).Hostname() != host {
		return errors.New("it is for another page")
	}
	for name := range r.Header {
		switch name {
		case "Authorization", "Connection", "Sec-Websocket-Key", "Sec-Websocket-Version", "Upgrade":
		default:
			return errors.New("there is a header that nobody wanted: " + name)
		}
	}
	return nil
}

// FuzzDialURL dials any URL: what goes out is one request, for that page, with no header that was smuggled in.
func FuzzDialURL(f *testing.F) {
	for _, seed := range []string{
		"ws://localhost", "wss://example.com:8443/chat?room=1&x=%20", "ws://user:p%40ss@[::1]:80/%2e%2e/a", "ws://h/?",
		"ws://h/a b", "ws://h/\r\nX: y", "ws://h%0d%0aX/", "ws://[fe80::1%25eth0]/", "ws://h#f", "http://h", "ws:///p",
		"ws:h",
		"ws://ex\u00e4mple/", "ws://h:0/", "ws://h:99999/", "ws://h/%zz", "WS://H/", "ws://h/?q=\u00e4 \"<>", "//h", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		stream := &memoryConn{in: strings.NewReader("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")}
		dial := func(context.Context, string, string) (net.Conn, error) { return stream, nil }
		conn, response, err := tidewire.Dial(context.Background(), raw, &tidewire.DialOptions{
			NetDialContext: dial, NetDialTLSContext: dial, Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
		})
		if conn != nil || err == nil {
			t.Fatalf("%q: a connection that was refused: %v", raw, response)
		}
		if stream.out.Len() == 0 {
			return // the URL was refused
		}
		if err := checkRequest(stream.out.Bytes(), raw); err != nil || response == nil || response.StatusCode != 403 {
			t.Errorf("%q: %v, %v:\n%s", raw, err, response, stream.out.Bytes())
		}
	})
}

// checkResponse says what is wrong with the answer to a request; what follows it is left to read.
func checkResponse(stream *bufio.Reader, isAccepted bool) error {
	response, err := http.ReadResponse(stream, nil)
	if err != nil {
		return err
	}
	if isAccepted != (response.StatusCode == http.StatusSwitchingProtocols) {
		return errors.New(response.Status)
	}
	if !isAccepted && response.StatusCode < 400 {
		return errors.New(response.Status)
	}
	return nil
}

// FuzzUpgradeRequest has both kinds of servers answer any request: they say yes or no, and to the same requests yes.
func FuzzUpgradeRequest(f *testing.F) {
	for _, seed := range []string{
		request(""), request("Origin: http://example.com\r\n"), request("Origin: null\r\n"), request("Content-Length: 1\r\n"),
		request("Sec-WebSocket-Protocol: a, chat\r\n"), request("Sec-WebSocket-Extensions: permessage-deflate\r\n"),
		request("") + maskedHello, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "\r\n", "",
		strings.Replace(request(""), "/chat", "http://example.com/chat", 1), strings.Replace(request(""), "GET", "PUT", 1),
		strings.Replace(request(""), "/chat", "/%zz", 1), strings.Replace(request(""), "13", "8", 1),
	} {
		f.Add([]byte(seed))
	}
	upgrader := &tidewire.Upgrader{
		Subprotocols: []string{"chat"}, Options: &tidewire.Options{Compression: &tidewire.Compression{}},
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		stream := &memoryConn{in: bytes.NewReader(data)}
		conn, _, err := upgrader.Accept(context.Background(), stream)
		if err == nil {
			conn.Close()
		}
		if stream.out.Len() > 0 || err == nil {
			if problem := checkResponse(bufio.NewReader(&stream.out), err == nil); problem != nil {
				t.Fatalf("%q is answered with %v: %v", data, problem, err)
			}
		}
		input := bufio.NewReader(bytes.NewReader(data))
		r, unread := http.ReadRequest(input)
		if unread != nil {
			if err == nil {
				t.Errorf("%q is accepted, and net/http cannot read it: %v", data, unread)
			}
			return
		}
		again := &memoryConn{in: input}
		w := hijackable{httptest.NewRecorder(), again}
		conn, other := upgrader.Upgrade(w, r)
		if other == nil {
			conn.Close()
		} else if w.Code < 400 {
			t.Errorf("%q is refused with %d: %v", data, w.Code, other)
		}
		if err == nil && other != nil {
			t.Errorf("%q: Accept accepts it, Upgrade does not: %v", data, other)
		}
	})
}
