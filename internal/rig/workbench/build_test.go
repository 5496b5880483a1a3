package workbench

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "badged-bin-")
	if err != nil {
		panic(err)
	}
	binDir = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// binDir holds what build built.
var binDir string

// build builds the real programs, once for all tests of the package.
var build = sync.OnceValue(func() error {
	cmd := exec.Command("go", "build", "-o", binDir, "badged/cmd/badged", "badged/cmd/badgehub")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return nil
})

// bin gives the folder of the programs, and makes their sources an input of the test, so
// that the test cache does not repeat a result of others.
func bin(t *testing.T) string {
	t.Helper()
	root := filepath.Join("..", "..", "..")
	if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && len(d.Name()) > 2 && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			_, err = os.Stat(path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := build(); err != nil {
		t.Fatal(err)
	}
	return binDir
}

// start brings a workbench up for a test, and takes care that it leaves nothing.
func start(t *testing.T, frame string) *Workbench {
	t.Helper()
	w, err := Start(t.Context(), Options{BinDir: bin(t), Frame: frame, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(w.Dir()); err == nil && !t.Failed() {
			t.Errorf("%s is left behind", w.Dir())
		}
	})
	return w
}

// within bounds what a test waits for.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
