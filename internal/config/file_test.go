package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"badged/internal/config"
)

// `badged check --config FIFO` waited for ever, and a link to /dev/zero filled the memory.
func TestAConfigurationIsAFileOfASensibleSize(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(syscall.Mkfifo(at("pipe"), 0o600), os.Symlink("/dev/zero", at("zero")),
		os.WriteFile(at("huge"), nil, 0o600), os.Truncate(at("huge"), 1<<20+1)); err != nil {
		t.Fatal(err)
	}
	for name, says := range map[string]string{"pipe": "no file", "zero": "no file", ".": "no file", "huge": "too many"} {
		if _, err := config.Load(at(name)); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
