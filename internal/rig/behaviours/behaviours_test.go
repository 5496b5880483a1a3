package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every statement has a code of its own, and every code in a test's doc comment is a statement.
func TestEveryCodeInATestIsAStatement(t *testing.T) {
	statements, err := readStatements(filepath.Join("../../..", list))
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{}
	for _, s := range statements {
		if codes[s.code] {
			t.Errorf("two statements are called %s", s.code)
		}
		codes[s.code] = true
	}
	if len(codes) < 110 {
		t.Errorf("%d statements were found", len(codes))
	}
	tests, err := findTests("../../..")
	if err != nil {
		t.Fatal(err)
	}
	if err := checkCodes(statements, tests); err != nil {
		t.Error(err)
	}
}

const house = `//go:build linux && browser

package x

import "testing"

// S1.03 and O2: a doc comment counts.
func TestOne(t *testing.T) {}

func TestS104_InTheName(t *testing.T) {}

// No code here.
func TestTwo(t *testing.T) {
	// S1.05: a comment inside does not.
}

// T1: neither does a helper's.
func helper() {}
`

func TestTestsAreFoundByNameAndDocComment(t *testing.T) {
	root := t.TempDir()
	const table = "\t\"all | | T2, T3: every part\"\n\t\"none | a:b | nothing\"\necho \"T4 | T5\"\n"
	for name, text := range map[string]string{"a/x_test.go": house, "a/x.go": house, ".cache/x_test.go": house, suites: table} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := findTests(root)
	want := []test{{"./a", "TestOne", "browser", "S1.03 O2"}, {"./a", "TestS104_InTheName", "browser", "S1.04"}, {suites, "all", "", "T2 T3"}}
	if err != nil || !slices.Equal(found, want) {
		t.Errorf("%v %v, want %v", found, err, want)
	}
	if err := checkCodes([]statement{{code: "S1.03"}, {code: "S1.04"}}, found); err == nil || !strings.Contains(err.Error(), "O2") {
		t.Errorf("a code without a statement: %v", err)
	}
}

// A test of which a part was skipped did not show what it is for.
func TestASkippedPartIsNotAPass(t *testing.T) {
	got := outcomes([]byte(`{"Action":"run","Test":"TestA"}
{"Action":"skip","Test":"TestA/part"}
{"Action":"pass","Test":"TestA"}
{"Action":"pass","Test":"TestB/part"}
{"Action":"pass","Test":"TestB"}
what a child wrote
{"Action":"fail","Test":"TestC"}
{"Action":"pass"}
`))
	want := map[string]string{"TestA": skipped, "TestB": passed, "TestC": failed}
	for name, result := range want {
		if got[name] != result {
			t.Errorf("%s: %q, want %q", name, got[name], result)
		}
	}
}

func TestAStatementWithoutATestIsNotShown(t *testing.T) {
	var out strings.Builder
	one := test{"./a", "TestOne", "", "S1.03"}
	both := []statement{{"S1.03", "A", "It holds."}, {"S1.04", "H", "So does this."}}
	if err := report(&out, both, []test{one}, map[test]string{one: passed}, false); err == nil {
		t.Errorf("all is well: %s", &out)
	}
	if err := report(&out, both[:1], []test{one}, map[test]string{one: skipped}, false); err == nil {
		t.Errorf("a skipped test shows it: %s", &out)
	}
	if err := report(&out, both[:1], []test{one}, map[test]string{one: passed}, false); err != nil {
		t.Errorf("%v: %s", err, &out)
	}
}
