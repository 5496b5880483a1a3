package ptyport_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"badged/internal/ptyport"
)

// A port is where its path says while it is plugged in, and nowhere else.
func TestAPortComesAndGoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "reader")
	heard := make(chan string, 1)
	p, err := ptyport.Open(path, func(b []byte) { heard <- string(b) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	for range 2 {
		host, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Send([]byte("\x02\n\x03")); err != nil {
			t.Fatal(err)
		}
		var b [3]byte
		if _, err := host.Read(b[:]); err != nil || string(b[:]) != "\x02\n\x03" {
			t.Errorf("the host reads %q, %v", b, err)
		}
		if _, err := host.WriteString("ok\r"); err != nil {
			t.Fatal(err)
		}
		if got := <-heard; got != "ok\r" {
			t.Errorf("the device hears %q", got)
		}
		_ = host.Close()
		if err := errors.Join(p.Unplug(), p.Unplug()); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("unplugged, and its path is there: %v", err)
		}
		if err := p.Send([]byte("x")); !errors.Is(err, ptyport.ErrUnplugged) {
			t.Errorf("unplugged, and it sends: %v", err)
		}
		if err := errors.Join(p.Replug(), p.Replug()); err != nil {
			t.Fatal(err)
		}
	}
}

// A port never takes the place of a file.
func TestAFileIsNotReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes")
	if err := os.WriteFile(path, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ptyport.Open(path, nil); err == nil {
		t.Error("it was made")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "kept" {
		t.Errorf("%q, %v", text, err)
	}
}
