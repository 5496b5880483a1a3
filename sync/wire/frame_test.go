package wire_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"badged/sync/wire"
)

// events are n encoded presentations as a terminal makes them.
func events(t testing.TB, n int) [][]byte {
	t.Helper()
	var out [][]byte
	for i := range n {
		out = append(out, must(t)(wire.Marshal(presentation(i))))
	}
	return out
}

func presentation(i int) wire.Event {
	return wire.Event{
		Order: uint64(1000 + i), Kind: 1, Point: "hall", Outcome: 1, Reason: 1,
		Account: bytes.Repeat([]byte{byte(i), 0xa5}, 8), Card: bytes.Repeat([]byte{0x5a, byte(i)}, 8),
		At: 1_767_225_600_000 + int64(i)*1500, Clock: 2, Boot: []byte("bootboot"), Mono: 3_600_000 + int64(i)*1500,
	}
}

func TestFramesComeBack(t *testing.T) {
	for _, n := range []int{1, 2, wire.PackFrom - 1, wire.PackFrom, wire.MaxFrameEvents} {
		in := events(t, n)
		f, err := wire.PackFrame([16]byte{1}, wire.StreamEvents, wire.Batch{First: 5, Events: in})
		if err != nil {
			t.Fatal(err)
		}
		if f.Packed != (n >= wire.PackFrom) || f.Count != uint64(n) || f.First != 5 {
			t.Errorf("%d events: packed %v, count %d, first %d", n, f.Packed, f.Count, f.First)
		}
		out, err := f.Unpack()
		if err != nil || !reflect.DeepEqual(in, out) {
			t.Errorf("%d events came back as %d: %v", n, len(out), err)
		}
	}
}

func TestFramesHaveBounds(t *testing.T) {
	big := [][]byte{make([]byte, wire.MaxFrameBytes+1)}
	for name, pack := range map[string]func() (wire.Frame, error){
		"no event": func() (wire.Frame, error) { return wire.PackFrame([16]byte{}, 1, wire.Batch{First: 1, Events: nil}) },
		"too many": func() (wire.Frame, error) {
			return wire.PackFrame([16]byte{}, 1, wire.Batch{First: 1, Events: events(t, 65)})
		},
		"too large": func() (wire.Frame, error) { return wire.PackFrame([16]byte{}, 1, wire.Batch{First: 1, Events: big}) },
		"no such stream": func() (wire.Frame, error) {
			return wire.PackFrame([16]byte{}, 3, wire.Batch{First: 1, Events: events(t, 1)})
		},
		"numbers begin at": func() (wire.Frame, error) {
			return wire.PackFrame([16]byte{}, 1, wire.Batch{First: 0, Events: events(t, 1)})
		},
		"numbers overflow": func() (wire.Frame, error) {
			return wire.PackFrame([16]byte{}, 1, wire.Batch{First: math.MaxUint64, Events: events(t, 1)})
		},
	} {
		if f, err := pack(); err == nil {
			t.Errorf("%s: packed %d events", name, f.Count)
		}
	}
}

