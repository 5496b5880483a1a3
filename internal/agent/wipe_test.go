package agent_test

import (
	"strings"
	"testing"

	"badged/internal/agent"
	"badged/internal/secret"
	"badged/keypad"
	"badged/reader"
)

// wiped reports whether the memory of a text, which Reveal had shown, holds zeros now.
func wiped(text string) bool { return text == strings.Repeat("\x00", len(text)) && text != "" }

// What a badge said and what was typed lives until the decision and no longer: a dump of
// the memory shows nobody's number.
func TestNumbersAndDigitsAreWipedAfterTheDecision(t *testing.T) {
	l := newLab(t)
	s := newScript("rfid")
	var seen []string // the memory of what the agent had, not copies
	l.opts.Readers = append(l.opts.Readers, agent.Reader{Source: s, Point: "hall", Number: func(c reader.Card) (reader.Number, error) {
		n, err := text(c)
		for _, held := range []string{c.Reveal(), n.Reveal()} {
			if held != "" {
				seen = append(seen, held)
			}
		}
		return n, err
	}})
	l.member("0102030405")
	stop := l.run()
	for _, card := range []string{"0102030405", "9988776655", "unruly"} {
		s.say <- reader.Event{Kind: reader.KindCard, Card: reader.TextCard(card)}
	}
	code, pin := keypad.Code{Text: secret.New("7365")}, keypad.PIN{Text: secret.New("123456")}
	l.Entry(t.Context(), "hall", keypad.Result{Kind: keypad.CodeDone, Code: code})
	l.Entry(t.Context(), "hall", keypad.Result{Kind: keypad.PINDone, PIN: pin})
	stop()
	seen = append(seen, code.Reveal(), pin.Reveal())
	if len(seen) != 2+2+1+2 {
		t.Fatalf("%d texts were looked at", len(seen))
	}
	for i, text := range seen {
		if !wiped(text) {
			t.Errorf("text %d is still there", i)
		}
	}
}
