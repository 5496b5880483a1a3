package hub_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"badged/internal/secret"
	"badged/sync/hub"
	"badged/sync/wire"
)

// S2.10: live codes.
func TestCodesAreStrongAndFarApart(t *testing.T) {
	w := newWorld(t, t.TempDir())
	var codes []string
	for i := range 100 {
		c, err := w.hub.IssueClaim(t.Context(), hub.Hex(w.account(fmt.Sprint("member ", i)).ID), nil, 0)
		if err != nil {
			t.Fatalf("code %d: %v", i, err)
		}
		codes = append(codes, c.Code.Reveal())
		if mac := w.key.Claim(c.ID, c.Code.Reveal()); mac != c.MAC {
			t.Fatal("the MAC is not of this code")
		}
	}
	for i, a := range codes {
		if len(a) != 4 {
			t.Fatalf("a code of %d digits", len(a))
		}
		if d := a[1] - a[0]; a[2]-a[1] == d && a[3]-a[2] == d {
			t.Error("a code has a constant step")
		}
		for _, b := range codes[:i] {
			if differ(a, b) < 2 {
				t.Error("two live codes are too near")
			}
		}
	}
	_, err := w.hub.IssueClaim(t.Context(), hub.Hex(w.account("one too many").ID), nil, 0)
	if !errors.Is(err, hub.ErrConflict) || !strings.Contains(err.Error(), "100 codes are live") {
		t.Errorf("code 101: %v", err)
	}
}