func TestHostileFramesAreRefused(t *testing.T) {
	good := func() wire.Frame {
		f, err := wire.PackFrame([16]byte{}, 1, wire.Batch{First: 1, Events: events(t, 3)})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	for name, spoil := range map[string]func(*wire.Frame){
		"says fewer":       func(f *wire.Frame) { f.Count = 2 },
		"says more":        func(f *wire.Frame) { f.Count = 4 },
		"says none":        func(f *wire.Frame) { f.Count = 0 },
		"cut short":        func(f *wire.Frame) { f.Events = f.Events[:len(f.Events)-1] },
		"not packed":       func(f *wire.Frame) { f.Packed = true },
		"not canonical":    func(f *wire.Frame) { f.Events, f.Count = []byte{0x18, 0x01}, 1 },
		"bomb":             func(f *wire.Frame) { f.Packed, f.Events = true, squeeze(t, make([]byte, 100<<20)) },
		"packed cut short": func(f *wire.Frame) { f.Packed, f.Events = true, squeeze(t, f.Events)[:20] },
		"huge event":       func(f *wire.Frame) { f.Events, f.Count = append([]byte{0x59, 0x20, 0}, make([]byte, 0x2000)...), 1 },
	} {
		f := good()
		spoil(&f)
		if out, err := f.Unpack(); err == nil {
			t.Errorf("%s: taken as %d events", name, len(out))
		}
	}
}

func squeeze(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestSetHashIsOfContent(t *testing.T) {
	rows := []struct {
		c         wire.Collection
		key, body string
	}{{1, "a", "bc"}, {1, "ab", "c"}, {2, "a", "bc"}, {1, "a", "bd"}, {1, "", "abc"}}
	seen := map[[16]byte]string{}
	var set [16]byte
	for _, r := range rows {
		h := wire.RowHash(r.c, []byte(r.key), []byte(r.body))
		if other, twice := seen[h]; twice {
			t.Errorf("%v has the hash of %s", r, other)
		}
		seen[h] = fmt.Sprint(r)
		set = wire.Xor(set, h)
	}
	for h := range seen {
		set = wire.Xor(set, h)
	}
	if set != ([16]byte{}) {
		t.Error("adding and taking away every row does not lead back to the empty set")
	}
}

func TestNamesAreSnakeCaseAndTotal(t *testing.T) {
	for got, want := range map[string]string{
		wire.Reason(0).String(): "none", wire.Reason(1).String(): "known_card", wire.Reason(12).String(): "random_uid",
		wire.Reason(20).String(): "pin_unknown", wire.Reason(38).String(): "profile_refused", wire.Reason(99).String(): "reason_99",
		wire.Reason(math.MaxUint64).String(): "reason_18446744073709551615",
		wire.EventKind(6).String():           "device", wire.EventKind(8).String(): "kind_8", wire.Outcome(4).String(): "faulty",
		wire.Stream(1).String(): "ev", wire.Stream(2).String(): "sec", wire.Clock(2).String(): "trusted",
		wire.Accounts.String(): "accounts", wire.Trust.String(): "trust", wire.Collection(13).String(): "collection_13",
		wire.EmailToConfirm.String(): "to_confirm",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// A presentation costs at most 60 bytes on the way at 16 a frame (DESIGN §13), with ids
// that cannot be packed.
func TestEventsAreSmallOnTheWay(t *testing.T) {
	random := rand.NewChaCha8([32]byte{})
	var in [][]byte
	for i := range 16 {
		e := presentation(i)
		_, _ = random.Read(e.Account)
		_, _ = random.Read(e.Card)
		e.At += int64(random.Uint64() % 1000)
		in = append(in, must(t)(wire.Marshal(e)))
	}
	f, err := wire.PackFrame([16]byte{1}, 1, wire.Batch{First: 100_000, Events: in})
	if err != nil {
		t.Fatal(err)
	}
	msg := must(t)(wire.Seal(key('d'), where, f))
	if each := len(msg) / len(in); each > 60 {
		t.Errorf("%d bytes for each event", each)
	}
}

func BenchmarkSealFrame(b *testing.B) {
	in, terminal := events(b, 16), key('d')
	for b.Loop() {
		f, err := wire.PackFrame([16]byte{}, 1, wire.Batch{First: 1, Events: in})
		if err != nil {
			b.Fatal(err)
		}
		msg, err := wire.Seal(terminal, where, f)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(msg))/16, "bytes/event")
	}
}

func BenchmarkOpenFrame(b *testing.B) {
	f, err := wire.PackFrame([16]byte{}, 1, wire.Batch{First: 1, Events: events(b, 16)})
	if err != nil {
		b.Fatal(err)
	}
	terminal := key('d')
	msg, pub := must(b)(wire.Seal(terminal, where, f)), public(terminal)
	for b.Loop() {
		var got wire.Frame
		if err := wire.Open(pub, where, msg, &got); err != nil {
			b.Fatal(err)
		}
		if err := decodeAll(got); err != nil {
			b.Fatal(err)
		}
	}
}

func decodeAll(f wire.Frame) error {
	raw, err := f.Unpack()
	for _, r := range raw {
		var e wire.Event
		if err := wire.Unmarshal(r, &e); err != nil {
			return err
		}
	}
	return err
}
