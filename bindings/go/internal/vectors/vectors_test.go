// SPDX-License-Identifier: MIT

package vectors

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const folder = "../../../../tests/vectors"

func TestEveryFileOfTheSourcesIsRead(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(paths) == 0 {
		t.Skip("the vectors are not part of the module: this runs in the sources of tidewire")
	}
	count := 0
	for _, path := range paths {
		found, err := ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		count += len(found)
	}
	if count < 800 {
		t.Errorf("%d vectors were read", count)
	}
}

// A vector that has what is required, and a place for a step and for more.
const template = `{"about": "a", "vectors": [{"name": "n", "section": "s", "role": "server", "state": "open",
	"steps": [{STEP}] MORE}]}`

func read(t *testing.T, step, more string) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.json")
	text := strings.NewReplacer("STEP", step, "MORE", more).Replace(template)
	if !json.Valid([]byte(text)) {
		t.Fatalf("%s is no JSON", text)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := ReadFile(path)
	return err
}

func TestWhatTheFormatDoesNotKnowIsRefused(t *testing.T) {
	if err := read(t, `"input": "00"`, ""); err != nil {
		t.Fatalf("the template: %v", err)
	}
	for _, wrong := range [][2]string{
		{`"inputs": "00"`, ""},
		{`"Input": "00"`, ""},
		{`"input": "0"`, ""},
		{`"input": 0`, ""},
		{`"input": null`, ""},
		{`"input": {"text": "a", "more": 1}`, ""},
		{`"input": {"use": "nothing"}`, ""},
		{`"input": {"repeat": ["00", -1]}`, ""},
		{`"input": {"masked": ["00", "00"]}`, ""},
		{`"input": "00", "eof": true`, ""},
		{`"input": "00", "output": "", "keep_output": true`, ""},
		{`"input": "00", "opcode": "text"`, ""},
		{`"input": "00", "events": [{"type": "message"}]`, ""},
		{`"input": "00", "events": [{"type": "text", "fin": true}]`, ""},
		{`"input": "00", "wants": ["sleep"]`, ""},
		{`"": "00"`, ""},
		{`"eof": false`, ""},
		{`"send": "00"`, ""},
		{`"close": "1000"`, ""},
		{`"close": 1000.0`, ""},
		{`"tick": 0`, ""},
		{`"tick": 9007199254740993, "deadline": 0`, ""},
		{``, `, "config": {"max_frames": 1}`},
		{``, `, "config": {"stream": false}`},
		{``, `, "handshake": {"headers": [["a"]]}`},
		{``, `, "handshake": {"host": "a\u0000"}`},
		{``, `, "deflate": []`},
		{``, `, "error": {"offset": true}`},
		{``, `, "close_info": {}`},
		{``, `, "agreed": "some"`},
		{``, `, "stats": {"held_len": 1}`},
		{``, `, "note": "n"`},
	} {
		if err := read(t, wrong[0], wrong[1]); err == nil {
			t.Errorf("%s is accepted", wrong)
		}
	}
}

// text gives bytes that compress: runs, repetitions from far back, and noise.
func text(random *rand.Rand) []byte {
	var out []byte
	for range random.IntN(40) {
		length := 1 + random.IntN(2000)
		switch from := random.IntN(1 + len(out)); random.IntN(3) {
		case 0:
			out = append(out, bytes.Repeat([]byte{byte(random.Uint32())}, length)...)
		case 1:
			out = append(out, out[from:min(len(out), from+length)]...)
		default:
			for range length {
				out = append(out, byte(random.Uint32()>>random.IntN(8)))
			}
		}
	}
	return out
}

func TestInflaterReadsWhatTheStandardLibraryDeflates(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
		var deflated bytes.Buffer
		w, err := flate.NewWriter(&deflated, level)
		if err != nil {
			t.Fatal(err)
		}
		var want []byte
		for range 8 {
			part := text(random)
			want = append(want, part...)
			if _, err := w.Write(part); err != nil {
				t.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		in := window{reach: 1 << 15}
		if err := in.inflate(deflated.Bytes()); err != nil || !bytes.Equal(in.data, want) {
			t.Errorf("level %d: %d bytes of %d, %v", level, len(in.data), len(want), err)
		}
		for _, cut := range []int{1, deflated.Len() / 2, deflated.Len() - 5} {
			in := window{reach: 1 << 15}
			if err := in.inflate(deflated.Bytes()[:cut]); err != errCut && err != nil || !bytes.HasPrefix(want, in.data) {
				t.Errorf("level %d, cut at %d: %v", level, cut, err)
			}
		}
	}
}

func TestInflaterRefusesAMatchFromBeforeItsWindow(t *testing.T) {
	noise := make([]byte, 600)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(append(noise, noise[:100]...)); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	for reach, want := range map[int]error{512: errFar, 1024: nil} {
		in := window{reach: reach}
		if err := in.inflate(deflated.Bytes()); err != want {
			t.Errorf("a window of %d: %v, not %v", reach, err, want)
		}
	}
}

func TestInflaterRefusesBrokenData(t *testing.T) {
	for _, broken := range []struct {
		data []byte
		want error
	}{
		{[]byte{0x07}, errFinal},
		{[]byte{0x06}, errDeflate},
		{[]byte{0x00, 0x01, 0x00, 0x00, 0x00}, errDeflate}, // a stored block whose lengths disagree
		{[]byte{0x00, 0x01, 0x00, 0xFE, 0xFF}, errCut},
		{[]byte{0x02, 0x02, 0x00}, errFar}, // a fixed block that begins with a match
	} {
		in := window{reach: 1 << 15}
		if err := in.inflate(broken.data); err != broken.want {
			t.Errorf("%x: %v, not %v", broken.data, err, broken.want)
		}
	}
}

func TestPeerReadsFramesInTheShortestFormAlone(t *testing.T) {
	for _, output := range [][]byte{
		{0x82},
		{0x82, 0x02, 0x00},
		{0x82, 0x7E, 0x00, 0x01, 0xAA},
		{0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0, 1, 0xAA},
		{0x82, 0x81, 1, 2, 3},
		{0x82, 0x00, 0x00},
	} {
		if err := new(inflater).check(output, []frame{{first: 0x82}}, Terms{}); err == nil {
			t.Errorf("%x is accepted", output)
		}
	}
	masked := []byte{0x82, 0x81, 1, 2, 3, 4, 0x40}
	if err := new(inflater).check(masked, []frame{{0x82, []byte{1, 2, 3, 4}, []byte{0x41}}}, Terms{}); err != nil {
		t.Error(err)
	}
}
