package protocols_test

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/protocols"
)

// read is what a frame of the vectors says, by the vector's name.
var read = map[string]struct {
	protocol, bits string // as hex; "": no card
}{
	"rdm6300":           {"rdm6300", "as told"},
	"newegg-stx-len":    {"stxlen", "as told"},
	"twn3-inditag":      {"twn3", "as told"},
	"twn4-simple-crc":   {"twn4", ""},
	"pn532-hsu":         {"pn532", "as told"},
	"yhy52x-autoblock":  {"yhy52x", "5EC0E07A"},
	"sycreader-feature": {"sycreader", "4D009602D2"},
}

// Every vector is read by the protocol that it belongs to, as badgectl decode does:
// without options and without a host.
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
			want := read[v.Proto].bits
			if want == "as told" {
				want = v.Card
			}
			in, err := hex.DecodeString(v.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, e := range decode(t, read[v.Proto].protocol, in) {
				if e.Kind != reader.KindCard {
					t.Fatalf("%s %s", e.Kind, e.Why)
				}
				got += e.Card.Hex()
			}
			if got != want {
				t.Errorf("another badge: %d digits, want %d", len(got), len(want))
			}
			damaged(t, read[v.Proto].protocol, in)
		})
	}
	if n < 9 {
		t.Errorf("%d vectors", n)
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
