package store

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"badged/enroll"
	"badged/sync/wire"
)

// rowKey is the key of a local row. Rows that a terminal changes have 16-byte ids.
type rowKey struct {
	c   wire.Collection
	key [16]byte
}

// localRow is what this terminal made of a row.
type localRow struct {
	mark int64  // pos of the security event that tells the hub
	body []byte // the row as the terminal wants it
	base []byte // the hub's row at that time; nil: none
}

// effective is what a row comes to, given the hub's and the terminal's (either may
// be nil), as a change for the index. It is nil for rows that the index does not
// hold, and for a grant that is no more: GoneGrant needs the account that it was for.
// Collections that this version does not know were left by a later one, and are kept.
func effective(c wire.Collection, key, hub []byte, l *localRow) (enroll.Change, error) {
	switch c {
	case wire.Config:
		return effectiveSite(key, hub)
	case wire.Doors:
		return effectiveDoor(key, hub)
	case wire.Leases:
		return nil, checkLeaseRow(key, hub)
	case wire.Schedules:
		return effectiveSchedule(key, hub)
	case wire.Services:
		return effectiveService(key, hub)
	case wire.Trust:
		return nil, nil
	}
	if c > wire.LastCollection {
		return nil, nil
	}
	id, err := id16(c, key)
	if err != nil {
		return nil, err
	}
	switch c {
	case wire.Accounts:
		return effectiveAccount(id, hub, l)
	case wire.Cards:
		return effectiveCard(id, hub, l)
	case wire.Grants:
		return effectiveGrant(id, hub)
	case wire.Claims:
		return effectiveClaim(id, hub, l)
	case wire.PINs:
		return effectivePIN(id, hub)
	case wire.Offers:
		return effectiveOffered(id, hub)
	default:
		return nil, fmt.Errorf("collection %d is not known to this version", c)
	}
}

func effectiveSite(key, hub []byte) (enroll.Change, error) {
	if string(key) != wire.SiteKey { // other rows are kept, and nothing to this version
		return nil, nil
	}
	if hub == nil {
		return enroll.DefaultSite(), nil
	}
	w, understood, err := decode[wire.Site](wire.Config, key, hub)
	return siteFromWire(w, understood), err
}

func effectiveDoor(key, hub []byte) (enroll.Change, error) {
	if hub == nil {
		return enroll.GoneDoor(key), nil
	}
	w, understood, err := decode[wire.Door](wire.Doors, key, hub)
	return doorFromWire(string(key), w, understood), err
}

func effectiveSchedule(key, hub []byte) (enroll.Change, error) {
	if string(key) == wire.HolidaysKey {
		return effectiveHolidays(key, hub)
	}
	id, err := wire.NumberOf(wire.Schedules, key)
	if err != nil || hub == nil {
		return enroll.GoneSchedule(id), err
	}
	w, understood, err := decode[wire.Schedule](wire.Schedules, key, hub)
	return scheduleFromWire(id, w, understood), err
}

func effectiveHolidays(key, hub []byte) (enroll.Change, error) {
	if hub == nil {
		return enroll.GoneHolidays{}, nil
	}
	w, understood, err := decode[wire.Holidays](wire.Schedules, key, hub)
	return holidaysFromWire(w, understood), err
}

func effectiveService(key, hub []byte) (enroll.Change, error) {
	if string(key) == wire.NoticeKey {
		return effectiveNotice(key, hub)
	}
	id, err := wire.NumberOf(wire.Services, key)
	if err != nil || hub == nil {
		return enroll.GoneOffer(id), err
	}
	w, understood, err := decode[wire.Service](wire.Services, key, hub)
	return offerFromWire(id, w, understood), err
}

// effectiveNotice takes a notice that is not understood for what this version knows of it:
// it gives no right.
func effectiveNotice(key, hub []byte) (enroll.Change, error) {
	if hub == nil {
		return enroll.GoneNotice{}, nil
	}
	w, _, err := decode[wire.Notice](wire.Services, key, hub)
	return enroll.Notice(w), err
}

