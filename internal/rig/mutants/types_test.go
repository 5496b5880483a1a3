package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// checker checks the types of faulty files, as the compiler would, in a hundredth of its time:
// of the other files of a folder it needs no function's body, and of other folders what the
// compiler has exported.
type checker struct {
	root     string
	files    *token.FileSet
	imported types.Importer
	headers  map[string]map[string]*ast.File // by folder, then by name
}

// newChecker compiles the module in root.
func newChecker(t *testing.T, root string) *checker {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}", "./...")
	var problems bytes.Buffer
	cmd.Dir, cmd.Stderr = root, &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("compile the module: %v\n%s", err, problems.Bytes())
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "=")
		exports[path] = file
	}
	c := &checker{root: root, files: token.NewFileSet(), headers: map[string]map[string]*ast.File{}}
	c.imported = importer.ForCompiler(c.files, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	return c
}

// check says why a faulty file does not compile.
func (c *checker) check(m mutant, faulty string) error {
	path := filepath.Join(c.root, filepath.FromSlash(m.file))
	parsed, err := parser.ParseFile(c.files, path, faulty, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("%s: the faulty file is no Go: %w", m.at, err)
	}
	headers, err := c.headersOf(filepath.Dir(path))
	if err != nil {
		return err
	}
	all := []*ast.File{parsed}
	for name, header := range headers {
		if name != filepath.Base(path) {
			all = append(all, header)
		}
	}
	var wrong error
	config := types.Config{Importer: c.imported, Error: func(err error) {
		// A file without bodies does not use its imports: only the faulty file is of interest.
		if e := (types.Error{}); errors.As(err, &e) && wrong == nil && parsed.FileStart <= e.Pos && e.Pos < parsed.FileEnd {
			wrong = fmt.Errorf("%s: the mutant does not compile: %w", m.at, err)
		}
	}}
	_, _ = config.Check(m.file, c.files, all, nil)
	return wrong
}

// headersOf gives the files of a folder by name, without the bodies of their functions.
func (c *checker) headersOf(dir string) (map[string]*ast.File, error) {
	if headers := c.headers[dir]; headers != nil {
		return headers, nil
	}
	found, err := build.ImportDir(dir, 0)
	if err != nil {
		return nil, err
	}
	headers := map[string]*ast.File{}
	for _, name := range found.GoFiles {
		header, err := parser.ParseFile(c.files, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range header.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				f.Body = nil
			}
		}
		headers[name] = header
	}
	c.headers[dir] = headers
	return headers, nil
}
