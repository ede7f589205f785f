// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tidewire"
)

func TestClient_DialsEveryKindOfAddress(t *testing.T) {
	for _, test := range []struct{ name, network, addr string }{
		{"IPv4", "tcp4", "127.0.0.1:0"},
		{"IPv6", "tcp6", "[::1]:0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			listener, err := net.Listen(test.network, test.addr)
			if err != nil && test.network == "tcp6" {
				t.Skip("this host has no IPv6: ", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			server := &http.Server{Handler: echoHandler(&tidewire.Upgrader{})}
			go server.Serve(listener)
			t.Cleanup(func() { server.Close() })
			conn, resp := mustDial(t, "ws://"+listener.Addr().String()+"/chat?room=1", nil)
			if resp.StatusCode != 101 || resp.Header.Get("Upgrade") != "websocket" {
				t.Errorf("the response is %v", resp)
			}
			checkEcho(t, conn)
		})
	}
}

func TestClient_DialsUnixSocket_WithItsOwnDialer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "echo")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: echoHandler(&tidewire.Upgrader{})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	asked := ""
	conn, _ := mustDial(t, "ws://localhost/", &tidewire.DialOptions{
		NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			asked = network + " " + addr
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	})
	checkEcho(t, conn)
	if asked != "tcp localhost:80" {
		t.Errorf("the dialer was asked for %q", asked)
	}
}

func TestClient_SendsWhatItWasTold(t *testing.T) {
	requests := make(chan *http.Request, 1)
	upgrader := &tidewire.Upgrader{Subprotocols: []string{"b", "a"}, AnyOrigin: true}
	addr := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests <- r
		if conn, err := upgrader.Upgrade(w, r); err == nil {
			conn.Close()
		}
	}))
	conn, _ := mustDial(t, strings.Replace(addr, "//", "//user:pass%3aword@", 1)+"/p%20q?a=1", &tidewire.DialOptions{
		HTTPHeader:   http.Header{"X-Token": {"one", "two"}, "User-Agent": {"test"}},
		Host:         "virtual.example:81",
		Origin:       "https://page.example",
		Subprotocols: []string{"a", "b", "c"},
	})
	r := <-requests
	if r.Host != "virtual.example:81" || r.RequestURI != "/p%20q?a=1" || r.UserAgent() != "test" ||
		strings.Join(r.Header["X-Token"], "|") != "one|two" || r.Header.Get("Origin") != "https://page.example" ||
		r.Header.Get("Sec-WebSocket-Protocol") != "a, b, c" {
		t.Errorf("the request is %v %v %v", r.Host, r.RequestURI, r.Header)
	}
	if user, password, ok := r.BasicAuth(); !ok || user != "user" || password != "pass:word" {
		t.Errorf("the credentials are %q, %q, %v", user, password, ok)
	}
	if conn.Subprotocol() != "b" { // what the server likes best
		t.Errorf("the subprotocol is %q", conn.Subprotocol())
	}
}

func TestClient_AuthorizationGoesBeforeTheUserOfTheURL(t *testing.T) {
	addr := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Join(r.Header["Authorization"], "|"))
	}))
	header := http.Header{"Authorization": {"Bearer token"}}
	_, resp, err := tidewire.Dial(t.Context(), strings.Replace(addr, "//", "//user@", 1),
		&tidewire.DialOptions{HTTPHeader: header})
	checkStatus(t, err, tidewire.ErrHTTPStatus)
	if body, _ := io.ReadAll(resp.Body); string(body) != "Bearer token" || len(header) != 1 {
		t.Errorf("Authorization was %q", body)
	}
}

func TestClient_CannotBeMadeToSendMoreThanOneRequest(t *testing.T) {
	type options = tidewire.DialOptions
	for _, test := range []struct {
		opts options
		part string // that the error names
	}{
		{options{HTTPHeader: http.Header{"X": {"a\r\nY: b"}}}, `header "X"`},
		{options{HTTPHeader: http.Header{"A": {"b"}, "X": {"a", "a\nY: b"}}}, `header "X"`},
		{options{HTTPHeader: http.Header{"X: y\r\nZ": {"a"}}}, `header "X: y\r\nZ"`},
		{options{HTTPHeader: http.Header{"": {"a"}}}, `header ""`},
		{options{HTTPHeader: http.Header{"Host": {"example.com"}}}, `header "Host"`},
		{options{HTTPHeader: http.Header{"Connection": {"close"}}}, `header "Connection"`},
		{options{HTTPHeader: http.Header{"Content-Length": {"5"}}}, `header "Content-Length"`},
		{options{HTTPHeader: http.Header{"Sec-Websocket-Key": {"a"}}}, `header "Sec-Websocket-Key"`},
		{options{Host: "example.com\r\nX: y"}, `host "example.com\r\nX: y"`},
		{options{Origin: "https://example.com\r\nX: y"}, `Origin "https://example.com\r\nX: y"`},
		{options{Subprotocols: []string{"a", "b\r\nX: y"}}, `subprotocols ["a" "b\r\nX: y"]`},
		{options{Origin: "https://a.example", HTTPHeader: http.Header{"Origin": {"https://b.example"}}}, ""},
	} {
		test.opts.NetDialContext = func(context.Context, string, string) (net.Conn, error) {
			t.Errorf("%s: connected", test.part)
			return nil, net.ErrClosed
		}
		_, resp, err := tidewire.Dial(t.Context(), "ws://127.0.0.1:1/", &test.opts)
		if !errors.Is(err, tidewire.ErrHeaderInjection) || resp != nil || !strings.Contains(err.Error(), test.part) {
			t.Errorf("%v, want ErrHeaderInjection because of the %s", err, test.part)
		}
	}
}

