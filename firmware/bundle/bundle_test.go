package bundle_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"badged/firmware/bundle"
)

// key makes the key of a name, the same each time.
func key(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(names ...string) (keys []bundle.Key) {
	for _, n := range names {
		keys = append(keys, bundle.Key(key(n).Public().(ed25519.PublicKey)))
	}
	return keys
}

// trustFile is a chain whose versions each have 2 of 3 root keys and one release key.
func trustFile(t *testing.T, versions ...version) (f bundle.TrustFile) {
	t.Helper()
	for _, v := range versions {
		var err error
		f, err = bundle.NewTrustFile(f, bundle.Trust{
			Root:    bundle.Role{Threshold: 2, Keys: public(v.root...)},
			Release: bundle.Role{Threshold: v.threshold(), Keys: public(v.release...)},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range v.signers {
			if err := f.Sign(key(s)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return f
}

type version struct{ root, release, signers []string }

func (v version) threshold() int { return (len(v.release) + 1) / 2 }

var first = version{[]string{"a", "b", "c"}, []string{"r1"}, []string{"a", "b"}}

func trusted(t *testing.T, f bundle.TrustFile) bundle.Trust {
	t.Helper()
	trust, err := f.Trusted()
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

// content is what a slot looks like: some of it packs well, some does not at all.
func content(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range b[:n/2] {
		b[i] = byte(r.Uint32())
	}
	return b
}

var release = bundle.Release{Version: "1.4.0", Sequence: 14, Minimum: 10, Floor: 12, Expires: "2027-12-31", Boards: []string{"rpi-4", "rpi-5"}}

// pack makes a bundle of two files, one of them for one board.
func pack(t *testing.T, r bundle.Release, f bundle.TrustFile, signers ...string) []byte {
	t.Helper()
	d, err := bundle.NewDraft(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []struct {
		path   string
		boards []string
		size   int
	}{{"slot/initrd", nil, 200_001}, {"slot/kernel8.img", []string{"rpi-4"}, 3 * bundle.ChunkSize}, {"slot/empty", nil, 0}} {
		if err := d.Add(file.path, file.boards, bytes.NewReader(content(file.size))); err != nil {
			t.Fatal(err)
		}
	}
	var keys []ed25519.PrivateKey
	for _, s := range signers {
		keys = append(keys, key(s))
	}
	var b bytes.Buffer
	if err := d.Write(&b, f, keys...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(b []byte, known bundle.Trust) (*bundle.Bundle, error) {
	return bundle.Open(bytes.NewReader(b), int64(len(b)), known)
}

// install does what a flasher does: it verifies all, and gives the files of a board.
func install(b []byte, known bundle.Trust, to bundle.Terminal) (map[string][]byte, error) {
	u, err := open(b, known)
	if err != nil {
		return nil, err
	}
	if err := u.Release.Accept(to); err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, f := range u.Files(to.Board) {
		r, err := u.Reader(f)
		if err != nil {
			return nil, err
		}
		if files[f.Path], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
	return files, nil
}

var pi4 = bundle.Terminal{Board: "rpi-4", Installed: 13, Floor: 12, Now: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}

// Issue 12, 2: one signed file holds what each board needs.
func TestABundleGivesEachBoardItsFiles(t *testing.T) {
	f := trustFile(t, first)
	b := pack(t, release, f, "r1")
	files, err := install(b, trusted(t, f), pi4)
	if err != nil || len(files) != 3 || !bytes.Equal(files["slot/initrd"], content(200_001)) || !bytes.Equal(files["slot/kernel8.img"], content(3*bundle.ChunkSize)) {
		t.Fatalf("%d files, %v", len(files), err)
	}
	pi5 := pi4
	pi5.Board = "rpi-5"
	if files, err = install(b, trusted(t, f), pi5); err != nil || len(files) != 2 {
		t.Errorf("the other board: %d files, %v", len(files), err)
	}
	if !bytes.Equal(b, pack(t, release, f, "r1")) {
		t.Error("the same files made another bundle")
	}
	var done, total int64
	u, err := open(b, trusted(t, f))
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Check(func(d, all int64) { done, total = d, all }); err != nil || done != total || total != 200_001+3*bundle.ChunkSize {
		t.Errorf("check: %d of %d, %v", done, total, err)
	}
}

// A file that two boards share is stored once.
func TestWhatBoardsShareIsStoredOnce(t *testing.T) {
	d, err := bundle.NewDraft(release)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range release.Boards {
		if err := d.Add("slot/kernel8.img", []string{b}, bytes.NewReader(content(300_000))); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Add("slot/config.txt", []string{"rpi-5"}, strings.NewReader("arm_64bit=1\n")); err != nil {
		t.Fatal(err)
	}
	f := trustFile(t, first)
	var b bytes.Buffer
	if err := d.Write(&b, f, key("r1")); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 160_000 {
		t.Errorf("the bundle has %d bytes", b.Len())
	}
	to := pi4
	to.Board = "rpi-5"
	files, err := install(b.Bytes(), trusted(t, f), to)
	if err != nil || len(files) != 2 || !bytes.Equal(files["slot/kernel8.img"], content(300_000)) {
		t.Errorf("%d files, %v", len(files), err)
	}
}

// Keys on machines that never meet sign one after the other.
func TestTwoOfThreeSignOneAfterTheOther(t *testing.T) {
	f := trustFile(t, version{first.root, []string{"r1", "r2", "r3"}, first.signers})
	b := pack(t, release, f, "r1")
	if _, err := open(b, trusted(t, f)); !errors.Is(err, bundle.ErrUntrusted) {
		t.Fatalf("one of two signatures: %v", err)
	}
	for _, again := range []string{"r1", "stranger", "r3"} {
		var next bytes.Buffer
		if err := bundle.Sign(&next, bytes.NewReader(b), int64(len(b)), key(again)); err != nil {
			t.Fatal(err)
		}
		b = next.Bytes()
		_, err := open(b, trusted(t, f))
		if enough := again == "r3"; enough != (err == nil) {
			t.Errorf("with %s: %v", again, err)
		}
	}
	if c, err := bundle.Inspect(bytes.NewReader(b), int64(len(b))); err != nil || len(c.Signers) != 3 || c.Trust != 1 || c.Release.Version != "1.4.0" {
		t.Errorf("inspect: %d signers, %v", len(c.Signers), err)
	}
}

// Keys change by a chain: a terminal that knows the first version learns the third from the
// bundle alone, and from then on refuses what the keys before signed.
func TestKeysAreExchanged(t *testing.T) {
	second := version{[]string{"b", "c", "d"}, []string{"r2"}, []string{"a", "b", "c"}}
	third := version{[]string{"d", "e", "f"}, []string{"r3"}, []string{"b", "d", "e"}}
	old := trustFile(t, first)
	chain := trustFile(t, first, second, version{third.root, third.release, []string{"b", "c", "d", "e"}})
	b := pack(t, release, chain, "r3")
	u, err := open(b, trusted(t, old))
	if err != nil || u.Trust.Version != 3 {
		t.Fatalf("from version 1: %v", err)
	}
	for name, bad := range map[string][]byte{
		"signed by a key that was taken away": pack(t, release, old, "r1"),
		"the same, with the new chain":        pack(t, release, chain, "r1"),
	} {
		if _, err := open(bad, u.Trust); !errors.Is(err, bundle.ErrUntrusted) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := open(pack(t, release, old, "r3"), u.Trust); err != nil {
		t.Errorf("a chain that ends early, signed by the key that is trusted now: %v", err)
	}
}

func TestATrustFileIsReadAgain(t *testing.T) {
	f := trustFile(t, first)
	again, err := bundle.ParseTrustFile(f.Bytes())
	if err != nil || trusted(t, again).Version != 1 {
		t.Errorf("%v", err)
	}
	for n := range len(f.Bytes()) {
		if n == 16 {
			continue // an empty chain is one that nothing can be trusted from
		}
		if _, err := bundle.ParseTrustFile(f.Bytes()[:n]); !errors.Is(err, bundle.ErrDamaged) {
			t.Fatalf("%d bytes of it: %v", n, err)
		}
	}
}
