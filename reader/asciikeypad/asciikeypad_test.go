package asciikeypad_test

import (
	"testing"
	"time"

	"badged/keypad"
	"badged/reader"
	"badged/reader/asciikeypad"
	"badged/reader/readertest"
)

func keys(s string) (events []reader.Event) {
	for i := range len(s) {
		events = append(events, reader.Event{Kind: reader.KindKey, Key: keypad.Key(s[i])})
	}
	return events
}

func TestContract(t *testing.T) {
	readertest.Decoder(t, readertest.Contract{
		New:     func() reader.Decoder { return asciikeypad.New() },
		Frames:  [][]byte{[]byte("*7365"), []byte("#"), []byte("0123456789"), []byte("1234\r\n")},
		Want:    keys("*7365#01234567891234#"),
		Garbage: [][]byte{{0}, {0xFF, 0xFE}, []byte("abc")},
	})
}

func TestKeys(t *testing.T) {
	fault := reader.Event{Kind: reader.KindFault, Why: reader.BadDigit}
	for _, tt := range []struct {
		name, in string
		want     []reader.Event
	}{
		{"CR is the hash", "12\r", keys("12#")},
		{"LF after it belongs to it", "1\r\n2", keys("1#2")},
		{"LF alone does not", "1\n", append(keys("1"), fault)},
		{"garbage is one fault a run", "1xyz2\xff", append(append(append(keys("1"), fault), keys("2")...), fault)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []reader.Event
			asciikeypad.New().Feed(time.Time{}, []byte(tt.in), func(e reader.Event) { got = append(got, e) })
			if len(got) != len(tt.want) {
				t.Fatalf("%d events, want %d", len(got), len(tt.want))
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("event %d is another", i)
				}
			}
		})
	}
}
