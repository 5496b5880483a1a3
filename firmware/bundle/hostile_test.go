package bundle

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// testKey signs everything here: what a maker of releases could do wrong, or who stole a key.
func testKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, 32)) }

func testTrust() Trust {
	k := Role{1, []Key{Key(testKey().Public().(ed25519.PublicKey))}}
	return Trust{Version: 1, Product: Product, Root: k, Release: k}
}

func signed(payload, chunks []byte) []byte {
	s := statement{kind: kindRelease, payload: payload}
	_ = s.sign(testKey())
	return append(header(TrustFile{}, s), chunks...)
}

var zeros = strings.Repeat("0", 64)

// Payloads that are rightly signed and make no sense.
func TestSignedNonsense(t *testing.T) {
	good := `{"product":"badged","version":"1","sequence":1,"minimum":0,"floor":0,"expires":"2027-01-01","boards":["rpi-4"],` +
		`"files":[{"path":"x","boards":null,"size":0,"sha256":"` + zeros + `","chunks":null}]}`
	if _, err := Open(bytes.NewReader(signed([]byte(good), nil)), int64(len(signed([]byte(good), nil))), testTrust()); err != nil {
		t.Fatalf("the example itself: %v", err)
	}
	for name, change := range map[string][2]string{
		"an unknown field":    {`"floor":0`, `"floor":0,"colour":"red"`},
		"something behind":    {`}]}`, `}]} {}`},
		"another product":     {`"badged"`, `"other"`},
		"a negative size":     {`"size":0`, `"size":-1`},
		"a size without data": {`"size":0`, `"size":5`},
		"a huge size":         {`"size":0`, `"size":9223372036854775807`},
		"a chunk of nothing":  {`"size":0,"sha256":"` + zeros + `","chunks":null`, `"size":1,"sha256":"` + zeros + `","chunks":[{"stored":0,"sha256":"` + zeros + `"}]`},
		"a chunk too large":   {`"chunks":null`, `"chunks":[{"stored":99999999,"sha256":"` + zeros + `"}]`},
		"a short hash":        {zeros, "00"},
		"a path outside":      {`"path":"x"`, `"path":"../x"`},
		"a board that is not": {`"boards":null`, `"boards":["rpi-9"]`},
		"no JSON":             {`{"product"`, `"product"`},
	} {
		b := signed([]byte(strings.Replace(good, change[0], change[1], 1)), nil)
		if _, err := Open(bytes.NewReader(b), int64(len(b)), testTrust()); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A chunk that unpacks to far more than its file has costs no memory, though it is signed.
func TestABombIsDefused(t *testing.T) {
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	bomb := e.EncodeAll(make([]byte, 256<<20), nil)
	if len(bomb) > maxChunk {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	f := File{Path: "x", Size: ChunkSize, Chunks: []Chunk{{int64(len(bomb)), sha256.Sum256(bomb)}}}
	payload, err := json.Marshal(Release{Product: Product, Version: "1", Sequence: 1, Expires: "2027-01-01", Boards: []string{"b"}, Files: []File{f}})
	if err != nil {
		t.Fatal(err)
	}
	b := signed(payload, bomb)
	u, err := Open(bytes.NewReader(b), int64(len(b)), testTrust())
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := u.Check(func(int64, int64) {}); !errors.Is(err, ErrDamaged) {
		t.Errorf("%v", err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("it took %d bytes of memory", used)
	}
}

// A length that promises much is not believed before the bytes are there.
func TestAPromiseCostsNoMemory(t *testing.T) {
	b := append([]byte(magic), 0, 0, 255, 255)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		if _, err := Open(bytes.NewReader(b), int64(len(b)), testTrust()); !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("it took %d bytes of memory", used)
	}
}

// FuzzOpen gives hostile bytes in the place of a bundle, and as a release that is rightly
// signed. Whatever comes out of it was signed, and is what its hash says.
func FuzzOpen(f *testing.F) {
	d, err := NewDraft(Release{Version: "1", Sequence: 1, Expires: "2027-01-01", Boards: []string{"b"}})
	if err != nil {
		f.Fatal(err)
	}
	if err := d.Add("x", nil, strings.NewReader("hello")); err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	if err := d.Write(&b, TrustFile{}, testKey()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes(), []byte(nil), []byte(nil))
	p, err := readParts(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(magic), p.release.payload, d.chunks.Bytes())
	f.Fuzz(func(t *testing.T, raw, payload, chunks []byte) {
		for _, b := range [][]byte{raw, signed(payload, chunks)} {
			u, err := Open(bytes.NewReader(b), int64(len(b)), testTrust())
			_, _ = Inspect(bytes.NewReader(b), int64(len(b)))
			_, _ = ParseTrustFile(b)
			if err != nil {
				continue
			}
			checkFiles(t, u)
		}
	})
}

func checkFiles(t *testing.T, u *Bundle) {
	t.Helper()
	for _, file := range u.Release.Files {
		r, err := u.Reader(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err == nil && (Hash(sha256.Sum256(got)) != file.SHA256 || int64(len(got)) != file.Size) {
			t.Errorf("%s is not what its hash says", file.Path)
		}
	}
}

// A signature says what kind of statement it is of: a key that may sign releases makes no trust.
func TestAKindIsSigned(t *testing.T) {
	s := statement{kind: kindRelease, payload: []byte("{}")}
	if err := s.sign(testKey()); err != nil {
		t.Fatal(err)
	}
	if len(s.signers()) != 1 {
		t.Error("its own signature is wrong")
	}
	s.kind = kindTrust
	if len(s.signers()) != 0 {
		t.Error("a signature of a release is one of a trust")
	}
}
