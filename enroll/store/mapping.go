package store

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"badged/enroll"
	"badged/internal/clock"
	"badged/internal/timetable"
	"badged/reader"
	"badged/sync/wire"
)

// maxText bounds the texts of an event, so that every event can be encoded whatever
// a configuration or a panel has put into it.
const maxText = 256

// eventToWire keeps milliseconds of times, and what is valid UTF-8 of texts.
func eventToWire(e enroll.Event) wire.Event {
	w := wire.Event{
		Order: e.Order, Kind: wire.EventKind(e.Kind), Point: text(e.Point), Device: text(e.Device),
		Outcome: wire.Outcome(e.Outcome), Reason: wire.Reason(e.Reason),
		Account: optional(e.Account), Card: optional(e.Card), Claim: optional(e.Claim),
		At: e.At.Wall.UnixMilli(), Clock: wire.Clock(e.At.State), Boot: e.At.Boot[:], Mono: e.At.Mono.Milliseconds(),
		Number: e.Number, Count: e.Count, Label: text(e.Label), Why: text(string(e.Why)),
		Assurance: wire.Assurance(e.Assurance),
	}
	if e.Door != e.Point { // most are called alike
		w.Door = text(e.Door)
	}
	if e.Edit != nil {
		w.Edit = &wire.Edit{Name: text(e.Edit.Name), Email: text(e.Edit.Email), Lang: text(e.Edit.Lang)}
	}
	return w
}