func effectiveOffered(id enroll.AccountID, hub []byte) (enroll.Change, error) {
	if hub == nil {
		return enroll.OfferedRow{}, nil
	}
	_, understood, err := decode[wire.Offer](wire.Offers, id[:], hub)
	return enroll.OfferedRow{NotUnderstood: !understood}, err
}

func effectivePIN(mac enroll.PINMAC, hub []byte) (enroll.Change, error) {
	if hub == nil {
		return enroll.GonePIN(mac), nil
	}
	w, understood, err := decode[wire.PIN](wire.PINs, mac[:], hub)
	return pinFromWire(mac, w, understood), err
}

func checkLeaseRow(key, hub []byte) error {
	if hub == nil {
		return nil
	}
	l, understood, err := decode[wire.Lease](wire.Leases, key, hub)
	if err != nil || !understood {
		return err
	}
	return checkLease(l)
}

func effectiveGrant(id enroll.GrantID, hub []byte) (enroll.Change, error) {
	if hub == nil {
		return nil, nil
	}
	w, understood, err := decode[wire.Grant](wire.Grants, id[:], hub)
	return grantFromWire(id, w, understood), err
}

func effectiveAccount(id enroll.AccountID, hub []byte, l *localRow) (enroll.Change, error) {
	a, ok, err := mergeAccount(id, hub, l)
	if err != nil || ok {
		return a, err
	}
	return enroll.GoneAccount(id), nil
}

// mergeAccount keeps of the terminal's account what it changed of the profile, and that
// it was merged.
func mergeAccount(id enroll.AccountID, hub []byte, l *localRow) (a enroll.Account, ok bool, err error) {
	switch {
	case hub == nil && l == nil:
		return a, false, nil
	case hub == nil:
		a, err = accountOf(id, l.body)
		return a, true, err
	}
	if a, err = accountOf(id, hub); err != nil || l == nil {
		return a, true, err
	}
	mine, err := accountOf(id, l.body)
	if err != nil {
		return a, true, err
	}
	base, err := accountOf(id, l.base)
	if a.State == enroll.AccountNotUnderstood {
		return a, true, err // whatever this terminal made of it
	}
	if l.base != nil && beganAnew(mine, base) && bytes.Equal(hub, l.base) {
		return mine, true, err
	}
	a.Name = changed(a.Name, mine.Name, base.Name)
	a.EmailState = changed(a.EmailState, mine.EmailState, base.EmailState)
	a.Lang = changed(a.Lang, mine.Lang, base.Lang)
	if mine.State == enroll.Merged && a.State < enroll.Merged {
		a.State = enroll.Merged
	}
	if mine.Kind == enroll.Anonymous && mine.EmailState != enroll.EmailNone && mine.Expires.IsZero() {
		a.Expires = time.Time{} // made somebody's own here
	}
	return a, true, err
}

// beganAnew reports whether an account is another life of the one that was there: an
// anonymous one that lapsed, and whose card made a new one, with another number.
func beganAnew(a, had enroll.Account) bool {
	return a.Kind == enroll.Anonymous && had.Kind == enroll.Anonymous && a.Number != had.Number
}

// accountOf decodes an account; nil bytes are an empty one.
func accountOf(id enroll.AccountID, body []byte) (enroll.Account, error) {
	if body == nil {
		return enroll.Account{ID: id}, nil
	}
	w, understood, err := decode[wire.Account](wire.Accounts, id[:], body)
	return accountFromWire(id, w, understood), err
}

// changed is mine if it differs from what it was, else theirs.
func changed[T comparable](theirs, mine, base T) T {
	if mine != base {
		return mine
	}
	return theirs
}

