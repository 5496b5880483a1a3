package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"badged/internal/ctl"
)

// visited is an agent at which people were.
type visited struct{ box }

func (visited) Events(_ context.Context, after uint64, _ int) ([]ctl.Event, error) {
	all := []ctl.Event{
		{Order: 1, Kind: "device", Reason: "device_down", Why: "silent", Device: "front-rfid"},
		{Order: 2, Kind: "presentation", Outcome: "granted", Reason: "known", Account: "anonym4711", Point: "front", Device: "front-rfid"},
		{Order: 3, Kind: "presentation", Outcome: "granted", Reason: "known", Account: "c0ffee99", Point: "front", Device: "front-rfid"},
		{Order: 4, Kind: "presentation", Outcome: "faulty", Reason: "bad_read", Why: "checksum", Point: "front", Device: "front-rfid"},
	}
	return all[min(after, 4):], nil
}

// unpackBundle gives all files of a bundle, by their names without the folder.
func unpackBundle(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(zipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(h.Name)] = string(text)
	}
}

// Issue 12, 4: a support bundle has what helps (state, devices, counts, the configuration and
// what is wrong with it) and nobody's data: no account, no panel's token, no note.
func TestASupportBundleHelpsAndTellsOfNobody(t *testing.T) {
	dir := t.TempDir()
	file, out := filepath.Join(dir, "badged.toml"), filepath.Join(dir, "hall.tar.gz")
	if err := os.WriteFile(file, []byte("# Bob has the key\nstate_dir = \""+dir+"\"\nrellay = 1 # ask Ada\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"support-bundle", out, "--socket", agent(t, visited{}), "--config", file}
	if got := run(t, "", args...); got.code != 0 || !strings.Contains(got.out, out+" is written") {
		t.Fatalf("ended with %d: %s%s", got.code, got.out, got.stderr)
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the bundle: %v %v", info.Mode(), err)
	}
	files := unpackBundle(t, out)
	for name, wants := range map[string][]string{
		"status.json": {`"terminal": "front"`, `"name": "hall"`, `"port": "/dev/x"`},
		"outbox.json": {`"pending": 4`},
		"events.json": {`"why": "silent"`, `"front front-rfid": {`, `"presentation granted known ": 2`, `"presentation faulty bad_read checksum": 1`},
		"badged.toml": {"rellay = 1 #\n", "badged.toml:3:1: rellay: unknown key"},
		"machine.txt": {"Linux "},
		"version.txt": {"badgectl "},
		"log.txt":     {""}, "units.txt": {""}, "files.txt": {""},
	} {
		text, there := files[name]
		if !there {
			t.Errorf("%s is missing", name)
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not have %q:\n%s", name, want, text)
			}
		}
	}
	for name, text := range files {
		for _, secret := range []string{"anonym4711", "c0ffee99", "?t=", "Bob", "Ada"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s tells %q:\n%s", name, secret, text)
			}
		}
	}
	if got := run(t, "", args...); got.code == 0 || !strings.Contains(got.stderr, "file exists") {
		t.Errorf("a bundle is written over another: %d %s", got.code, got.stderr)
	}
}

// Without an agent, which is when it is needed most, there is a bundle too; it goes to the
// standard output for `ssh`.
func TestThereIsASupportBundleWithoutAnAgent(t *testing.T) {
	dir := t.TempDir()
	got := run(t, "", "support-bundle", "-", "--socket", filepath.Join(dir, "none"), "--config", filepath.Join(dir, "none.toml"))
	if got.code != 0 {
		t.Fatalf("ended with %d: %s", got.code, got.stderr)
	}
	out := filepath.Join(dir, "x.tar.gz")
	if err := os.WriteFile(out, []byte(got.out), 0o600); err != nil {
		t.Fatal(err)
	}
	if text := unpackBundle(t, out)["status.json"]; !strings.Contains(text, "this could not be had") || !strings.Contains(text, "is badged running") {
		t.Errorf("status.json does not say why it is empty: %q", text)
	}
}
