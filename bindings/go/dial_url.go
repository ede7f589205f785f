// SPDX-License-Identifier: MIT

package tidewire

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// endpoint is what a URL says of where to connect, and what to ask for there (RFC 6455 3).
type endpoint struct {
	url      *url.URL // of ws or wss
	secure   bool
	hostname string // a name or an address, without brackets and zone
	addr     string // host and port to connect to
	host     string // as the Host header has it: without a port that is the scheme's own
	target   string // path and query
}

// parseURL reads a URL of a WebSocket.
func parseURL(raw string) (*endpoint, error) {
	u, err := url.Parse(raw)
	if err != nil {
		if inner := (*url.Error)(nil); errors.As(err, &inner) {
			err = inner.Err // without the URL, which may have a password
		}
		return nil, urlError("%w", err)
	}
	if strings.Contains(raw, "#") {
		return nil, urlError("there is a fragment")
	}
	return newEndpoint(u)
}

func newEndpoint(u *url.URL) (*endpoint, error) {
	e := &endpoint{url: u, secure: u.Scheme == "wss"}
	if !e.secure && u.Scheme != "ws" {
		return nil, urlError("the scheme is %q, not ws or wss", u.Scheme)
	}
	if u.Hostname() == "" {
		return nil, urlError("there is no host")
	}
	name := u.Hostname()
	for i := 0; i < len(name); i++ {
		if name[i] >= 0x80 {
			return nil, urlError("the host %q is not ASCII: write its IDNA form, which begins with xn--", name)
		}
	}
	port := u.Port()
	if port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return nil, urlError("there is no port %s", port)
		}
	}
	e.setAuthority(name, port)
	e.target = u.EscapedPath()
	if e.target == "" {
		e.target = "/"
	}
	if u.RawQuery != "" || u.ForceQuery {
		e.target += "?" + escapeQuery(u.RawQuery)
	}
	return e, nil
}

func (e *endpoint) setAuthority(name, port string) {
	standard := "80"
	if e.secure {
		standard = "443"
	}
	if port == "" {
		port = standard
	}
	e.addr = net.JoinHostPort(name, port)
	e.hostname, _, _ = strings.Cut(name, "%") // a zone means something on this host only
	e.host = net.JoinHostPort(e.hostname, port)
	if port == standard {
		e.host = strings.TrimSuffix(e.host, ":"+port)
	}
}

// escapeQuery escapes what a URL may not have in it, but people write.
func escapeQuery(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c > ' ' && c < 0x7F {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// httpURL is the URL by which cookies and proxies are chosen.
func (e *endpoint) httpURL() *url.URL {
	u := *e.url
	u.Scheme = "http"
	if e.secure {
		u.Scheme = "https"
	}
	return &u
}

// sameOrigin tells whether credentials for one of them may be sent to the other.
func (e *endpoint) sameOrigin(other *endpoint) bool {
	return e.secure == other.secure && strings.EqualFold(e.addr, other.addr)
}

// redirect is where a response to a request at e leads to; nil where it leads nowhere.
func (e *endpoint) redirect(resp *http.Response) (*endpoint, error) {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect,
		http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	location := resp.Header.Get("Location")
	if location == "" {
		return nil, nil
	}
	u, err := e.url.Parse(location)
	if err != nil {
		return nil, urlError("the server redirects to %q, which is no URL", location)
	}
	u.Fragment = "" // of a page
	// Servers that know nothing of WebSockets redirect to pages.
	switch u.Scheme {
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	}
	next, err := newEndpoint(u)
	if err != nil {
		return nil, fmt.Errorf("the server redirects to %q: %w", location, err)
	}
	if e.secure && !next.secure {
		return nil, urlError("the server redirects to %q, which would leave TLS", location)
	}
	if u.User == nil && e.sameOrigin(next) {
		u.User = e.url.User
	}
	return next, nil
}

// urlError is what a URL is refused with.
func urlError(format string, args ...any) error {
	e := handshakeError(ErrArgument, "dial", fmt.Errorf("URL: "+format, args...))
	e.Section = "RFC 6455 3"
	return e
}