func effectiveCard(id enroll.CardID, hub []byte, l *localRow) (enroll.Change, error) {
	b, ok, err := mergeBinding(id, hub, l)
	if err != nil || ok {
		return b, err
	}
	return enroll.GoneCard(id), nil
}

// mergeBinding gives the hub's binding if there is one, unless the terminal has moved
// the card since.
func mergeBinding(id enroll.CardID, hub []byte, l *localRow) (b enroll.Binding, ok bool, err error) {
	if hub == nil && l == nil {
		return b, false, nil
	}
	body := hub
	if hub == nil {
		body = l.body
	} else if l != nil {
		moved, err := l.movedFrom(hub)
		if err != nil {
			return b, true, err
		}
		if moved {
			body = l.body
		}
	}
	b, err = bindingOf(id, body)
	return b, true, err
}

func bindingOf(id enroll.CardID, body []byte) (enroll.Binding, error) {
	w, understood, err := decode[wire.Binding](wire.Cards, id[:], body)
	return bindingFromWire(id, w, understood), err
}

// movedFrom reports whether a local card was taken from the account that a row of the
// hub's still gives it to. Any other word of the hub's is newer than that.
func (l *localRow) movedFrom(hub []byte) (bool, error) {
	if l.base == nil {
		return false, nil
	}
	row, err1 := bindingOf(enroll.CardID{}, hub)
	base, err2 := bindingOf(enroll.CardID{}, l.base)
	mine, err3 := bindingOf(enroll.CardID{}, l.body)
	moved := row.Account == base.Account && row.Account != mine.Account && row.State == enroll.BindingActive
	return moved, errors.Join(err1, err2, err3)
}

func effectiveClaim(id enroll.ClaimID, hub []byte, l *localRow) (enroll.Change, error) {
	c, ok, err := mergeClaim(id, hub, l)
	if err != nil || ok {
		return c, err
	}
	return enroll.GoneClaim(id), nil
}

// mergeClaim gives a claim that is not live if either side says so.
func mergeClaim(id enroll.ClaimID, hub []byte, l *localRow) (c enroll.Claim, ok bool, err error) {
	if hub == nil && l == nil {
		return c, false, nil
	}
	var mine enroll.Claim
	if l != nil {
		if mine, err = claimOf(id, l.body); err != nil || hub == nil {
			return mine, true, err
		}
	}
	c, err = claimOf(id, hub)
	if l != nil && c.State == enroll.ClaimLive {
		c.State = mine.State
	}
	return c, true, err
}

func claimOf(id enroll.ClaimID, body []byte) (enroll.Claim, error) {
	w, understood, err := decode[wire.Claim](wire.Claims, id[:], body)
	return claimFromWire(id, w, understood), err
}

// outlives reports whether a local row stays when a row of the hub's arrives for it. told
// means that the hub has the local row's event.
func (l *localRow) outlives(c wire.Collection, hub []byte, told bool) (bool, error) {
	switch {
	case c == wire.Accounts:
		return !told, nil
	case c == wire.Cards && !told:
		return l.movedFrom(hub)
	case c == wire.Claims:
		w, _, err := decode[wire.Claim](c, nil, hub)
		return w.State == wire.ClaimLive, err
	default:
		return false, nil
	}
}

// revokes reports whether a row takes rights away: such rows go first.
func revokes(c enroll.Change) bool {
	switch c := c.(type) {
	case enroll.Account:
		return c.State != enroll.Active
	case enroll.Binding:
		return c.State != enroll.BindingActive
	case enroll.Claim:
		return c.State != enroll.ClaimLive
	case enroll.Grant:
		return c.Deny || c.NotUnderstood
	case enroll.Site:
		return c.ClaimsClosed || c.NotUnderstood
	case enroll.Door:
		return c.NotUnderstood
	case enroll.Schedule:
		return c.NotUnderstood
	case enroll.Holidays:
		return c.NotUnderstood
	case enroll.PIN:
		return c.NotUnderstood
	default:
		return true
	}
}
