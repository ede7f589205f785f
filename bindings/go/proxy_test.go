// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"tidewire"
)

// tunnel is a proxy that makes tunnels, and tells of each request.
func tunnel(t *testing.T, requests chan<- *http.Request) func(nc net.Conn) {
	return func(nc net.Conn) {
		reader := bufio.NewReader(nc)
		r, err := http.ReadRequest(reader)
		if err != nil {
			t.Errorf("the proxy read %v", err)
			return
		}
		requests <- r
		server, err := net.Dial("tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(nc, "HTTP/1.1 200 Connection established\r\nServer: test\r\n\r\n")
		go func() {
			io.Copy(server, reader)
			server.Close()
		}()
		io.Copy(nc, server)
	}
}

func TestClient_DialsThroughProxy(t *testing.T) {
	plain := serve(t, echoHandler(&tidewire.Upgrader{}))
	secure, config := serveTLS(t, echoHandler(&tidewire.Upgrader{}))
	requests := make(chan *http.Request, 1)
	overTCP := listen(t, tunnel(t, requests))
	overTLS := listenTLS(t, tunnel(t, requests))
	for _, test := range []struct{ name, server, scheme, proxy string }{
		{"ws through http", plain, "http", overTCP},
		{"wss through http", secure, "http", overTCP},
		{"ws through https", plain, "https", overTLS},
		{"wss through https", secure, "https", overTLS},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked string
			own := config.Clone()
			own.ServerName = "example.com" // of the server, not of the proxy
			conn, _ := mustDial(t, test.server+"/chat", &tidewire.DialOptions{
				TLSConfig: own,
				Proxy: func(r *http.Request) (*url.URL, error) {
					asked = r.URL.String()
					return &url.URL{Scheme: test.scheme, Host: test.proxy, User: url.UserPassword("me", "secret")}, nil
				},
			})
			checkEcho(t, conn)
			r := <-requests
			_, host, _ := strings.Cut(test.server, "//")
			if r.Method != http.MethodConnect || r.Host != host || r.RequestURI != host ||
				r.Header.Get("Proxy-Authorization") != "Basic bWU6c2VjcmV0" || len(r.Header) != 1 {
				t.Errorf("the proxy was asked for %v %v %v", r.Method, r.RequestURI, r.Header)
			}
			if want := strings.Replace(test.server, "ws", "http", 1) + "/chat"; asked != want {
				t.Errorf("Proxy was asked about %s, not %s", asked, want)
			}
		})
	}
}

// listenTLS is listen with the certificate of httptest.
func listenTLS(t *testing.T, handle func(nc net.Conn)) string {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	certificates := server.TLS.Certificates
	server.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certificates})
	if err != nil {
		t.Fatal(err)
	}
	serveListener(t, listener, handle)
	return listener.Addr().String()
}

func TestClient_ProxyThatRefuses_IsAnError(t *testing.T) {
	for _, test := range []struct{ name, answer, want string }{
		{"status", "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "407"},
		{"nothing", "", "EOF"},
		{"no HTTP", "220 smtp\r\n\r\n", "malformed"},
		{"early data", "HTTP/1.1 200 OK\r\n\r\nHello", "before the tunnel"},
		{"endless head", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 10_000), "more than 16384"},
	} {
		t.Run(test.name, func(t *testing.T) {
			proxy := listen(t, func(nc net.Conn) {
				readRequest(t, nc)
				io.WriteString(nc, test.answer)
			})
			conn, resp, err := tidewire.Dial(t.Context(), "ws://example.com/", &tidewire.DialOptions{
				Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: proxy, User: url.UserPassword("me", "secret")}),
			})
			if err == nil || conn != nil || resp != nil || !strings.Contains(err.Error(), test.want) ||
				!strings.Contains(err.Error(), proxy) || strings.Contains(err.Error(), "secret") {
				t.Errorf("Dial() = %v, %v, %v", conn, resp, err)
			}
		})
	}
}

func TestClient_ProxyThatCannotBeUsed_IsAnError(t *testing.T) {
	broken := errors.New("no proxy today")
	for _, test := range []struct {
		name  string
		proxy func(*http.Request) (*url.URL, error)
		want  string
	}{
		{"scheme", http.ProxyURL(&url.URL{Scheme: "socks4", Host: "127.0.0.1:1"}), `"socks4"`},
		{"host", http.ProxyURL(&url.URL{Scheme: "http"}), "no host"},
		{"function", func(*http.Request) (*url.URL, error) { return nil, broken }, "no proxy today"},
	} {
		_, _, err := tidewire.Dial(t.Context(), "ws://example.com/", &tidewire.DialOptions{Proxy: test.proxy})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestClient_ProxyFunctionMaySayNone(t *testing.T) {
	conn, _ := mustDial(t, serve(t, echoHandler(&tidewire.Upgrader{})), &tidewire.DialOptions{
		Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
	})
	checkEcho(t, conn)
}
