package hub_test

import (
	"errors"
	"testing"
	"time"

	"badged/sync/hub"
	"badged/sync/wire"
)

// S4.06: an application opens no door; who was merged or erased neither.
func TestWhoCanHaveNoGrant(t *testing.T) {
	w := newWorld(t, t.TempDir())
	if _, err := w.hub.SetDoor(t.Context(), "front", func(*wire.Door) {}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		kind  wire.AccountKind
		state wire.AccountState
		want  error
	}{
		"application": {wire.KindService, wire.AccountActive, hub.ErrConflict},
		"merged":      {wire.KindPerson, wire.AccountMerged, hub.ErrConflict},
		"erased":      {wire.KindPerson, wire.AccountErased, hub.ErrConflict},
		"suspended":   {wire.KindPerson, wire.AccountSuspended, nil}, // for when it is active again
		"active":      {wire.KindPerson, wire.AccountActive, nil},
	} {
		a := w.put(name, c.kind, c.state)
		_, err := w.hub.AddGrant(t.Context(), hub.NewGrant{Account: hub.Hex(a.ID), Door: "front"})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// Merged and erased are final, and a card goes only to somebody who may own one.
func TestAnOperatorCannotBringBackWhatIsFinal(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	ada := w.account("Ada")
	front.report(w.bound(ada.ID, w.claim(ada).ID, "card"))
	card := hub.Hex(w.key.Card("card"))
	for name, c := range map[string]struct {
		kind         wire.AccountKind
		state        wire.AccountState
		state2, card error // of making it active, of giving it the card before that
	}{
		"suspended": {wire.KindPerson, wire.AccountSuspended, nil, hub.ErrConflict},
		"merged":    {wire.KindPerson, wire.AccountMerged, hub.ErrConflict, hub.ErrConflict},
		"erased":    {wire.KindPerson, wire.AccountErased, hub.ErrConflict, hub.ErrConflict},
		"service":   {wire.KindService, wire.AccountActive, nil, hub.ErrConflict},
	} {
		a := w.put(name, c.kind, c.state)
		if _, err := w.hub.SetBindingState(t.Context(), card, wire.BindingActive, hub.Hex(a.ID)); !errors.Is(err, c.card) {
			t.Errorf("%s gets a card: %v, want %v", name, err, c.card)
		}
		if _, err := w.hub.SetAccountState(t.Context(), hub.Hex(a.ID), wire.AccountActive); !errors.Is(err, c.state2) {
			t.Errorf("%s becomes active: %v, want %v", name, err, c.state2)
		}
	}
}

// Only an operator's acknowledgement opens claiming again, no change of a setting.
func TestSettingsDoNotOpenClaiming(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	w.claim(w.account("Ada"))
	guess := wrongCode()
	guess.At = time.Now().UnixMilli() + 1
	for range 8 {
		front.report(guess)
	}
	s, err := w.hub.SetSite(t.Context(), func(s *wire.Site) { s.ClaimsClosed, s.ClaimsEpoch, s.Lang = false, s.ClaimsEpoch+1, "en" })
	if err != nil || !s.ClaimsClosed || s.ClaimsEpoch != 0 || s.Lang != "en" {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestAClaimLivesThirtyDaysAtMost(t *testing.T) {
	w := newWorld(t, t.TempDir())
	ada := w.account("Ada")
	for life, want := range map[time.Duration]error{
		time.Minute: nil, time.Minute - 1: hub.ErrInvalid, hub.LongestClaim: nil, hub.LongestClaim + 1: hub.ErrInvalid, -time.Hour: hub.ErrInvalid,
	} {
		c, err := w.hub.IssueClaim(t.Context(), hub.Hex(ada.ID), nil, life)
		if !errors.Is(err, want) || err == nil && c.Ends.Sub(c.Issued) != life {
			t.Errorf("%v: ends %v after it was issued, %v", life, c.Ends.Sub(c.Issued), err)
		}
	}
}

// A name that turns the direction of the text around it can make a list lie.
func TestNamesCannotTurnTheTextAroundThem(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.report(hall.newAccount("badge", 1))
	id := w.key.Anonymous(w.key.Card("badge"))
	for _, bad := range []string{"Ada \u202Egnivom", "Ada\u2066", "a\x1b[2J", "line\nbreak"} {
		if _, err := w.hub.AddAccount(t.Context(), wire.Edit{Name: bad}, wire.AccountActive); bad != "line\nbreak" && !errors.Is(err, hub.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
		hall.report(wire.Event{Kind: 4, Outcome: 1, Reason: 24, Account: id[:], Edit: &wire.Edit{Name: bad}})
		if a := w.accounts()[id]; a.Name != "" {
			t.Errorf("%q is a name now", bad)
		}
	}
}
