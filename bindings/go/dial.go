// SPDX-License-Identifier: MIT

package tidewire

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"tidewire/internal/engine"
)

const (
	maxRefusalLen  = 65536           // bytes of a refusal's body that are kept
	refusalTimeout = 2 * time.Second // for a refusal's body, once its head is there
)

// DialOptions are what a client can choose of its opening handshake. The zero value, and nil, are the defaults.
type DialOptions struct {
	// HTTPHeader is added to the request. What the handshake itself writes is refused with ErrHeaderInjection: Host,
	// Upgrade, Connection, Content-Length, Transfer-Encoding, and names that begin with Sec-WebSocket-. An
	// Authorization goes before the user of the URL.
	HTTPHeader http.Header
	// Origin is the page on whose behalf a browser connects, "https://example.com". "": none, as programs have none.
	Origin string
	// Host is the Host header. "": that of the URL.
	Host string
	// Subprotocols are offered in the order of preference. [Conn.Subprotocol] tells what was chosen.
	Subprotocols []string
	// Jar has the cookies to send, under http and https, and gets those of the response. nil: none.
	Jar http.CookieJar

	// Proxy tells which proxy to use for a request, whose URL has the scheme http or https; a nil URL: none. Proxies of
	// http, https (CONNECT) and socks5, with or without a user, make a tunnel; names are theirs to resolve. nil:
	// [http.ProxyFromEnvironment].
	Proxy func(*http.Request) (*url.URL, error)
	// TLSConfig is for wss, and for proxies of https; it is copied. NextProtos is always http/1.1. ServerName is that of
	// the server, or "": the host of the URL. nil: the defaults of crypto/tls.
	TLSConfig *tls.Config
	// NetDialContext connects to a server or a proxy, in any way: network is "tcp", addr has host and port. nil: a
	// [net.Dialer].
	NetDialContext func(ctx context.Context, network, addr string) (net.Conn, error)
	// NetDialTLSContext connects to a server of wss, TLS handshake included; neither TLSConfig nor Proxy is then looked
	// at. nil: crypto/tls.
	NetDialTLSContext func(ctx context.Context, network, addr string) (net.Conn, error)

	// HandshakeTimeout bounds all of Dial: connecting, proxy, TLS, redirects. 0: 10 s. The context may end it earlier.
	HandshakeTimeout time.Duration
	// MaxRedirects is how many redirects (301, 302, 303, 307, 308) are followed, from ws to wss but never back. Another
	// origin, that is scheme, host or port, gets neither HTTPHeader nor Host, and no certificate of TLSConfig. 0: none,
	// a redirect is a refusal.
	MaxRedirects int
	// MaxHeadLen is the limit on the head of a response, and on one line of it, in bytes. 0: 16 KiB, and 8 KiB a line.
	MaxHeadLen int

	// Options are those of the connection. nil: the defaults.
	Options *Options
}

// Dial connects to a server at a URL of ws or wss, and does the opening handshake. The URL may have a user, for Basic
// authentication, but no fragment, and an international name is written as xn--.
//
// The response comes with a connection and, where the server gave one, with an error; its body is at most 64 KiB and is
// read already. A server that refuses gives an *[Error] with [ErrHTTPStatus], one that breaks the protocol another
// Status; what concerns the network wraps the error of the net package, and the end of ctx that of the context. ctx has
// no effect after Dial has returned.
func Dial(ctx context.Context, rawURL string, opts *DialOptions) (*Conn, *http.Response, error) {
	d := dialer{}
	if opts != nil {
		d.DialOptions = *opts
	}
	if d.HandshakeTimeout < 0 || d.MaxRedirects < 0 || d.MaxHeadLen < 0 {
		return nil, nil, handshakeError(ErrArgument, "dial", errors.New("a negative limit in DialOptions"))
	}
	at, err := parseURL(rawURL)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := handshakeContext(ctx, d.HandshakeTimeout)
	defer cancel()
	for left := d.MaxRedirects; ; left-- {
		conn, resp, err := d.attempt(ctx, at)
		if resp == nil && err != nil && ctx.Err() != nil {
			err = contextError(ctx, "dial")
		}
		if resp == nil || !errors.Is(err, ErrHTTPStatus) || d.MaxRedirects == 0 {
			return conn, resp, err
		}
		next, redirectErr := at.redirect(resp)
		switch {
		case redirectErr != nil:
			return nil, resp, redirectErr
		case next == nil:
			return nil, resp, err
		case left == 0:
			tooMany := fmt.Errorf("more than MaxRedirects = %d", d.MaxRedirects)
			return nil, resp, handshakeError(ErrHTTPStatus, "dial", tooMany)
		}
		if !at.sameOrigin(next) {
			d.forgetCredentials()
		}
		at = next
	}
}

// dialer is one call of Dial.
type dialer struct {
	DialOptions
}

// forgetCredentials drops what was meant for the first origin. The user of a URL, and cookies, go by the URL.
func (d *dialer) forgetCredentials() {
	d.HTTPHeader = nil
	d.Host = ""
	d.TLSConfig = d.tlsConfig()
	d.TLSConfig.ServerName = ""
	d.TLSConfig.Certificates = nil
	d.TLSConfig.GetClientCertificate = nil
}

