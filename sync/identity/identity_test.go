package identity_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"badged/sync/identity"
)

func written(t *testing.T) (identity.Identity, string) {
	t.Helper()
	id, err := identity.SelfMade("lyon", "hall")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "identity")
	if err := identity.Write(dir, id); err != nil {
		t.Fatal(err)
	}
	return id, dir
}

func TestTokensComeBack(t *testing.T) {
	id, _ := written(t)
	token, err := identity.NewToken("lyon", "hall", "hub.example:8443", id.CA)
	if err != nil {
		t.Fatal(err)
	}
	back, err := identity.ParseToken(token.Reveal())
	if err != nil || back != token {
		t.Errorf("%v, %v", back, err)
	}
	for i := range len(token.Reveal()) {
		if _, err := identity.ParseToken(token.Reveal()[:i]); !errors.Is(err, identity.ErrBadToken) {
			t.Errorf("cut to %d characters: %v", i, err)
		}
	}
	for _, bad := range []string{"", "hello", "badged-join-2." + token.Reveal()[14:], strings.Repeat("x", 2000), token.Reveal() + "AAAA"} {
		if _, err := identity.ParseToken(bad); !errors.Is(err, identity.ErrBadToken) {
			t.Errorf("%.20s: %v", bad, err)
		}
	}
}

func TestTokensAreForNamesAndAddresses(t *testing.T) {
	id, _ := written(t)
	for _, c := range [][3]string{
		{"", "hall", "hub:1"}, {"lyon", "ha/ll", "hub:1"}, {"lyon", "#", "hub:1"}, {"lyon", "+", "hub:1"}, {"Lyon", "hall", "hub:1"},
		{"lyon", "hall", "hub"}, {"lyon", "hall", ":1"}, {"lyon", strings.Repeat("x", 64), "hub:1"}, {"lyon", "-hall", "hub:1"},
	} {
		if _, err := identity.NewToken(c[0], c[1], c[2], id.CA); !errors.Is(err, identity.ErrBadToken) {
			t.Errorf("%q: %v", c, err)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	id, err := identity.SelfMade("lyon", "hall")
	if err != nil {
		f.Fatal(err)
	}
	token, err := identity.NewToken("lyon", "hall", "hub.example:8443", id.CA)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token.Reveal())
	f.Fuzz(func(t *testing.T, s string) {
		if token, err := identity.ParseToken(s); err == nil && token.Reveal() != strings.TrimSpace(s) {
			t.Error("a token has two texts")
		}
	})
}

func TestSecretsAreNotPrinted(t *testing.T) {
	id, _ := written(t)
	token, err := identity.NewToken("lyon", "hall", "hub.example:8443", id.CA)
	if err != nil {
		t.Fatal(err)
	}
	site := id.SiteKey.Reveal()
	for _, v := range []any{id, &id, token, &token, []identity.Token{token}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			out := fmt.Sprintf(verb, v)
			for _, hidden := range []string{token.Secret.Reveal(), fmt.Sprintf("%x", id.Key), fmt.Sprintf("%x", site), fmt.Sprint([]byte(id.Key)), "PrivateKey"} {
				if strings.Contains(out, hidden) {
					t.Errorf("%s of %T shows a secret", verb, v)
				}
			}
		}
	}
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	if _, err := identity.Load(t.TempDir()); !errors.Is(err, identity.ErrNotJoined) {
		t.Errorf("empty folder: %v", err)
	}
	for name, spoil := range map[string]func(dir string) error{
		"no key":           func(dir string) error { return os.Remove(filepath.Join(dir, "terminal.key")) },
		"no CA":            func(dir string) error { return os.Remove(filepath.Join(dir, "ca.crt")) },
		"empty site key":   func(dir string) error { return os.WriteFile(filepath.Join(dir, "site.key"), nil, 0o600) },
		"site key not hex": func(dir string) error { return os.WriteFile(filepath.Join(dir, "site.key"), make([]byte, 65), 0o600) },
		"cut json":         func(dir string) error { return os.Truncate(filepath.Join(dir, "identity.json"), 20) },
		"other key":        swapKey,
		"other terminal":   rename,
	} {
		_, dir := written(t)
		if err := spoil(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := identity.Load(dir); !errors.Is(err, identity.ErrBadIdentity) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func swapKey(dir string) error {
	other, err := identity.SelfMade("lyon", "hall")
	if err != nil {
		return err
	}
	elsewhere, err := os.MkdirTemp(dir, "other")
	if err != nil {
		return err
	}
	if err := identity.Write(elsewhere, other); err != nil {
		return err
	}
	return os.Rename(filepath.Join(elsewhere, "terminal.key"), filepath.Join(dir, "terminal.key"))
}

func rename(dir string) error {
	path := filepath.Join(dir, "identity.json")
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var about map[string]any
	if err := json.Unmarshal(b, &about); err != nil {
		return err
	}
	about["terminal"] = "gate"
	if b, err = json.Marshal(about); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

func TestAKeyThatOthersCanReadIsRefused(t *testing.T) {
	_, dir := written(t)
	if err := os.Chmod(filepath.Join(dir, "terminal.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := identity.Load(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("got %v", err)
	}
}

func TestWriteReplacesWhole(t *testing.T) {
	id, dir := written(t)
	id.MQTT = "hub.example:8883"
	if err := identity.Write(dir, id); err != nil {
		t.Fatal(err)
	}
	if got, err := identity.Load(dir); err != nil || got.MQTT != id.MQTT {
		t.Errorf("%v, %v", got, err)
	}
	id.Key = nil
	if err := identity.Write(dir, id); err == nil {
		t.Error("an identity without a key was written")
	}
	if _, err := identity.Load(dir); err != nil {
		t.Errorf("a refused write spoilt the former identity: %v", err)
	}
}
