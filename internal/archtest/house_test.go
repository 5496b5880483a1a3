package archtest

import (
	"bytes"
	"go/ast"
	"go/format"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// The budgets of the house. Tests may be longer: a table of cases is no burden.
const (
	maxFileLines      = 500
	p90FileLines      = 400
	medianFuncLines   = 12
	p90FuncLines      = 40
	maxInterfaceFuncs = 8
)

func TestFilesAreFormatted(t *testing.T) {
	for _, f := range loadModule(t) {
		want, err := format.Source(f.src)
		if err != nil {
			t.Errorf("%s: %v", f.path, err)
		} else if !bytes.Equal(want, f.src) {
			t.Errorf("%s is not as gofmt writes it: run gofmt -w %s", f.path, f.path)
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	var lines []int
	for _, f := range loadModule(t) {
		if f.test {
			continue
		}
		lines = append(lines, f.lines)
		if f.lines > maxFileLines {
			t.Errorf("%s has %d lines, more than %d: split it", f.path, f.lines, maxFileLines)
		}
	}
	if p90 := quantile(lines, 0.9); p90 > p90FileLines {
		t.Errorf("one file in ten has more than %d lines; the budget is %d", p90, p90FileLines)
	}
}

func TestFunctionsAreShort(t *testing.T) {
	var lines []int
	for _, f := range loadModule(t) {
		if f.test {
			continue
		}
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				lines = append(lines, f.fset.Position(fn.End()).Line-f.fset.Position(fn.Pos()).Line+1)
			}
		}
	}
	if m := quantile(lines, 0.5); m > medianFuncLines {
		t.Errorf("half of the functions have more than %d lines; the budget is %d", m, medianFuncLines)
	}
	if p90 := quantile(lines, 0.9); p90 > p90FuncLines {
		t.Errorf("one function in ten has more than %d lines; the budget is %d", p90, p90FuncLines)
	}
}

func TestInterfacesAreSmall(t *testing.T) {
	for _, f := range loadModule(t) {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if i, ok := n.(*ast.InterfaceType); ok && i.Methods.NumFields() > maxInterfaceFuncs {
				t.Errorf("%s: an interface has %d methods, more than %d", f.fset.Position(i.Pos()), i.Methods.NumFields(), maxInterfaceFuncs)
			}
			return true
		})
	}
}

// TestNothingHappensAtInit keeps registries out: tables are explicit.
func TestNothingHappensAtInit(t *testing.T) {
	for _, f := range loadModule(t) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: no init functions, make a table or a constructor", f.fset.Position(fn.Pos()))
			}
		}
	}
}

// TestNoTestIsSkipped: a test that does not run shows nothing. What needs more than
// Go has a build tag and a suite of its own in scripts/test.sh.
func TestNoTestIsSkipped(t *testing.T) {
	skips := []string{"Skip", "Skipf", "SkipNow"}
	for _, f := range loadModule(t) {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !f.test {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains(skips, sel.Sel.Name) {
				t.Errorf("%s: tests are not skipped; use a build tag and a suite", f.fset.Position(call.Pos()))
			}
			return true
		})
	}
}

