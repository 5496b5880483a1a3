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
	// Cleared is the technician's statement that the reader was reset to its factory settings.
	// Without it, a reader that has its own key gets the new one only inside the channel with
	// the old key: anybody on the line can claim to be in install mode, and would get the key.
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

// isActive reports whether it still goes on.
func (x *box) isActive() bool { return x.isWaiting() || x != nil && x.stage == KeySet }

// isWaiting reports whether the reader has not taken the new key yet.
func (x *box) isWaiting() bool { return x != nil && (x.stage == Waiting || x.stage == Sent) }

// markSent gives the data of KEYSET (SIA OSDP 2.2, section 6.20): kind, length, key.
func (x *box) markSent() []byte {
	const scbk = 1
	x.stage, x.gave = Sent, true
	return append([]byte{scbk, keyLen}, x.Key.Reveal()...)
}

// Commission gives a reader a new key: its first one, or another. The bus opens the channel
// with a key that the reader has, or, if it has none or was cleared, with the default key; in
// that channel it sends only the new key. Then it opens the channel with the new key.
// Commissioned returns the progress.
func (b *Bus) Commission(now time.Time, address int, c Commission) error {
	u := b.findUnit(address)
	switch {
	case u == nil:
		return errNoUnit
	case u.cfg.ClearText:
		return fmt.Errorf("commission OSDP reader %d: it is configured to speak in the clear", address)
	case c.Key.Weak():
		return fmt.Errorf("commission OSDP reader %d: %w", address, errWeakKey)
	case b.keyIsShared(u, c.Key):
		return fmt.Errorf("commission OSDP reader %d: %w", address, errSameKey)
	case !c.Until.After(now) || c.Until.Sub(now) > MaxCommission:
		return fmt.Errorf("commission OSDP reader %d: the time must be 1 s to %v", address, MaxCommission)
	case u.state == closed:
		return errors.New("commission an OSDP reader: its line is not open")
	case u.box.isActive():
		return fmt.Errorf("commission OSDP reader %d: it is being commissioned already", address)
	}
	u.box = &box{Commission: c, byDefault: c.Cleared || !u.hasOwnKey(), stage: Waiting}
	u.restartAtOnce(now)
	b.stopWaiting(u)
	b.updateSilence()
	return nil
}

// Commissioned returns the stage of a reader's last commissioning, and if it failed, why: the
// Why of a reader that was not in install mode is WrongKey. After a failure a reader that was
// sent the new key (GaveKey) may have it or not: the bus tries both keys.
func (b *Bus) Commissioned(address int) (Stage, reader.Why) {
	if u := b.findUnit(address); u != nil && u.box != nil {
		return u.box.stage, u.box.why
	}
	return NotAsked, ""
}

// GaveKey reports whether the last commissioning of a reader has sent the new key at
// least once. If not, nobody but the caller has it.
func (b *Bus) GaveKey(address int) bool {
	u := b.findUnit(address)
	return u != nil && u.box != nil && u.box.gave
}

// StopCommission ends a commissioning before its time.
func (b *Bus) StopCommission(now time.Time, address int) {
	if u := b.findUnit(address); u != nil && u.box.isActive() {
		b.closeCommission(now, u, Stopped)
	}
}

// hasOwnKey reports whether the reader is known to have one of its keys.
func (u *unit) hasOwnKey() bool {
	return slices.ContainsFunc(u.cfg.Keys, func(k Key) bool { return !slices.Contains(u.unsure, k) })
}

// stopWaiting stops waiting for a reply, and sends nothing until the reply would be overdue.
func (b *Bus) stopWaiting(u *unit) {
	if b.asked == u {
		b.asked, b.free = nil, b.due
	}
}

// restartAtOnce restarts the conversation with the reader at once.
func (u *unit) restartAtOnce(now time.Time) {
	u.key, u.falls = 0, 0
	u.pause = probeFirst
	u.scheduleRetry(now)
}

// expireCommissions ends commissionings whose time is over. Outstanding replies of their readers no longer
// count, because they belong to the default key.
func (b *Bus) expireCommissions(now time.Time) {
	for _, u := range b.units {
		if u.box.isActive() && !now.Before(u.box.Until) {
			b.closeCommission(now, u, Expired)
		}
	}
}

// closeCommission ends a commissioning without result.
func (b *Bus) closeCommission(now time.Time, u *unit, stage Stage) {
	u.endCommission(stage)
	u.restartAtOnce(now)
	b.stopWaiting(u)
	b.updateSilence()
}

// refuseCommission ends a commissioning that cannot succeed. The caller decides what follows.
func (u *unit) refuseCommission(why reader.Why) {
	if u.box.isActive() {
		u.endCommission(Refused)
		u.box.why = why
	}
}

// endCommission ends the time of the default key. The new key stays, if the reader may have it.
func (u *unit) endCommission(stage Stage) {
	if u.box.gave {
		u.keepKey(u.box.Key)
		u.unsure = append(u.unsure, u.box.Key)
	}
	u.box.stage = stage
}

// keepKey remembers a key that the reader may have.
func (u *unit) keepKey(k Key) {
	if !slices.Contains(u.cfg.Keys, k) {
		u.cfg.Keys = append(u.cfg.Keys, k)
	}
}

// candidateKeys returns the keys to try, in order. During a commissioning the default key follows,
// and then the new key, even if it was never sent: an answer to its challenge shows that the
// reader has the secure channel, and some other key.
func (u *unit) candidateKeys() (keys []Key) {
	switch {
	case !u.box.isActive():
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

// hasOwnChannel reports whether the channel is open with a key of the reader's own.
func (u *unit) hasOwnChannel() bool { return u.open && u.keys[u.key] != scbkD }

// continueCommission continues a commissioning when the channel is open.
func (u *unit) continueCommission() {
	switch {
	case !u.box.isActive():
	case u.keys[u.key] == u.box.Key:
		u.box.stage, u.box.why = Secured, ""
		u.cfg.Keys = []Key{u.box.Key}
		u.keys, u.key = u.candidateKeys(), 0
	default:
		u.state = rekey
	}
}

// reopenWithNewKey reopens the channel with the key that the reader has now.
func (u *unit) reopenWithNewKey() {
	u.box.stage = KeySet
	u.keepKey(u.box.Key)
	u.key = 0
	u.restartConversation()
}

// Status is the state of a reader.
type Status struct {
	Online    bool
	Secure    bool       // inside the channel, with a key of its own
	ClearText bool       // it is configured to speak in the clear: anybody on the wire can make badges
	Why       reader.Why // of being offline, as in KindDown; "": not tried yet
	Baud      int        // the speed that it took by Bus.ComSet; 0: none
	Line      Line
}

// Status returns the state of the reader at an address; ok is false if there is none.
func (b *Bus) Status(address int) (s Status, ok bool) {
	u := b.findUnit(address)
	if u == nil {
		return s, false
	}
	s = Status{Online: u.state == online && u.told == reader.KindUp, ClearText: u.speaksClear(), Why: u.why, Baud: u.baud, Line: u.line}
	s.Secure = s.Online && u.hasOwnChannel()
	return s, true
}

// Opened returns the key with which a reader's channel is open; false: it is not open with an
// own key.
func (b *Bus) Opened(address int) (Key, bool) {
	u := b.findUnit(address)
	if u == nil || !u.hasOwnChannel() {
		return Key{}, false
	}
	return u.keys[u.key], true
}
