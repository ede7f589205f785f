// SPDX-License-Identifier: MIT

package tidewire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestNextWriterSendsOneMessageHoweverItIsWritten(t *testing.T) {
	overKinds(t, func(t *testing.T, kind string) {
		server, client := pair(t, kind, nil, nil)
		for _, parts := range [][]string{
			{}, {""}, {"short"}, {"two ", "parts"},
			{strings.Repeat("a", fragmentLen)},
			{strings.Repeat("a", fragmentLen), "b"},
			{"a", strings.Repeat("b", fragmentLen), "c"},
			{"a", strings.Repeat("b", 10*fragmentLen), "c"},
			{"\xe2\x82", "\xac" + strings.Repeat("x", 2*fragmentLen-1) + "\xe2", "\x82\xac"}, // cut characters
		} {
			written := make(chan error, 1)
			go func() { written <- writeParts(client, parts...) }()
			typ, data, err := server.ReadMessage()
			if typ != TextMessage || string(data) != strings.Join(parts, "") || err != nil {
				t.Fatalf("%d parts: %d bytes, %v", len(parts), len(data), err)
			}
			if err := <-written; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestNextWriterLetsControlFramesPassAndMessagesWait(t *testing.T) {
	server, client := pair(t, "tcp", nil, nil)
	w, err := server.NextWriter(BinaryMessage)
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() { waited <- server.WriteMessage(TextMessage, []byte("later")) }()
	long := bytes.Repeat([]byte("l"), 2*fragmentLen)
	w.Write(long)
	if err := server.WriteControl(PingMessage, []byte("passes"), time.Time{}); err != nil {
		t.Fatal(err)
	}
	pinged := false
	client.SetPingHandler(func(string) error {
		pinged = true
		return w.Close()
	})
	if _, data, err := client.ReadMessage(); err != nil || !bytes.Equal(data, long) || !pinged {
		t.Fatal(len(data), err, pinged)
	}
	if _, data, err := client.ReadMessage(); err != nil || string(data) != "later" {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Error(err)
	}
	if _, err := w.Write(nil); !errors.Is(err, ErrState) {
		t.Error(err)
	}
	if err := w.Close(); !errors.Is(err, ErrState) {
		t.Error(err)
	}
}

func TestNextWriterThatCannotEndItsMessageFailsTheOnesAfterIt(t *testing.T) {
	server, _ := pair(t, "tcp", nil, nil)
	err := writeParts(server, strings.Repeat("a", fragmentLen+1), "\xff")
	if !errors.Is(err, ErrText) {
		t.Fatal(err)
	}
	if again := server.WriteMessage(TextMessage, nil); again != err {
		t.Error(again)
	}
}

func TestNextReaderReadsInPartsAndSkipsTheRest(t *testing.T) {
	long := strings.Repeat("0123456789", 20000)
	for name, options := range map[string]*Options{"whole": nil, "streamed": {Stream: true}} {
		t.Run(name, func(t *testing.T) {
			overKinds(t, func(t *testing.T, kind string) {
				server, client := pair(t, kind, options, nil)
				go func() {
					for range 3 {
						writeParts(client, long[:5000], long[5000:])
						client.WriteMessage(TextMessage, []byte(long))
						client.WriteMessage(TextMessage, nil)
					}
				}()
				for i := range 9 {
					typ, r, err := server.NextReader()
					if typ != TextMessage || err != nil {
						t.Fatal(i, typ, err)
					}
					want := []string{long, long, ""}[i%3]
					if i < 3 { // the others are skipped after a byte, or unread
						got, err := io.ReadAll(r)
						if string(got) != want || err != nil {
							t.Fatal(i, len(got), err)
						}
						if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
							t.Error(n, err)
						}
					} else if i < 6 && want != "" {
						if n, err := r.Read(make([]byte, 1)); n != 1 || err != nil {
							t.Error(n, err)
						}
					}
				}
				client.Close()
				if _, _, err := server.NextReader(); !errors.Is(err, ErrEOF) {
					t.Error(err)
				}
			})
		})
	}
}

func TestReadMessageGathersWhatIsStreamed(t *testing.T) {
	overKinds(t, func(t *testing.T, kind string) {
		server, peer := rawPeer(t, kind, &Options{Stream: true})
		if _, _, err := server.ReadMessageInto(nil); !errors.Is(err, ErrState) {
			t.Error(err)
		}
		if err := server.ReadBatch(nil); !errors.Is(err, ErrState) {
			t.Error(err)
		}
		message := "\x01\x83\x00\x00\x00\x00one\x89\x80\x00\x00\x00\x00\x80\x83\x00\x00\x00\x00two"
		pieces, read := make(chan string), make(chan string)
		go func() {
			for piece := range pieces {
				peer.Write([]byte(piece))
			}
		}()
		go func() {
			got := make([]byte, 2)
			io.ReadFull(peer, got)
			read <- string(got)
		}()
		for i := range message {
			pieces <- message[i : i+1]
			if i+1 == len(message) {
				break
			}
			server.SetReadDeadline(time.Now().Add(time.Millisecond))
			if typ, data, err := server.ReadMessage(); !isTimeout(err) {
				t.Fatal(typ, string(data), err)
			}
		}
		server.SetReadDeadline(time.Time{})
		if typ, data, err := server.ReadMessage(); typ != TextMessage || string(data) != "onetwo" || err != nil {
			t.Fatal(typ, string(data), err)
		}
		if got := <-read; got != "\x8a\x00" {
			t.Errorf("% x", got)
		}
		close(pieces)
	})
}