// TestProgramsAreCompiledAsUsual: no size budget may bend how the code is compiled.
func TestProgramsAreCompiledAsUsual(t *testing.T) {
	for _, name := range []string{"Makefile", "scripts/cross.sh"} {
		b, err := os.ReadFile(filepath.Join(root(t), name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(b, []byte("go build -trimpath -ldflags")) {
			t.Errorf("%s does not build the programs as this test expects", name)
		}
		for _, flag := range []string{"-gcflags", "-asmflags", "nethttpomithttp2"} {
			if bytes.Contains(b, []byte(flag)) {
				t.Errorf("%s compiles with %s", name, flag)
			}
		}
	}
}

// TestNoTextIsCalledSafe: html/template escapes every value of a page for the place where
// it stands. Its types that pass a value on as it is are used nowhere.
func TestNoTextIsCalledSafe(t *testing.T) {
	for _, f := range loadModule(t) {
		for _, name := range calledSafe(f.ast) {
			t.Errorf("%s uses template.%s: let html/template escape the value", f.path, name)
		}
	}
}

func TestCheckerSeesATextCalledSafe(t *testing.T) {
	src := "package x\n\nimport page \"html/template\"\n\nvar _ = page.HTML(\"<b>\")\n"
	f, err := loadFile(fstest.MapFS{"x/x.go": {Data: []byte(src)}}, "x/x.go")
	if err != nil {
		t.Fatal(err)
	}
	if got := calledSafe(f.ast); len(got) != 1 || got[0] != "HTML" {
		t.Errorf("the checker sees %v", got)
	}
}

// calledSafe gives the names of html/template's types for trusted text that a file uses.
func calledSafe(f *ast.File) (names []string) {
	trusted := []string{"CSS", "HTML", "HTMLAttr", "JS", "JSStr", "Srcset", "URL"}
	local := ""
	for _, imp := range f.Imports {
		if imp.Path.Value == `"html/template"` {
			local = "template"
			if imp.Name != nil {
				local = imp.Name.Name
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || local == "" {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == local && slices.Contains(trusted, sel.Sel.Name) {
			names = append(names, sel.Sel.Name)
		}
		return true
	})
	return names
}

// TestExportedNamesHaveComments: what others use says what it promises. Methods are
// left to their author: most that have no comment are those of a known interface.
func TestExportedNamesHaveComments(t *testing.T) {
	for _, f := range loadModule(t) {
		if f.test {
			continue
		}
		for _, d := range f.ast.Decls {
			for _, name := range bare(d) {
				t.Errorf("%s: %s has no comment", f.fset.Position(d.Pos()), name)
			}
		}
	}
}

// bare gives the exported names of a declaration that no comment speaks of.
func bare(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil && d.Name.IsExported() && d.Doc == nil {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		if d.Doc != nil {
			return nil
		}
		return bareTypes(d.Specs)
	}
	return nil
}

func bareTypes(specs []ast.Spec) (names []string) {
	for _, s := range specs {
		if ts, ok := s.(*ast.TypeSpec); ok && ts.Name.IsExported() && ts.Doc == nil {
			names = append(names, ts.Name.Name)
		}
	}
	return names
}

// TestPackagesSayWhatTheyAre: each package has a comment that teaches it.
func TestPackagesSayWhatTheyAre(t *testing.T) {
	said := map[string]bool{}
	for _, f := range loadModule(t) {
		if !f.test {
			said[f.pkg] = said[f.pkg] || f.ast.Doc != nil && strings.TrimSpace(f.ast.Doc.Text()) != ""
		}
	}
	for pkg, ok := range said {
		if !ok {
			t.Errorf("%s has no package comment", pkg)
		}
	}
}

func quantile(v []int, q float64) int {
	slices.Sort(v)
	return v[int(q*float64(len(v)-1))]
}

// TestOnePlaceServesHTTP: internal/httpserve sets the bounds and the end of every server.
func TestOnePlaceServesHTTP(t *testing.T) {
	for _, f := range loadModule(t) {
		if f.test || f.pkg == "internal/httpserve" {
			continue
		}
		for _, pos := range httpServers(f) {
			t.Errorf("%s makes an http.Server: let internal/httpserve serve it, with the bounds of all others", pos)
		}
	}
}

func TestCheckerSeesAnHTTPServer(t *testing.T) {
	src := "package x\n\nimport \"net/http\"\n\nvar a = &http.Server{}\nvar b http.Server\nvar c = http.ListenAndServe(\":80\", nil)\nvar d = http.StatusOK\n"
	f, err := loadFile(fstest.MapFS{"x/x.go": {Data: []byte(src)}}, "x/x.go")
	if err != nil {
		t.Fatal(err)
	}
	if got := httpServers(f); len(got) != 3 {
		t.Errorf("the checker sees %v", got)
	}
}

// httpServers gives the places where a file makes an HTTP server by itself.
func httpServers(f file) (places []string) {
	makers := []string{"Server", "Serve", "ServeTLS", "ListenAndServe", "ListenAndServeTLS"}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == "http" && slices.Contains(makers, sel.Sel.Name) {
			places = append(places, f.fset.Position(sel.Pos()).String())
		}
		return true
	})
	return places
}
