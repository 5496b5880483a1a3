package osdp

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"badged/reader"
)

// MaxCommission is the longest time that a commissioning may take.
const MaxCommission = time.Hour

// Stage is how far a commissioning is.
type Stage string

// The stages. From Secured on it is over.
const (
	NotAsked Stage = ""
	Waiting  Stage = "waiting" // for the reader to open the channel with a key that is known
	Sent     Stage = "sent"    // the new key is on its way
	KeySet   Stage = "key_set" // the reader has taken it
	Secured  Stage = "secured" // the channel is open with it
	Refused  Stage = "refused"
	Expired  Stage = "expired" // the time was over
	Stopped  Stage = "stopped"
)

// Commission is a new key for a reader.
type Commission struct {
	Until time.Time // no longer than MaxCommission
	// Key must be on disk already: a reader with a key that nobody knows has to be cleared
	// by hand.
	Key Key
	// Cleared is the technician's word that the reader was reset to its factory settings.
	// Without it, a reader that has a key of its own is given another one inside that
	// channel only: anybody on the line can claim to be in install mode, and would be told
	// the new key.
	Cleared bool
}

// box is a commissioning: the time, and nothing else, in which the default key counts.
// A nil box is none.
type box struct {
	Commission
	byDefault bool // the default key is one to try
	stage     Stage
	why       reader.Why
	gave      bool // KEYSET was sent
}

// active reports whether it still goes on.
func (x *box) active() bool { return x.waiting() || x != nil && x.stage == KeySet }

// waiting reports whether the reader has not taken the new key yet.
func (x *box) waiting() bool { return x != nil && (x.stage == Waiting || x.stage == Sent) }

// send gives the data of KEYSET (SIA OSDP 2.2, section 6.20): kind, length, key.
func (x *box) send() []byte {
	const scbk = 1
	x.stage, x.gave = Sent, true
	return append([]byte{scbk, keyLen}, x.Key.Reveal()...)
}

// Commission gives a reader a new key: its first one, or another. Until then, the
// channel is opened with a key that the reader has, or, if it has none or was cleared,
// with the default key; in it, the new key is sent and nothing else done. Then the
// channel is opened with the new key. Commissioned tells how it goes.
func (b *Bus) Commission(now time.Time, address int, c Commission) error {
	u := b.unit(address)
	switch {
	case u == nil:
		return errNoUnit
	case u.cfg.ClearText:
		return fmt.Errorf("commission OSDP reader %d: it is configured to speak in the clear", address)
	case c.Key.Weak():
		return fmt.Errorf("commission OSDP reader %d: %w", address, errWeakKey)
	case b.shares(u, c.Key):
		return fmt.Errorf("commission OSDP reader %d: %w", address, errSameKey)
	case !c.Until.After(now) || c.Until.Sub(now) > MaxCommission:
		return fmt.Errorf("commission OSDP reader %d: the time must be 1 s to %v", address, MaxCommission)
	case u.state == closed:
		return errors.New("commission an OSDP reader: its line is not open")
	case u.box.active():
		return fmt.Errorf("commission OSDP reader %d: it is being commissioned already", address)
	}
	u.box = &box{Commission: c, byDefault: c.Cleared || !u.keyed(), stage: Waiting}
	u.anew(now)
	b.hangUp(u)
	b.updateSilence()
	return nil
}

// Commissioned tells how far the last commissioning of a reader is, and if it failed,
// why: the Why of a reader that was not in install mode is WrongKey. A reader that was
// given the new key (GaveKey) may have it then, or not: both are tried.
func (b *Bus) Commissioned(address int) (Stage, reader.Why) {
	if u := b.unit(address); u != nil && u.box != nil {
		return u.box.stage, u.box.why
	}
	return NotAsked, ""
}

// GaveKey reports whether the last commissioning of a reader has sent the new key at
// least once. If not, nobody but the caller has it.
func (b *Bus) GaveKey(address int) bool {
	u := b.unit(address)
	return u != nil && u.box != nil && u.box.gave
}

// StopCommission ends a commissioning before its time.
func (b *Bus) StopCommission(now time.Time, address int) {
	if u := b.unit(address); u != nil && u.box.active() {
		b.close(now, u, Stopped)
	}
}

