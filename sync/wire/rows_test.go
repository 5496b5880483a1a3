package wire_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"badged/sync/wire"
)

// The rows that are decoded by hand come out as the library decodes them, with keys of a
// newer version behind, between which nothing else may slip in.
func TestFrequentRowsAreDecodedAsTheLibraryDoes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		for _, row := range []any{drawAccount(rt), drawCard(rt), drawGrant(rt), drawPIN(rt), drawOffer(rt), drawEvent(rt)} {
			b, err := wire.Marshal(row)
			if err != nil {
				rt.Fatal(err)
			}
			plain, negative := drawNewer(rt)
			if b[0] >= 0xa0+20 { // the count of keys would not fit in the first byte
				plain, negative = nil, nil
			}
			at := negativeFrom(rt, row, b)
			b = slices.Concat([]byte{b[0] + byte(len(plain)+len(negative))}, b[1:at], slices.Concat(plain...), b[at:], slices.Concat(negative...))
			got, want := reflect.New(reflect.TypeOf(row)), reflect.New(reflect.TypeOf(row))
			if err := cbor.Unmarshal(b, want.Interface()); err != nil {
				rt.Fatal(err)
			}
			if _, err := wire.UnmarshalRow(b, got.Interface()); err != nil || !reflect.DeepEqual(got.Elem().Interface(), want.Elem().Interface()) {
				rt.Fatalf("%x was decoded as %+v, want %+v: %v", b, got.Elem(), want.Elem(), err)
			}
		}
	})
}

// drawNewer gives pairs whose keys this version does not know, in order.
func drawNewer(t *rapid.T) (plain, negative [][]byte) {
	return drawPairs(t, "\x18\x64\x82\x01\xa1\x01\x41\x00", "\x19\x01\x01\x1b\x00\x00\x00\x01\x00\x00\x00\x00"),
		drawPairs(t, "\x37\x63abc", "\x38\x63\xf5")
}

func drawPairs(t *rapid.T, from ...string) (pairs [][]byte) {
	for _, pair := range from {
		if rapid.Bool().Draw(t, "newer") {
			pairs = append(pairs, []byte(pair))
		}
	}
	return pairs
}

// negativeFrom is where the negative keys of an encoded row begin.
func negativeFrom(t *rapid.T, row any, b []byte) int {
	g, ok := row.(wire.Grant)
	if !ok {
		return len(b)
	}
	g.Group, g.Schedule = 0, 0
	head, err := wire.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	return len(head)
}

func drawAccount(t *rapid.T) wire.Account {
	a := wire.Account{
		Kind: wire.AccountKind(rapid.Uint64().Draw(t, "kind")), State: wire.AccountState(rapid.Uint64().Draw(t, "state")), Number: drawOptional(t, rapid.Uint64()),
		Label: drawOptional(t, rapid.String()), Name: drawOptional(t, rapid.String()),
		Lang: drawOptional(t, rapid.String()), Expires: drawOptional(t, rapid.Int64()),
	}
	if rapid.Bool().Draw(t, "aliases") {
		a.Aliases = rapid.SliceOfN(rapid.Uint64(), 1, 30).Draw(t, "numbers")
	}
	if rapid.Bool().Draw(t, "groups") {
		a.Groups = rapid.SliceOfN(rapid.Uint64(), 1, 30).Draw(t, "numbers")
	}
	a.EmailState = drawOptional(t, rapid.Just(wire.EmailConfirmed))
	return a
}

func drawCard(t *rapid.T) wire.Binding {
	return wire.Binding{
		Account: [16]byte(drawID(t)), State: wire.BindingState(rapid.Uint64().Draw(t, "state")), Assurance: wire.Assurance(rapid.Uint64().Draw(t, "assurance")),
		Expires: drawOptional(t, rapid.Int64()),
	}
}

func drawGrant(t *rapid.T) wire.Grant {
	return wire.Grant{
		Account: [16]byte(drawID(t)), Door: rapid.String().Draw(t, "door"), From: drawOptional(t, rapid.Int64()),
		To: drawOptional(t, rapid.Int64()), Deny: rapid.Bool().Draw(t, "deny"),
		Group: drawOptional(t, rapid.Uint64()), Schedule: drawOptional(t, rapid.Uint64()),
	}
}

func drawPIN(t *rapid.T) wire.PIN { return wire.PIN{Account: [16]byte(drawID(t))} }

func drawOptional[T any](t *rapid.T, g *rapid.Generator[T]) (v T) {
	if rapid.Bool().Draw(t, "is there") {
		v = g.Draw(t, "value")
	}
	return v
}

func drawOffer(t *rapid.T) wire.Offer {
	numbers := rapid.SliceOfN(rapid.Uint64(), 1, 3)
	o := wire.Offer{All: rapid.Bool().Draw(t, "all"), Agreed: rapid.Uint64().Draw(t, "agreed")}
	if rapid.Bool().Draw(t, "services") {
		o.Services = numbers.Draw(t, "services of it")
	}
	if rapid.Bool().Draw(t, "groups") {
		o.Groups = numbers.Draw(t, "groups of it")
	}
	return o
}

// What was decoded stays as it was when the bytes are used for something else.
func TestEventStandsApartFromItsBytes(t *testing.T) {
	want := wire.Event{Account: []byte("0123456789abcdef"), Card: []byte("fedcba9876543210"), Boot: []byte("bootboot"), Point: "front"}
	b, err := wire.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got wire.Event
	if err := wire.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	clear(b)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the event is %+v now", got)
	}
}
