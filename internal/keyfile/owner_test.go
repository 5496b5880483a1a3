package keyfile

import (
	"io/fs"
	"os"
	"syscall"
	"testing"
)

// stat is what is known of a file of some user.
type stat struct {
	fs.FileInfo
	uid int
}

func (s stat) Sys() any { return &syscall.Stat_t{Uid: uint32(s.uid)} }

// The key of another user may be known to him, and changed by him.
func TestOwner(t *testing.T) {
	for uid, want := range map[int]bool{0: true, os.Geteuid(): true, 65534: false} {
		if err := owned("key", stat{uid: uid}); (err == nil) != want {
			t.Errorf("user %d: %v", uid, err)
		}
	}
}

func TestFileOfAnother(t *testing.T) {
	path := t.TempDir() + "/key"
	if err := os.WriteFile(path, []byte("9c1f02e855b7403dd6118afe276390cb"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err != nil {
		t.Fatal(err)
	}
	if os.Chown(path, 65534, 65534) != nil {
		return // only root can give a file away; TestOwner has shown the rule
	}
	if _, err := Read(path); err == nil {
		t.Error("the key of another user was taken")
	}
}
