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

// proxyPorts are the ports of proxies whose URL has none, by the scheme.
var proxyPorts = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}

// proxyAddr is where the proxy listens.
func proxyAddr(proxy *url.URL) (string, error) {
	port, known := proxyPorts[proxy.Scheme]
	if !known {
		return "", fmt.Errorf("proxy %q: the scheme is %q, not http, https or socks5", proxy.Redacted(), proxy.Scheme)
	}
	if proxy.Hostname() == "" {
		return "", fmt.Errorf("proxy %q: there is no host", proxy.Redacted())
	}
	if proxy.Port() != "" {
		port = proxy.Port()
	}
	return net.JoinHostPort(proxy.Hostname(), port), nil
}

// openTunnel asks the proxy at the other end of nc for a tunnel to addr.
func openTunnel(ctx context.Context, nc net.Conn, proxy *url.URL, addr string) error {
	ask := askHTTP
	if proxyPorts[proxy.Scheme] == "1080" {
		ask = askSOCKS
	}
	err := interruptible(ctx, nc, "dial", func() error { return ask(nc, proxy.User, addr) })
	if err != nil {
		return fmt.Errorf("proxy %q: %w", proxy.Redacted(), err)
	}
	return nil
}

// askHTTP asks with CONNECT (RFC 9110 9.3.6).
func askHTTP(nc net.Conn, user *url.Userinfo, addr string) error {
	request := "CONNECT " + addr + " HTTP/1.1\r\nHost: " + addr + "\r\n"
	if user != nil {
		request += "Proxy-Authorization: " + basicAuthorization(user) + "\r\n"
	}
	if _, err := io.WriteString(nc, request+"\r\n"); err != nil {
		return err
	}
	limited := &io.LimitedReader{R: nc, N: maxProxyHeadLen}
	reader := bufio.NewReader(limited)
	resp, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect})
	switch {
	case err != nil && limited.N == 0:
		return errProxyHead
	case err != nil:
		return err
	case resp.StatusCode/100 != 2:
		return fmt.Errorf("it answered %q", resp.Status)
	case reader.Buffered() > 0:
		return errProxySpeaks
	}
	return nil
}

// basicAuthorization is what the user of a URL proves itself with (RFC 7617).
func basicAuthorization(user *url.Userinfo) string {
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}
