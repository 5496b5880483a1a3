package wire_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"math"
	"runtime"
	"testing"

	gocbor "github.com/fxamacker/cbor/v2"
	"github.com/veraison/go-cose"

	"badged/sync/wire"
)

// A frame of a few kilobytes that unpacks to 100 MiB costs its receiver no more memory
// than a frame may hold: it stops reading, and does not only refuse at the end.
func TestABombIsNotUnpacked(t *testing.T) {
	f, err := wire.PackFrame([16]byte{}, wire.StreamEvents, wire.Batch{First: 1, Events: events(t, 1)})
	if err != nil {
		t.Fatal(err)
	}
	f.Packed, f.Events = true, squeeze(t, make([]byte, 100<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := f.Unpack(); err == nil {
		t.Error("a bomb was taken")
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
		t.Errorf("a bomb took %d bytes", used)
	}
}

// A message of exactly the longest length is taken, one byte more is refused, however
// well it is signed.
func TestASignedMessageHasABound(t *testing.T) {
	terminal := key('d')
	around := len(must(t)(wire.Sign(terminal, where, make([]byte, 1<<16)))) - 1<<16
	for size, good := range map[int]bool{wire.MaxSignedBytes: true, wire.MaxSignedBytes + 1: false} {
		msg := must(t)(wire.Sign(terminal, where, make([]byte, size-around)))
		if len(msg) != size {
			t.Fatalf("the message has %d bytes, want %d", len(msg), size)
		}
		if _, err := wire.Verify(public(terminal), where, msg); (err == nil) != good {
			t.Errorf("%d bytes, the bound is %d: %v", size, wire.MaxSignedBytes, err)
		}
	}
}

// nested is n arrays in each other.
func nested(n int) []byte { return append(bytes.Repeat([]byte{0x81}, n-1), 0x80) }

// Hostile nesting is refused where an event is only cut out of its frame, too: 8
// levels are taken and 9 are not.
func TestNestingHasABound(t *testing.T) {
	for levels, good := range map[int]bool{8: true, 9: false, 4000: false} {
		f := wire.Frame{Stream: wire.StreamEvents, First: 1, Count: 1, Events: nested(levels)}
		if _, err := f.Unpack(); (err == nil) != good {
			t.Errorf("an event of %d levels: %v", levels, err)
		}
		var l wire.Lease
		inLease := append(unhex(t, "a3 01 01 02 18 40 03"), nested(levels-1)...) // the lease is a level itself
		if err := wire.Unmarshal(inLease, &l); (err == nil) != good {
			t.Errorf("a record with %d levels: %v", levels, err)
		}
	}
}

func TestNumbersOfAFrameStayInRange(t *testing.T) {
	last := uint64(math.MaxInt64 - wire.MaxFrameEvents)
	for first, good := range map[uint64]bool{last: true, last + 1: false, math.MaxInt64: false} {
		if _, err := wire.PackFrame([16]byte{}, wire.StreamEvents, wire.Batch{First: first, Events: events(t, 1)}); (err == nil) != good {
			t.Errorf("a frame from %d: %v", first, err)
		}
	}
}

// sign makes a COSE_Sign1 message that is signed by the right key for the right
// context, with the given headers.
func sign(t *testing.T, key ed25519.PrivateKey, c wire.Context, headers cose.Headers) []byte {
	t.Helper()
	signer, err := cose.NewSigner(cose.AlgorithmEdDSA, key)
	if err != nil {
		t.Fatal(err)
	}
	aad := must(t)(gocbor.Marshal([]string{"badged/1", c.Site, c.Terminal, c.Dir, c.Kind}))
	return must(t)(cose.Sign1(rand.Reader, signer, headers, []byte("payload"), aad))
}

// A message has the two protected headers of badged.cddl and nothing else: whatever
// another program reads into further ones, this one was not asked about it.
func TestOnlyTheAgreedHeadersAreTaken(t *testing.T) {
	terminal := key('d')
	protected := func(kid string, more ...int64) cose.ProtectedHeader {
		h := cose.ProtectedHeader{cose.HeaderLabelAlgorithm: cose.AlgorithmEdDSA, cose.HeaderLabelKeyID: []byte(kid)}
		for _, label := range more {
			h[label] = []byte("more")
		}
		return h
	}
	down := where.Of(wire.Down, wire.MsgStatus)
	for name, c := range map[string]struct {
		where   wire.Context
		headers cose.Headers
		good    bool
	}{
		"as Sign writes it":        {where, cose.Headers{Protected: protected("hall")}, true},
		"as Sign writes it, down":  {down, cose.Headers{Protected: protected("hub")}, true},
		"an unprotected header":    {where, cose.Headers{Protected: protected("hall"), Unprotected: cose.UnprotectedHeader{int64(99): []byte("x")}}, false},
		"another key id":           {where, cose.Headers{Protected: protected("gate")}, false},
		"the hub's key id":         {where, cose.Headers{Protected: protected("hub")}, false},
		"the terminal's id, down":  {down, cose.Headers{Protected: protected("hall")}, false},
		"no key id":                {where, cose.Headers{Protected: cose.ProtectedHeader{cose.HeaderLabelAlgorithm: cose.AlgorithmEdDSA}}, false},
		"a third protected header": {where, cose.Headers{Protected: protected("hall", 99)}, false},
	} {
		_, err := wire.Verify(public(terminal), c.where, sign(t, terminal, c.where, c.headers))
		if c.good && err != nil || !c.good && !errors.Is(err, wire.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
