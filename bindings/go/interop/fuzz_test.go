// SPDX-License-Identifier: MIT

package interop_test

import (
	"bufio"
	"bytes"
	encoding "encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tidewire"
)

// memoryStream is a stream whose input is there already, and whose output is kept.
type memoryStream struct {
	in    io.Reader
	mu    sync.Mutex
	out   bytes.Buffer
	close func()
}

func (m *memoryStream) Read(p []byte) (int, error) { return m.in.Read(p) }

func (m *memoryStream) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.out.Write(p)
}

// taken is the output, which is then no more there.
func (m *memoryStream) taken() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.out.Reset()
	return bytes.Clone(m.out.Bytes())
}

func (m *memoryStream) Close() error {
	if m.close != nil {
		m.close()
	}
	return nil
}

func (m *memoryStream) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (m *memoryStream) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (m *memoryStream) SetDeadline(time.Time) error      { return nil }
func (m *memoryStream) SetReadDeadline(time.Time) error  { return nil }
func (m *memoryStream) SetWriteDeadline(time.Time) error { return nil }

// hijackable hands the stream to the library.
type hijackable struct {
	*httptest.ResponseRecorder
	stream net.Conn
}

func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.stream, bufio.NewReadWriter(bufio.NewReader(h.stream), bufio.NewWriter(h.stream)), nil
}

// upgradeOn makes a library's server of a stream on which frames come next, without context takeover.
func upgradeOn(t *testing.T, by library, s settings, stream *memoryStream) end {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://localhost/", nil)
	r.RequestURI = "/"
	r.Header = http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	if s.deflate {
		offer := "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
		r.Header.Set("Sec-Websocket-Extensions", offer)
	}
	opened, err := by.upgrade(s, hijackable{httptest.NewRecorder(), stream}, r)
	if err != nil {
		t.Fatalf("%s: %v", by.name, err)
	}
	return opened
}

// pieces gives data in reads whose lengths follow from the seed.
type pieces struct {
	data   []byte
	random *rand.Rand
}

func (p *pieces) Read(to []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(to, p.data[:min(len(p.data), 1+p.random.IntN(1+p.random.IntN(1000)))])
	p.data = p.data[n:]
	return n, nil
}

// readAll gives what came to an end, and what ended it.
func readAll(e end) (messages []message, err error) {
	for {
		m, err := e.inbox().next()
		if err != nil {
			return messages, err
		}
		messages = append(messages, m)
	}
}

func readBy(t *testing.T, by library, stream []byte, seed uint64) ([]message, error) {
	e := upgradeOn(t, by, settings{}, &memoryStream{in: &pieces{stream, rand.New(rand.NewPCG(seed, 0))}})
	defer e.drop()
	return readAll(e)
}

// frames are what a script says: mostly right ones of a client, in any order. A frame takes its first byte, a byte for
// its length and form, and its payload. (No length has its highest bit set: gws panics.)
func frames(script []byte) (stream []byte) {
	for len(script) > 1 {
		first, form := script[0], script[1]
		payload := script[2:min(len(script), 2+int(form))]
		script = script[2+len(payload):]
		if first&0x0F == 0x0A {
			first ^= 0x03 // a ping: what these tests know of pongs is that they asked for them
		}
		if first&0x20 != 0 { // a long one
			first &^= 0x20
			payload = bytes.Repeat(payload, 40)
		}
		stream = append(stream, header(first, len(payload), form)...)
		key := []byte{first, form, 0x5A, 0xC3}
		if form == unmasked {
			key = make([]byte, 4)
		} else {
			stream = append(stream, key...)
		}
		for i, b := range payload {
			stream = append(stream, b^key[i%4])
		}
	}
	return stream
}

// Lengths that stand for forms which break a rule.
const (
	longest  = 255 - iota // the payload length is written in 8 bytes
	longer                // it is written in 2 bytes
	unmasked              // there is no masking key
)

// header is that of a frame, without its masking key.
func header(first byte, length int, form byte) []byte {
	mask := byte(0x80)
	if form == unmasked {
		mask = 0
	}
	switch {
	case form == longest:
		return encoding.BigEndian.AppendUint64([]byte{first, mask | 127}, uint64(length))
	case form == longer || length > 125:
		return encoding.BigEndian.AppendUint16([]byte{first, mask | 126}, uint16(length))
	}
	return []byte{first, mask | byte(length)}
}

// isStricter tells whether the engine fails where other libraries read on: none of them looks at all of these.
func isStricter(err error) bool {
	for _, status := range []tidewire.Status{
		tidewire.ErrUTF8, tidewire.ErrLengthNotMinimal, tidewire.ErrCloseLength, tidewire.ErrCloseCode,
		tidewire.ErrCloseReason,
	} {
		if errors.Is(err, status) {
			return true
		}
	}
	return false
}

