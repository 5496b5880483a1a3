package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "badged"

// file is one Go file of the module.
type file struct {
	path     string // from the root of the module, with slashes
	pkg      string // its folder, which is its import path without "badged/"
	test     bool   // _test.go
	external bool   // _test.go that sees its package from outside: package x_test
	imports  []string
	ast      *ast.File
	fset     *token.FileSet
	src      []byte
	lines    int
}

// violation is one broken rule, with the way to mend it.
type violation struct {
	path    string
	problem string
}

func (v violation) String() string { return v.path + ": " + v.problem }

// load reads every Go file of a module. Folders that the go command passes over
// (testdata, vendor, those that start with "." or "_") are passed over here too.
func load(fsys fs.FS) ([]file, error) {
	var files []file
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && ignored(p):
			return fs.SkipDir
		case d.IsDir(), !strings.HasSuffix(p, ".go"):
			return nil
		}
		f, err := loadFile(fsys, p)
		files = append(files, f)
		return err
	})
	return files, err
}

func ignored(dir string) bool {
	base := path.Base(dir)
	return dir != "." && (base == "testdata" || base == "vendor" || base == "bin" ||
		strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_"))
}

func loadFile(fsys fs.FS, p string) (file, error) {
	src, err := fs.ReadFile(fsys, p)
	if err != nil {
		return file{}, err
	}
	f := file{
		path: p, pkg: path.Dir(p), test: strings.HasSuffix(p, "_test.go"),
		src: src, fset: token.NewFileSet(), lines: strings.Count(string(src), "\n"),
	}
	f.ast, err = parser.ParseFile(f.fset, p, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return file{}, fmt.Errorf("parse %s: %w", p, err)
	}
	f.external = f.test && strings.HasSuffix(f.ast.Name.Name, "_test")
	for _, spec := range f.ast.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return file{}, fmt.Errorf("parse %s: import %s: %w", p, spec.Path.Value, err)
		}
		f.imports = append(f.imports, imp)
	}
	return f, nil
}

// own gives the folder of an import that is ours.
func own(imp string) (string, bool) { return strings.CutPrefix(imp, module+"/") }

// outside reports whether an import is neither ours nor of the standard library.
func outside(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return strings.Contains(first, ".")
}

// under reports whether p is dir or lies in it.
func under(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// match reports whether p is what pattern names: itself, or for "x/..." x and all
// below it, or for "x/*" all directly below x.
func match(pattern, p string) bool {
	if dir, ok := strings.CutSuffix(pattern, "/..."); ok {
		return under(p, dir)
	}
	if dir, ok := strings.CutSuffix(pattern, "/*"); ok {
		return path.Dir(p) == dir
	}
	return p == pattern
}

func matchAny(patterns []string, p string) bool {
	for _, pattern := range patterns {
		if match(pattern, p) {
			return true
		}
	}
	return false
}

// root is the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatalf("look for the module's root two folders up: %v", err)
	}
	return dir
}

// ours reads this module once for all tests.
var ours = sync.OnceValues(func() ([]file, error) { return load(os.DirFS("../..")) })

func loadModule(t *testing.T) []file {
	t.Helper()
	files, err := ours()
	if err != nil {
		t.Fatalf("read the module: %v", err)
	}
	if len(files) < 10 {
		t.Fatalf("read the module: only %d Go files were found", len(files))
	}
	return files
}

func report(t *testing.T, vs []violation) {
	t.Helper()
	sort.Slice(vs, func(i, j int) bool { return vs[i].String() < vs[j].String() })
	for _, v := range vs {
		t.Error(v)
	}
}
