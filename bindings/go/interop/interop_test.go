// SPDX-License-Identifier: MIT

package interop_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
)

// content is that many bytes of a kind: of text, whole characters of one to four bytes.
func content(kind, size int) []byte {
	data := make([]byte, size)
	if kind == binary {
		for i := range data {
			data[i] = byte(i % 251)
		}
		return data
	}
	n := 0
	for i := 0; n < size; i++ {
		each := []string{"a", "é", "€", "𝄞"}[i%4]
		if n+len(each) > size {
			each = "a"
		}
		n += copy(data[n:], each)
	}
	return data
}

func expect(t *testing.T, at end, kind int, data []byte) {
	t.Helper()
	got, err := at.inbox().next()
	if err != nil {
		t.Fatalf("in place of %d bytes: %v", len(data), err)
	}
	if got.kind != kind || !bytes.Equal(got.data, data) {
		t.Fatalf("got %d bytes of kind %d in place of %d of kind %d, or others", len(got.data), got.kind, len(data), kind)
	}
}

// exchange sends messages of all lengths that are written differently, each way.
func exchange(t *testing.T, c connection) {
	c.eachWay(t, func(t *testing.T, from, to end, _ library) {
		for _, kind := range []int{text, binary} {
			for _, size := range []int{0, 1, 125, 126, 65535, 65536, 1 << 20} {
				data := content(kind, size)
				if err := from.send(kind, data); err != nil {
					t.Fatal(err)
				}
				expect(t, to, kind, data)
			}
		}
	})
}

func TestBothSides_ExchangeMessagesOfAllLengths(t *testing.T) {
	eachPair(t, func(t *testing.T, server, client library) {
		exchange(t, connect(t, server, client, settings{}, (*httptest.Server).Start))
	})
}

func TestBothSides_ExchangeMessagesOverTLS(t *testing.T) {
	eachPair(t, func(t *testing.T, server, client library) {
		exchange(t, connect(t, server, client, settings{}, (*httptest.Server).StartTLS))
	})
}

func TestClient_GetsWhatTheServerSendsRightBehindItsResponse(t *testing.T) {
	eachPair(t, func(t *testing.T, server, client library) {
		hasty, first := server, content(text, 300)
		hasty.upgrade = func(s settings, w http.ResponseWriter, r *http.Request) (end, error) {
			opened, err := server.upgrade(s, w, r)
			if err == nil {
				err = opened.send(text, first)
			}
			return opened, err
		}
		c := connect(t, hasty, client, settings{}, (*httptest.Server).Start)
		expect(t, c.client, text, first)
	})
}

func TestServer_EchoesAStreamOfMessagesInOrder(t *testing.T) {
	const count = 2000
	eachPair(t, func(t *testing.T, server, client library) {
		c := connect(t, server, client, settings{}, (*httptest.Server).Start)
		data := content(binary, 4000)
		length := func(i int) int { return int(rand.New(rand.NewPCG(1, uint64(i))).UintN(uint(len(data)))) }
		sent := make(chan error, 2)
		go func() {
			sent <- each(count, func(i int) error { return c.client.send(binary, data[:length(i)]) })
		}()
		go func() {
			sent <- each(count, func(int) error {
				got, err := c.server.inbox().next()
				if err != nil {
					return err
				}
				return c.server.send(got.kind, got.data)
			})
		}()
		for i := range count {
			expect(t, c.client, binary, data[:length(i)])
		}
		for range 2 {
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
		}
	})
}

func each(count int, do func(i int) error) error {
	for i := range count {
		if err := do(i); err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
	}
	return nil
}

func TestBothSides_ExchangeFragmentedMessages(t *testing.T) {
	eachPair(t, func(t *testing.T, server, client library) {
		c := connect(t, server, client, settings{}, (*httptest.Server).Start)
		c.eachWay(t, func(t *testing.T, from, to end, by library) {
			writer, ok := from.(fragmenter)
			if !ok {
				t.Skipf("%s cannot send a message in fragments", by.name)
			}
			// A cut inside a character; and longer than gorilla's buffer, which else becomes one frame.
			data := content(text, 30_001)
			pieces := [][]byte{data[:10_001], data[10_001:20_003], data[20_003:]}
			if err := writer.sendFragments(text, pieces); err != nil {
				t.Fatal(err)
			}
			expect(t, to, text, data)
			for _, side := range []end{from, to} {
				if frames := framesOf(side, side == from); frames != 0 && frames < uint64(len(pieces)) {
					t.Errorf("%d frames were counted", frames)
				}
			}
		})
	})
}

