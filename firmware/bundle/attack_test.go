package bundle_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/firmware/bundle"
)

// Issue 12, 2: releases that are rightly signed, and not for this terminal, are refused before
// a byte of a file is handed out.
func TestReleasesThatATerminalRefuses(t *testing.T) {
	f := trustFile(t, first)
	for _, tt := range []struct {
		name   string
		change func(*bundle.Terminal)
		want   error
	}{
		{"downgrade", func(to *bundle.Terminal) { to.Installed = 15 }, bundle.ErrOlder},
		{"below the floor", func(to *bundle.Terminal) { to.Installed, to.Floor = 13, 15 }, bundle.ErrFloor},
		{"other board", func(to *bundle.Terminal) { to.Board = "rpi-3" }, bundle.ErrBoard},
		{"too old to be updated", func(to *bundle.Terminal) { to.Installed = 9 }, bundle.ErrMinimum},
		{"expired", func(to *bundle.Terminal) { to.Now = time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC) }, bundle.ErrExpired},
	} {
		to := pi4
		tt.change(&to)
		if _, err := install(pack(t, release, f, "r1"), trusted(t, f), to); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	for name, change := range map[string]func(*bundle.Terminal){
		"the same again":     func(to *bundle.Terminal) { to.Installed = 14 },
		"on an empty card":   func(to *bundle.Terminal) { to.Installed = 0 },
		"on its last day":    func(to *bundle.Terminal) { to.Now = time.Date(2027, 12, 31, 23, 59, 59, 0, time.UTC) },
		"with unknown time":  func(to *bundle.Terminal) { to.Now = time.Time{} },
		"from the minimum":   func(to *bundle.Terminal) { to.Installed = 10 },
		"at the floor":       func(to *bundle.Terminal) { to.Floor = 14 },
		"the newest before":  func(to *bundle.Terminal) { to.Installed = 13 },
		"the floor it needs": func(to *bundle.Terminal) { to.Floor = 12 },
	} {
		to := pi4
		change(&to)
		if _, err := install(pack(t, release, f, "r1"), trusted(t, f), to); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Issue 12, 2: attacks on signatures and keys, after the list of The Update Framework.
func TestAttacksOnSignatures(t *testing.T) {
	known := trusted(t, trustFile(t, first))
	honest := trustFile(t, first)
	second := func(signers ...string) bundle.TrustFile {
		return trustFile(t, first, version{[]string{"x", "y", "z"}, []string{"evil"}, signers})
	}
	for name, b := range map[string][]byte{
		"unsigned":                                   pack(t, release, honest),
		"signed by a stranger":                       pack(t, release, honest, "evil"),
		"signed by root keys":                        pack(t, release, honest, "a", "b", "c"),
		"new keys that one root key signed":          pack(t, release, second("a", "x", "y"), "evil"),
		"new keys that only they themselves signed":  pack(t, release, second("x", "y", "z"), "evil"),
		"new root keys that did not sign":            pack(t, release, second("a", "b"), "evil"),
		"new root keys of which one signed":          pack(t, release, second("a", "b", "x"), "evil"),
		"new keys that the release key signed":       pack(t, release, second("r1", "x", "y"), "evil"),
		"another first version":                      pack(t, release, trustFile(t, version{[]string{"x", "y"}, []string{"evil"}, []string{"x", "y"}}), "evil"),
		"a chain whose second version is left out":   leaveOut(t, pack(t, release, longChain(t), "r3")),
		"a release that is signed as a trust":        takeForRelease(t),
		"a trust that is taken for the release":      swapParts(pack(t, release, honest, "r1")),
		"a signature of another release put to this": moveSignatures(t, honest),
	} {
		if _, err := open(b, known); !errors.Is(err, bundle.ErrUntrusted) && !errors.Is(err, bundle.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := open(pack(t, release, honest, "r1"), bundle.Trust{}); err != nil {
		t.Logf("without a trust that is known: %v", err)
	} else {
		t.Error("a bundle that brings its own trust is believed by one who knows none")
	}
}

func longChain(t *testing.T) bundle.TrustFile {
	return trustFile(t, first, version{first.root, []string{"r2"}, first.signers}, version{first.root, []string{"r3"}, first.signers})
}

// parts of a bundle: where its trust and its release are.
func split(b []byte) (trust, release, chunks []byte) {
	trust, b = cut(b[16:])
	release, chunks = cut(b)
	return trust, release, chunks
}

func cut(b []byte) (block, rest []byte) {
	n := 4 + int(binary.BigEndian.Uint32(b))
	return b[4:n], b[n:]
}

func join(trust, release, chunks []byte) []byte {
	b := []byte("badged-bundle-1\n")
	for _, part := range [][]byte{trust, release} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(part))), part...)
	}
	return append(b, chunks...)
}

