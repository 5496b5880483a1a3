package main

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// test is one test function, or one suite of scripts/test.sh, that names statements.
type test struct {
	pkg   string // "./enroll"; of a suite: suites
	name  string
	tag   string // build tag that its file needs; empty: none
	codes string // with spaces between
}

// suites is the program whose table has the suites, from the module's folder. A suite shows
// the statements that its line of the table names.
const suites = "scripts/test.sh"

func (t test) shows(code string) bool { return slices.Contains(strings.Fields(t.codes), code) }

// suite names the suite of a test that does not run with the plain ones.
func (t test) suite() string {
	if t.tag == "" {
		return ""
	}
	return " (" + t.tag + ")"
}

// namePattern is the code at the beginning of a test's name: TestS103_AnUnknownBadge....
var namePattern = regexp.MustCompile(`^Test(S[1-5])([0-9]{2})_`)

// findTests finds the tests below root whose names or doc comments name statements, in the order of
// their files, and then the suites.
func findTests(root string) ([]test, error) {
	functions, err := findFunctions(root)
	if err != nil {
		return nil, err
	}
	whole, err := findSuites(filepath.Join(root, suites))
	return append(functions, whole...), err
}

// findSuites reads the lines `"name | what it needs | what it shows"` of the table.
func findSuites(path string) (out []test, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("find the suites: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		parts := strings.Split(strings.Trim(strings.TrimSpace(line), `"`), "|")
		if len(parts) != 3 {
			continue
		}
		if codes := codePattern.FindAllString(parts[2], -1); len(codes) > 0 {
			out = append(out, test{pkg: suites, name: strings.TrimSpace(parts[0]), codes: strings.Join(codes, " ")})
		}
	}
	return out, nil
}

func findFunctions(root string) (out []test, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		found, err := testsOf(root, path)
		out = append(out, found...)
		return err
	})
	return out, err
}

func testsOf(root, path string) (out []test, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("find the tests: %w", err)
	}
	dir, err := filepath.Rel(root, filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	tag := tagOf(file)
	for _, d := range file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || !isTest(fn.Name.Name) {
			continue
		}
		codes := codePattern.FindAllString(fn.Doc.Text(), -1)
		if m := namePattern.FindStringSubmatch(fn.Name.Name); m != nil {
			codes = append(codes, m[1]+"."+m[2])
		}
		if len(codes) > 0 {
			out = append(out, test{"./" + filepath.ToSlash(dir), fn.Name.Name, tag, strings.Join(codes, " ")})
		}
	}
	return out, nil
}

func isTest(name string) bool {
	return strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz") || strings.HasPrefix(name, "Example")
}

// tagOf is the first build tag of a file that switches it on.
func tagOf(file *ast.File) string {
	for _, group := range file.Comments {
		for _, c := range group.List {
			if c.Pos() > file.Package {
				return ""
			}
			expr, err := constraint.Parse(c.Text)
			if err != nil {
				continue
			}
			if tag := firstTag(expr); tag != "" {
				return tag
			}
		}
	}
	return ""
}

// systems are tags that the machine sets by itself.
var systems = []string{"linux", "unix", "cgo", "race", "amd64"}

func firstTag(expr constraint.Expr) string {
	switch e := expr.(type) {
	case *constraint.TagExpr:
		if !slices.Contains(systems, e.Tag) {
			return e.Tag
		}
	case *constraint.AndExpr:
		if tag := firstTag(e.X); tag != "" {
			return tag
		}
		return firstTag(e.Y)
	}
	return ""
}
