// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tidewire"
)

// hostOf is what to connect to for a URL of serve.
func hostOf(addr string) string { return strings.TrimPrefix(addr, "ws://") }

// upgradeErrors upgrades with u and hands the errors on.
func upgradeErrors(u *tidewire.Upgrader) (http.Handler, <-chan error) {
	failures := make(chan error, 1)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := u.Upgrade(w, r)
		failures <- err
		if err == nil {
			echo(conn)
		}
	}), failures
}

func TestServer_RefusesWrongRequests_WithTheirStatus(t *testing.T) {
	handler, failures := upgradeErrors(&tidewire.Upgrader{})
	host := hostOf(serve(t, handler))
	right := request("")
	for _, test := range []struct {
		name, request string
		want          tidewire.Status
		status        int
	}{
		{"page", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", tidewire.ErrHTTPUpgrade, 426},
		{"no Connection", strings.Replace(right, "Connection: Upgrade", "Connection: close", 1),
			tidewire.ErrHTTPConnection, 400},
		{"POST", strings.Replace(right, "GET", "POST", 1), tidewire.ErrHTTPMethod, 405},
		{"HTTP/1.0", strings.Replace(right, "HTTP/1.1", "HTTP/1.0", 1), tidewire.ErrHTTPVersion, 505},
		{"old version", strings.Replace(right, "Version: 13", "Version: 8", 1), tidewire.ErrVersion, 426},
		{"short key", strings.Replace(right, "dGhl", "", 1), tidewire.ErrKey, 400},
		{"two keys", request("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), tidewire.ErrKey, 400},
		{"body", request("Content-Length: 1\r\n") + "x", tidewire.ErrHTTPBody, 400},
		{"chunked body", request("Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", tidewire.ErrHTTPBody, 400},
		{"subprotocol", request("Sec-WebSocket-Protocol: a b\r\n"), tidewire.ErrSubprotocol, 400},
		{"extension", request("Sec-WebSocket-Extensions: ;\r\n"), tidewire.ErrExtension, 400},
		{"many headers", request(strings.Repeat("X: y\r\n", 200)), tidewire.ErrLimitHeaderCount, 431},
		{"long line", request("X: " + strings.Repeat("y", 9000) + "\r\n"), tidewire.ErrLimitLine, 431},
		{"foreign page", request("Origin: https://evil.example\r\n"), tidewire.ErrOrigin, 403},
		{"foreign port", request("Origin: https://example.com:444\r\n"), tidewire.ErrOrigin, 403},
		{"file", request("Origin: null\r\n"), tidewire.ErrOrigin, 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp := exchange(t, host, test.request)
			known := checkStatus(t, <-failures, test.want)
			if known.Op != "upgrade" || known.Section == "" && known.Limit == "" {
				t.Errorf("the error is %#v", known)
			}
			body, err := io.ReadAll(resp.Body)
			if resp.StatusCode != test.status || err != nil || len(body) == 0 || !resp.Close {
				t.Errorf("the response is %v %v, %q, %v", resp.Status, resp.Header, body, err)
			}
			version := resp.Header.Get("Sec-WebSocket-Version")
			if version != map[bool]string{true: "13"}[test.status == 426] {
				t.Errorf("Sec-WebSocket-Version is %q", version)
			}
		})
	}
}

func TestServer_JudgesTheOrigin(t *testing.T) {
	const mine, listed, foreign = "http://example.com", "https://listed.example", "https://evil.example"
	check := func(r *http.Request) bool { return r.Header.Get("Origin") == foreign }
	for _, test := range []struct {
		name     string
		upgrader tidewire.Upgrader
		accepted []string
		refused  []string
	}{
		{"default", tidewire.Upgrader{}, []string{"", mine, "https://example.com"}, []string{listed, foreign}},
		{"list", tidewire.Upgrader{Origins: []string{listed}}, []string{"", mine, listed}, []string{foreign}},
		{"any", tidewire.Upgrader{AnyOrigin: true}, []string{"", mine, listed, foreign}, nil},
		{"function", tidewire.Upgrader{CheckOrigin: check, AnyOrigin: true}, []string{foreign}, []string{"", mine}},
	} {
		host := hostOf(serve(t, echoHandler(&test.upgrader)))
		try := func(origin string, want int) {
			more := "Origin: " + origin + "\r\n"
			if origin == "" {
				more = ""
			}
			request := strings.Replace(request(more), "Host: example.com", "Host: Example.com", 1)
			if strings.HasPrefix(origin, "https://example") {
				request = strings.Replace(request, "Host: Example.com", "Host: Example.com:443", 1)
			}
			if got := exchange(t, host, request).StatusCode; got != want {
				t.Errorf("%s: Origin %q gives %d, want %d", test.name, origin, got, want)
			}
		}
		for _, origin := range test.accepted {
			try(origin, 101)
		}
		for _, origin := range test.refused {
			try(origin, 403)
		}
	}
}

func TestServer_ErrorFunctionWritesTheRefusal(t *testing.T) {
	host := hostOf(serve(t, echoHandler(&tidewire.Upgrader{
		Error: func(w http.ResponseWriter, r *http.Request, status int, reason error) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprintf(w, "{%q: %v}", r.URL.Path, errors.Is(reason, tidewire.ErrVersion))
		},
	})))
	resp := exchange(t, host, strings.Replace(request(""), "Version: 13", "Version: 8", 1))
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != 426 || string(body) != `{"/chat": true}` || err != nil ||
		resp.Header.Get("Sec-WebSocket-Version") != "13" || resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("the response is %v %v, %q, %v", resp.Status, resp.Header, body, err)
	}
}

func TestServer_AddsHeaders(t *testing.T) {
	upgrader := &tidewire.Upgrader{ResponseHeader: func(r *http.Request) http.Header {
		return http.Header{"X-Path": {r.URL.Path}, "Set-Cookie": {"c=3"}}
	}}
	addr := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
		http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
		w.Header().Set("Connection", "close") // what is about a response with a body is left away
		w.Header().Set("Content-Length", "5")
		echoHandler(upgrader).ServeHTTP(w, r)
	}))
	conn, resp := mustDial(t, addr+"/here", nil)
	if got := strings.Join(resp.Header["Set-Cookie"], "|"); got != "a=1|b=2|c=3" || resp.Header.Get("X-Path") != "/here" ||
		resp.Header.Get("Connection") != "Upgrade" || resp.Header["Content-Length"] != nil {
		t.Errorf("the response has %v", resp.Header)
	}
	checkEcho(t, conn)
}