// attempt does one handshake.
func (d *dialer) attempt(ctx context.Context, at *endpoint) (*Conn, *http.Response, error) {
	req := d.request(ctx, at)
	o, err := newOpening(RoleClient, d.Options, &engine.HandshakeConfig{
		MaxHeadLen: headLimit(d.MaxHeadLen), MaxLineLen: headLimit(d.MaxHeadLen),
		Host: req.Host, Target: at.target, Origin: d.Origin, Subprotocols: d.Subprotocols, Headers: fields(req.Header),
	}, "dial")
	if err != nil {
		return nil, nil, err
	}
	nc, err := d.connect(ctx, at, req)
	if err != nil {
		o.discard()
		if !errors.As(err, new(*Error)) {
			err = fmt.Errorf("tidewire: dial: %w", err)
		}
		return nil, nil, err
	}
	resp, err := o.ask(ctx, nc, req)
	if resp != nil && d.Jar != nil {
		d.Jar.SetCookies(req.URL, resp.Cookies())
	}
	if err != nil {
		o.discard()
		nc.Close()
		return nil, resp, err
	}
	conn, err := o.connect(nc, d.Subprotocols)
	return conn, resp, err
}

// request is the request as net/http knows it: for Proxy, Jar and the response.
func (d *dialer) request(ctx context.Context, at *endpoint) *http.Request {
	req := &http.Request{
		Method: http.MethodGet, URL: at.httpURL(), Host: at.host, Header: d.HTTPHeader.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if d.Host != "" {
		req.Host = d.Host
	}
	if req.Header == nil {
		req.Header = http.Header{}
	}
	if user := at.url.User; user != nil && req.Header.Get("Authorization") == "" {
		req.Header.Set("Authorization", basicAuthorization(user))
	}
	if d.Jar != nil {
		for _, cookie := range d.Jar.Cookies(req.URL) {
			req.AddCookie(cookie)
		}
	}
	return req.WithContext(ctx)
}

// connect makes the stream that the handshake goes through.
func (d *dialer) connect(ctx context.Context, at *endpoint, req *http.Request) (net.Conn, error) {
	if at.secure && d.NetDialTLSContext != nil {
		return d.NetDialTLSContext(ctx, "tcp", at.addr)
	}
	choose := d.Proxy
	if choose == nil {
		choose = http.ProxyFromEnvironment
	}
	proxy, err := choose(req)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	var nc net.Conn
	if proxy != nil {
		nc, err = d.connectThrough(ctx, proxy, at.addr)
	} else {
		nc, err = d.dial(ctx, at.addr)
	}
	if err != nil || !at.secure {
		return nc, err
	}
	config := d.tlsConfig()
	if config.ServerName == "" {
		config.ServerName = at.hostname
	}
	return startTLS(ctx, nc, config)
}

func (d *dialer) dial(ctx context.Context, addr string) (net.Conn, error) {
	if d.NetDialContext != nil {
		return d.NetDialContext(ctx, "tcp", addr)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", addr)
}

// connectThrough makes a tunnel to addr.
func (d *dialer) connectThrough(ctx context.Context, proxy *url.URL, addr string) (net.Conn, error) {
	proxyAt, err := proxyAddr(proxy)
	if err != nil {
		return nil, err
	}
	nc, err := d.dial(ctx, proxyAt)
	if err == nil && proxy.Scheme == "https" {
		config := d.tlsConfig()
		config.ServerName = proxy.Hostname()
		nc, err = startTLS(ctx, nc, config)
	}
	if err != nil {
		return nil, fmt.Errorf("proxy %q: %w", proxy.Redacted(), err)
	}
	if err := openTunnel(ctx, nc, proxy, addr); err != nil {
		nc.Close()
		return nil, err
	}
	return nc, nil
}

// tlsConfig copies TLSConfig for a connection on which HTTP/1.1 is spoken.
func (d *dialer) tlsConfig() *tls.Config {
	config := d.TLSConfig.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	config.NextProtos = []string{"http/1.1"}
	return config
}

// startTLS does the handshake of TLS over nc, which it closes on an error.
func startTLS(ctx context.Context, nc net.Conn, config *tls.Config) (net.Conn, error) {
	secure := tls.Client(nc, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, err
	}
	return secure, nil
}

// ask sends the request and reads the response, which comes with an error too where there is one.
func (o *opening) ask(ctx context.Context, nc net.Conn, req *http.Request) (resp *http.Response, err error) {
	err = interruptible(ctx, nc, o.op, func() error {
		if err := o.write(nc); err != nil {
			return err
		}
		err := o.read(nc)
		if err == nil {
			resp, err = http.ReadResponse(bufio.NewReader(bytes.NewReader(o.head())), req)
			return err
		}
		if refused, ok := err.(*Error); ok {
			resp = o.refusal(nc, req)
			if refused.Status == ErrHTTPStatus && resp != nil {
				refused.Err = fmt.Errorf("the server answered %q", resp.Status)
			}
		}
		return err
	})
	return resp, err
}

// refusal reads the response that the engine did not accept; nil where it is none. What is missing of its body when
// refusalTimeout is over is left away.
func (o *opening) refusal(nc net.Conn, req *http.Request) *http.Response {
	nc.SetReadDeadline(time.Now().Add(refusalTimeout))
	all := io.LimitReader(io.MultiReader(bytes.NewReader(o.received), nc), int64(len(o.received)+maxRefusalLen))
	resp, err := http.ReadResponse(bufio.NewReader(all), req)
	if err != nil {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusalLen))
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp
}
