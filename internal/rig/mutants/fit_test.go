package main

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// TestTheTableFitsTheCode notices in seconds what make mutants would say after an hour:
// code was changed, moved or renamed and the table was not. It runs no mutant.
func TestTheTableFitsTheCode(t *testing.T) {
	all, err := readTable(builtin)
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	module := newFitting(t, root)
	for _, m := range all {
		if err := module.fit(m); err != nil {
			t.Error(err)
		}
	}
}

func TestAMutantThatDoesNotFitIsNamed(t *testing.T) {
	whole := "mutant x\nfile door/door.go\ntest door TestCode\n-code == want\n+true"
	for name, c := range map[string]struct{ old, new, want string }{
		"fits":              {"", "", ""},
		"a subtest":         {"TestCode", "TestCode/some_case", ""},
		"no such file":      {"door.go", "gate.go", "was the file renamed?"},
		"not there":         {"-code ==", "-code !=", "the old text is not in door/door.go any more"},
		"there twice":       {"-code == want", "-code", "3 times: give more of the line"},
		"no Go any more":    {"+true", "+true)", "expected"},
		"renamed":           {"+true", "+codes == want", "the mutant does not compile: "},
		"not used any more": {"-code == want\n+true", "-\treturn code == want\n+\tsame := code == want\n+\treturn true", "declared and not used: same"},
		"no such test":      {"TestCode", "TestCod", "there is no test TestCod in door: was it renamed?"},
		"no such folder":    {"test door", "test gate", "was the folder renamed?"},
		"behind a tag":      {"TestCode", "TestTagged", "there is no test TestTagged in door"},
		"not a test at all": {"TestCode", "Opens", "there is no test Opens in door"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"door/lab_test.go": "//go:build lab\n\npackage door\n\nimport \"testing\"\n\nfunc TestTagged(t *testing.T) {}\n"}
			for path, text := range code {
				files[path] = text
			}
			all, err := readTable(fstest.MapFS{"table/a.txt": {Data: []byte(strings.Replace(whole, c.old, c.new, 1))}})
			if err != nil {
				t.Fatal(err)
			}
			switch err := newFitting(t, writeModule(t, files)).fit(all[0]); {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "table/a.txt:1")):
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// fitting holds mutants against the module in root.
type fitting struct {
	root  string
	types *checker
	tests map[string]map[string]bool // that go test runs, by folder, then by name
}

func newFitting(t *testing.T, root string) fitting {
	return fitting{root, newChecker(t, root), map[string]map[string]bool{}}
}

// fit says what keeps a mutant from being tried.
func (f fitting) fit(m mutant) error {
	text, err := os.ReadFile(filepath.Join(f.root, filepath.FromSlash(m.file)))
	if err != nil {
		return fmt.Errorf("%s: %w (was the file renamed?)", m.at, err)
	}
	faulty, err := m.apply(string(text))
	if err != nil {
		return err
	}
	if err := f.types.check(m, faulty); err != nil {
		return err
	}
	tests, err := f.testsOf(m.pkg)
	if err != nil {
		return fmt.Errorf("%s: %w (was the folder renamed?)", m.at, err)
	}
	if name, _, _ := strings.Cut(m.test, "/"); !tests[name] {
		return fmt.Errorf("%s: there is no test %s in %s: was it renamed?", m.at, name, m.pkg)
	}
	return nil
}

// testsOf gives the tests that go test runs in a folder without a build tag.
func (f fitting) testsOf(pkg string) (map[string]bool, error) {
	if tests, ok := f.tests[pkg]; ok {
		return tests, nil
	}
	dir := filepath.Join(f.root, filepath.FromSlash(pkg))
	found, err := build.ImportDir(dir, 0)
	if err != nil {
		return nil, err
	}
	tests := map[string]bool{}
	for _, file := range append(found.TestGoFiles, found.XTestGoFiles...) {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, file), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range parsed.Decls {
			if d, ok := decl.(*ast.FuncDecl); ok && d.Recv == nil && strings.HasPrefix(d.Name.Name, "Test") {
				tests[d.Name.Name] = true
			}
		}
	}
	f.tests[pkg] = tests
	return tests, nil
}