// keyed reports whether the reader is known to have one of its keys.
func (u *unit) keyed() bool {
	return slices.ContainsFunc(u.cfg.Keys, func(k Key) bool { return !slices.Contains(u.unsure, k) })
}

// hangUp stops waiting for a reply, and keeps the line free until it would be overdue.
func (b *Bus) hangUp(u *unit) {
	if b.asked == u {
		b.asked, b.free = nil, b.due
	}
}

// anew restarts the conversation with the reader at once.
func (u *unit) anew(now time.Time) {
	u.key, u.falls = 0, 0
	u.pause = probeFirst
	u.scheduleRetry(now)
}

// expire ends commissionings whose time is over. What their readers still have to say
// was asked for with the default key: it does not count any more.
func (b *Bus) expire(now time.Time) {
	for _, u := range b.units {
		if u.box.active() && !now.Before(u.box.Until) {
			b.close(now, u, Expired)
		}
	}
}

// close ends a commissioning without result.
func (b *Bus) close(now time.Time, u *unit, stage Stage) {
	u.end(stage)
	u.anew(now)
	b.hangUp(u)
	b.updateSilence()
}

// refuse ends a commissioning that cannot succeed. What is next is the caller's.
func (u *unit) refuse(why reader.Why) {
	if u.box.active() {
		u.end(Refused)
		u.box.why = why
	}
}

// end ends the time of the default key. The new key stays, if the reader may have it.
func (u *unit) end(stage Stage) {
	if u.box.gave {
		u.keep(u.box.Key)
		u.unsure = append(u.unsure, u.box.Key)
	}
	u.box.stage = stage
}

// keep remembers a key that the reader may have.
func (u *unit) keep(k Key) {
	if !slices.Contains(u.cfg.Keys, k) {
		u.cfg.Keys = append(u.cfg.Keys, k)
	}
}

// candidates gives the keys to try, in order. In a commissioning only, the default key
// follows; behind it stands the new key even if it was never sent: that a reader answers
// its challenge shows that it has the secure channel, and some other key.
func (u *unit) candidates() (keys []Key) {
	switch {
	case !u.box.active():
		return slices.Clone(u.cfg.Keys)
	case u.box.stage == KeySet:
		return []Key{u.box.Key}
	case u.box.gave:
		keys = []Key{u.box.Key}
	}
	keys = append(keys, u.cfg.Keys...)
	if u.box.byDefault {
		keys = append(keys, scbkD)
	}
	if !u.box.gave {
		keys = append(keys, u.box.Key)
	}
	return keys
}

// owned reports whether the channel is open with a key of the reader's own.
func (u *unit) owned() bool { return u.open && u.keys[u.key] != scbkD }

// commissioned goes on with a commissioning when the channel is open.
func (u *unit) commissioned() {
	switch {
	case !u.box.active():
	case u.keys[u.key] == u.box.Key:
		u.box.stage, u.box.why = Secured, ""
		u.cfg.Keys = []Key{u.box.Key}
		u.keys, u.key = u.candidates(), 0
	default:
		u.state = rekey
	}
}

// rekeyed has the channel opened with the key that the reader has now.
func (u *unit) rekeyed() {
	u.box.stage = KeySet
	u.keep(u.box.Key)
	u.key = 0
	u.restartConversation()
}

// Status is how it stands with a reader.
type Status struct {
	Online    bool
	Secure    bool       // inside the channel, with a key of its own
	ClearText bool       // it is configured to speak in the clear: anybody on the wire can make badges
	Why       reader.Why // of being offline, as in KindDown; "": not tried yet
	Baud      int        // the speed that it took by Bus.ComSet; 0: none
	Line      Line
}

// Status tells how it stands with the reader at an address.
func (b *Bus) Status(address int) (s Status, ok bool) {
	u := b.unit(address)
	if u == nil {
		return s, false
	}
	s = Status{Online: u.state == online && u.told == reader.KindUp, ClearText: u.clear(), Why: u.why, Baud: u.baud, Line: u.line}
	s.Secure = s.Online && u.owned()
	return s, true
}

// Opened gives the key with which a reader's channel is open; false: it is not.
func (b *Bus) Opened(address int) (Key, bool) {
	u := b.unit(address)
	if u == nil || !u.owned() {
		return Key{}, false
	}
	return u.keys[u.key], true
}
