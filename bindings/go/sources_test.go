// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"bytes"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"tidewire"
)

// The sources that this module is made from; they are not part of it.
const (
	publicHeader = "../../capi/include/tidewire/tidewire.h"
	amalgamate   = "../../packaging/amalgamate.py"
)

// needs skips a test that runs in the sources of tidewire alone.
func needs(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Skip("the module is not in the sources of tidewire: ", err)
	}
}

func TestAmalgamationIsWhatTheSourcesMake(t *testing.T) {
	needs(t, amalgamate)
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3 to make it with: ", err)
	}
	if output, err := exec.Command(python, amalgamate, "--check").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, output)
	}
}

// squeezed is a name without what Go and C write differently: TW_ERR_HTTP_HOST and ErrHTTPHost are both ERRHTTPHOST.
func squeezed(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "_", "")) }

// headerConstants reads the numbers that the C interface defines, by their squeezed names without TW.
func headerConstants(t *testing.T) map[string]string {
	needs(t, publicHeader)
	text, err := os.ReadFile(publicHeader)
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[string]string{}
	line := regexp.MustCompile(`(?m)^#define TW_(\w+) \(?(-?(?:0x[0-9A-Fa-f]+|\d+)|UINT64_MAX)u?\)?`)
	for _, match := range line.FindAllStringSubmatch(string(text), -1) {
		value := strings.ReplaceAll(match[2], "UINT64_MAX", "18446744073709551615")
		numbers[squeezed(match[1])] = evaluated(t, value)
	}
	if len(numbers) < 100 {
		t.Fatalf("the header defines %d numbers", len(numbers))
	}
	return numbers
}

func evaluated(t *testing.T, expression string) string {
	value, err := types.Eval(token.NewFileSet(), nil, token.NoPos, expression)
	if err != nil {
		t.Fatal(err)
	}
	return constant.ToInt(value.Value).ExactString()
}

// fileConstants reads the constants of a Go file: name and value.
func fileConstants(t *testing.T, path string) map[string]string {
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[string]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			value := spec.Values[0]
			text := source[files.Position(value.Pos()).Offset:files.Position(value.End()).Offset]
			numbers[spec.Names[0].Name] = evaluated(t, string(text))
		}
		return true
	})
	return numbers
}

func TestStatusesAreThoseOfTheCInterface(t *testing.T) {
	header := headerConstants(t)
	statuses := fileConstants(t, "status.go")
	for name, value := range statuses {
		if want, ok := header[squeezed(name)]; value != want {
			t.Errorf("%s is %s; the header has %s (%t)", name, value, want, ok)
		}
	}
	for name := range header {
		isError := strings.HasPrefix(name, "ERR") && name != "ERRORINIT"
		found := false
		for status := range statuses {
			found = found || squeezed(status) == name
		}
		if isError && !found {
			t.Errorf("TW_%s has no Go name", name)
		}
	}
}

func TestNumbersOfTheEngineAreThoseOfTheCInterface(t *testing.T) {
	header := headerConstants(t)
	for name, value := range fileConstants(t, "internal/engine/types.go") {
		if step := map[string]bool{"Done": true, "Again": true, "Blocked": true}; step[name] {
			continue // of session.h
		}
		found := false
		for _, group := range []string{"", "CONN", "HANDSHAKE", "OPCODE", "FRAME"} {
			want, ok := header[group+squeezed(name)]
			if ok && want != value {
				t.Errorf("%s is %s; the header has %s", name, value, want)
			}
			found = found || ok
		}
		if !found {
			t.Errorf("%s is not in the header", name)
		}
	}
}

func TestKindsOfMessagesAndRolesAreNumbersOfTheCInterface(t *testing.T) {
	header := headerConstants(t)
	for name, got := range map[string]int{
		"OPCODETEXT": int(tidewire.TextMessage), "OPCODEBINARY": int(tidewire.BinaryMessage),
		"OPCODECLOSE": int(tidewire.CloseMessage), "OPCODEPING": int(tidewire.PingMessage),
		"OPCODEPONG": int(tidewire.PongMessage),
		"ROLESERVER": int(tidewire.RoleServer), "ROLECLIENT": int(tidewire.RoleClient),
	} {
		if want := header[name]; want != constant.MakeInt64(int64(got)).ExactString() {
			t.Errorf("TW_%s is %s, not %d", name, want, got)
		}
	}
}

func TestBuildWithoutCgoSaysWhatItNeeds(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go to build with: ", err)
	}
	build := exec.Command(tool, "build", "./internal/engine")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	first, _, _ := bytes.Cut(bytes.TrimPrefix(output, []byte("# tidewire/internal/engine\n")), []byte("\n"))
	if err == nil || !bytes.Contains(first, []byte("CGO_ENABLED")) {
		t.Errorf("%v: %s", err, output)
	}
}
