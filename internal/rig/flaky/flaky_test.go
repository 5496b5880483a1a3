package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// small is a module with a test that always passes, one that fails each third time,
// and one that dies at its fifth.
var small = map[string]string{
	"go.mod": "module small\n\ngo 1.26\n",
	"a/a.go": "package a\n",
	"a/a_test.go": `package a

import "testing"

var turns int

func TestSure(t *testing.T) { t.Run("part", func(*testing.T) {}) }

func TestThird(t *testing.T) {
	if turns++; turns%3 == 0 {
		t.Errorf("turn %d of this process", turns)
	}
}
`,
	"b/b.go": "package b\n",
	"b/b_test.go": `package b

import "testing"

var turns int

func TestDies(*testing.T) {
	if turns++; turns == 5 {
		panic("five")
	}
}
`,
	"none/none.go": "package none\n",
}

func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range small {
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

func TestUncertainTestsAreNamedWithWhatTheySaid(t *testing.T) {
	var out bytes.Buffer
	err := run(t.Context(), []string{"-C", module(t), "-n", "30", "./..."}, &out)
	if err == nil {
		t.Error("uncertain tests are no failure")
	}
	for _, want := range []string{
		"1/2 small/a 2 tests, 30 to 30 times each",
		"UNCERTAIN TestThird: failed 9 of 30 times", // 6 of the first 20, 3 of the other 10
		"turn 3 of this process",
		"-test.shuffle=",
		"2/2 small/b 1 tests, 10 to 10 times each", // twice 5: it dies
		"UNCERTAIN TestDies: failed 2 of 10 times",
		"panic: five",
		"flaky: 2 tests did not always pass",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in what it prints:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "TestSure") || strings.Contains(out.String(), "none") {
		t.Errorf("it names what is certain:\n%s", out.String())
	}
}

func TestCertainTestsPass(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-C", module(t), "-n", "21", "-run", "TestSure", "./a"}, &out); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
	if !strings.Contains(out.String(), "1 tests, 21 to 21 times each") {
		t.Errorf("it prints\n%s", &out)
	}
}

func TestWhatCannotRunIsSaidSo(t *testing.T) {
	dir := module(t)
	if err := os.WriteFile(filepath.Join(dir, "a/b_test.go"), []byte("package a\n\nvar x = undefined\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"does not compile": {"-C", dir, "-n", "1", "./a"}, "no such package": {"-C", dir, "./zzz"}, "never": {"-C", dir, "-n", "0", "./b"},
	} {
		if err := run(t.Context(), args, &bytes.Buffer{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