// FuzzServersReadTheSame has all servers read any frames, in any pieces: they see the same messages, up to where the
// engine is stricter.
func FuzzServersReadTheSame(f *testing.F) {
	for _, script := range []string{
		"\x81\x05hello\x82\x00\x89\x02hi\x88\x04\x03\xE8by", "\x01\x02he\x89\x00\x80\x03llo\x88\x00",
		"\x81\x01\xFF\x82\x00..",
		"\xA2\x80" + strings.Repeat("long ", 26), "\xA1\x40" + strings.Repeat("text", 16), "\x88\x01\x03..",
		"\x88\x02\x03\xEC..", "\x02\x01a\x02\x01b", "\x80\x01a..", "\xC1\x01a..", "\x83\x01a..", "\x09\x01a..",
		"\xA9\x7D" + strings.Repeat("p", 125),
		"\x81\xFFa", "\x81\xFEa", "\x81\xFDa", "\x01\x01\xC3\x80\x01\xA4\x88\x00..", "\x88\x03\x03\xE8\xFF.",
	} {
		f.Add([]byte(script), uint64(len(script)))
	}
	f.Fuzz(func(t *testing.T, script []byte, seed uint64) {
		// The end is a close frame: without, coder takes a message whose last fragment is missing for a whole one.
		stream := append(frames(script[:min(len(script), 4096)]), 0x88, 0x80, 0, 0, 0, 0)
		messages, end := readBy(t, ours, stream, seed)
		for _, peer := range peers {
			theirs, theirEnd := readBy(t, peer, stream, seed+1)
			if err := compare(messages, theirs, isStricter(end)); err != nil {
				t.Errorf("%x\n%s: %v; it ended with %v, tidewire with %v", stream, peer.name, err, theirEnd, end)
			}
		}
	})
}

// compare says where messages are not the same. The peer may have more of them where tidewire is stricter.
func compare(ours, theirs []message, isStricter bool) error {
	for i, m := range ours {
		if i >= len(theirs) || theirs[i].kind != m.kind || !bytes.Equal(theirs[i].data, m.data) {
			return fmt.Errorf("not the same message %d", i)
		}
	}
	if len(theirs) > len(ours) && !isStricter {
		return fmt.Errorf("%d messages more", len(theirs)-len(ours))
	}
	return nil
}

// messagesOf are what a script says: a byte for the kind and the way, one for the length, and what is repeated.
func messagesOf(script []byte) (list []message) {
	for len(script) > 2 && len(list) < 40 {
		m := message{kind: 1 + int(script[0]&1)}
		unit := script[2:min(len(script), 2+int(script[1])%16)]
		m.data = bytes.Repeat(unit, int(script[1])*int(script[0]>>4))
		if m.kind == text {
			m.data = bytes.ToValidUTF8(m.data, []byte("?"))
		}
		script = script[2+len(unit):]
		list = append(list, m)
	}
	return list
}

// write sends a message whole or in fragments.
func write(e end, m message, i int) error {
	if by, ok := e.(fragmenter); ok && i%2 == 1 && len(m.data) > 2 {
		return by.sendFragments(m.kind, [][]byte{m.data[:len(m.data)/3], m.data[len(m.data)/3:]})
	}
	return e.send(m.kind, m.data)
}

// FuzzMessagesAreExchanged has every library read what tidewire's client wrote, and the client what their servers
// wrote, compressed or not.
func FuzzMessagesAreExchanged(f *testing.F) {
	f.Add([]byte("\xF0\x85hello\x11\x03abc\x02\x00\x91\xFFrepeat, repeat"), false)
	f.Add([]byte("\xF0\x85hello\x11\x03abc\x02\x00\x91\xFFrepeat, repeat"), true)
	f.Fuzz(func(t *testing.T, script []byte, deflate bool) {
		s := settings{deflate: deflate}
		list := messagesOf(script)
		sent := writtenByClient(t, s, list)
		for _, peer := range append([]library{ours}, peers...) {
			reader := upgradeOn(t, peer, s, &memoryStream{in: &pieces{sent, rand.New(rand.NewPCG(1, 2))}})
			got, end := readAll(reader)
			reader.drop()
			if err := sameMessages(list, got); err != nil {
				t.Errorf("%s reads: %v; it ended with %v", peer.name, err, end)
			}
			got, end = readByClient(t, s, writtenByServer(t, peer, s, list))
			if err := sameMessages(list, got); err != nil {
				t.Errorf("%s wrote: %v; the client ended with %v", peer.name, err, end)
			}
		}
	})
}

func sameMessages(want, got []message) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d messages, not %d", len(got), len(want))
	}
	return compare(want, got, false)
}

// client makes tidewire's client of a stream on which frames come next.
func client(t *testing.T, s settings, stream net.Conn) end {
	t.Helper()
	conn, err := tidewire.NewConn(stream, tidewire.RoleClient, ourOptions(s))
	if err != nil {
		t.Fatal(err)
	}
	return newOurEnd(conn, nil)
}

// silent is a stream on which nothing comes until it is closed.
func silent() *memoryStream {
	in, close := io.Pipe()
	return &memoryStream{in: in, close: func() { close.Close() }}
}

func writtenByClient(t *testing.T, s settings, list []message) []byte {
	stream := silent()
	return writtenBy(t, client(t, s, stream), stream, list)
}

func writtenByServer(t *testing.T, by library, s settings, list []message) []byte {
	stream := silent()
	e := upgradeOn(t, by, s, stream)
	stream.taken() // the response
	return writtenBy(t, e, stream, list)
}

func writtenBy(t *testing.T, e end, stream *memoryStream, list []message) []byte {
	t.Helper()
	defer e.drop()
	for i, m := range list {
		if err := write(e, m, i); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	return stream.taken()
}

func readByClient(t *testing.T, s settings, stream []byte) ([]message, error) {
	e := client(t, s, &memoryStream{in: bytes.NewReader(stream)})
	defer e.drop()
	return readAll(e)
}
