// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tidewire"
)

// serveTLS starts a server of https that offers HTTP/2 too, as public ones do. Its certificate is for 127.0.0.1, ::1
// and example.com.
func serveTLS(t *testing.T, handler http.Handler) (string, *tls.Config) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{NextProtos: []string{"h2", "http/1.1"}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that do not like the certificate
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return "wss" + strings.TrimPrefix(server.URL, "https"), &tls.Config{RootCAs: roots}
}

func TestClient_DialsTLS_AsHTTP1(t *testing.T) {
	protocols := make(chan string, 1)
	addr, config := serveTLS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocols <- r.TLS.NegotiatedProtocol
		echoHandler(&tidewire.Upgrader{}).ServeHTTP(w, r)
	}))
	config.NextProtos = []string{"h2"}
	conn, _ := mustDial(t, addr, &tidewire.DialOptions{TLSConfig: config})
	checkEcho(t, conn)
	if got := <-protocols; got != "http/1.1" {
		t.Errorf("the protocol is %q", got)
	}
	if _, ok := conn.NetConn().(*tls.Conn); !ok || len(config.NextProtos) != 1 || config.NextProtos[0] != "h2" {
		t.Errorf("the connection is a %T, the configuration has %v", conn.NetConn(), config.NextProtos)
	}
}

func TestClient_ChecksTheCertificate(t *testing.T) {
	addr, config := serveTLS(t, echoHandler(&tidewire.Upgrader{}))
	_, resp, err := tidewire.Dial(t.Context(), addr, nil)
	if unknown := (x509.UnknownAuthorityError{}); !errors.As(err, &unknown) || resp != nil {
		t.Errorf("without its authority: %v, %v", resp, err)
	}
	config.ServerName = "example.org"
	_, resp, err = tidewire.Dial(t.Context(), addr, &tidewire.DialOptions{TLSConfig: config})
	if wrong := (x509.HostnameError{}); !errors.As(err, &wrong) || resp != nil {
		t.Errorf("for another name: %v, %v", resp, err)
	}
	config.ServerName = "example.com"
	conn, _ := mustDial(t, addr, &tidewire.DialOptions{TLSConfig: config})
	checkEcho(t, conn)
}

func TestClient_DialsTLS_WithItsOwnDialer(t *testing.T) {
	addr, config := serveTLS(t, echoHandler(&tidewire.Upgrader{}))
	asked := ""
	conn, _ := mustDial(t, "wss://example.com/", &tidewire.DialOptions{
		NetDialTLSContext: func(ctx context.Context, network, to string) (net.Conn, error) {
			asked = to
			dialer := tls.Dialer{Config: config}
			return dialer.DialContext(ctx, network, strings.TrimPrefix(addr, "wss://"))
		},
	})
	checkEcho(t, conn)
	if asked != "example.com:443" {
		t.Errorf("the dialer was asked for %q", asked)
	}
}

func TestClient_RedirectOutOfTLS_IsRefused(t *testing.T) {
	addr, config := serveTLS(t, redirectTo("http://127.0.0.1/"))
	_, resp, err := tidewire.Dial(t.Context(), addr, &tidewire.DialOptions{TLSConfig: config, MaxRedirects: 1})
	checkStatus(t, err, tidewire.ErrArgument)
	if resp == nil || !strings.Contains(err.Error(), "leave TLS") {
		t.Errorf("Dial() = %v, %v", resp, err)
	}
}

// The second server asks for a certificate, and must not see the one for the first.
func TestClient_RedirectToAnotherOrigin_ShowsNoCertificate(t *testing.T) {
	shown := make(chan int, 1)
	target := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown <- len(r.TLS.PeerCertificates)
		echoHandler(&tidewire.Upgrader{}).ServeHTTP(w, r)
	}))
	target.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	target.StartTLS()
	t.Cleanup(target.Close)
	addr, config := serveTLS(t, redirectTo(target.URL))
	config.RootCAs.AddCert(target.Certificate())
	config.Certificates = target.TLS.Certificates
	opts := &tidewire.DialOptions{TLSConfig: config, MaxRedirects: 1}
	mustDial(t, addr, opts)
	if got := <-shown; got != 0 {
		t.Errorf("the other origin saw %d certificates", got)
	}
	mustDial(t, "wss"+strings.TrimPrefix(target.URL, "https"), opts)
	if got := <-shown; got != 1 {
		t.Errorf("the origin itself saw %d certificates", got)
	}
}