func TestServer_CannotBeMadeToSendMoreThanOneResponse(t *testing.T) {
	for name, header := range map[string]http.Header{
		"value":    {"X": {"a\r\nY: b"}},
		"name":     {"X: y\r\nZ": {"a"}},
		"reserved": {"Sec-Websocket-Accept": {"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}},
	} {
		handler, failures := upgradeErrors(&tidewire.Upgrader{
			ResponseHeader: func(*http.Request) http.Header { return header },
		})
		resp := exchange(t, hostOf(serve(t, handler)), request(""))
		err := <-failures
		if !errors.Is(err, tidewire.ErrHeaderInjection) || resp.StatusCode != 500 || resp.Header["Y"] != nil {
			t.Errorf("%s: %v, %v %v", name, err, resp.Status, resp.Header)
		}
	}
}

func TestServer_RequestThatAHandlerSpoilt_IsRefused(t *testing.T) {
	inner, failures := upgradeErrors(&tidewire.Upgrader{})
	for name, spoil := range map[string]func(r *http.Request){
		"header":  func(r *http.Request) { r.Header.Set("X", "a\r\nSec-WebSocket-Protocol: b") },
		"target":  func(r *http.Request) { r.RequestURI = "/ HTTP/1.1\r\nX: y" },
		"newline": func(r *http.Request) { r.Header.Set("X", "a\nb") },
	} {
		host := hostOf(serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			spoil(r)
			inner.ServeHTTP(w, r)
		})))
		resp := exchange(t, host, request(""))
		if err := <-failures; !errors.Is(err, tidewire.ErrHTTPSyntax) || resp.StatusCode != 400 {
			t.Errorf("%s: %v, %v", name, err, resp.Status)
		}
	}
}

// A client may send its first message without waiting for the response; net/http has then read it already.
func TestServer_ReadsWhatCameWithTheRequest(t *testing.T) {
	messages := make(chan string, 1)
	host := hostOf(serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := new(tidewire.Upgrader).Upgrade(w, r)
		if err != nil {
			messages <- err.Error()
			return
		}
		defer conn.Close()
		_, data, err := conn.ReadMessage()
		messages <- fmt.Sprintf("%s %v", data, err)
	})))
	for cut := range len(maskedHello) + 1 {
		nc, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		nc.SetDeadline(time.Now().Add(patience))
		io.WriteString(nc, request("")+maskedHello[:cut])
		io.WriteString(nc, maskedHello[cut:])
		if got := <-messages; got != "Hello <nil>" {
			t.Errorf("cut at %d: the message is %q", cut, got)
		}
		nc.Close()
	}
}

