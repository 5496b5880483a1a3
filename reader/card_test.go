package reader

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestCardsDifferInEverything(t *testing.T) {
	cards := []Card{
		NewCard(EM4100, "EM4100", 40, []byte{0, 1, 2, 3, 4}),
		NewCard(EM4100, "EM4100", 32, []byte{1, 2, 3, 4}), // zeros in front count
		NewCard(EM4100, "EM4100", 26, []byte{1, 2, 3, 0}),
		NewCard(EM4100, "other", 32, []byte{1, 2, 3, 4}),
		TextCard("01020304"),
		TextCard("1020304"),
		{},
	}
	for i, a := range cards {
		for j, b := range cards {
			if (a == b) != (i == j) {
				t.Errorf("card %d == card %d: %v", i, j, a == b)
			}
		}
	}
}

func TestCardTellsItsTextOnlyWhenAsked(t *testing.T) {
	c := NewCard(EM4100, "EM4100", 40, []byte{0x62, 0xE3, 0x08, 0x6C, 0xED})
	if c.Reveal() != "62E3086CED" || c.Hex() != "62E3086CED" || TextCard("12aB").Reveal() != "12aB" {
		t.Error("Reveal or Hex is wrong")
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("card", "card", c, "event", Event{Card: c}, "number", NewNumber(c.Reveal()))
	js, err := json.Marshal(struct{ C, N any }{c, NewNumber(c.Reveal())})
	if err != nil {
		t.Fatal(err)
	}
	shown := log.String() + string(js) + fmt.Sprintf("%v %+v %#v %s %x %q %v", c, c, c, c, c, c, Event{Card: c})
	for _, leak := range []string{"62E3", "62e3", "6c ed", "98 227", "227 8 108"} {
		if strings.Contains(shown, leak) {
			t.Fatal("the card's bits were printed")
		}
	}
	if !strings.Contains(shown, "em4100/40 bits") {
		t.Error("technology and length are not shown")
	}
}

// ISO/IEC 14443-3, table 7: 08 begins a random UID, and the cascade tag 88 is never a
// byte of a UID. Nothing is said of whole UIDs, nor of numbers of other readers.
func TestUIDsThatAreNoBadge(t *testing.T) {
	for _, tt := range []struct {
		name        string
		card        Card
		random, cut bool
	}{
		{"08", NewCard(ISO14443A, "UID", 32, []byte{0x08, 1, 2, 3}), true, false},
		{"DESFire's 80", NewCard(ISO14443A, "UID", 32, []byte{0x80, 1, 2, 3}), true, false},
		{"cut after the cascade tag", NewCard(ISO14443A, "UID", 32, []byte{0x88, 4, 2, 3}), false, true},
		{"whole, 4 bytes", NewCard(ISO14443A, "UID", 32, []byte{0x04, 0x88, 2, 3}), false, false},
		{"whole, 7 bytes from 08", NewCard(ISO14443A, "UID", 56, []byte{0x08, 1, 2, 3, 4, 5, 6}), false, false},
		{"whole, 7 bytes", NewCard(ISO14443A, "UID", 56, []byte{0x88, 1, 2, 3, 4, 5, 6}), false, false},
		{"type B, where 88 may stand", NewCard(ISO14443B, "UID", 32, []byte{0x88, 4, 2, 3}), false, false},
		{"bits of an access control reader", NewCard(PACS, "raw", 32, []byte{0x88, 4, 2, 3}), false, false},
		{"typed", TextCard("8841"), false, false},
	} {
		if tt.card.RandomUID() != tt.random || tt.card.CutUID() != tt.cut {
			t.Errorf("%s: random %v, cut %v", tt.name, tt.card.RandomUID(), tt.card.CutUID())
		}
	}
}

func TestNewCardPanicsOnItsDecodersMistake(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("40 bits in 4 bytes were taken")
		}
	}()
	NewCard(EM4100, "EM4100", 40, make([]byte, 4))
}

func TestOpErrorIsOneLineWithAHint(t *testing.T) {
	cause := errors.New("no such file")
	err := &OpError{Op: "open", Device: "/dev/ttyUSB0", Hint: "plug it in", Err: cause}
	if err.Error() != "open /dev/ttyUSB0: no such file (plug it in)" || !errors.Is(err, cause) {
		t.Error(err)
	}
}