func TestClient_RefusesWhatItCannotDo(t *testing.T) {
	for name, opts := range map[string]*tidewire.DialOptions{
		"NUL":                {Host: "example.com\x00"},
		"subprotocol twice":  {Subprotocols: []string{"a", "a"}},
		"negative timeout":   {HandshakeTimeout: -1},
		"negative redirects": {MaxRedirects: -1},
		"negative head":      {MaxHeadLen: -1},
		"negative limit":     {Options: &tidewire.Options{ReadLimit: -1}},
	} {
		conn, resp, err := tidewire.Dial(t.Context(), "ws://127.0.0.1:1/", opts)
		if !errors.Is(err, tidewire.ErrArgument) || conn != nil || resp != nil {
			t.Errorf("%s: %v, want ErrArgument", name, err)
		}
	}
}

func TestClient_RefusedByServer_GetsTheResponse(t *testing.T) {
	const long = 100_000
	addr := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Reason", "tired")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, strings.Repeat("x", long))
	}))
	conn, resp, err := tidewire.Dial(t.Context(), addr, nil)
	known := checkStatus(t, err, tidewire.ErrHTTPStatus)
	if conn != nil || resp == nil || resp.StatusCode != 418 || resp.Header.Get("X-Reason") != "tired" {
		t.Fatalf("Dial() = %v, %v", conn, resp)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != strings.Repeat("x", 65536) {
		t.Errorf("the body has %d bytes, %v", len(body), err)
	}
	if known.Op != "dial" || known.Section != "RFC 6455 4.1" || !strings.Contains(err.Error(), "418") {
		t.Errorf("the error is %v (%#v)", err, known)
	}
}

func TestClient_RefusedWithABodyThatDoesNotEnd_GetsWhatIsThere(t *testing.T) {
	released := make(chan struct{})
	defer close(released)
	addr := listen(t, func(nc net.Conn) {
		readRequest(t, nc)
		io.WriteString(nc, "HTTP/1.1 503 Service Unavailable\r\n\r\nlater")
		<-released
	})
	_, resp, err := tidewire.Dial(t.Context(), "ws://"+addr, nil)
	checkStatus(t, err, tidewire.ErrHTTPStatus)
	if body, _ := io.ReadAll(resp.Body); string(body) != "later" {
		t.Errorf("the body is %q", body)
	}
}

func TestClient_JudgesTheResponse(t *testing.T) {
	const right = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	for _, test := range []struct {
		name, response string
		want           tidewire.Status
		status         int // of the response that comes with the error; 0: none does
	}{
		{"nothing", "", tidewire.ErrEOF, 0},
		{"half a head", "HTTP/1.1 101 Switching", tidewire.ErrEOF, 0},
		{"no HTTP", "SSH-2.0-OpenSSH\r\n\r\n", tidewire.ErrHTTPSyntax, 0},
		{"old HTTP", "HTTP/1.0 400 Bad Request\r\n\r\n", tidewire.ErrHTTPVersion, 400},
		{"wrong accept", right + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", tidewire.ErrAccept, 101},
		{"no accept", right + "\r\n", tidewire.ErrAccept, 101},
		{"no upgrade", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n", tidewire.ErrHTTPUpgrade, 101},
		{"long head", right + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 20), tidewire.ErrLimitHead, 0},
		{"long line", right + "X: " + strings.Repeat("y", 9000), tidewire.ErrLimitLine, 0},
		{"many headers", right + strings.Repeat("X: y\r\n", 200), tidewire.ErrLimitHeaderCount, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			addr := listen(t, func(nc net.Conn) {
				if readRequest(t, nc) != nil {
					io.WriteString(nc, test.response)
				}
			})
			conn, resp, err := tidewire.Dial(t.Context(), "ws://"+addr, nil)
			checkStatus(t, err, test.want)
			if conn != nil || (resp == nil) != (test.status == 0) || resp != nil && resp.StatusCode != test.status {
				t.Errorf("Dial() = %v, %v", conn, resp)
			}
		})
	}
}

