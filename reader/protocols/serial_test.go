package protocols_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"badged/keypad"
	"badged/reader"
	"badged/reader/protocols"
	"badged/reader/readertest"
)

// bits are what a vector's frame says, in hex, where its card is written otherwise.
var bits = map[string]string{"yhy52x-autoblock": "5EC0E07A", "sycreader-feature": "4D009602D2"}

// Every vector is read by the protocol that it names, as badgectl decode does: without
// options and without a host.
func TestSerialVectors(t *testing.T) {
	f, err := os.Open("../../testdata/vectors/serial.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		var v struct{ Proto, Bytes, Card string }
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		t.Run(v.Proto, func(t *testing.T) {
			in := readertest.Unhex(t, v.Bytes)
			got := ""
			for _, e := range decode(t, v.Proto, in) {
				if e.Kind != reader.KindCard {
					t.Fatalf("%s %s", e.Kind, e.Why)
				}
				got += e.Card.Hex()
			}
			if want := cmp.Or(bits[v.Proto], v.Card); got != want {
				t.Errorf("another badge: %d digits, want %d", len(got), len(want))
			}
			damaged(t, v.Proto, in)
		})
	}
	if n < 9 {
		t.Errorf("%d vectors", n)
	}
}

// The tables of keypads have the names of the vectors too.
func TestBurstVectors(t *testing.T) {
	for name, want := range map[string]keypad.Key{"4bit": 0, "6bit": '*', "6bit-rosslare": '*', "6bit-parity": '#', "6bit-nibble-parity": '#'} {
		dec, err := protocols.New("wiegand", map[string]string{"keypad": name})
		if err != nil {
			t.Fatal(err)
		}
		var got keypad.Key
		dec.Feed(time.Unix(0, 0), []byte("110111"), func(reader.Event) {})
		dec.Tick(time.Unix(1, 0), func(e reader.Event) { got = e.Key })
		if got != want {
			t.Errorf("%s: another key", name)
		}
	}
}

// No name stands for two protocols, and errors say the usual one.
func TestAliases(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range protocols.All() {
		for _, name := range append([]string{p.Name}, p.Aliases...) {
			if got, err := protocols.Find(name); err != nil || got.Name != p.Name || seen[name] {
				t.Errorf("%s: gives %s, %v", name, got.Name, err)
			}
			seen[name] = true
		}
	}
	_, err := protocols.New("twn3-inditag", map[string]string{"mode": "octal"})
	if err == nil || !strings.HasPrefix(err.Error(), "protocol twn3: option mode") {
		t.Errorf("got %v", err)
	}
}

// damaged checks that no frame with a byte dropped, doubled or changed gives a card;
// one that only grew at its ends may.
func damaged(t *testing.T, protocol string, in []byte) {
	t.Helper()
	none := func(at int, bad []byte) {
		t.Helper()
		for _, e := range decode(t, protocol, bad) {
			if e.Kind == reader.KindCard {
				t.Errorf("byte %d: a card", at)
			}
		}
	}
	for at, b := range in {
		none(at, append(append([]byte{}, in[:at]...), in[at+1:]...))
		twice := append(append([]byte{}, in[:at+1]...), in[at:]...)
		if string(twice[1:]) != string(in) && string(twice[:len(in)]) != string(in) {
			none(at, twice)
		}
		for x := 1; x < 256; x++ {
			bad := append([]byte{}, in...)
			bad[at] = b ^ byte(x)
			none(at, bad)
		}
	}
}

func decode(t *testing.T, protocol string, in []byte) (events []reader.Event) {
	t.Helper()
	dec, err := protocols.New(protocol, nil)
	if err != nil {
		t.Fatal(err)
	}
	emit := func(e reader.Event) { events = append(events, e) }
	at := time.Unix(0, 0)
	dec.Feed(at, in, emit)
	for due := dec.Deadline(); !due.IsZero(); due = dec.Deadline() {
		dec.Tick(due, emit)
	}
	return events
}
