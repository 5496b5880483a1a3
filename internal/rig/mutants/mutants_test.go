package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// code is a small module, in which only the first of two tests looks closely.
var code = map[string]string{
	"go.mod": "module small\n\ngo 1.26\n",
	"door/door.go": `package door

// Opens reports whether a code opens the door.
func Opens(code, want int) bool {
	if want == 0 {
		return false
	}
	return code == want
}
`,
	"door/door_test.go": `package door

import "testing"

func TestCode(t *testing.T) {
	for code, want := range map[int]bool{4711: true, 4712: false} {
		if Opens(code, 4711) != want {
			t.Error(code)
		}
	}
}

func TestLazy(t *testing.T) { Opens(1, 1) }

func TestWrong(t *testing.T) { t.Error("fails whatever the code does") }
`,
}

// writeModule writes files to a folder that lives as long as the test.
func writeModule(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// try runs one mutant of the small module and gives what is printed.
func try(t *testing.T, block string) (printed string, err error) {
	t.Helper()
	dir := writeModule(t, code)
	mutants, err := parseTable("table/small.txt", block)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = report(t.Context(), mutants, &bench{root: dir, jobs: 1, out: &out})
	after, readErr := os.ReadFile(filepath.Join(dir, "door/door.go"))
	if readErr != nil || string(after) != code["door/door.go"] {
		t.Error("the tree was changed")
	}
	return out.String(), err
}

func TestAMutantIsCaughtOrSaysWhyNot(t *testing.T) {
	for name, c := range map[string]struct {
		block string
		want  []string
		fails bool
	}{
		"caught":            {"mutant any code\nfile door/door.go\ntest door TestCode\n-code == want\n+code >= want", []string{"caught      any code", "door/door.go by door TestCode", "caught 1 / all 1"}, false},
		"survives":          {"mutant any code\nfile door/door.go\ntest door TestLazy\n-code == want\n+code >= want", []string{"NOT CAUGHT", "small.txt:1: the test passes all the same", "caught 0 / all 1"}, true},
		"a line taken away": {"mutant no guard\nfile door/door.go\ntest door TestLazy\n-	if want == 0 {\n-		return false\n-	}", []string{"NOT CAUGHT"}, true},
		"not there":         {"mutant x\nfile door/door.go\ntest door TestCode\n-code == wanted\n+true", []string{"NOT TRIED", "small.txt:1: the old text is not in door/door.go any more", "write the same fault for the new code"}, true},
		"there twice":       {"mutant x\nfile door/door.go\ntest door TestCode\n-code\n+want", []string{"NOT TRIED", "3 times: give more of the line"}, true},
		"no such file":      {"mutant x\nfile door/gate.go\ntest door TestCode\n-code\n+want", []string{"NOT TRIED", "was the file renamed?"}, true},
		"no such test":      {"mutant x\nfile door/door.go\ntest door TestCod\n-code == want\n+true", []string{"NOT TRIED", "there is no test TestCod in door: was it renamed?"}, true},
		"fails anyhow":      {"mutant x\nfile door/door.go\ntest door TestWrong\n-code == want\n+true", []string{"NOT TRIED", "the test fails without the mutant", "fails whatever the code does"}, true},
		"does not compile":  {"mutant x\nfile door/door.go\ntest door TestCode\n-code == want\n+cod == want", []string{"NOT TRIED", "the mutant does not compile", "undefined: cod"}, true},
		"nothing changes":   {"mutant x\nfile door/door.go\ntest door TestCode\n-code == want\n+code == want", []string{"NOT TRIED", "old and new text are the same"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			printed, err := try(t, c.block)
			if (err != nil) != c.fails {
				t.Errorf("error %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(printed, want) {
					t.Errorf("%q is not in what it prints:\n%s", want, printed)
				}
			}
		})
	}
}

func TestATableThatIsNotOneIsRefused(t *testing.T) {
	whole := "mutant a name\nfile door/door.go\ntest door TestCode\n-old\n+new\n"
	for name, text := range map[string]string{
		"no name":      strings.Replace(whole, "mutant a name\n", "", 1),
		"no file":      strings.Replace(whole, "file door/door.go\n", "", 1),
		"no test":      strings.Replace(whole, "test door TestCode\n", "", 1),
		"no old text":  strings.Replace(whole, "-old\n", "", 1),
		"no package":   strings.Replace(whole, "test door ", "test ", 1),
		"unknown line": whole + "why because\n",
		"name twice":   whole + "\n" + whole,
	} {
		_, err := readTable(fstest.MapFS{"table/a.txt": {Data: []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), "internal/rig/mutants/table/a.txt:") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if all, err := readTable(fstest.MapFS{"table/a.txt": {Data: []byte("# a remark\n\n" + whole)}}); err != nil || len(all) != 1 {
		t.Errorf("%d mutants, error %v", len(all), err)
	}
}

func TestAFilterMeansNameFileAndTest(t *testing.T) {
	all := []mutant{
		{name: "a used claim", file: "sync/hub/access/bind.go", pkg: "sync/hub/access", test: "TestX"},
		{name: "a frame", file: "sync/wire/frame.go", pkg: "sync/wire", test: "TestY"},
	}
	for only, want := range map[string]int{"": 2, "hub": 1, "CLAIM": 1, "testy": 1, "frame": 1, "door": 0} {
		if got := choose(all, only); len(got) != want {
			t.Errorf("%q means %d mutants, want %d", only, len(got), want)
		}
	}
	if err := run(t.Context(), []string{"-only", "no such thing"}, &bytes.Buffer{}); err == nil {
		t.Error("a filter that means nothing is not refused")
	}
}