func TestClient_TakesALongerHead_WhereTheLimitIsRaised(t *testing.T) {
	handler := &tidewire.Upgrader{ResponseHeader: func(*http.Request) http.Header {
		return http.Header{"X": {strings.Repeat("y", 20_000)}}
	}}
	conn, resp := mustDial(t, serve(t, echoHandler(handler)), &tidewire.DialOptions{MaxHeadLen: 30_000})
	if len(resp.Header.Get("X")) != 20_000 {
		t.Errorf("the header has %d bytes", len(resp.Header.Get("X")))
	}
	checkEcho(t, conn)
}

// A server may send its first message together with the response, cut anywhere.
func TestClient_ReadsWhatCameWithTheResponse(t *testing.T) {
	const frame = "\x81\x05Hello"
	for cut := range len(frame) + 1 {
		addr := listen(t, func(nc net.Conn) {
			r := readRequest(t, nc)
			response := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
				"Sec-WebSocket-Accept: " + acceptKey(r.Header.Get("Sec-WebSocket-Key")) + "\r\n\r\n"
			io.WriteString(nc, response+frame[:cut])
			io.WriteString(nc, frame[cut:])
			io.Copy(io.Discard, nc)
		})
		conn, _ := mustDial(t, "ws://"+addr, nil)
		checkMessage(t, conn, "Hello")
	}
}

func TestClient_CookiesGoBothWays(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: fmt.Sprint(len(r.Cookies()))})
		if r.URL.Path == "/refused" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		echoHandler(&tidewire.Upgrader{}).ServeHTTP(w, r)
	})
	addr := serve(t, handler)
	page, err := url.Parse("http" + strings.TrimPrefix(addr, "ws"))
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(page, []*http.Cookie{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}})
	opts := &tidewire.DialOptions{Jar: jar, HTTPHeader: http.Header{"Cookie": {"c=3"}}}
	for i, path := range []string{"/", "/refused", "/"} {
		conn, resp, err := tidewire.Dial(t.Context(), addr+path, opts)
		if resp == nil {
			t.Fatal(err)
		}
		if err == nil {
			conn.Close()
		}
		want := min(3+i, 4) // a, b, c, and then seen
		if got := resp.Header.Get("Set-Cookie"); got != fmt.Sprint("seen=", want) {
			t.Errorf("%d: the server saw %q, want %d cookies", i, got, want)
		}
	}
	if got := len(jar.Cookies(page)); got != 3 {
		t.Errorf("the jar has %d cookies", got)
	}
}

func TestClient_GoesOnAfterTheEndOfTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	conn, _, err := tidewire.Dial(ctx, serve(t, echoHandler(&tidewire.Upgrader{})), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cancel()
	checkEcho(t, conn)
}

func TestClient_FindsNobody(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	_, resp, err := tidewire.Dial(t.Context(), "ws://"+listener.Addr().String(), nil)
	var known *net.OpError
	if !errors.As(err, &known) || known.Op != "dial" || resp != nil {
		t.Errorf("Dial() = %v, %v", resp, err)
	}
}

func TestClient_ServerIsGone_IsAnError(t *testing.T) {
	conn, resp, err := tidewire.Dial(t.Context(), "ws://localhost/", &tidewire.DialOptions{
		NetDialContext: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			return client, server.Close()
		},
	})
	if conn != nil || resp != nil || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Dial() = %v, %v, %v", conn, resp, err)
	}
}

func TestClient_ServerThatTakesNoWebSocket(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, resp, err := tidewire.Dial(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	checkStatus(t, err, tidewire.ErrHTTPStatus)
	if resp.StatusCode != http.StatusNotFound || resp.Request.URL.Scheme != "http" {
		t.Errorf("the response is %v to %v", resp.Status, resp.Request.URL)
	}
}

func TestClient_HandshakeTimeoutEnds(t *testing.T) {
	addr := listen(t, func(nc net.Conn) { io.Copy(io.Discard, nc) })
	_, _, err := tidewire.Dial(t.Context(), "ws://"+addr,
		&tidewire.DialOptions{HandshakeTimeout: 20 * time.Millisecond})
	known := checkStatus(t, err, tidewire.ErrTimeoutHandshake)
	if !errors.Is(err, context.DeadlineExceeded) || known.Limit != "HandshakeTimeout" {
		t.Errorf("the error is %v", err)
	}
}
