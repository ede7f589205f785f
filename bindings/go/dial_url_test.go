// SPDX-License-Identifier: MIT

package tidewire

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestURL_SaysWhereToConnectAndWhatToAskFor(t *testing.T) {
	for _, test := range []struct{ url, addr, host, target, hostname string }{
		{"ws://example.com", "example.com:80", "example.com", "/", "example.com"},
		{"wss://example.com", "example.com:443", "example.com", "/", "example.com"},
		{"WS://Example.com:80/a", "Example.com:80", "Example.com", "/a", "Example.com"},
		{"wss://example.com:443/", "example.com:443", "example.com", "/", "example.com"},
		{"ws://example.com:443/", "example.com:443", "example.com:443", "/", "example.com"},
		{"ws://example.com:/", "example.com:80", "example.com", "/", "example.com"},
		{"ws://example.com?", "example.com:80", "example.com", "/?", "example.com"},
		{"ws://example.com?a=b%20c&d", "example.com:80", "example.com", "/?a=b%20c&d", "example.com"},
		{"ws://example.com/ö?a b=ö%20", "example.com:80", "example.com", "/%C3%B6?a%20b=%C3%B6%20", "example.com"},
		{"ws://example.com/%7euser/a%2Fb//c", "example.com:80", "example.com", "/%7euser/a%2Fb//c", "example.com"},
		{"ws://user:secret@example.com/", "example.com:80", "example.com", "/", "example.com"},
		{"ws://127.0.0.1:8080/", "127.0.0.1:8080", "127.0.0.1:8080", "/", "127.0.0.1"},
		{"ws://[::1]/", "[::1]:80", "[::1]", "/", "::1"},
		{"wss://[::1]:8443/", "[::1]:8443", "[::1]:8443", "/", "::1"},
		{"ws://[fe80::1%25eth0]:81/", "[fe80::1%eth0]:81", "[fe80::1]:81", "/", "fe80::1"},
		{"ws://[fe80::1%25eth0]/", "[fe80::1%eth0]:80", "[fe80::1]", "/", "fe80::1"},
	} {
		e, err := parseURL(test.url)
		if err != nil {
			t.Errorf("%s: %v", test.url, err)
			continue
		}
		got := [4]string{e.addr, e.host, e.target, e.hostname}
		if want := [4]string{test.addr, test.host, test.target, test.hostname}; got != want {
			t.Errorf("%s: %q, want %q", test.url, got, want)
		}
	}
}

func TestURL_ThatIsWrongIsRefusedWithItsReason(t *testing.T) {
	for _, test := range []struct{ url, reason string }{
		{"http://example.com/", `the scheme is "http"`},
		{"example.com/", `the scheme is ""`},
		{"ws:example.com", "no host"},
		{"ws:///path", "no host"},
		{"ws://:80/", "no host"},
		{"ws://example.com/#part", "fragment"},
		{"ws://example.com/#", "fragment"},
		{"ws://example.com:65536/", "no port 65536"},
		{"ws://example.com:port/", "invalid port"},
		{"ws://bücher.example/", "xn--"},
		{"ws://b%C3%BCcher.example/", "xn--"},
		{"ws://exa mple.com/", "invalid character"},
		{"ws://example.com/\r\nHeader: value", "control character"},
		{"ws://user:secret@example.com:port/", "invalid port"},
	} {
		_, err := parseURL(test.url)
		if !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), test.reason) {
			t.Errorf("%s: %v, want ErrArgument because of %q", test.url, err, test.reason)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error tells the password: %v", test.url, err)
		}
	}
}

func TestURL_RedirectLeadsElsewhere(t *testing.T) {
	const none = "none"
	for _, test := range []struct {
		from, location string
		status         int
		to             string // none: it is no redirect; "": it is refused
		sameOrigin     bool
	}{
		{"ws://a.example/x/y", "z?q", 302, "ws://a.example/x/z?q", true},
		{"ws://a.example/x", "/z#part", 301, "ws://a.example/z", true},
		{"ws://a.example/x", "//b.example/", 303, "ws://b.example/", false},
		{"ws://a.example/x", "http://A.example:80/", 307, "ws://A.example:80/", true},
		{"ws://a.example/x", "https://a.example/", 308, "wss://a.example/", false},
		{"ws://a.example/x", "ws://a.example:81/", 302, "ws://a.example:81/", false},
		{"wss://me:pw@a.example/x", "wss://a.example/", 302, "wss://me:pw@a.example/", true},
		{"wss://me:pw@a.example/x", "wss://b.example/", 302, "wss://b.example/", false},
		{"wss://a.example/x", "http://a.example/", 302, "", false},
		{"wss://a.example/x", "ws://b.example/", 302, "", false},
		{"ws://a.example/x", "ftp://a.example/", 302, "", false},
		{"ws://a.example/x", "ws://[", 302, "", false},
		{"ws://a.example/x", "", 302, none, false},
		{"ws://a.example/x", "/y", 300, none, false},
		{"ws://a.example/x", "/y", 200, none, false},
	} {
		from, err := parseURL(test.from)
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{}
		if test.location != "" {
			header.Set("Location", test.location)
		}
		next, err := from.redirect(&http.Response{StatusCode: test.status, Header: header})
		switch {
		case err != nil:
			if test.to != "" || !errors.Is(err, ErrArgument) {
				t.Errorf("%d from %s to %s: %v", test.status, test.from, test.location, err)
			}
		case next == nil:
			if test.to != none {
				t.Errorf("%d from %s to %s leads nowhere", test.status, test.from, test.location)
			}
		case next.url.String() != test.to || from.sameOrigin(next) != test.sameOrigin:
			t.Errorf("%d from %s to %s leads to %s, same origin: %v", test.status, test.from, test.location, next.url,
				from.sameOrigin(next))
		}
	}
}
