// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"tidewire"
)

// redirectTo answers every request with a redirect.
func redirectTo(location string) http.Handler {
	return http.RedirectHandler(location, http.StatusTemporaryRedirect)
}

// record upgrades, and keeps the header of each request.
func record(headers chan<- http.Header) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Host", r.Host)
		headers <- r.Header.Clone()
		r.Header.Del("Host")
		echoHandler(&tidewire.Upgrader{}).ServeHTTP(w, r)
	})
}

func TestClient_RedirectIsARefusal_ByDefault(t *testing.T) {
	addr := serve(t, redirectTo("/elsewhere"))
	_, resp, err := tidewire.Dial(t.Context(), addr, nil)
	checkStatus(t, err, tidewire.ErrHTTPStatus)
	if resp.StatusCode != http.StatusTemporaryRedirect || resp.Header.Get("Location") != "/elsewhere" {
		t.Errorf("the response is %v", resp)
	}
}

func TestClient_RedirectToTheSameOrigin_KeepsCredentials(t *testing.T) {
	headers := make(chan http.Header, 1)
	mux := http.NewServeMux()
	mux.Handle("/old", redirectTo("new"))
	mux.Handle("/new", record(headers))
	addr := strings.Replace(serve(t, mux), "//", "//me:secret@", 1)
	conn, _ := mustDial(t, addr+"/old", &tidewire.DialOptions{
		MaxRedirects: 1, Host: "virtual.example", HTTPHeader: http.Header{"X-Key": {"secret"}, "Cookie": {"a=b"}},
	})
	checkEcho(t, conn)
	got := <-headers
	if got.Get("X-Key") != "secret" || got.Get("Cookie") != "a=b" || got.Get("Host") != "virtual.example" ||
		!strings.HasPrefix(got.Get("Authorization"), "Basic ") {
		t.Errorf("the second request had %v", got)
	}
}

func TestClient_RedirectToAnotherOrigin_SendsNoCredentials(t *testing.T) {
	headers := make(chan http.Header, 1)
	target := serve(t, record(headers))
	addr := serve(t, redirectTo("http"+strings.TrimPrefix(target, "ws")+"/new"))
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(&url.URL{Scheme: "http", Host: "localhost"}, []*http.Cookie{{Name: "a", Value: "b"}})
	from := strings.Replace(strings.Replace(addr, "127.0.0.1", "localhost", 1), "//", "//me:secret@", 1)
	conn, resp := mustDial(t, from, &tidewire.DialOptions{
		MaxRedirects: 1, Jar: jar, Host: "virtual.example",
		HTTPHeader: http.Header{"X-Key": {"secret"}, "Cookie": {"c=d"}, "Authorization": {"Bearer secret"}},
	})
	checkEcho(t, conn)
	got := <-headers
	for _, name := range []string{"X-Key", "Cookie", "Authorization"} {
		if got.Get(name) != "" {
			t.Errorf("the second request had %s: %s", name, got.Get(name))
		}
	}
	if want := strings.TrimPrefix(target, "ws://"); got.Get("Host") != want || resp.Request.URL.Path != "/new" {
		t.Errorf("the second request went to %q, %v", got.Get("Host"), resp.Request.URL)
	}
}

func TestClient_RedirectsInACircle_Ends(t *testing.T) {
	requests := 0
	addr := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		http.Redirect(w, r, "/", http.StatusFound)
	}))
	_, resp, err := tidewire.Dial(t.Context(), addr, &tidewire.DialOptions{MaxRedirects: 3})
	checkStatus(t, err, tidewire.ErrHTTPStatus)
	if !strings.Contains(err.Error(), "MaxRedirects") || resp.StatusCode != http.StatusFound || requests != 4 {
		t.Errorf("after %d requests: %v", requests, err)
	}
}

func TestClient_RedirectThatCannotBeFollowed_IsAnError(t *testing.T) {
	for _, location := range []string{"ftp://127.0.0.1/", "ws://127.0.0.1:99999/", "ws://["} {
		_, resp, err := tidewire.Dial(t.Context(), serve(t, redirectTo(location)), &tidewire.DialOptions{MaxRedirects: 1})
		checkStatus(t, err, tidewire.ErrArgument)
		if resp == nil || !strings.Contains(err.Error(), location) {
			t.Errorf("%s: %v, %v", location, resp, err)
		}
	}
}

func TestClient_FollowsNothingButRedirects(t *testing.T) {
	addr := serve(t, http.NotFoundHandler())
	_, resp, err := tidewire.Dial(t.Context(), addr, &tidewire.DialOptions{MaxRedirects: 5})
	checkStatus(t, err, tidewire.ErrHTTPStatus)
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("the response is %v", resp.Status)
	}
}
