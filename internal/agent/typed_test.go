package agent_test

import (
	"strings"
	"testing"

	"badged/internal/agent"
	"badged/internal/health"
	"badged/reader"
)

// suspicious takes badges that start with 0 for typed numbers.
func suspicious(c reader.Card) bool { return strings.HasPrefix(c.Reveal(), "0") }

// TestNumbersThatAreTakenForBadges (issue 7, 2.2): badges of facility 0 from a reader that may have
// a keypad are a warning that says what to set; other badges end it when they are many.
func TestNumbersThatAreTakenForBadges(t *testing.T) {
	l := newLab(t)
	s := newScript("hall-keys")
	l.opts.Readers = append(l.opts.Readers, agent.Reader{Source: s, Point: "hall", Number: text, MayBeTyped: suspicious})
	l.run()
	s.tap("A1")
	<-l.got
	s.tap("04711")
	it := l.await("reader hall-keys keypad", health.Warn)
	for _, want := range []string{"facility 0", "hall-keys", `keypad = "frame"`, `keypad = "none"`} {
		if !strings.Contains(it.Text+it.Do, want) {
			t.Errorf("%q is missing in %q, %q", want, it.Text, it.Do)
		}
	}
	if strings.Contains(it.Text+it.Do, "4711") {
		t.Error("the warning tells what was typed")
	}
	for range 20 {
		s.tap("A1")
	}
	l.await("reader hall-keys keypad", health.OK)
}

// A keypad that sends each key, and a reader that has none, are under no suspicion.
func TestBadgesOfFacilityZeroWithoutSuchAKeypad(t *testing.T) {
	l := newLab(t)
	keyed, bare := newScript("hall-keys"), newScript("hall-badge")
	l.opts.Readers = append(l.opts.Readers, agent.Reader{Source: keyed, Point: "hall", Number: text, MayBeTyped: suspicious})
	l.attach(bare, "hall")
	l.run()
	keyed.tap("04711")
	<-l.got
	l.await("reader hall-keys keypad", health.Warn)
	keyed.say <- reader.Event{Kind: reader.KindKey, Key: '1'}
	l.await("reader hall-keys keypad", health.OK)
	keyed.tap("04712")
	<-l.got
	bare.tap("04713")
	<-l.got
	for _, it := range l.health.Snapshot() {
		if strings.HasSuffix(it.Name, " keypad") && it.State != health.OK {
			t.Errorf("%s: %s", it.Name, it.Text)
		}
	}
}
