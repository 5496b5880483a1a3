package site_test

import (
	"os"
	"path/filepath"
	"testing"

	"badged/firmware/site"
	"badged/internal/secret"
)

// Issue 12, 3: tokens go into the roster's own file, and what else a spreadsheet wrote there stays:
// delimiter, line ends, mark, columns and rows that get none. The file is its owner's alone.
func TestTokensGoIntoTheRoster(t *testing.T) {
	tokens := map[string]secret.Text{"front": secret.New("T1"), "hall": secret.New("")}
	for before, want := range map[string]string{
		"name,kind\nfront,door\nback,door\n":                     "name,kind,token\nfront,door,T1\nback,door,\n",
		"name,token,kind\nfront,old,door\nhall,used,panel\n":     "name,token,kind\nfront,T1,door\nhall,,panel\n",
		"\ufeffName; Token ;dns\r\n front ;;1.1.1.1 2.2.2.2\r\n": "\ufeffName;Token ;dns\r\nfront ;T1;1.1.1.1 2.2.2.2\r\n",
		"kind,reader,name\ndoor,\"usb:1, second\",front\n":       "kind,reader,name,token\ndoor,\"usb:1, second\",front,T1\n",
	} {
		path := filepath.Join(t.TempDir(), "terminals.csv")
		if err := os.WriteFile(path, []byte(before), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := site.WriteTokens(path, tokens); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%q becomes %q, %v", before, got, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("the file has mode %v, %v", info.Mode(), err)
		}
		if left, _ := filepath.Glob(path + "*"); len(left) != 1 {
			t.Errorf("left behind: %v", left)
		}
	}
	if _, err := site.FillTokens([]byte("name\n\"front\n"), tokens); err == nil {
		t.Error("a roster that is no CSV was taken")
	}
}
