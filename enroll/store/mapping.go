package store

import (
	"fmt"
	"math"
	"strings"
	"time"

	"badged/enroll"
	"badged/internal/clock"
	"badged/reader"
	"badged/sync/wire"
)

// maxText bounds the texts of an event, so that every event can be encoded whatever
// a configuration or a panel has put into it.
const maxText = 256

// eventToWire keeps milliseconds of times, and what is valid UTF-8 of texts.
func eventToWire(e enroll.Event) wire.Event {
	w := wire.Event{
		Order: e.Order, Kind: uint64(e.Kind), Point: text(e.Point), Device: text(e.Device),
		Outcome: uint64(e.Outcome), Reason: uint64(e.Reason),
		Account: optional(e.Account), Card: optional(e.Card), Claim: optional(e.Claim),
		At: e.At.Wall.UnixMilli(), Clock: uint64(e.At.State), Boot: e.At.Boot[:], Mono: e.At.Mono.Milliseconds(),
		Number: e.Number, Label: text(e.Label), Why: text(string(e.Why)),
	}
	if e.Edit != nil {
		w.Edit = &wire.Edit{Name: text(e.Edit.Name), Email: text(e.Edit.Email), Lang: text(e.Edit.Lang)}
	}
	return w
}

func eventFromWire(w wire.Event, stream, seq uint64) enroll.Event {
	e := enroll.Event{
		Order: w.Order, Seq: seq, Kind: enroll.EventKind(u8(w.Kind)), Point: w.Point, Device: w.Device,
		Outcome: enroll.Outcome(u8(w.Outcome)), Reason: enroll.Reason(min(w.Reason, math.MaxUint16)),
		At: clock.Stamp{
			Wall: time.UnixMilli(w.At).UTC(), State: clock.State(min(w.Clock, uint64(clock.Trusted))),
			Mono: time.Duration(w.Mono) * time.Millisecond,
		},
		Number: w.Number, Label: w.Label, Why: reader.Why(w.Why),
	}
	copy(e.Account[:], w.Account)
	copy(e.Card[:], w.Card)
	copy(e.Claim[:], w.Claim)
	copy(e.At.Boot[:], w.Boot)
	if w.Edit != nil {
		e.Edit = &enroll.Edit{Name: w.Edit.Name, Email: w.Edit.Email, Lang: w.Edit.Lang}
	}
	return e
}

func accountToWire(a enroll.Account) wire.Account {
	return wire.Account{
		Kind: uint64(a.Kind), State: uint64(a.State), Number: a.Number, Label: a.Label,
		Name: a.Name, Email: a.Email, Lang: a.Lang, Expires: toMilli(a.Expires),
	}
}

func accountFromWire(id enroll.AccountID, w wire.Account) enroll.Account {
	return enroll.Account{
		ID: id, Kind: enroll.AccountKind(u8(w.Kind)), State: enroll.AccountState(u8(w.State)), Number: w.Number,
		Label: w.Label, Name: w.Name, Email: w.Email, Lang: w.Lang, Expires: fromMilli(w.Expires),
	}
}

func bindingToWire(b enroll.Binding) wire.Card {
	return wire.Card{Account: b.Account, State: uint64(b.State), Assurance: uint64(b.Assurance), Expires: toMilli(b.Expires)}
}

func bindingFromWire(id enroll.CardID, w wire.Card) enroll.Binding {
	return enroll.Binding{
		Card: id, Account: w.Account, State: enroll.BindingState(u8(w.State)),
		Assurance: enroll.Assurance(u8(w.Assurance)), Expires: fromMilli(w.Expires),
	}
}

func claimToWire(c enroll.Claim) wire.Claim {
	return wire.Claim{Account: c.Account, MAC: c.MAC, Ends: toMilli(c.Ends), Doors: c.Doors, State: uint64(c.State)}
}

func claimFromWire(id enroll.ClaimID, w wire.Claim) enroll.Claim {
	return enroll.Claim{
		ID: id, Account: w.Account, MAC: w.MAC, Ends: fromMilli(w.Ends), Doors: w.Doors,
		State: enroll.ClaimState(u8(w.State)),
	}
}

func grantFromWire(id enroll.GrantID, w wire.Grant) enroll.Grant {
	return enroll.Grant{
		ID: id, Account: w.Account, Door: w.Door, From: fromMilli(w.From), To: fromMilli(w.To), Deny: w.Deny,
	}
}

func doorFromWire(id string, w wire.Door) enroll.Door {
	return enroll.Door{
		ID: id, Anonymous: w.Anonymous, UnknownTime: enroll.Policy(u8(w.UnknownTime)),
		FreshFor: seconds(w.FreshFor), Stale: enroll.Policy(u8(w.Stale)),
	}
}

func siteFromWire(w wire.Site) enroll.Site {
	return enroll.Site{
		Name: w.Name, UnknownBadge: enroll.Route(u8(w.UnknownBadge)), Confirm: enroll.Confirm(u8(w.Confirm)),
		Lang: w.Lang, EditProfile: w.EditProfile, CodeDigits: count(w.CodeDigits), ClaimWindow: seconds(w.ClaimWindow),
		GuessBudget: count(w.GuessBudget), ClaimsClosed: w.ClaimsClosed, ClaimsEpoch: w.ClaimsEpoch,
		QuotaBurst: count(w.QuotaBurst), QuotaDay: count(w.QuotaDay), QuotaSite: count(w.QuotaSite),
		AnonymousLife: seconds(w.AnonymousLife), SessionIdle: seconds(w.SessionIdle), SessionMax: sessionMax(w.SessionMax),
	}
}

// sessionMax is the default for a hub that does not know the setting.
func sessionMax(n int64) time.Duration {
	if n <= 0 {
		return enroll.DefaultSite().SessionMax
	}
	return seconds(n)
}

// unknown stands for a number that this version cannot hold. It equals no known one,
// so it never gives a right.
const unknown = math.MaxUint8

func u8(n uint64) uint8 { return uint8(min(n, unknown)) }

func count(n uint64) int { return int(min(n, math.MaxInt32)) }

func seconds(n int64) time.Duration {
	return time.Duration(min(max(n, 0), math.MaxInt32)) * time.Second
}

func toMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMilli(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func optional[T ~[16]byte](id T) []byte {
	if id == (T{}) {
		return nil
	}
	return id[:]
}

func text(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.ToValidUTF8(s, "")
}

// decode decodes a row of the hub's for its collection and key.
func decode[T any](c wire.Collection, key, body []byte) (row T, err error) {
	if err = wire.Unmarshal(body, &row); err != nil {
		err = fmt.Errorf("row %x of %s: %w", key[:min(len(key), 4)], c, err)
	}
	return row, err
}

// id16 takes a key of 16 bytes.
func id16(c wire.Collection, key []byte) (id [16]byte, err error) {
	if len(key) != len(id) {
		return id, fmt.Errorf("row of %s: its key has %d bytes, not 16", c, len(key))
	}
	return [16]byte(key), nil
}
