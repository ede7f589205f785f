// SPDX-License-Identifier: MIT

package vectors

import (
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
)

// Digest is the CRC-32 of what was seen, as tests/vectors/README.md has it in its section "Digest".
func (v *Vector) Digest(trace *Trace) string {
	crc := crc32.NewIEEE()
	for i := range trace.Steps {
		digestStep(crc, &v.Steps[i], &trace.Steps[i])
	}
	failure, closing := &trace.Failure, &trace.Close
	fmt.Fprintf(crc, "end %s\n", states[trace.State])
	fmt.Fprintf(crc, "error %s %d %d\n", failure.Status, failure.Offset, failure.CloseCode)
	fmt.Fprintf(crc, "close %d %d %d\n", closing.Local, closing.Remote, closing.Cause)
	return fmt.Sprintf("%08x", crc.Sum32())
}

func digestStep(w io.Writer, step *Step, seen *Outcome) {
	fmt.Fprintf(w, "step %s\n", seen.Status)
	for _, event := range seen.Events {
		fmt.Fprintf(w, "event %d %d %d %d %d %s\n", event.Type, event.Opcode, event.Flags, event.Code, event.Offset,
			digestBytes(event.Data))
	}
	isCreated := step.Action != Create || seen.Status == "TW_OK"
	if isCreated && step.form == whole {
		fmt.Fprintf(w, "output %s\n", digestBytes(seen.Output))
	}
}

func digestBytes(data []byte) string {
	return fmt.Sprintf("%d %08x", len(data), crc32.ChecksumIEEE(data))
}

// ReadDigests reads digests.txt: the digest of each vector by its ID.
func ReadDigests(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	digests := map[string]string{}
	for line := range strings.Lines(string(text)) {
		id, digest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if _, twice := digests[id]; !ok || twice || len(digest) != 8 {
			return nil, fmt.Errorf("%s: %q", path, line)
		}
		digests[id] = digest
	}
	return digests, nil
}
