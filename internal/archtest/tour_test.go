package archtest

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// codeRE finds what a document names of the code, in backquotes: a Go file, or a function
// as «name()» or «Type.name()».
var codeRE = regexp.MustCompile("`([a-z0-9_/]+\\.go)`|`([A-Za-z]+(?:\\.[A-Za-z]+)?)\\(\\)`")

// guides are the documents that lead through the code, and how many functions each of them
// names at least.
var guides = map[string]int{"docs/tour.md": 50, "docs/architecture.md": 15}

// TestGuidesNameCodeThatExists: every file that a guide names is there, and every function
// is declared in the file that was named last before it.
func TestGuidesNameCodeThatExists(t *testing.T) {
	declared := make(map[string][]string)
	for _, f := range loadModule(t) {
		declared[f.path] = functions(f)
	}
	for doc, least := range guides {
		problems, named := checkGuide(read(t, doc), declared)
		for _, p := range problems {
			t.Errorf("%s: %s", doc, p)
		}
		if named < least {
			t.Errorf("%s names %d functions, fewer than %d", doc, named, least)
		}
	}
}

// TestAGuideIsHeldAgainstTheCode: a file that is gone, a function that has moved and a
// method of another type are found.
func TestAGuideIsHeldAgainstTheCode(t *testing.T) {
	declared := map[string][]string{"a/b.go": {"Run", "T.Read"}, "a/c.go": {"Stop"}}
	problems, named := checkGuide("`Run()`, then `a/b.go`: `Run()` and\n`T.Read()`, `Read()`, `Stop()`; `a/gone.go`: `Run()`", declared)
	want := []string{
		"Run is named before any file", "a/b.go does not declare Read", "a/b.go does not declare Stop",
		"there is no a/gone.go", "a/gone.go does not declare Run",
	}
	if !slices.Equal(problems, want) || named != 6 {
		t.Errorf("got %d names and the problems %q, want %q", named, problems, want)
	}
}

// checkGuide holds a text against the functions that each file declares, and counts those
// that it names.
func checkGuide(text string, declared map[string][]string) (problems []string, named int) {
	file := ""
	for _, m := range codeRE.FindAllStringSubmatch(text, -1) {
		if m[1] != "" {
			file = m[1]
			if _, ok := declared[file]; !ok {
				problems = append(problems, "there is no "+file)
			}
			continue
		}
		named++
		switch {
		case file == "":
			problems = append(problems, m[2]+" is named before any file")
		case !slices.Contains(declared[file], m[2]):
			problems = append(problems, file+" does not declare "+m[2])
		}
	}
	return problems, named
}

// functions are the functions of a file, and its methods as «Type.name».
func functions(f file) (names []string) {
	for _, d := range f.ast.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		name := fn.Name.Name
		if fn.Recv != nil {
			name = receiver(fn.Recv.List[0].Type) + "." + name
		}
		names = append(names, name)
	}
	return names
}

// receiver is the name of a method's type, without pointer and type parameters.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	default:
		return ""
	}
}

// TestTheExampleOfAMutantExists: the fault that CONTRIBUTING shows is one of the table.
func TestTheExampleOfAMutantExists(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(root(t), "internal/rig/mutants/table/*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		table.Write(text)
	}
	_, example, found := strings.Cut(read(t, "CONTRIBUTING.md"), "\n    mutant ")
	example, _, ends := strings.Cut(example, "\n\n")
	example = "mutant " + strings.ReplaceAll(example, "\n    ", "\n") + "\n"
	if !found || !ends || !strings.Contains(table.String(), example) {
		t.Errorf("CONTRIBUTING.md shows a fault that is not in the table:\n%s", example)
	}
}

var (
	roomRE = regexp.MustCompile("(?m)^\\| `([a-z/]+)` \\| [^|]+ \\|([^|]*)\\|$")
	nameRE = regexp.MustCompile("`([a-z/]+)`")
)

// TestTheHubIsAsDrawn holds the table of the hub's packages in docs/architecture.md against
// what each of them imports, both ways. A package knows only those above it.
func TestTheHubIsAsDrawn(t *testing.T) {
	_, text, _ := strings.Cut(read(t, "docs/architecture.md"), "\n## The hub\n")
	drawn := make(map[string][]string)
	for _, m := range roomRE.FindAllStringSubmatch(text, -1) {
		knows := []string{}
		for _, n := range nameRE.FindAllStringSubmatch(m[2], -1) {
			if _, above := drawn[n[1]]; !above {
				t.Errorf("docs/architecture.md: %s knows %s, which is not above it", m[1], n[1])
			}
			knows = append(knows, n[1])
		}
		drawn[m[1]] = knows
	}
	built := hubImports(loadModule(t))
	if len(built) < 10 {
		t.Fatalf("the hub has only %d packages", len(built))
	}
	for name, knows := range built {
		if got, ok := drawn[name]; !ok || !slices.Equal(got, knows) {
			t.Errorf("docs/architecture.md: sync/hub/%s knows %q, the table says %q", name, knows, got)
		}
		delete(drawn, name)
	}
	for name := range drawn {
		t.Errorf("docs/architecture.md: there is no sync/hub/%s", name)
	}
}

// hubImports gives the packages of the hub, and which others of the hub each of them
// imports, sorted.
func hubImports(files []file) map[string][]string {
	const hub = "sync/hub/"
	built := make(map[string][]string)
	for _, f := range files {
		name, ok := strings.CutPrefix(f.pkg, hub)
		if !ok || f.test {
			continue
		}
		knows := built[name]
		for _, imp := range f.imports {
			if p, ok := own(imp); ok && strings.HasPrefix(p, hub) {
				knows = append(knows, strings.TrimPrefix(p, hub))
			}
		}
		slices.Sort(knows)
		built[name] = slices.Compact(knows)
	}
	return built
}
