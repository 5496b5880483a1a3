package pcsc_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"badged/reader"
	"badged/reader/pcsc"
)

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	p, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// The ATRs are those of PC/SC part 3, table 3.4 and its supplement, and of cards that
// Ludovic Rousseau's list of ATRs names.
func TestTechnology(t *testing.T) {
	for _, tt := range []struct {
		name, atr, uid string
		want           reader.Tech
	}{
		{"MIFARE Classic 1K", "3B8F8001804F0CA000000306030001000000006A", "01020304", reader.ISO14443A},
		{"MIFARE Ultralight", "3B8F8001804F0CA0000003060300030000000068", "04010203040506", reader.ISO14443A},
		{"14443 B, part 3", "3B8F8001804F0CA000000306070000000000006E", "01020304", reader.ISO14443B},
		{"SRIX4K by its name", "3B8F8001804F0CA000000306000007000000006E", "D002010203040506", reader.ISO14443B},
		{"ICODE SLI", "3B8F8001804F0CA0000003060B00140000000077", "E004010203040506", reader.ISO15693},
		{"15693, part 4", "3B8F8001804F0CA0000003060C00000000000064", "E007010203040506", reader.ISO15693},
		{"FeliCa", "3B8F8001804F0CA00000030611003B0000000042", "0102030405060708", reader.FeliCa},
		{"FeliCa of an ACR122, which says 14443 A", "3B8F8001804F0CA00000030603F011000000008A", "0102030405060708", reader.FeliCa},
		{"DESFire", "3B8180018080", "04010203040506", reader.ISO14443A},
		{"DESFire with a random UID", "3B8180018080", "08010203", reader.ISO14443A},
		{"no ATR, 15693 by its UID", "", "E007010203040506", reader.ISO15693},
		{"and the other way round", "", "06050403020107E0", reader.ISO15693},
		{"no ATR, 8 bytes", "", "0102030405060708", reader.Unknown},
		{"an ATR that stops", "3B8F8001804F0CA0000003061100", "0102030405060708", reader.Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			uid := unhex(t, tt.uid)
			c, why := pcsc.Card(unhex(t, tt.atr), uid)
			if why != "" || c.Tech() != tt.want || !bytes.Equal(c.Raw(), uid) || c.Bits() != 8*len(uid) {
				t.Errorf("%v %q, want %s", c, why, tt.want)
			}
		})
	}
}

func TestRandomUIDIsKnown(t *testing.T) {
	c, _ := pcsc.Card(unhex(t, "3B8180018080"), unhex(t, "08010203"))
	if !c.RandomUID() {
		t.Error("the UID is taken for a fixed one")
	}
}

func TestATR(t *testing.T) {
	for _, tt := range []struct {
		atr        string
		first      int
		ok         bool
		historical string
	}{
		{"3B00", 0, true, ""},
		{"3B021450", 0, true, "1450"}, // T=0 only has no check byte
		{"3B0214", 0, false, ""},
		{"3B02145000", 0, false, ""},
		{"3B8180018080", 0, true, "80"},
		{"3B81800180", 0, false, ""},
		{"3BD518FF8191FE1FC38073C8211309", 1, true, "8073C82113"},
		{"3F65250052096A9000", 0, true, "52096A9000"}, // TA1, TC1
		{"3B80", 0, false, ""},
		{"3B8080808080808080", 0, false, ""}, // announces for ever
		{"3C00", 0, false, ""},
		{"3B", 0, false, ""},
		{"", 0, false, ""},
		{"3B" + strings.Repeat("80", 40), 0, false, ""},
	} {
		first, ok := pcsc.FirstProtocol(unhex(t, tt.atr))
		h := pcsc.Historical(unhex(t, tt.atr))
		if ok != tt.ok || ok && first != tt.first || !bytes.Equal(h, unhex(t, tt.historical)) {
			t.Errorf("%s: T=%d, %v, %X", tt.atr, first, ok, h)
		}
	}
}

func TestInquiry(t *testing.T) {
	for _, tt := range []struct {
		name    string
		answers []string
		asks    string // the last command
		card    string
		why     reader.Why
	}{
		{"UID", []string{"04A1B2C3D4E5F69000"}, "FFCA000000", "04A1B2C3D4E5F6", ""},
		{"length wanted", []string{"6C07", "04A1B2C3D4E5F69000"}, "FFCA000007", "04A1B2C3D4E5F6", ""},
		{"to be fetched", []string{"6104", "010203049000"}, "FFC0000004", "01020304", ""},
		{"never content", []string{"6C07", "6C07", "6C07"}, "FFCA000007", "", reader.Refused},
		{"not supported", []string{"6A81"}, "FFCA000000", "", reader.Refused},
		{"no such class: a contact card", []string{"6E00"}, "FFCA000000", "", reader.Refused},
		{"failed, with data", []string{"010203046300"}, "FFCA000000", "", reader.Refused},
		{"fewer bytes than asked", []string{"010203046282"}, "FFCA000000", "", reader.Refused},
		{"no UID", []string{"9000"}, "FFCA000000", "", reader.BadLength},
		{"five bytes", []string{"01020304059000"}, "FFCA000000", "", reader.BadLength},
		{"no status word", []string{"90"}, "FFCA000000", "", reader.BadLength},
		{"nothing", []string{""}, "FFCA000000", "", reader.BadLength},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := pcsc.NewInquiry(nil)
			var c reader.Card
			var why reader.Why
			for i, a := range tt.answers {
				if c, why = q.Answer(unhex(t, a)); pcsc.Done(c, why) != (i == len(tt.answers)-1) {
					t.Fatalf("answer %d: done too early or too late", i)
				}
			}
			if why != tt.why || !bytes.Equal(c.Raw(), unhex(t, tt.card)) || !bytes.Equal(q.Command(), unhex(t, tt.asks)) {
				t.Errorf("%v %q; last command %X", c, why, q.Command())
			}
		})
	}
}

// FuzzATR: whatever an ATR says, a card keeps its bytes, and the historical bytes are
// part of the ATR.
func FuzzATR(f *testing.F) {
	for _, s := range []string{"3B8F8001804F0CA000000306030001000000006A", "3BD518FF8191FE1FC38073C8211309", "3B021450"} {
		f.Add(unhex(f, s), unhex(f, "04A1B2C3D4E5F6"))
	}
	f.Fuzz(func(t *testing.T, atr, uid []byte) {
		if h := pcsc.Historical(atr); len(h) > 15 || !bytes.Contains(atr, h) {
			t.Error("historical bytes that are not the ATR's")
		}
		if c, why := pcsc.Card(atr, uid); why == "" && !bytes.Equal(c.Raw(), uid) {
			t.Error("a card that was not sent")
		}
	})
}
