package wire_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"badged/sync/wire"
)

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize)))
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// lease is a record of two required keys, short enough to write its bytes by hand.
const lease = "a2 01 01 02 18 40"

func TestUnmarshalTakesOnlyWhatMarshalGives(t *testing.T) {
	var l wire.Lease
	if err := wire.Unmarshal(unhex(t, lease), &l); err != nil || l != (wire.Lease{First: 1, Last: 64}) {
		t.Fatalf("%+v, %v", l, err)
	}
	for name, in := range map[string]string{
		"nothing":              "",
		"cut short":            "a2 01 01 02 18",
		"bytes behind the end": lease + "00",
		"long integer":         "a2 01 18 01 02 18 40",
		"longer integer":       "a2 01 01 02 19 00 40",
		"longest integer":      "a2 01 01 02 1b 00000000 00000040",
		"long key":             "a2 18 01 01 02 18 40",
		"long map head":        "b8 02 01 01 02 18 40",
		"keys out of order":    "a2 02 18 40 01 01",
		"key twice":            "a3 01 01 01 01 02 18 40",
		"unknown key twice":    "a4 01 01 02 18 40 03 00 03 00",
		"indefinite map":       "bf 01 01 02 18 40 ff",
		"key missing":          "a1 01 01",
		"first key missing":    "a1 02 18 40",
		"null":                 "a2 01 f6 02 18 40",
		"undefined":            "a2 01 f7 02 18 40",
		"negative":             "a2 01 20 02 18 40",
		"text for a number":    "a2 01 61 31 02 18 40",
		"float for a number":   "a2 01 f9 3c 00 02 18 40",
		"bignum":               "a2 01 c2 41 01 02 18 40",
		"tag around it":        "d8 2a" + lease,
		"text key":             "a3 01 01 02 18 40 61 61 00",
		"array for a record":   "82 01 18 40",
		"unknown null":         "a3 01 01 02 18 40 03 f6",
		"unknown float":        "a3 01 01 02 18 40 03 fb 3ff199999999999a",
		"unknown not shortest": "a3 01 01 02 18 40 03 18 01",
		"unknown too deep":     "a3 01 01 02 18 40 03 81 81 81 81 81 81 81 81 81 00",
		"unknown bad text":     "a3 01 01 02 18 40 03 61 ff",
		"unknown huge array":   "a3 01 01 02 18 40 03 9b 7fffffff ffffffff",
		"unknown huge bytes":   "a3 01 01 02 18 40 03 5b ffffffff ffffffff",
	} {
		got := wire.Lease{First: 7, Last: 7}
		if err := wire.Unmarshal(unhex(t, in), &got); err == nil {
			t.Errorf("%s: taken as %+v", name, got)
		}
		if got != (wire.Lease{First: 7, Last: 7}) {
			t.Errorf("%s: refused, but the target was touched", name)
		}
	}
}

func TestUnknownIntegerKeysAreSkipped(t *testing.T) {
	for _, in := range []string{
		"a3 01 01 02 18 40 03 00",
		"a3 01 01 02 18 40 18 64 82 01 a1 01 41 00",
	} {
		var l wire.Lease
		if understood, err := wire.UnmarshalRow(unhex(t, in), &l); err != nil || l.Last != 64 || !understood {
			t.Errorf("%s: %+v, understood %v, %v", in, l, understood, err)
		}
		if err := wire.Unmarshal(unhex(t, in), &l); err != nil {
			t.Errorf("%s: %v", in, err)
		}
	}
}

// TestANegativeKeyMustBeUnderstood (issue 8, 1): a message with a negative key that this
// version does not know is refused; a row with one is read, and said not to be understood.
func TestANegativeKeyMustBeUnderstood(t *testing.T) {
	for _, in := range []string{
		"a3 01 01 02 18 40 20 63 61 62 63",
		"a3 01 01 02 18 40 38 62 82 01 a1 01 41 00",
		"a4 01 01 02 18 40 03 00 3b 7fffffff ffffffff 00",
	} {
		var l wire.Lease
		if understood, err := wire.UnmarshalRow(unhex(t, in), &l); err != nil || understood || l.Last != 64 {
			t.Errorf("row %s: %+v, understood %v, %v", in, l, understood, err)
		}
		l = wire.Lease{}
		if err := wire.Unmarshal(unhex(t, in), &l); err == nil || l != (wire.Lease{}) {
			t.Errorf("message %s was taken: %+v, %v", in, l, err)
		}
	}
	for name, in := range map[string]string{
		"before the others": "a3 20 00 01 01 02 18 40",
		"twice":             "a4 01 01 02 18 40 20 00 20 00",
		"instead of one":    "a2 01 01 20 00",
		"below int64":       "a3 01 01 02 18 40 3b 80000000 00000000 00",
		"above int64":       "a3 01 01 02 18 40 1b 80000000 00000000 00",
		"null":              "a3 01 01 02 18 40 20 f6",
	} {
		var l wire.Lease
		if _, err := wire.UnmarshalRow(unhex(t, in), &l); err == nil {
			t.Errorf("%s: %s was taken", name, in)
		}
	}
	inEdit := must(t)(wire.Marshal(wire.Event{Boot: []byte("bootboot"), Edit: &wire.Edit{}}))
	at := bytes.Index(inEdit, []byte{0xa3, 1, 0x60, 2, 0x60, 3, 0x60})
	inEdit = slices.Concat(inEdit[:at], []byte{0xa4}, inEdit[at+1:at+7], []byte{0x20, 0}, inEdit[at+7:])
	if err := wire.Unmarshal(inEdit, new(wire.Event)); err == nil {
		t.Errorf("an event was taken with a negative key inside: %x", inEdit)
	}
}

