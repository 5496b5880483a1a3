package fleet_test

import (
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"badged/internal/secret"
	"badged/sync/hub/fleet"
	"badged/sync/hub/refusal"
)

func TestAJoinTokenWorksOnce(t *testing.T) {
	w := newWorld(t, t.TempDir())
	text := secret.New("0123456789abcdef")
	if err := w.addTerminal("hall", text, false); err != nil {
		t.Fatal(err)
	}
	key := func(b byte) ed25519.PublicKey { return seed(b).Public().(ed25519.PublicKey) }
	issue := func(name string) ([]byte, error) { return []byte("cert of " + name), nil }
	if _, err := w.hub.Join(t.Context(), secret.New("wrong"), key(3), issue); !refusal.IsKind(err, refusal.Missing) {
		t.Errorf("a wrong secret: %v", err)
	}
	failing := func(string) ([]byte, error) { return nil, errors.New("no") }
	if _, err := w.hub.Join(t.Context(), text, key(3), failing); err == nil {
		t.Error("joined without a certificate")
	}
	first, err := w.hub.Join(t.Context(), text, key(3), issue)
	if err != nil || string(first.Cert) != "cert of hall" {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := w.hub.Join(t.Context(), text, key(3), failing)
	if err != nil || again.Incarnation != first.Incarnation {
		t.Errorf("the same terminal asks again: %v", err)
	}
	if _, err := w.hub.Join(t.Context(), text, key(4), issue); !refusal.IsKind(err, refusal.Conflict) {
		t.Errorf("another terminal uses the token: %v", err)
	}
	if !w.hub.Knows(t.Context(), "hall", key(3)) || w.hub.Knows(t.Context(), "hall", key(4)) || w.hub.Knows(t.Context(), "front", key(3)) {
		t.Error("the hub knows the wrong keys")
	}
	if err := w.addTerminal("hall", secret.New("next"), true); err != nil {
		t.Fatal(err)
	}
	if !w.hub.Knows(t.Context(), "hall", key(3)) {
		t.Error("the old box is locked out before the new one joined")
	}
	if _, err := w.hub.Join(t.Context(), secret.New("next"), key(5), issue); err != nil {
		t.Fatal(err)
	}
	if w.hub.Knows(t.Context(), "hall", key(3)) || !w.hub.Knows(t.Context(), "hall", key(5)) {
		t.Error("the old box is not locked out")
	}
}

func TestWhatCannotBeATerminal(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.join("hall")
	if err := w.addTerminal("UPPER/case", secret.New("x"), false); !refusal.IsKind(err, refusal.Invalid) {
		t.Errorf("a bad name: %v", err)
	}
	if err := w.addTerminal("hall", secret.New("x"), false); !refusal.IsKind(err, refusal.Conflict) {
		t.Errorf("one that has joined: %v", err)
	}
	if err := w.hub.RemoveTerminal(t.Context(), operator, "nobody"); !refusal.IsKind(err, refusal.Missing) {
		t.Errorf("one that is not there: %v", err)
	}
}

// Issue 12, 3: a roster makes all terminals at once. The same roster again keeps tokens that still
// work, makes none for who has joined, and new ones for those whose token has ended or is another.
func TestARosterTwiceChangesNothing(t *testing.T) {
	w := newWorld(t, t.TempDir())
	row := func(name, has, made string) fleet.RosterRow {
		return fleet.RosterRow{Name: name, Has: secret.New(has), New: secret.New(made)}
	}
	life := 48 * time.Hour
	say := func(want string, rows ...fleet.RosterRow) {
		t.Helper()
		out, err := w.addRoster(life, rows...)
		got := ""
		for _, o := range out {
			got += map[[2]bool]string{{true, false}: "joined ", {false, true}: "kept ", {false, false}: "new "}[[2]bool{o.Joined, o.Kept}]
		}
		if err != nil || got != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	key := func(b byte) ed25519.PublicKey { return seed(b).Public().(ed25519.PublicKey) }
	issue := func(name string) ([]byte, error) { return []byte("cert of " + name), nil }
	say("new new ", row("hall", "", "h1"), row("front", "", "f1"))
	say("kept kept ", row("hall", "h1", "h2"), row("front", "f1", "f2"))
	if _, err := w.hub.Join(t.Context(), secret.New("h1"), key(3), issue); err != nil {
		t.Fatalf("the token of a roster: %v", err)
	}
	say("joined new ", row("hall", "h1", "h3"), row("front", "wrong", "f3"))
	if _, err := w.hub.Join(t.Context(), secret.New("f1"), key(4), issue); !refusal.IsKind(err, refusal.Missing) {
		t.Errorf("a token that a roster replaced: %v", err)
	}
	life = -time.Second
	say("new ", row("back", "", "b1"))
	say("new ", row("back", "b1", "b2"))
	if _, err := w.addRoster(life, row("yard", "", "y"), row("UPPER", "", "u")); !refusal.IsKind(err, refusal.Invalid) {
		t.Errorf("a roster with a bad name: %v", err)
	}
	if _, err := w.hub.Join(t.Context(), secret.New("y"), key(5), issue); !refusal.IsKind(err, refusal.Missing) {
		t.Errorf("half of a roster was stored: %v", err)
	}
}
