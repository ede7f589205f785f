// SPDX-License-Identifier: MIT

package tidewire

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

const maxProxyHeadLen = 16384 // bytes of a proxy's response

// Why a tunnel is given up. Neither TLS nor WebSocket has a server that speaks first.
var (
	errProxySpeaks = errors.New("data before the tunnel was used")
	errProxyHead   = errors.New("a head of more than 16384 bytes")
)

// proxyAddr is where the proxy listens.
func proxyAddr(proxy *url.URL) (string, error) {
	port := proxy.Port()
	switch {
	case proxy.Hostname() == "":
		return "", fmt.Errorf("proxy %q: there is no host", proxy.Redacted())
	case proxy.Scheme != "http" && proxy.Scheme != "https":
		return "", fmt.Errorf("proxy %q: the scheme is %q, not http or https", proxy.Redacted(), proxy.Scheme)
	case port != "":
	case proxy.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(proxy.Hostname(), port), nil
}

// openTunnel asks the proxy at the other end of nc for a tunnel to addr (RFC 9110 9.3.6).
func openTunnel(ctx context.Context, nc net.Conn, proxy *url.URL, addr string) error {
	return interruptible(ctx, nc, "dial", func() error {
		request := "CONNECT " + addr + " HTTP/1.1\r\nHost: " + addr + "\r\n"
		if proxy.User != nil {
			request += "Proxy-Authorization: " + basicAuthorization(proxy.User) + "\r\n"
		}
		if _, err := io.WriteString(nc, request+"\r\n"); err != nil {
			return fmt.Errorf("proxy %q: %w", proxy.Redacted(), err)
		}
		limited := &io.LimitedReader{R: nc, N: maxProxyHeadLen}
		reader := bufio.NewReader(limited)
		resp, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect})
		if err != nil && limited.N == 0 {
			err = errProxyHead
		}
		if err != nil {
			return fmt.Errorf("proxy %q: %w", proxy.Redacted(), err)
		}
		if resp.StatusCode/100 != 2 {
			return handshakeError(ErrHTTPStatus, "dial", fmt.Errorf("proxy %q answered %q", proxy.Redacted(), resp.Status))
		}
		if reader.Buffered() > 0 {
			return fmt.Errorf("proxy %q: %w", proxy.Redacted(), errProxySpeaks)
		}
		return nil
	})
}

// basicAuthorization is what a user of a URL proves itself with (RFC 7617).
func basicAuthorization(user *url.Userinfo) string {
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}
