package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// O3: verify fails for a log that was changed, with --json too, so that a script notices.
func TestALogThatWasChangedFailsVerify(t *testing.T) {
	p := serveIn(t, t.TempDir())
	if out, err := p.run("account", "add", "Ada Byron"); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	for _, format := range [][]string{nil, {"--json"}} {
		if out, err := p.run(append([]string{"audit", "verify"}, format...)...); err != nil {
			t.Errorf("a whole log fails: %v\n%s", err, out)
		}
	}
	p.stop(syscall.SIGTERM)
	path := filepath.Join(p.dir, "hub.db")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.ReplaceAll(file, []byte("account.add"), []byte("account.odd"))
	if bytes.Equal(changed, file) {
		t.Fatal("the log has no line to change")
	}
	if err := os.WriteFile(path, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	p = serveIn(t, p.dir)
	if out, err := p.run("audit", "verify"); err == nil || !strings.Contains(out, "WRONG") {
		t.Errorf("a changed log passes: %v\n%s", err, out)
	}
	if out, err := p.run("audit", "verify", "--json"); err == nil || !strings.Contains(out, `"whole":false`) {
		t.Errorf("a changed log passes with --json: %v\n%s", err, out)
	}
}
