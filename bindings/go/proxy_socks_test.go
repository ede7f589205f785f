// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tidewire"
)

// exchanged is a step of a proxy: what it reads, and what it answers.
type exchanged struct{ want, answer string }

func runScript(nc net.Conn, script []exchanged) error {
	for i, step := range script {
		got := make([]byte, len(step.want))
		if _, err := io.ReadFull(nc, got); err != nil || string(got) != step.want {
			return fmt.Errorf("step %d: read %q, %v; want %q", i, got, err, step.want)
		}
		if _, err := io.WriteString(nc, step.answer); err != nil {
			return err
		}
	}
	return nil
}

// portOf is the port of an address in two bytes.
func portOf(t *testing.T, addr string) string {
	t.Helper()
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return string([]byte{byte(tcp.Port >> 8), byte(tcp.Port)})
}

func TestClient_DialsThroughSOCKS(t *testing.T) {
	server := serve(t, echoHandler(&tidewire.Upgrader{}))
	target := hostOf(server)
	port := portOf(t, target)
	ipv4, name := "\x05\x01\x00\x01\x7f\x00\x00\x01"+port, "\x05\x01\x00\x03\x09localhost"+port
	for _, test := range []struct {
		name, scheme, host string
		user               *url.Userinfo
		script             []exchanged
	}{
		{"address", "socks5", "127.0.0.1", nil,
			[]exchanged{{"\x05\x01\x00", "\x05\x00"}, {ipv4, "\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34"}}},
		{"name", "socks5h", "localhost", nil,
			[]exchanged{{"\x05\x01\x00", "\x05\x00"}, {name, "\x05\x00\x00\x03\x05proxy\x12\x34"}}},
		{"user", "socks5", "127.0.0.1", url.UserPassword("me", "secret"),
			[]exchanged{{"\x05\x02\x00\x02", "\x05\x02"}, {"\x01\x02me\x06secret", "\x01\x00"},
				{ipv4, "\x05\x00\x00\x04" + strings.Repeat("\x00", 16) + "\x12\x34"}}},
		{"user who is not asked", "socks5", "127.0.0.1", url.UserPassword("me", "secret"),
			[]exchanged{{"\x05\x02\x00\x02", "\x05\x00"}, {ipv4, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			proxy := listen(t, func(nc net.Conn) {
				if err := runScript(nc, test.script); err != nil {
					t.Error(err)
					return
				}
				to, err := net.Dial("tcp", target)
				if err != nil {
					t.Error(err)
					return
				}
				go func() {
					io.Copy(to, nc)
					to.Close()
				}()
				io.Copy(nc, to)
			})
			conn, _ := mustDial(t, strings.Replace(server, "127.0.0.1", test.host, 1), &tidewire.DialOptions{
				Proxy: func(*http.Request) (*url.URL, error) {
					return &url.URL{Scheme: test.scheme, Host: proxy, User: test.user}, nil
				},
			})
			checkEcho(t, conn)
		})
	}
}

func TestClient_SOCKSProxyThatRefuses_IsAnError(t *testing.T) {
	const hello, done = "\x05\x02\x00\x02", "\x01\x00\x00\x00\x00\x00\x00"
	ask := "\x05\x01\x00\x04" + string(net.ParseIP("2001:db8::1")) + "\x00\x50"
	me := url.UserPassword("me", "secret")
	for _, test := range []struct {
		name   string
		user   *url.Userinfo
		script []exchanged
		want   string
	}{
		{"nothing", me, []exchanged{{hello, ""}}, "EOF"},
		{"no SOCKS", me, []exchanged{{hello, "HTTP/1.1 400 Bad Request\r\n\r\n"}}, "not speak SOCKS"},
		{"no method", me, []exchanged{{hello, "\x05\xff"}}, "not accept the user"},
		{"password unasked", nil, []exchanged{{"\x05\x01\x00", "\x05\x02"}}, "not accept the user"},
		{"wrong password", me, []exchanged{{hello, "\x05\x02"}, {"\x01\x02me\x06secret", "\x01\x01"}}, "not accept the user"},
		{"no password", url.User("me"), []exchanged{{hello, "\x05\x02"}}, "1 to 255 bytes"},
		{"refused", me, []exchanged{{hello, "\x05\x00"}, {ask, "\x05\x05\x00" + done}}, "connection refused"},
		{"unknown reply", me, []exchanged{{hello, "\x05\x00"}, {ask, "\x05\x63\x00" + done}}, "reply 99"},
		{"unknown address", me, []exchanged{{hello, "\x05\x00"}, {ask, "\x05\x00\x00\x09\x00\x00\x00"}}, "not speak SOCKS"},
		{"other version", me, []exchanged{{hello, "\x05\x00"}, {ask, "\x04\x00\x00\x01\x00\x00\x00"}}, "not speak SOCKS"},
		{"half a reply", me, []exchanged{{hello, "\x05\x00"}, {ask, "\x05\x00\x00\x01\x00"}}, "EOF"},
	} {
		t.Run(test.name, func(t *testing.T) {
			proxy := listen(t, func(nc net.Conn) {
				if err := runScript(nc, test.script); err != nil {
					t.Error(err)
				}
			})
			_, resp, err := tidewire.Dial(t.Context(), "ws://[2001:db8::1]/", &tidewire.DialOptions{
				Proxy: http.ProxyURL(&url.URL{Scheme: "socks5", Host: proxy, User: test.user}),
			})
			if err == nil || resp != nil || !strings.Contains(err.Error(), test.want) ||
				strings.Contains(err.Error(), "secret") {
				t.Errorf("Dial() = %v, %v", resp, err)
			}
		})
	}
}

func TestClient_NameTooLongForSOCKS_IsAnError(t *testing.T) {
	proxy := listen(t, func(nc net.Conn) { io.Copy(io.Discard, nc) })
	_, _, err := tidewire.Dial(t.Context(), "ws://"+strings.Repeat("a", 256)+"/", &tidewire.DialOptions{
		Proxy: http.ProxyURL(&url.URL{Scheme: "socks5", Host: proxy}),
	})
	if err == nil || !strings.Contains(err.Error(), "at most 255") {
		t.Errorf("Dial() = %v", err)
	}
}
