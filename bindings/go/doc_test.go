// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// readPackage reads the documentation of the package, without its tests.
func readPackage(t *testing.T) *doc.Package {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	pkg, err := doc.NewFromFiles(fset, files, "tidewire")
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}

// exported maps every exported name, with that of its type before methods and fields, to whether it has a comment.
func exported(pkg *doc.Package) map[string]bool {
	names := map[string]bool{}
	values := func(list []*doc.Value) {
		for _, value := range list {
			for _, spec := range value.Decl.Specs {
				spec := spec.(*ast.ValueSpec)
				for _, name := range spec.Names {
					names[name.Name] = value.Doc != "" || spec.Doc != nil || spec.Comment != nil
				}
			}
		}
	}
	functions := func(list []*doc.Func, prefix string) {
		for _, function := range list {
			names[prefix+function.Name] = function.Doc != ""
		}
	}
	values(pkg.Consts)
	values(pkg.Vars)
	functions(pkg.Funcs, "")
	for _, typ := range pkg.Types {
		names[typ.Name] = typ.Doc != ""
		values(typ.Consts)
		values(typ.Vars)
		functions(typ.Funcs, "")
		functions(typ.Methods, typ.Name+".")
		if fields, ok := typ.Decl.Specs[0].(*ast.TypeSpec).Type.(*ast.StructType); ok {
			addFields(names, typ.Name, fields)
		}
	}
	for name := range names {
		if !ast.IsExported(name[strings.LastIndex(name, ".")+1:]) {
			delete(names, name)
		}
	}
	return names
}

// addFields adds those of a struct.
func addFields(names map[string]bool, typ string, fields *ast.StructType) {
	for _, field := range fields.Fields.List {
		for _, name := range field.Names {
			names[typ+"."+name.Name] = field.Doc != nil || field.Comment != nil
		}
	}
}

func TestDoc_EveryExportedNameHasAComment(t *testing.T) {
	names := exported(readPackage(t))
	if len(names) < 100 || !names["Dial"] || !names["Upgrader.Upgrade"] {
		t.Fatalf("only %d names were found", len(names))
	}
	for name, documented := range names {
		if !documented {
			t.Errorf("%s has no comment", name)
		}
	}
}

// inCode finds what README.md writes as code in a line of text.
var inCode = regexp.MustCompile("`([^`]+)`")

// goName is a name of this package, or of one of its types.
var goName = regexp.MustCompile(`^\*?([A-Z][A-Za-z0-9]*(\.[A-Z][A-Za-z0-9]*)?)$`)

// The left column of the table has the names of gorilla/websocket.
func TestReadme_NamesWhatExists(t *testing.T) {
	names := exported(readPackage(t))
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, line := range strings.Split(string(text), "\n") {
		if cells := strings.Split(line, "|"); len(cells) == 4 {
			line = cells[2]
		}
		for _, code := range inCode.FindAllStringSubmatch(line, -1) {
			match := goName.FindStringSubmatch(code[1])
			if match == nil {
				continue
			}
			found++
			if _, ok := names[match[1]]; !ok && !isMethod(names, match[1]) {
				t.Errorf("README.md names %s, which does not exist", match[1])
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d names were found", found)
	}
}

// isMethod tells whether a connection has a method of that name: the text leaves its type away.
func isMethod(names map[string]bool, name string) bool {
	_, ok := names["Conn."+name]
	return ok
}

// trimmed is text without the blanks that lines begin with.
func trimmed(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

func TestReadme_ShowsCodeThatRuns(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(readme), "```go\n")[1:]
	if len(blocks) < 2 {
		t.Errorf("README.md has %d pieces of code", len(blocks))
	}
	for _, block := range blocks {
		code, _, _ := strings.Cut(block, "```")
		if !strings.Contains(trimmed(string(examples)), trimmed(code)) {
			t.Errorf("example_test.go does not have\n%s", code)
		}
	}
}