func TestOptionalZeroesAreLeftOut(t *testing.T) {
	for _, in := range []string{"a1 01 f4", "a1 02 00", "a1 03 00", "a1 04 00"} {
		var d wire.Door
		if err := wire.Unmarshal(unhex(t, in), &d); err == nil {
			t.Errorf("%s was taken", in)
		}
	}
	var d wire.Door
	if err := wire.Unmarshal(unhex(t, "a2 01 f5 03 20"), &d); err != nil || !d.Anonymous || d.FreshFor != -1 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestIdsHaveTheirLength(t *testing.T) {
	good := must(t)(wire.Marshal(wire.Status{Online: true}))
	for _, n := range []int{0, 15, 17} {
		bad := append([]byte{0xa2, 0x01, 0x40 | byte(n)}, make([]byte, n)...)
		var s wire.Status
		if err := wire.Unmarshal(append(bad, good[len(good)-2:]...), &s); err == nil {
			t.Errorf("a nonce of %d bytes was taken", n)
		}
	}
	for _, e := range []wire.Event{{Boot: make([]byte, 7)}, {Boot: make([]byte, 8), Account: make([]byte, 15)}} {
		if _, err := wire.Marshal(e); err == nil {
			t.Errorf("encoded with a wrong length: %+v", e)
		}
	}
}

func TestMessagesHaveABound(t *testing.T) {
	if _, err := wire.Marshal(wire.Change{Key: make([]byte, wire.MaxPageBytes)}); err == nil {
		t.Error("a message larger than a page was encoded")
	}
	p := wire.Page{Changes: make([]wire.Change, wire.MaxPageChanges+1)}
	if _, err := wire.Marshal(p); err == nil {
		t.Error("a page of too many changes was encoded")
	}
	if err := wire.Unmarshal(make([]byte, wire.MaxPageBytes+1), &p); err == nil {
		t.Error("a message larger than a page was decoded")
	}
	if err := wire.Unmarshal([]byte{0xa0}, wire.Lease{}); err == nil {
		t.Error("decoded into something that is not a pointer")
	}
}

func TestEmptyIsNotNull(t *testing.T) {
	b := must(t)(wire.Marshal(wire.Hello{}))
	var h wire.Hello
	if err := wire.Unmarshal(b, &h); err != nil {
		t.Fatal(err)
	}
	if len(h.Vector) != 0 || len(h.Next) != 0 {
		t.Errorf("%+v", h)
	}
}

var where = wire.Context{Site: "lyon", Terminal: "hall", Dir: wire.Up, Kind: wire.MsgStatus}

func TestSignatureBindsSenderAndTopic(t *testing.T) {
	terminal, hub := key('d'), key('h')
	want := wire.Status{Nonce: [16]byte{1}, Online: true}
	msg := must(t)(wire.Seal(terminal, where, want))
	var got wire.Status
	if err := wire.Open(public(terminal), where, msg, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v, %v", got, err)
	}
	if err := wire.Open(public(hub), where, msg, &got); !errors.Is(err, wire.ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	for _, c := range []wire.Context{
		{Site: "nice", Terminal: "hall", Dir: wire.Up, Kind: wire.MsgStatus},
		{Site: "lyon", Terminal: "gate", Dir: wire.Up, Kind: wire.MsgStatus},
		where.Of(wire.Down, wire.MsgStatus),
		where.Of(wire.Up, wire.MsgHello),
	} {
		if err := wire.Open(public(terminal), c, msg, &got); !errors.Is(err, wire.ErrSignature) {
			t.Errorf("moved to %+v: %v", c, err)
		}
	}
}

func TestAnyChangedByteIsRefused(t *testing.T) {
	terminal := key('d')
	msg := must(t)(wire.Seal(terminal, where, wire.Status{Online: true}))
	for i := range msg {
		for bit := range 8 {
			bad := append([]byte(nil), msg...)
			bad[i] ^= 1 << bit
			if _, err := wire.Verify(public(terminal), where, bad); err == nil {
				t.Errorf("byte %d bit %d changed and taken", i, bit)
			}
		}
	}
	for i := range msg {
		if _, err := wire.Verify(public(terminal), where, msg[:i]); err == nil {
			t.Errorf("cut to %d bytes and taken", i)
		}
	}
	if _, err := wire.Verify(public(terminal), where, append(msg, 0)); err == nil {
		t.Error("a byte was added and taken")
	}
	if _, err := wire.Verify(public(terminal), where, make([]byte, wire.MaxSignedBytes+1)); err == nil {
		t.Error("a message beyond the bound was taken")
	}
}

// must gives the value of a call that cannot fail here.
func must(t testing.TB) func(b []byte, err error) []byte {
	return func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}
