package wire_test

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"runtime"
	"testing"

	"pgregory.net/rapid"

	"badged/sync/wire"
)

// all are the types that a receiver decodes.
var all = []any{
	wire.Hello{}, wire.Frame{}, wire.Event{}, wire.Status{}, wire.Ack{}, wire.Page{}, wire.Account{}, wire.Binding{},
	wire.Grant{}, wire.Claim{}, wire.Door{}, wire.Lease{}, wire.Site{},
	wire.Schedule{}, wire.Holidays{}, wire.PIN{},
}

// A message takes at most this much memory to decode for each of its bytes: the
// largest is an empty Change of a page, 3 words and a number for 5 bytes.
const (
	allocPerByte = 64
	allocBase    = 64 << 10
)

// Whatever bytes come, decoding them does not panic, does not take more memory than
// the bytes are worth, and what is taken has no other encoding.
func FuzzUnmarshal(f *testing.F) {
	for i, v := range all {
		f.Add(byte(i), must(f)(marshalSample(v)))
	}
	huge, _ := hex.DecodeString("a9019b7fffffffffffffff")
	f.Add(byte(5), huge)
	f.Fuzz(func(t *testing.T, which byte, in []byte) {
		v := reflect.New(reflect.TypeOf(all[int(which)%len(all)]))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := wire.Unmarshal(in, v.Interface())
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > allocBase+allocPerByte*uint64(len(in)) {
			t.Errorf("%d bytes took %d bytes of memory", len(in), took)
		}
		if err != nil {
			return
		}
		again := must(t)(wire.Marshal(v.Elem().Interface()))
		if !bytes.Equal(in, again) && len(again) >= len(in) { // shorter: unknown keys were skipped
			t.Errorf("%x was taken and is encoded as %x", in, again)
		}
	})
}

func marshalSample(v any) ([]byte, error) {
	if e, ok := v.(wire.Event); ok {
		e.Boot = make([]byte, 8)
		return wire.Marshal(e)
	}
	return wire.Marshal(v)
}

// Unpacking never gives more than a frame may hold.
func FuzzUnpack(f *testing.F) {
	f.Add(true, uint64(1), []byte{0x1f, 0x8b})
	f.Add(false, uint64(2), []byte{0x00, 0x01})
	f.Fuzz(func(t *testing.T, packed bool, count uint64, body []byte) {
		frame := wire.Frame{Stream: 1, First: 1, Count: count, Packed: packed, Events: body}
		out, err := frame.Unpack()
		if size := len(bytes.Join(out, nil)); err == nil && (size > wire.MaxFrameBytes || len(out) > wire.MaxFrameEvents) {
			t.Errorf("%d events of %d bytes", len(out), size)
		}
	})
}

// Whatever bytes come, verifying them does not panic and takes nothing.
func FuzzVerify(f *testing.F) {
	terminal := key('d')
	f.Add(must(f)(wire.Seal(terminal, where, wire.Status{})))
	f.Fuzz(func(t *testing.T, in []byte) {
		payload, err := wire.Verify(public(terminal), where, in)
		if err == nil && !bytes.Equal(in, must(t)(wire.Sign(terminal, where, payload))) {
			t.Errorf("%x was taken and is not what the terminal signs", in)
		}
	})
}

// What was encoded comes back, whatever was in it.
func TestMessagesComeBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		in := drawEvent(rt)
		b, err := wire.Marshal(in)
		if err != nil {
			rt.Fatal(err)
		}
		var out wire.Event
		if err := wire.Unmarshal(b, &out); err != nil || !reflect.DeepEqual(in, out) {
			rt.Fatalf("%+v came back as %+v: %v", in, out, err)
		}
		p := drawPage(rt)
		b, err = wire.Marshal(p)
		if err != nil {
			rt.Fatal(err)
		}
		var q wire.Page
		if err := wire.Unmarshal(b, &q); err != nil || !reflect.DeepEqual(p, q) {
			rt.Fatalf("%+v came back as %+v: %v", p, q, err)
		}
	})
}

func drawID(t *rapid.T) []byte { return rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id") }

func drawEvent(t *rapid.T) wire.Event {
	e := wire.Event{
		Order: rapid.Uint64().Draw(t, "order"), Kind: wire.EventKind(rapid.Uint64().Draw(t, "kind")), Point: rapid.String().Draw(t, "point"),
		Outcome: wire.Outcome(rapid.Uint64().Draw(t, "outcome")), Reason: wire.Reason(rapid.Uint64().Draw(t, "reason")), At: rapid.Int64().Draw(t, "at"),
		Clock: wire.Clock(rapid.Uint64().Draw(t, "clock")), Boot: rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "boot"), Mono: rapid.Int64().Draw(t, "mono"),
		Number: rapid.Uint64().Draw(t, "number"), Label: rapid.String().Draw(t, "label"), Assurance: wire.Assurance(rapid.Uint64().Draw(t, "assurance")),
		Device: rapid.String().Draw(t, "device"), Why: rapid.String().Draw(t, "why"), Count: rapid.Uint64().Draw(t, "count"), Door: rapid.String().Draw(t, "door"),
	}
	if rapid.Bool().Draw(t, "with ids") {
		e.Account, e.Card, e.Claim = drawID(t), drawID(t), drawID(t)
		e.Edit = &wire.Edit{Name: rapid.String().Draw(t, "name"), Email: rapid.String().Draw(t, "email"), Lang: rapid.String().Draw(t, "lang")}
	}
	return e
}

func drawPage(t *rapid.T) wire.Page {
	p := wire.Page{
		Nonce: [16]byte(drawID(t)), Collection: wire.Collection(rapid.Uint64().Draw(t, "collection")), Snapshot: rapid.Bool().Draw(t, "snapshot"),
		From: rapid.Uint64().Draw(t, "from"), To: rapid.Uint64().Draw(t, "to"), Hash: [16]byte(drawID(t)), Changes: []wire.Change{},
	}
	for range rapid.IntRange(0, 20).Draw(t, "changes") {
		c := wire.Change{Key: drawID(t), Rev: rapid.Uint64().Draw(t, "rev")}
		if rapid.Bool().Draw(t, "alive") {
			c.Body = rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "body")
		}
		p.Changes = append(p.Changes, c)
	}
	return p
}
