package hid_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/hid"
)

func described(t testing.TB, o hid.Options, descriptor []byte) *hid.Decoder {
	t.Helper()
	d := decoder(t, o)
	if err := d.Describe(descriptor); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestHostileDescriptorsAreRefused(t *testing.T) {
	all := sim.HostileDescriptors()
	if len(all) < 50 {
		t.Fatalf("only %d hostile descriptors", len(all))
	}
	for _, h := range all {
		t.Run(h.Name, func(t *testing.T) {
			err := decoder(t, hid.Options{}).Describe(h.Bytes)
			if err == nil {
				t.Fatal("it was taken")
			}
			if !strings.HasPrefix(err.Error(), "report descriptor: ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAnErrorSaysWhatIsWrongWithWhichByte(t *testing.T) {
	boot := sim.HIDKeyboards()[0].Descriptor
	at := func(i int, with ...byte) []byte { return append(bytes.Clone(boot[:i]), with...) }
	for _, tt := range []struct {
		desc []byte
		want string
	}{
		{nil, "0 bytes: must be 1 to 4096"},
		{make([]byte, 4097), "4097 bytes: must be 1 to 4096"},
		{[]byte{0x05}, "byte 0: the descriptor ends within the item 05, which has 1 bytes of data"},
		{at(6, 0xFE, 0), "byte 6: a long item"},
		{at(6, 0xB4), "byte 6: a pop without a push"},
		{at(6, 0xC0, 0xC0), "byte 7: a collection is closed that was not opened"},
		{at(6), "the descriptor ends within 1 collections"},
		{at(6, 0xC0), "no keyboard: no input of keys (usage page 07) in a collection Keyboard or Keypad"},
		{at(6, 0x85, 0), "byte 6: report id 0: must be 1 to 255"},
		{at(6, 0x19, 9, 0x29, 8), "byte 8: usage minimum 9 is above the maximum 8"},
		{at(6, 0x19, 4, 0x75, 8, 0x95, 1, 0x81, 0), "byte 12: a range of usages with one end"},
		{at(6, 0x75, 8, 0x81, 0), "byte 8: an input of 0 fields of 8 bits"},
		{at(6, 0x75, 8, 0x96, 0xFF, 0x7F, 0x81, 1), "byte 11: an input report of more than 4096 bytes"},
		{at(6, 0x15, 9, 0x25, 8, 0x75, 8, 0x95, 1, 0x81, 0), "byte 14: logical minimum 9 is above the maximum 8"},
	} {
		if err := decoder(t, hid.Options{}).Describe(tt.desc); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
}

// TestARefusedDescriptorChangesNothing: what was described before holds on.
func TestARefusedDescriptorChangesNothing(t *testing.T) {
	k := keyboard(t, "report-id")
	d := described(t, hid.Options{}, k.Descriptor)
	if d.Describe([]byte{1}) == nil {
		t.Fatal("it was taken")
	}
	if got := play(d, 0, reports(t, k, "123\n")...); got != "card 123" {
		t.Errorf("got %q", got)
	}
}

// unhex reads hex with blanks.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	p, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestKeysAreFoundWhereverTheDescriptorPutsThem(t *testing.T) {
	for _, tt := range []struct{ name, descriptor, reports, want string }{
		{
			"a key in four bits behind three bits of padding, modifiers last",
			"05 01 09 06 A1 01 75 01 95 03 81 01 05 07 19 1E 29 27 15 01 25 0A 75 04 95 01 81 00 75 01 95 01 81 01 15 00 25 01 19 E0 29 E7 95 08 81 02 C0",
			"08 00, 00 00, 50 00, 00 02, 50 02", "10)",
		},
		{
			"usages one by one, the index from logical minimum on",
			"05 01 09 06 A1 01 05 07 09 21 09 1F 09 04 15 05 25 07 75 08 95 02 81 00 C0",
			"05 00, 05 07, 00 06", "4a2",
		},
		{
			"values below zero",
			"05 01 09 06 A1 01 05 07 19 1E 29 27 15 FF 25 08 75 08 95 01 81 00 C0",
			"FF, 80, 08, 7F", "10",
		},
		{
			"a logical maximum of 255 written as -1 in one byte",
			"05 01 09 06 A1 01 05 07 19 00 29 FF 15 00 25 FF 75 08 95 01 81 00 C0",
			"1E", "1",
		},
		{
			"usages with their page, on another page",
			"05 01 09 06 A1 01 05 09 1B 1E 00 07 00 2B 27 00 07 00 15 00 25 09 75 08 95 01 81 00 C0",
			"02", "3",
		},
		{
			"a range whose maximum alone has its page",
			"05 01 09 06 A1 01 05 09 19 1E 2B 27 00 07 00 15 00 25 09 75 08 95 01 81 00 C0",
			"02", "3",
		},
		{
			"values below zero only, and one that is not",
			"05 01 09 06 A1 01 05 07 19 1E 29 30 15 F6 25 FF 75 08 95 01 81 00 C0",
			"F6, FF, 00", "10",
		},
		{
			"a key that an array and a bitmap say",
			"05 01 09 06 A1 01 05 07 15 00 25 65 75 08 95 01 19 00 29 65 81 00 19 1E 29 25 25 01 75 01 95 08 81 02 C0",
			"1E 01, 00 00, 1F 02, 00 04", "123",
		},
		{
			"a page that comes after the usages",
			"05 01 09 06 A1 01 05 09 19 1E 29 27 05 07 15 00 25 09 75 08 95 01 81 00 C0",
			"02", "3",
		},
		{
			"a keypad within a physical collection, its designators and strings",
			"05 01 09 07 A1 01 09 00 A1 00 05 07 39 01 79 02 19 59 29 62 15 00 25 09 75 08 95 01 81 00 C0 C0",
			"02", "3",
		},
		{
			"the first of the usages of a delimited set",
			"05 01 09 06 A1 01 05 07 A9 01 09 1E 09 1F A9 00 09 20 15 00 25 01 75 01 95 02 81 02 95 06 81 01 C0",
			"01, 02", "13",
		},
		{
			"physical values are not logical ones",
			"05 01 09 06 A1 01 05 07 19 1E 29 27 15 00 25 09 35 01 45 7F 55 01 65 11 75 08 95 01 81 00 C0",
			"02", "3",
		},
		{
			"what a push kept, a pop brings back",
			"05 01 09 06 A1 01 05 07 15 00 25 65 75 08 95 01 A4 05 09 15 00 25 01 75 01 95 08 81 02 B4 19 00 29 65 81 00 C0",
			"FF 1E", "1",
		},
		{
			"a bitmap with padding, and bits past its usages",
			"05 01 09 06 A1 01 05 07 19 1E 29 20 15 00 25 01 75 01 95 08 81 02 C0",
			"01, F8, 04", "13",
		},
		{
			"one report, keys of two keyboards",
			"05 01 09 06 A1 01 05 07 19 1E 29 27 15 01 25 0A 75 08 95 01 81 00 C0 05 01 09 06 A1 01 05 07 19 59 29 62 81 00 C0",
			"01 00, 01 02", "12",
		},
		{
			"an unused id, a report that only another collection has",
			"05 01 09 06 A1 01 85 07 05 07 19 1E 29 27 15 01 25 0A 75 08 95 01 81 00 C0 05 0C 09 01 A1 01 85 08 19 00 29 7F 81 00 C0",
			"08 02, 08 01 01 01, 07 02, 08", "2",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := described(t, hid.Options{Terminator: hid.None}, unhex(t, tt.descriptor))
			var in [][]byte
			for r := range strings.SplitSeq(tt.reports, ", ") {
				in = append(in, unhex(t, r))
			}
			if got := play(d, 0, in...) + passDeadlines(d); got != "card "+tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestAValueThatStandsForNoKey: 5 is none of -10 to -1.
func TestAValueThatStandsForNoKey(t *testing.T) {
	d := described(t, hid.Options{}, unhex(t, "05 01 09 06 A1 01 05 07 19 1E 29 30 15 F6 25 FF 75 08 95 01 81 00 C0"))
	if got := play(d, 0, []byte{0xF6}, []byte{5}); got != "fault framing" {
		t.Errorf("got %q", got)
	}
}

func FuzzDescriptor(f *testing.F) {
	for _, k := range sim.HIDKeyboards() {
		f.Add(k.Descriptor, []byte{1, 0, 0, 0x1E})
	}
	for _, h := range sim.HostileDescriptors() {
		f.Add(h.Bytes, []byte{1, 0, 0, 0x1E})
	}
	f.Fuzz(func(t *testing.T, descriptor, report []byte) {
		d := decoder(t, hid.Options{})
		if err := d.Describe(descriptor); err != nil {
			return
		}
		if len(descriptor) > 4096 || !bytes.Contains(descriptor, []byte{0x07}) {
			t.Error("a keyboard without the page of keys")
		}
		for n := range len(report) + 1 {
			d.Feed(t0, report[:n], func(reader.Event) {})
		}
	})
}