func eventFromWire(w wire.Event, stream wire.Stream, seq uint64) enroll.Event {
	e := enroll.Event{
		Order: w.Order, Seq: seq, Kind: enroll.EventKind(u8(w.Kind)), Point: w.Point, Door: w.Door, Device: w.Device,
		Outcome: enroll.Outcome(u8(w.Outcome)), Reason: enroll.Reason(min(w.Reason, math.MaxUint16)),
		At: clock.Stamp{
			Wall: time.UnixMilli(w.At).UTC(), State: clock.State(min(w.Clock, wire.ClockTrusted)),
			Mono: time.Duration(w.Mono) * time.Millisecond,
		},
		Number: w.Number, Count: w.Count, Label: w.Label, Why: reader.Why(w.Why), Assurance: enroll.Assurance(u8(w.Assurance)),
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

// accountToWire leaves out the groups, which are never the terminal's to say.
func accountToWire(a enroll.Account) wire.Account {
	return wire.Account{
		Kind: wire.AccountKind(a.Kind), State: wire.AccountState(a.State), Number: a.Number, Aliases: a.Aliases, Label: a.Label,
		Name: a.Name, EmailState: wire.EmailState(a.EmailState), Lang: a.Lang, Expires: toMilli(a.Expires),
	}
}

func accountFromWire(id enroll.AccountID, w wire.Account, understood bool) enroll.Account {
	a := enroll.Account{
		ID: id, Kind: enroll.AccountKind(u8(w.Kind)), State: enroll.AccountState(u8(w.State)), Number: w.Number,
		Aliases: w.Aliases, Label: w.Label, Name: w.Name, EmailState: enroll.EmailState(u8(w.EmailState)), Lang: w.Lang,
		Expires: fromMilli(w.Expires), Groups: enroll.NewGroupSet(w.Groups),
	}
	if !understood {
		a.State = enroll.AccountNotUnderstood
	}
	return a
}

func bindingToWire(b enroll.Binding) wire.Binding {
	return wire.Binding{Account: b.Account, State: wire.BindingState(b.State), Assurance: wire.Assurance(b.Assurance), Expires: toMilli(b.Expires)}
}

func bindingFromWire(id enroll.CardID, w wire.Binding, understood bool) enroll.Binding {
	b := enroll.Binding{
		Card: id, Account: w.Account, State: enroll.BindingState(u8(w.State)),
		Assurance: enroll.Assurance(u8(w.Assurance)), Expires: fromMilli(w.Expires),
	}
	if !understood {
		b.State = enroll.BindingNotUnderstood
	}
	return b
}

func claimToWire(c enroll.Claim) wire.Claim {
	return wire.Claim{Account: c.Account, MAC: c.MAC, Ends: toMilli(c.Ends), Doors: c.Doors, State: wire.ClaimState(c.State)}
}

func claimFromWire(id enroll.ClaimID, w wire.Claim, understood bool) enroll.Claim {
	c := enroll.Claim{
		ID: id, Account: w.Account, MAC: w.MAC, Ends: fromMilli(w.Ends), Doors: w.Doors,
		State: enroll.ClaimState(u8(w.State)),
	}
	if !understood {
		c.State = enroll.ClaimNotUnderstood
	}
	return c
}

func grantFromWire(id enroll.GrantID, w wire.Grant, understood bool) enroll.Grant {
	g := enroll.Grant{
		ID: id, Account: w.Account, Group: w.Group, Door: w.Door, Schedule: w.Schedule,
		From: fromMilli(w.From), To: fromMilli(w.To), Deny: w.Deny, NotUnderstood: !understood,
	}
	if g.Group != 0 {
		g.Account = enroll.AccountID{}
	}
	return g
}

// scheduleFromWire takes windows that make no sense for ones that are not understood.
func scheduleFromWire(id uint64, w wire.Schedule, understood bool) enroll.Schedule {
	s := enroll.Schedule{ID: id, NotUnderstood: !understood}
	for _, h := range w.Windows {
		window := timetable.Window{
			Days: timetable.Days(h.Days), From: uint16(min(h.From, math.MaxUint16)), To: uint16(min(h.To, math.MaxUint16)),
		}
		s.NotUnderstood = s.NotUnderstood || !window.Valid() || h.Days > math.MaxUint8
		s.Windows = append(s.Windows, window)
	}
	return s
}

// holidaysFromWire takes days that are none for ones that are not understood.
func holidaysFromWire(w wire.Holidays, understood bool) enroll.Holidays {
	h := enroll.Holidays{NotUnderstood: !understood}
	for _, s := range w.Days {
		day, err := timetable.ParseDay(s)
		h.NotUnderstood = h.NotUnderstood || err != nil
		h.Days = append(h.Days, day)
	}
	slices.Sort(h.Days)
	return h
}

func pinFromWire(mac enroll.PINMAC, w wire.PIN, understood bool) enroll.PIN {
	return enroll.PIN{MAC: mac, Account: w.Account, NotUnderstood: !understood}
}

func offerFromWire(id uint64, w wire.Service, understood bool) enroll.Offer {
	return enroll.Offer{
		ID: id, Kind: enroll.ServiceKind(u8(w.Kind)), French: w.French, English: w.English, Link: w.Link,
		Everyone: w.Everyone, Groups: w.Groups, NotUnderstood: !understood,
	}
}

func doorFromWire(id string, w wire.Door, understood bool) enroll.Door {
	return enroll.Door{
		ID: id, Anonymous: w.Anonymous && understood, UnknownTime: enroll.Policy(u8(w.UnknownTime)),
		FreshFor: seconds(w.FreshFor), Stale: enroll.Policy(u8(w.Stale)), NotUnderstood: !understood,
	}
}

func siteFromWire(w wire.Site, understood bool) enroll.Site {
	s := enroll.Site{
		Name: w.Name, UnknownBadge: enroll.Route(u8(w.UnknownBadge)), Confirm: enroll.Confirm(u8(w.Confirm)),
		Lang: w.Lang, EditProfile: w.EditProfile, CodeDigits: count(w.CodeDigits), ClaimWindow: seconds(w.ClaimWindow),
		GuessBudget: count(w.GuessBudget), ClaimsClosed: w.ClaimsClosed, ClaimsEpoch: w.ClaimsEpoch,
		QuotaBurst: count(w.QuotaBurst), QuotaDay: count(w.QuotaDay), QuotaSite: count(w.QuotaSite),
		AnonymousLife: seconds(w.AnonymousLife), SessionIdle: seconds(w.SessionIdle), SessionMax: sessionMax(w.SessionMax),
		OneCard: w.OneCard, PINLength: count(w.PINLength), Ask: w.Ask, TimeZone: w.TimeZone, Zone: zoneFromWire(w.Offsets),
		NotUnderstood: !understood,
	}
	if !understood {
		s.UnknownBadge, s.EditProfile = enroll.RouteRefuse, false
	}
	return s
}

// zoneFromWire gives no zone for offsets that make no sense.
func zoneFromWire(offsets []wire.Offset) timetable.Zone {
	var z timetable.Zone
	for _, o := range offsets {
		z = append(z, timetable.Offset{Since: o.Since, East: o.East})
	}
	if !z.Valid() {
		return nil
	}
	return z
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

func u8[T ~uint64](n T) uint8 { return uint8(min(n, unknown)) }

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

// decode decodes a row of the hub's for its collection and key. understood is false if it
// says something that must be understood and that this version does not know.
func decode[T any](c wire.Collection, key, body []byte) (row T, understood bool, err error) {
	if understood, err = wire.UnmarshalRow(body, &row); err != nil {
		err = fmt.Errorf("row %x of %s: %w", key[:min(len(key), 4)], c, err)
	}
	return row, understood, err
}

// id16 takes a key of 16 bytes.
func id16(c wire.Collection, key []byte) (id [16]byte, err error) {
	if len(key) != len(id) {
		return id, fmt.Errorf("row of %s: its key has %d bytes, not 16", c, len(key))
	}
	return [16]byte(key), nil
}
