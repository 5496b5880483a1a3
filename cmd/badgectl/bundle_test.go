package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeFiles writes files below a new folder.
func writeFiles(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// must runs a command that has to work, and gives what it printed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	got := run(t, "", args...)
	if got.code != 0 {
		t.Fatalf("badgectl %s: %d %s%s", strings.Join(args, " "), got.code, got.out, got.stderr)
	}
	return got.out
}

// makeSite makes keys, a trust that two of three root keys signed, and gives the folder.
func makeSite(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	public := map[string]string{}
	for _, name := range []string{"a", "b", "c", "release"} {
		public[name] = strings.TrimSpace(must(t, "bundle", "key", filepath.Join(dir, name)))
	}
	out := must(t, "bundle", "trust", "--root", public["a"]+","+public["b"]+","+public["c"], "--release", public["release"],
		"--key", filepath.Join(dir, "a"), "--out", filepath.Join(dir, "trust"))
	if !strings.Contains(out, "not yet signed by enough keys") {
		t.Fatalf("one of two root keys: %s", out)
	}
	if out = must(t, "bundle", "sign", filepath.Join(dir, "trust"), "--key", filepath.Join(dir, "c")); !strings.Contains(out, "trust 1, signed") {
		t.Fatalf("two of two root keys: %s", out)
	}
	return dir
}

func makeArgs(site, tree, out string) []string {
	return []string{"bundle", "make", tree, "--version", "1.4.0", "--sequence", "14", "--expires", "2099-12-31",
		"--trust", filepath.Join(site, "trust"), "--key", filepath.Join(site, "release"), "--out", out}
}

var releaseFiles = map[string]string{
	"all/slot/initrd":               strings.Repeat("initrd", 50_000),
	"rpi-4/slot/kernel8.img":        strings.Repeat("kernel", 60_000),
	"rpi-5/slot/kernel8.img":        strings.Repeat("kernel", 60_000),
	"uefi-amd64/slot/linux":         strings.Repeat("linux", 70_000),
	"uefi-amd64/esp/EFI/BOOTX64.EF": "boot",
}

// Issue 12, 2: from keys to a bundle that is verified, as a maker of releases types it.
func TestBundleFromKeysToVerified(t *testing.T) {
	site, tree := makeSite(t), writeFiles(t, releaseFiles)
	out := filepath.Join(site, "one.bundle")
	said := must(t, makeArgs(site, tree, out)...)
	for _, want := range []string{"release 1.4.0, sequence 14, until 2099-12-31", "slot/kernel8.img", "rpi-4, rpi-5", "all boards", "signed by ", "not verified"} {
		if !strings.Contains(said, want) {
			t.Errorf("bundle make does not say %q:\n%s", want, said)
		}
	}
	trust := filepath.Join(site, "trust")
	if said = must(t, "bundle", "verify", out, "--trust", trust, "--board", "rpi-4", "--installed", "13"); !strings.Contains(said, "signed by the keys of trust 1, and whole") {
		t.Errorf("verify: %s", said)
	}
	two := filepath.Join(site, "two.bundle")
	must(t, makeArgs(site, tree, two)...)
	if a, b := readFile(t, out), readFile(t, two); !bytes.Equal(a, b) {
		t.Error("the same files made two bundles")
	}
	for name, args := range map[string][]string{
		"it is for the boards": {"--board", "rpi-3"},
		"older":                {"--board", "rpi-4", "--installed", "15"},
		"below the floor":      {"--board", "rpi-4", "--floor", "15"},
	} {
		if got := run(t, "", append([]string{"bundle", "verify", out, "--trust", trust}, args...)...); got.code != 1 || strings.Contains(got.out, "whole") {
			t.Errorf("%s: %d %s%s", name, got.code, got.out, got.stderr)
		}
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What is wrong with a bundle is said, and never called whole.
func TestBundlesThatAreRefused(t *testing.T) {
	site, tree := makeSite(t), writeFiles(t, releaseFiles)
	out, trust := filepath.Join(site, "out.bundle"), filepath.Join(site, "trust")
	must(t, makeArgs(site, tree, out)...)
	good := readFile(t, out)
	for name, change := range map[string]func([]byte) []byte{
		"its last byte": func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"a signature": func(b []byte) []byte {
			b[bytes.Index(b, []byte(`{"product":"badged","version":"1.4.0"`))-10] ^= 1
			return b
		},
		"its version":    func(b []byte) []byte { return bytes.Replace(b, []byte(`"1.4.0"`), []byte(`"1.5.0"`), 1) },
		"cut":            func(b []byte) []byte { return b[:len(b)/2] },
		"something else": func([]byte) []byte { return []byte("PK\x03\x04") },
	} {
		bad := filepath.Join(site, "bad")
		if err := os.WriteFile(bad, change(bytes.Clone(good)), 0o644); err != nil {
			t.Fatal(err)
		}
		got := run(t, "", "bundle", "verify", bad, "--trust", trust)
		if got.code != 1 || got.out != "" || !strings.Contains(got.stderr, bad) {
			t.Errorf("%s: %d %s%s", name, got.code, got.out, got.stderr)
		}
	}
	other := makeSite(t)
	if got := run(t, "", "bundle", "verify", out, "--trust", filepath.Join(other, "trust")); got.code != 1 || !strings.Contains(got.stderr, "not signed by enough keys") {
		t.Errorf("the keys of somebody else: %d %s", got.code, got.stderr)
	}
	if got := run(t, "", "bundle", "verify", out, "--trust", out); got.code != 1 || !strings.Contains(got.stderr, "file of trust") {
		t.Errorf("a bundle in the place of the trust: %d %s", got.code, got.stderr)
	}
}

// A key that others can read signs nothing, and no key is written over.
func TestKeysAreKeptFromOthers(t *testing.T) {
	site := makeSite(t)
	key := filepath.Join(site, "release")
	before := readFile(t, key)
	if got := run(t, "", "bundle", "key", key); got.code != 1 || !bytes.Equal(before, readFile(t, key)) {
		t.Errorf("a key was written over: %s", got.stderr)
	}
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	got := run(t, "", makeArgs(site, writeFiles(t, releaseFiles), filepath.Join(site, "out.bundle"))...)
	if got.code != 1 || !strings.Contains(got.stderr, "others can read it") {
		t.Errorf("%d %s", got.code, got.stderr)
	}
	if _, err := os.Stat(filepath.Join(site, "out.bundle")); err == nil {
		t.Error("a bundle was written all the same")
	}
}

// A folder that is no release is refused with what should be there.
func TestFoldersThatAreNoRelease(t *testing.T) {
	site := makeSite(t)
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a board that is not": {map[string]string{"rpi4/x": ""}, `did you mean "rpi-4"?`},
		"a file on top":       {map[string]string{"x": ""}, "is no folder"},
		"no board":            {map[string]string{"all/x": ""}, "has no folder of a board"},
		"twice on a FAT":      {map[string]string{"rpi-4/x": "1", "rpi-4/X": "2"}, "two files"},
	} {
		out := filepath.Join(site, "out.bundle")
		got := run(t, "", makeArgs(site, writeFiles(t, tt.files), out)...)
		if _, err := os.Stat(out); got.code == 0 || err == nil || !strings.Contains(got.stderr, tt.want) {
			t.Errorf("%s: %d %s", name, got.code, got.stderr)
		}
	}
}
