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

// TestTheTableFitsTheCode notices in a second what make mutants would say after an hour:
// code was changed, moved or renamed and the table was not. It runs no mutant.
func TestTheTableFitsTheCode(t *testing.T) {
	all, err := readTable(builtin)
	if err != nil {
		t.Fatal(err)
	}
	tests := testNames{root: filepath.Join("..", "..", ".."), known: map[string]map[string]bool{}}
	for _, m := range all {
		if err := tests.fit(m); err != nil {
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
			tests := testNames{root: writeModule(t, files), known: map[string]map[string]bool{}}
			switch err := tests.fit(all[0]); {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "table/a.txt:1")):
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// testNames knows which tests the folders of the module in root have.
type testNames struct {
	root  string
	known map[string]map[string]bool // by folder, then by name
}

// fit says what keeps a mutant from being tried.
func (n testNames) fit(m mutant) error {
	text, err := os.ReadFile(filepath.Join(n.root, filepath.FromSlash(m.file)))
	if err != nil {
		return fmt.Errorf("%s: %w (was the file renamed?)", m.at, err)
	}
	faulty, err := m.apply(string(text))
	if err != nil {
		return err
	}
	if _, err := parser.ParseFile(token.NewFileSet(), m.file, faulty, parser.SkipObjectResolution); err != nil {
		return fmt.Errorf("%s: the faulty file is no Go: %w", m.at, err)
	}
	tests, err := n.of(m.pkg)
	if err != nil {
		return fmt.Errorf("%s: %w (was the folder renamed?)", m.at, err)
	}
	if name, _, _ := strings.Cut(m.test, "/"); !tests[name] {
		return fmt.Errorf("%s: there is no test %s in %s: was it renamed?", m.at, name, m.pkg)
	}
	return nil
}

// of gives the tests that go test runs in a folder without a build tag.
func (n testNames) of(pkg string) (map[string]bool, error) {
	if tests, ok := n.known[pkg]; ok {
		return tests, nil
	}
	dir := filepath.Join(n.root, filepath.FromSlash(pkg))
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
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				tests[f.Name.Name] = true
			}
		}
	}
	n.known[pkg] = tests
	return tests, nil
}