// statementLen is how long the statement at the start of b is.
func statementLen(b []byte) int {
	n := 1 + int(b[0])*96
	return n + 4 + int(binary.BigEndian.Uint32(b[n:]))
}

func leaveOut(t *testing.T, b []byte) []byte {
	t.Helper()
	trust, release, chunks := split(b)
	one := statementLen(trust)
	two := statementLen(trust[one:])
	return join(slices.Concat(trust[:one], trust[one+two:]), release, chunks)
}

// takeForRelease has a trust's signature stand for a release: the payload of both is the same.
func takeForRelease(t *testing.T) []byte {
	t.Helper()
	f := trustFile(t, version{[]string{"r1", "b", "c"}, []string{"r1"}, []string{"r1", "b"}})
	b := pack(t, release, trustFile(t, first), "r1")
	trust, _, chunks := split(b)
	return join(trust, f.Bytes()[16:], chunks)
}

func swapParts(b []byte) []byte {
	trust, _, chunks := split(b)
	return join(trust, trust, chunks)
}

func moveSignatures(t *testing.T, f bundle.TrustFile) []byte {
	t.Helper()
	other := release
	other.Sequence = 99
	_, good, _ := split(pack(t, release, f, "r1"))
	trust, bad, chunks := split(pack(t, other, f, "r1"))
	return join(trust, slices.Concat(good[:97], bad[97:]), chunks)
}

// CVE-2026-34155: a signature that covered only the first bytes of a large bundle. Ours covers
// all: whatever bit of a bundle is turned, no file comes out of it that is not the right one.
func TestEveryBitIsCovered(t *testing.T) {
	f := trustFile(t, first)
	known := trusted(t, f)
	b := pack(t, release, f, "r1")
	right, err := install(b, known, pi4)
	if err != nil {
		t.Fatal(err)
	}
	trust, rel, _ := split(b)
	head := 16 + 4 + len(trust) + 4 + len(rel)
	for at := 0; at < len(b); at++ {
		if at > head && at < len(b)-100 && at%499 != 0 {
			continue // among the chunks: enough of them, and the end
		}
		b[at] ^= 1 << (at % 8)
		files, err := install(b, known, pi4)
		b[at] ^= 1 << (at % 8)
		if err == nil && at >= 16+4+len(trust) {
			t.Fatalf("byte %d of %d was turned, and nobody noticed", at, len(b))
		}
		for path, got := range files {
			if !bytes.Equal(got, right[path]) {
				t.Fatalf("byte %d of %d was turned: another %s came out", at, len(b), path)
			}
		}
	}
}