func differ(a, b string) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// TestS132_AnAmbiguousNameSuggestsNobody: two accounts go by one name, and one of them may be a
// stranger who typed it at a panel. The hub names both with kind and state, and picks none.
func TestS132_AnAmbiguousNameSuggestsNobody(t *testing.T) {
	w := newWorld(t, t.TempDir())
	a, b := w.account("Ada Byron"), w.account("Ada Byron")
	_, err := w.hub.IssueClaim(t.Context(), "ada byron", nil, 0)
	if !errors.Is(err, hub.ErrConflict) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{hub.Hex(a.ID) + " Ada Byron (person, active)", hub.Hex(b.ID) + " Ada Byron (person, active)"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
}

// S2.21, S4.06 and other things that an operator cannot do.
func TestOperatorsAreToldWhatCannotBe(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.report(hall.newAccount("badge", 1))
	if _, err := w.hub.SetDoor(t.Context(), "front", func(*wire.Door) {}); err != nil {
		t.Fatal(err)
	}
	ada, err := w.hub.AddAccount(t.Context(), wire.Edit{Name: " Ada  Byron ", Email: "Ada@Example.com "}, wire.AccountCreated)
	if err != nil || ada.Name != "Ada Byron" || ada.Email != "ada@example.com" {
		t.Fatalf("%+v, %v", ada, err)
	}
	add := func(p wire.Edit) error { _, err := w.hub.AddAccount(t.Context(), p, wire.AccountCreated); return err }
	grant := func(g hub.NewGrant) error { _, err := w.hub.AddGrant(t.Context(), g); return err }
	claim := func(who string, life time.Duration, doors ...string) error {
		_, err := w.hub.IssueClaim(t.Context(), who, doors, life)
		return err
	}
	_, suspend := w.hub.SetAccountState(t.Context(), "Ada Byron", wire.AccountSuspended)
	if suspend != nil {
		t.Fatal(suspend)
	}
	for i, c := range []struct {
		err  error
		kind error
	}{
		{add(wire.Edit{Name: "Other", Email: "ADA@example.com"}), hub.ErrConflict},
		{add(wire.Edit{}), hub.ErrInvalid},
		{add(wire.Edit{Name: "anonym7"}), hub.ErrInvalid},
		{add(wire.Edit{Name: " Anonym  007"}), hub.ErrInvalid},
		{add(wire.Edit{Name: "Anonym Byron 7"}), nil},
		{add(wire.Edit{Name: "x", Email: "nonsense"}), hub.ErrInvalid},
		{add(wire.Edit{Name: "x", Lang: "de"}), hub.ErrInvalid},
		{grant(hub.NewGrant{Account: "anonym1", Door: "front"}), hub.ErrConflict},
		{grant(hub.NewGrant{Account: "Ada Byron", Door: "back"}), hub.ErrNotFound},
		{grant(hub.NewGrant{Account: "nobody", Door: "front"}), hub.ErrNotFound},
		{claim("Ada Byron", 0), hub.ErrConflict},
		{claim("anonym1", 0, "back"), hub.ErrNotFound},
		{claim("anonym1", time.Second), hub.ErrInvalid},
		{w.hub.RemoveGrant(t.Context(), hub.ID{}), hub.ErrNotFound},
		{w.hub.AddTerminal(t.Context(), "UPPER/case", secret.New("x"), false), hub.ErrInvalid},
		{w.hub.AddTerminal(t.Context(), "hall", secret.New("x"), false), hub.ErrConflict},
	} {
		if !errors.Is(c.err, c.kind) {
			t.Errorf("%d: %v, want %v", i, c.err, c.kind)
		}
	}
}

// Issue 7, 4.3: a time so short that a connected door could refuse members is refused.
func TestADoorsTimeWithoutTheHubIsLongEnough(t *testing.T) {
	w := newWorld(t, t.TempDir())
	for seconds, good := range map[int64]bool{-1: false, 1: false, 30: false, 59: false, 0: true, 60: true, 3600: true} {
		_, err := w.hub.SetDoor(t.Context(), "front", func(d *wire.Door) { d.FreshFor = seconds })
		if good != (err == nil) || !good && (!errors.Is(err, hub.ErrInvalid) || !strings.Contains(err.Error(), "at least 60 seconds")) {
			t.Errorf("%d seconds: %v", seconds, err)
		}
	}
}

// Issue 7, 4.4: what nobody can confirm is not asked for. A site that was set to it by an
// older hub can still change everything else.
func TestConfirmByOwnerIsRefusedUntilOwnersCan(t *testing.T) {
	w := newWorld(t, t.TempDir())
	confirm := func(n wire.Confirm) error {
		_, err := w.hub.SetSite(t.Context(), func(s *wire.Site) { s.Confirm = n })
		return err
	}
	if err := confirm(2); !errors.Is(err, hub.ErrInvalid) || !strings.Contains(err.Error(), "set admin") {
		t.Errorf("owner: %v", err)
	}
	if err := confirm(3); err != nil {
		t.Errorf("admin: %v", err)
	}
	ada := w.account("Ada")
	front := w.join("front")
	front.hello()
	front.report(w.bound(ada.ID, w.claim(ada).ID, "card"))
	card := w.key.Card("card")
	if c := w.cards()[card]; c.State != wire.BindingPending {
		t.Errorf("before the operator's word the card is %d", c.State)
	}
	if c, err := w.hub.SetBindingState(t.Context(), hub.Short(card), wire.BindingActive, ""); err != nil || c.State != wire.BindingActive {
		t.Errorf("the operator cannot confirm: %+v, %v", c, err)
	}
	w.keepSite(func(s *wire.Site) { s.Confirm = 2 }) // an older hub took it
	if s, err := w.hub.SetSite(t.Context(), func(s *wire.Site) { s.Lang = "en" }); err != nil || s.Confirm != 2 {
		t.Errorf("nothing else can be set: %+v, %v", s, err)
	}
}

// keepSite changes the settings behind the hub's back.
func (w *world) keepSite(change func(*wire.Site)) {
	w.t.Helper()
	err := w.store.Update(w.t.Context(), func(tx hub.Tx) error {
		var s wire.Site
		body, err := tx.Row(wire.Config, "", []byte("site"))
		if err == nil {
			err = wire.Unmarshal(body, &s)
		}
		if err != nil {
			return err
		}
		change(&s)
		if body, err = wire.Marshal(s); err != nil {
			return err
		}
		return tx.PutRow(wire.Config, "", []byte("site"), body)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestAJoinTokenWorksOnce(t *testing.T) {
	w := newWorld(t, t.TempDir())
	text := secret.New("0123456789abcdef")
	if err := w.hub.AddTerminal(t.Context(), "hall", text, false); err != nil {
		t.Fatal(err)
	}
	key := func(b byte) ed25519.PublicKey { return seed(b).Public().(ed25519.PublicKey) }
	issue := func(name string) ([]byte, error) { return []byte("cert of " + name), nil }
	if _, err := w.hub.Join(t.Context(), secret.New("wrong"), key(3), issue); !errors.Is(err, hub.ErrNotFound) {
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
	if _, err := w.hub.Join(t.Context(), text, key(4), issue); !errors.Is(err, hub.ErrConflict) {
		t.Errorf("another terminal uses the token: %v", err)
	}
	if !w.hub.Knows(t.Context(), "hall", key(3)) || w.hub.Knows(t.Context(), "hall", key(4)) || w.hub.Knows(t.Context(), "front", key(3)) {
		t.Error("the hub knows the wrong keys")
	}
	if err := w.hub.AddTerminal(t.Context(), "hall", secret.New("next"), true); err != nil {
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
