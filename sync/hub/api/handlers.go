package api

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"badged/sync/hub"
	"badged/sync/wire"
)

func (s *server) addAccount(r *http.Request, in NewAccount) (Account, error) {
	state := wire.AccountCreated
	if in.State != "" {
		var err error
		if state, err = parseEnum[wire.AccountState]("state", in.State); err != nil {
			return Account{}, err
		}
	}
	a, err := s.Hub.AddAccount(r.Context(), wire.Edit{Name: in.Name, Email: in.Email, Lang: in.Lang}, state)
	return accountOf(a), err
}

func (s *server) accounts(r *http.Request, _ none) ([]Account, error) {
	return list(accountOf)(s.Hub.Accounts(r.Context()))
}

func (s *server) setAccountState(r *http.Request, in AccountState) (Account, error) {
	state, err := parseEnum[wire.AccountState]("state", in.State)
	if err != nil {
		return Account{}, err
	}
	a, err := s.Hub.SetAccountState(r.Context(), r.PathValue("id"), state)
	return accountOf(a), err
}

func (s *server) edits(r *http.Request, _ none) ([]EditVersion, error) {
	return list(editOf)(s.Hub.Edits(r.Context(), r.PathValue("id")))
}

func (s *server) setDoor(r *http.Request, in DoorPatch) (Door, error) {
	err := cmp.Or(checkEnum[wire.Policy]("unknown_time", in.UnknownTime), checkEnum[wire.Policy]("stale", in.Stale))
	if err != nil {
		return Door{}, err
	}
	d, err := s.Hub.SetDoor(r.Context(), in.ID, in.apply)
	return doorOf(d), err
}

// apply changes what the patch names; its enumerations have been checked.
func (p DoorPatch) apply(d *wire.Door) {
	set(&d.Anonymous, p.Anonymous)
	set(&d.FreshFor, p.FreshFor)
	setEnum(&d.UnknownTime, p.UnknownTime)
	setEnum(&d.Stale, p.Stale)
}

func (s *server) doors(r *http.Request, _ none) ([]Door, error) {
	return list(doorOf)(s.Hub.Doors(r.Context()))
}

func (s *server) addGrant(r *http.Request, in NewGrant) (Grant, error) {
	g, err := s.Hub.AddGrant(r.Context(), hub.NewGrant(in))
	return grantOf(g), err
}

func (s *server) grants(r *http.Request, _ none) ([]Grant, error) {
	return list(grantOf)(s.Hub.Grants(r.Context()))
}

func (s *server) removeGrant(r *http.Request, _ none) (none, error) {
	id, err := idOf(r)
	if err != nil {
		return none{}, err
	}
	return none{}, s.Hub.RemoveGrant(r.Context(), id)
}

// maxMinutes is the longest life of a claim.
const maxMinutes = int(hub.LongestClaim / time.Minute)

func (s *server) addClaim(r *http.Request, in NewClaim) (IssuedClaim, error) {
	if in.Minutes < 0 || in.Minutes > maxMinutes {
		return IssuedClaim{}, &hub.Refusal{Kind: hub.ErrInvalid, Text: fmt.Sprintf("a claim lives from 1 to %d minutes (30 days), not %d", maxMinutes, in.Minutes)}
	}
	c, err := s.Hub.IssueClaim(r.Context(), in.Account, in.Doors, time.Duration(in.Minutes)*time.Minute)
	if err != nil {
		return IssuedClaim{}, err
	}
	return IssuedClaim{ID: hub.Hex(c.ID), Code: c.Code.Reveal(), Ends: c.Ends, Voided: c.Voided}, nil
}

func (s *server) claims(r *http.Request, _ none) ([]Claim, error) {
	return list(claimOf)(s.Hub.Claims(r.Context()))
}

func (s *server) removeClaim(r *http.Request, _ none) (none, error) {
	id, err := idOf(r)
	if err != nil {
		return none{}, err
	}
	return none{}, s.Hub.EndClaim(r.Context(), id)
}

func (s *server) cards(r *http.Request, _ none) ([]Card, error) {
	return list(cardOf)(s.Hub.Bindings(r.Context()))
}

func (s *server) setCardState(r *http.Request, in CardState) (Card, error) {
	state, err := parseEnum[wire.BindingState]("state", in.State)
	if err != nil {
		return Card{}, err
	}
	c, err := s.Hub.SetBindingState(r.Context(), r.PathValue("id"), state, in.Account)
	return cardOf(c), err
}

func (s *server) site(r *http.Request, _ none) (Site, error) {
	site, err := s.Hub.Site(r.Context())
	return s.siteOf(site), err
}

func (s *server) reopen(r *http.Request, _ none) (Site, error) {
	site, err := s.Hub.Reopen(r.Context())
	return s.siteOf(site), err
}

func (s *server) patchSite(r *http.Request, in SitePatch) (Site, error) {
	err := cmp.Or(checkEnum[wire.Route]("unknown_badge", in.UnknownBadge), checkEnum[wire.Confirm]("confirm", in.Confirm))
	if err != nil {
		return Site{}, err
	}
	site, err := s.Hub.SetSite(r.Context(), in.apply)
	return s.siteOf(site), err
}

// apply changes what the patch names; its enumerations have been checked.
func (p SitePatch) apply(s *wire.Site) {
	set(&s.Name, p.Name)
	set(&s.Lang, p.Lang)
	set(&s.EditProfile, p.EditProfile)
	set(&s.CodeDigits, p.CodeDigits)
	set(&s.ClaimWindow, p.ClaimWindow)
	set(&s.GuessBudget, p.GuessBudget)
	set(&s.QuotaBurst, p.QuotaBurst)
	set(&s.QuotaDay, p.QuotaDay)
	set(&s.QuotaSite, p.QuotaSite)
	set(&s.AnonymousLife, p.AnonymousLife)
	set(&s.SessionIdle, p.SessionIdle)
	set(&s.SessionMax, p.SessionMax)
	setEnum(&s.UnknownBadge, p.UnknownBadge)
	setEnum(&s.Confirm, p.Confirm)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}