// framesOf are those of one way, where the end is ours and counts them.
func framesOf(e end, sent bool) uint64 {
	conn, ok := e.(*ourEnd)
	switch {
	case !ok:
		return 0
	case sent:
		return conn.Stats().FramesSent
	}
	return conn.Stats().FramesReceived
}

func TestBothSides_AnswerPings(t *testing.T) {
	eachPair(t, func(t *testing.T, server, client library) {
		c := connect(t, server, client, settings{}, (*httptest.Server).Start)
		c.eachWay(t, func(t *testing.T, from, _ end, _ library) {
			if err := from.ping(); err != nil {
				t.Fatal(err)
			}
		})
	})
}

func TestBothSides_SeeTheCloseCodeOfTheOther(t *testing.T) {
	eachPair(t, func(t *testing.T, server, client library) {
		for _, want := range []closed{{1000, ""}, {1001, "going"}, {3000, "by €"}, {4999, string(content(text, 123))}} {
			for _, byClient := range []bool{true, false} {
				c := connect(t, server, client, settings{}, (*httptest.Server).Start)
				from, to, by := c.server, c.client, c.ofServer
				if byClient {
					from, to, by = c.client, c.server, c.ofClient
				}
				if err := from.close(want.code, want.reason); err != nil {
					t.Fatal(want, err)
				}
				if _, err := to.inbox().next(); err != error(want) {
					t.Errorf("%v in place of: %v", err, want)
				}
				if !by.seesAnswer {
					continue // gws waits for none, and coder's Close takes it
				}
				_, err := from.inbox().next()
				if answer, ok := err.(closed); !ok || answer.code != want.code && want.code >= 3000 {
					t.Errorf("answered by %v: %v", err, want) // gws answers any code below 1016 with 1000
				}
			}
		}
	})
}

func TestBothSides_AgreeOnASubprotocol(t *testing.T) {
	eachPair(t, func(t *testing.T, server, client library) {
		for _, each := range []struct {
			name, want      string
			offered, spoken []string
		}{
			{"both", "chat.v2", []string{"chat.v1", "chat.v2"}, []string{"chat.v2", "chat.v3"}},
			{"none", "", nil, []string{"chat.v2"}},
		} {
			t.Run(each.name, func(t *testing.T) {
				if each.want == "" && server.name == "gws" {
					t.Skip("gws refuses a client that offers none of its subprotocols")
				}
				speaking, offering := server, client
				speaking.upgrade = func(s settings, w http.ResponseWriter, r *http.Request) (end, error) {
					s.subprotocols = each.spoken
					return server.upgrade(s, w, r)
				}
				c := connect(t, speaking, offering, settings{subprotocols: each.offered}, (*httptest.Server).Start)
				if at, from := c.server.subprotocol(), c.client.subprotocol(); at != each.want || from != each.want {
					t.Errorf("the server has %q, the client %q", at, from)
				}
			})
		}
	})
}

func TestClient_ForeignOriginIsRefused(t *testing.T) {
	eachPair(t, func(t *testing.T, server, client library) {
		refused := make(chan error, 1)
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := server.upgrade(settings{}, w, r)
			refused <- err
		}))
		defer web.Close()
		url := "ws" + web.URL[len("http"):]
		_, response, err := client.dial(settings{origin: "https://elsewhere.example"}, url, nil)
		if err == nil || response == nil {
			t.Fatalf("the client got %v and the response %v", err, response)
		}
		if response.StatusCode != server.refusal {
			t.Errorf("the status is %d in place of %d", response.StatusCode, server.refusal)
		}
		if err := <-refused; err == nil {
			t.Error("the server got a connection")
		}
	})
}