// wrapped is the writer of a middleware.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestServer_UpgradesBehindMiddleware(t *testing.T) {
	inner := echoHandler(&tidewire.Upgrader{})
	mux := http.NewServeMux()
	mux.Handle("/api/", http.StripPrefix("/api", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(wrapped{wrapped{w}}, r)
	})))
	conn, _ := mustDial(t, serve(t, mux)+"/api/chat", nil)
	checkEcho(t, conn)
}

func TestServer_ConnectionThatCannotBeTakenOver_IsAnError(t *testing.T) {
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request(""))))
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	_, err = new(tidewire.Upgrader).Upgrade(recorder, r)
	checkStatus(t, err, tidewire.ErrUnsupported)
	if !errors.Is(err, http.ErrNotSupported) || recorder.Code != 500 {
		t.Errorf("Upgrade() = %v, the response has status %d", err, recorder.Code)
	}
}

// What a test or a middleware makes by hand lacks what net/http keeps beside the headers.
func TestServer_RequestMadeByHand_IsJudged(t *testing.T) {
	for _, test := range []struct {
		length int64
		want   tidewire.Status
	}{{0, tidewire.ErrUnsupported}, {5, tidewire.ErrHTTPBody}} {
		r := httptest.NewRequest("GET", "http://example.com/chat?a=b", nil)
		r.RequestURI = ""
		r.ContentLength = test.length
		for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket",
			"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
			r.Header.Set(name, value)
		}
		_, err := new(tidewire.Upgrader).Upgrade(httptest.NewRecorder(), r)
		checkStatus(t, err, test.want) // a recorder cannot be taken over
	}
}

func TestServer_RequestOfHTTP2_IsRefused(t *testing.T) {
	handler, failures := upgradeErrors(&tidewire.Upgrader{})
	addr, config := serveTLS(t, handler)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("https" + strings.TrimPrefix(addr, "wss"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	err = <-failures
	checkStatus(t, err, tidewire.ErrHTTPVersion)
	if resp.ProtoMajor != 2 || resp.StatusCode != 505 || !strings.Contains(err.Error(), "HTTP/2") {
		t.Errorf("the response is %v %v, the error %v", resp.Proto, resp.Status, err)
	}
}

func TestServer_TakesNoTimeoutsOverFromNetHTTP(t *testing.T) {
	server := httptest.NewUnstartedServer(echoHandler(&tidewire.Upgrader{}))
	server.Config.ReadTimeout = time.Second
	server.Config.WriteTimeout = time.Second
	server.Start()
	defer server.Close()
	conn, _ := mustDial(t, "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	time.Sleep(1100 * time.Millisecond) // until both have passed
	checkEcho(t, conn)
}

func TestServer_SpeaksTLS(t *testing.T) {
	addr, config := serveTLS(t, echoHandler(&tidewire.Upgrader{Origins: []string{"https://page.example"}}))
	conn, resp := mustDial(t, addr, &tidewire.DialOptions{TLSConfig: config, Origin: "https://page.example"})
	if resp.StatusCode != 101 {
		t.Errorf("the response is %v", resp)
	}
	checkEcho(t, conn)
}

func TestServer_WrongConfiguration_IsAnErrorOfItsOwn(t *testing.T) {
	for name, upgrader := range map[string]*tidewire.Upgrader{
		"negative timeout":  {HandshakeTimeout: -1},
		"negative head":     {MaxHeadLen: -1},
		"negative limit":    {Options: &tidewire.Options{MaxFragments: -1}},
		"subprotocol twice": {Subprotocols: []string{"a", "a"}},
	} {
		handler, failures := upgradeErrors(upgrader)
		resp := exchange(t, hostOf(serve(t, handler)), request(""))
		if err := <-failures; !errors.Is(err, tidewire.ErrArgument) || resp.StatusCode != 500 {
			t.Errorf("%s: %v, %v", name, err, resp.Status)
		}
	}
}

func TestIsWebSocketUpgrade(t *testing.T) {
	for _, test := range []struct {
		connection, upgrade []string
		want                bool
	}{
		{[]string{"Upgrade"}, []string{"websocket"}, true},
		{[]string{"keep-alive, upgrade"}, []string{"WebSocket"}, true},
		{[]string{"keep-alive", " Upgrade "}, []string{"h2c", "websocket"}, true},
		{[]string{"Upgrades"}, []string{"websocket"}, false},
		{[]string{"Upgrade"}, []string{"h2c"}, false},
		{nil, []string{"websocket"}, false},
	} {
		r := &http.Request{Header: http.Header{"Connection": test.connection, "Upgrade": test.upgrade}}
		if got := tidewire.IsWebSocketUpgrade(r); got != test.want {
			t.Errorf("%v: %v", r.Header, got)
		}
	}
}
