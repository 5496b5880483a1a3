package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"badged/sync/hub/pki"
	"badged/sync/hub/store/sqlite"
)

// A file of the site that is lost is asked for by name and never made anew.
func TestALostFileIsNotMadeAnew(t *testing.T) {
	dir := t.TempDir()
	serveIn(t, dir).stop(syscall.SIGTERM)
	for _, name := range []string{"ca.key", "ca.crt", "hub.key", "site.key", "hub.db"} {
		path, backup := filepath.Join(dir, name), filepath.Join(t.TempDir(), name)
		if err := os.Rename(path, backup); err != nil {
			t.Fatal(err)
		}
		_, err := runHub(t, "serve", "--dir", dir, "--listen-mqtt", "127.0.0.1:0", "--listen-web", "127.0.0.1:0")
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "missing") || !strings.Contains(err.Error(), "backup") {
			t.Errorf("without %s: %v", name, err)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is there again: %v", name, err)
		}
		if err := os.Rename(backup, path); err != nil {
			t.Fatal(err)
		}
	}
	serveIn(t, dir).stop(syscall.SIGTERM)
}

// The power went after the first start had made the database and a part of the keys.
func TestAFirstStartThatWasCutShortGoesOn(t *testing.T) {
	dir := t.TempDir()
	st, err := sqlite.Open(t.Context(), filepath.Join(dir, "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.SiteID(t.Context(), "site-test"); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := pki.Load(dir, "site-test"); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "site.key")); err != nil {
		t.Fatal(err)
	}
	if code := serveIn(t, dir).stop(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