// A bundle of the greatest size, with its last byte turned. Its chunks are made as they are
// read; what counts is that its end is looked at as its beginning is.
func TestTheEndOfALargeBundleIsCovered(t *testing.T) {
	d, err := bundle.NewDraft(release)
	if err != nil {
		t.Fatal(err)
	}
	const size = 24 << 20
	if err := d.Add("slot/large", nil, io.LimitReader(zeros{}, size)); err != nil {
		t.Fatal(err)
	}
	f := trustFile(t, first)
	var b bytes.Buffer
	if err := d.Write(&b, f, key("r1")); err != nil {
		t.Fatal(err)
	}
	b.Bytes()[b.Len()-1] ^= 1
	u, err := open(b.Bytes(), trusted(t, f))
	if err != nil {
		t.Fatal(err)
	}
	var got int64
	err = u.Check(func(done, _ int64) { got = done })
	if !errors.Is(err, bundle.ErrDamaged) || got != size-bundle.ChunkSize {
		t.Errorf("%d bytes came out, then %v", got, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A bundle that is cut off anywhere, and one with something behind its end.
func TestABundleIsWhole(t *testing.T) {
	f := trustFile(t, first)
	known, b := trusted(t, f), pack(t, release, f, "r1")
	for n := 0; n < len(b); n += 1 + n/200 {
		if _, err := open(b[:n], known); !errors.Is(err, bundle.ErrDamaged) {
			t.Fatalf("%d of %d bytes: %v", n, len(b), err)
		}
	}
	for _, tail := range []string{"x", strings.Repeat("x", 70_000)} {
		if _, err := open(slices.Concat(b, []byte(tail)), known); !errors.Is(err, bundle.ErrDamaged) {
			t.Errorf("%d bytes behind the end: %v", len(tail), err)
		}
	}
}

// Chunks that were exchanged, within a bundle and with those of another release.
func TestChunksCannotBeMixed(t *testing.T) {
	f := trustFile(t, first)
	b := pack(t, release, f, "r1")
	u, err := open(b, trusted(t, f))
	if err != nil {
		t.Fatal(err)
	}
	kernel := u.Release.Files[1]
	trust, rel, chunks := split(b)
	swapped := slices.Clone(chunks)
	offset := int64(0)
	for _, c := range u.Release.Files[0].Chunks {
		offset += c.Stored
	}
	one, two := kernel.Chunks[0].Stored, kernel.Chunks[1].Stored
	copy(swapped[offset:], chunks[offset+one:offset+one+two])
	copy(swapped[offset+two:], chunks[offset:offset+one])
	if _, err := install(join(trust, rel, swapped), trusted(t, f), pi4); !errors.Is(err, bundle.ErrDamaged) {
		t.Errorf("two chunks exchanged: %v", err)
	}
	older := release
	older.Sequence = 12
	_, oldRel, _ := split(pack(t, older, f, "r1"))
	if _, err := install(join(trust, oldRel, chunks), trusted(t, f), pi4); !errors.Is(err, bundle.ErrOlder) {
		t.Errorf("an older release with the chunks of a newer one: %v", err)
	}
}

// A failing disk is not a damaged file.
func TestAReadThatFails(t *testing.T) {
	f := trustFile(t, first)
	b := pack(t, release, f, "r1")
	broken := errors.New("input/output error")
	for _, at := range []int{0, 30, 600, len(b) - 100} {
		u, err := bundle.Open(failing{b, int64(at), broken}, int64(len(b)), trusted(t, f))
		if err == nil {
			err = u.Check(func(int64, int64) {})
		}
		if !errors.Is(err, broken) || errors.Is(err, bundle.ErrDamaged) {
			t.Errorf("from byte %d on: %v", at, err)
		}
	}
}

type failing struct {
	b    []byte
	from int64
	err  error
}

func (f failing) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > f.from {
		return 0, f.err
	}
	return bytes.NewReader(f.b).ReadAt(p, at)
}

// What a release may not say is refused when it is made, and when it is read: the signature is
// right in both.
func TestReleasesThatMakeNoSense(t *testing.T) {
	f := trustFile(t, first)
	for name, change := range map[string]func(*bundle.Release){
		"no version":             func(r *bundle.Release) { r.Version = "" },
		"a version for a screen": func(r *bundle.Release) { r.Version = "1\x1b[2J" },
		"no sequence":            func(r *bundle.Release) { r.Sequence = 0 },
		"a floor above itself":   func(r *bundle.Release) { r.Floor = 15 },
		"a minimum above itself": func(r *bundle.Release) { r.Minimum = 15 },
		"no end":                 func(r *bundle.Release) { r.Expires = "" },
		"a board for a screen":   func(r *bundle.Release) { r.Boards = []string{"rpi-4", "\x1b[2J"} },
		"no boards":              func(r *bundle.Release) { r.Boards = nil },
	} {
		r := release
		change(&r)
		d, err := bundle.NewDraft(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Add("slot/x", nil, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		if err := d.Write(io.Discard, f, key("r1")); err == nil {
			t.Errorf("%s: a bundle was made", name)
		}
	}
	for _, path := range []string{"", "/etc/passwd", "../x", "a/../b", "a//b", "a/./b", ".hidden", "a b", "a\\b", "a\x00", strings.Repeat("a", 129), "ends."} {
		d, err := bundle.NewDraft(release)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Add(path, nil, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		if err := d.Write(io.Discard, f, key("r1")); err == nil {
			t.Errorf("the path %q went in", path)
		}
	}
	for name, paths := range map[string][2]string{"twice": {"a/x", "a/x"}, "twice on a FAT": {"a/x", "A/X"}} {
		d, err := bundle.NewDraft(release)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range paths {
			if err := d.Add(p, nil, strings.NewReader(fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Write(io.Discard, f, key("r1")); err == nil {
			t.Errorf("a path went in %s", name)
		}
	}
}

// Two chunks of one length change places, each of them whole: what comes out before the error is
// right to the last byte. A flasher writes as it reads.
func TestNoUnverifiedByteComesOut(t *testing.T) {
	right := make([]byte, 3*bundle.ChunkSize)
	r := rand.New(rand.NewPCG(2, 3))
	for i := range right {
		right[i] = byte(r.Uint32()) // does not pack: all chunks are of one length
	}
	d, err := bundle.NewDraft(release)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Add("slot/noise", nil, bytes.NewReader(right)); err != nil {
		t.Fatal(err)
	}
	f := trustFile(t, first)
	var b bytes.Buffer
	if err := d.Write(&b, f, key("r1")); err != nil {
		t.Fatal(err)
	}
	trust, rel, chunks := split(b.Bytes())
	n := len(chunks) / 3
	u, err := open(join(trust, rel, slices.Concat(chunks[:n], chunks[2*n:], chunks[n:2*n])), trusted(t, f))
	if err != nil {
		t.Fatal(err)
	}
	in, err := u.Reader(u.Release.Files[0])
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(in)
	if !errors.Is(err, bundle.ErrDamaged) || !bytes.Equal(got, right[:bundle.ChunkSize]) {
		t.Errorf("%d bytes came out, then %v", len(got), err)
	}
}
