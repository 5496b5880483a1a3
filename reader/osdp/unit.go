package osdp

import (
	"cmp"
	"io"
	"slices"
	"time"

	"badged/reader"
)

// unit is the state of one reader at the host.
//
//	          ID            CAP: AES         CCRYPT right       RMAC_I right
//	(lost) -----> (ident) -----> (inventory) -----> (challenge) -----> (prove) ------> channel open
//	  ^                              | ClearText                                            |
//	  |                              v                            CAP again, LSTAT          v
//	  |      no reply 3 times    (online) <-------- (status) <------------------------ (inventory)
//	  +------------------------- | POLL, orders; it works when one is answered              ^
//	                             |                       only in a commissioning: (rekey) --+
//	  setback: MAC wrong, NAK    |                                  KEYSET, then all again
//	  in the clear, sequence     v
//	  refused             (ident), sequence 0; lost when that happens too often in a row
//
// ID, CAP and LSTAT need no good answer: see misfit, unanswered and refused.
//
// (closed) is before Open. (shut) has no key: nobody speaks to it until a
// commissioning. A cryptogram that is wrong with all keys, and PDCAP without AES, lead
// to (lost) with an alarm, and are tried again every few seconds.
type unit struct {
	cfg   Unit
	dev   peripheral
	state state
	told  reader.Kind // KindUp or KindDown, the last one; "": none
	why   reader.Why  // of being offline
	alarm reader.Why  // that was told since it was online

	at      time.Time     // nothing is sent before
	pause   time.Duration // until the next probe of a lost reader
	probing bool          // this may be a lost reader: no retries
	missed  int           // probes in a row
	heard   bool          // it has replied: its kind of check is known
	garbled bool          // something came that was no reply

	seq   byte
	sum   bool   // the old checksum
	code  byte   // of the command that is under way
	data  []byte // and its data
	frame []byte // and all of it, to be sent again; nil: none
	buf   [128]byte
	tries int
	busy  time.Time // it says so since then; zero: it does not
	falls int       // setbacks since it worked
	alive time.Time // KindAlive was told

	sess           *session
	open           bool  // everything is sealed by sess
	keys           []Key // that may be right
	key            int   // which one is tried, or has opened the channel
	wrong          int   // how many of them the reader does not have
	unsure         []Key // of the configured ones: sent in a commissioning, and never seen to be taken
	crypts         bool  // it has answered a challenge, with whatever key
	caps           caps
	refuses        caps // what it says that it can, and refuses
	noCap, noLocal bool // CAP and LSTAT are left out until it works
	had            bool // it has had a secure channel
	order          []order
	box            *box // its commissioning; nil: none
	baud           int  // that COMSET gave it

	barred bool // from clear text, though its configuration allows it

	forgery  bool      // reader.Forged was told, and is not over
	forgedAt time.Time // the last time
	line     Line
}

// Line is how well the line to a reader carries, counted since it was configured. What
// was lost and could be repeated is nothing else than a number here.
type Line struct {
	Sent     uint64 // commands
	Repeated uint64 // of them, because no reply came or a damaged one
	Damaged  uint64 // replies with a wrong check, or that stopped
	Reopened uint64 // secure channels that the reader ended, or somebody in its place
}

type state uint8

const (
	closed state = iota
	shut
	lost
	ident
	inventory
	challenge
	prove
	rekey
	status
	online
)

func newUnit(c Unit) *unit {
	c.Keys = slices.Clone(c.Keys)
	c.Reply = cmp.Or(c.Reply, DefaultReply)
	u := &unit{cfg: c, dev: peripheral{addr: c.Address, formats: c.Formats, fmt: c.FMT}}
	// A reader that has a key of ours got it through AES.
	u.had = len(c.Keys) > 0 && !c.Unproven
	return u
}

// startPort drops an unfinished exchange after the port was opened.
func (u *unit) startPort(now time.Time) {
	u.restartConversation()
	u.scheduleRetry(now)
	u.told, u.pause, u.missed, u.falls = "", probeFirst, 0, 0
	u.refuses, u.noCap, u.noLocal = caps{}, false, false
}

// restartConversation restarts the conversation with the reader.
func (u *unit) restartConversation() {
	u.seq, u.tries, u.busy = 0, 0, time.Time{}
	u.dropChannel(ident)
}

// scheduleRetry sets when the reader is asked for next.
func (u *unit) scheduleRetry(at time.Time) {
	u.at = at
	u.dropChannel(lost)
}

// dropChannel drops the channel, the commands that wait, and the keys that no longer count. It tries
// the last key first, if it still counts. A reader without a key becomes shut.
func (u *unit) dropChannel(to state) {
	u.state, u.frame, u.order = to, nil, nil
	u.sess, u.open, u.crypts = nil, false, false
	var last Key
	if u.key < len(u.keys) {
		last = u.keys[u.key]
	}
	u.keys = u.candidateKeys()
	u.key, u.wrong = max(0, slices.Index(u.keys, last)), 0
	if u.hasNoKey() {
		u.state = shut
	}
}

// hasNoKey reports whether the bus must not talk to the reader, because it has no key.
func (u *unit) hasNoKey() bool { return len(u.candidateKeys()) == 0 && !u.speaksClear() }

// speaksClear reports whether the bus talks to the reader in the clear.
func (u *unit) speaksClear() bool { return u.cfg.ClearText && !u.barred }

// mustAnswer reports whether the reader must answer now.
func (u *unit) mustAnswer() bool { return u.alarm == "" && !u.hasNoKey() && !u.box.isWaiting() }

// nextTime is when the unit has something to send or to emit; zero: never.
func (u *unit) nextTime() time.Time {
	if u.box.isActive() {
		return earlier(u.at, u.box.Until)
	}
	return u.at
}

// denyKeyless reports a reader that has no key.
func (u *unit) denyKeyless(now time.Time, emit func(reader.Event)) {
	if u.state == shut && !now.Before(u.at) {
		u.denyReader(now, reader.Insecure, emit)
	}
}

// nextFrame returns the next frame, or the last one again; nil: nothing yet.
func (u *unit) nextFrame(now time.Time, random io.Reader) []byte {
	if u.state <= shut || now.Before(u.at) {
		return nil
	}
	if u.state == lost {
		u.restartConversation()
		u.probing, u.garbled = true, false
		u.sum = !u.heard && u.missed/2%2 == 1
	}
	if u.frame == nil {
		u.frame = u.buildFrame(random)
	}
	if u.frame == nil {
		u.scheduleRetry(now.Add(probeLast))
		return nil
	}
	u.line.Sent++
	return u.frame
}

// buildFrame makes the frame that the state asks for; nil: there are no random numbers.
func (u *unit) buildFrame(random io.Reader) []byte {
	f := frame{addr: byte(u.cfg.Address), seq: u.seq, sum: u.sum}
	switch u.state {
	case ident:
		f.code, f.data = cmdID, []byte{0}
	case inventory:
		f.code, f.data = cmdCap, []byte{0}
	case challenge:
		var rndA [randomLen]byte
		if _, err := io.ReadFull(random, rndA[:]); err != nil {
			return nil
		}
		u.sess = newSession(u.keys[u.key], rndA)
		f.code, f.data, f.block = cmdChlng, rndA[:], []byte{scsChlng, u.keyKind()}
	case prove:
		server := u.sess.hostCryptogram()
		f.code, f.data, f.block = cmdScrypt, server[:], []byte{scsScrypt, u.keyKind()}
	case rekey:
		f.code, f.data = cmdKeySet, u.box.markSent()
	case status:
		f.code = cmdLocal
	case online:
		f.code = cmdPoll
		if len(u.order) > 0 {
			f.code, f.data = u.order[0].code, u.order[0].data
			u.order = u.order[1:]
		}
	}
	u.code, u.data, u.tries = f.code, f.data, 0
	if u.open {
		return u.sess.sealFrame(u.buf[:0], f)
	}
	return f.encodeClear(u.buf[:0])
}

// keyKind is the byte that names the kind of key to the reader (annex D.1.3).
func (u *unit) keyKind() byte {
	const byDefault, own = 0, 1
	if u.keys[u.key] == scbkD {
		return byDefault
	}
	return own
}

// maxTries is how often the bus sends a command before a reader that does not answer counts as
// lost: often enough to get through noise, but for repeatTime only.
func (u *unit) maxTries() int { return max(fewest, int(repeatTime/u.cfg.Reply)) }

// handleSilence sends the command again, leaves it out if the reader can be used without, or
// gives the reader up.
func (u *unit) handleSilence(at time.Time, emit func(reader.Event)) {
	u.tries++
	if u.tries < u.maxTries() && !u.probing {
		u.line.Repeated++
		return
	}
	if u.isOptional() && u.state != ident && !u.probing {
		u.skipOptional()
		u.reopenChannel(at, reader.Silent, emit)
		return
	}
	u.missed++
	why := reader.Silent
	if u.garbled {
		why = reader.Garbage
	}
	u.loseReader(at, why, emit)
}

// reopenChannel opens the channel again, or gives the reader up after too many.
func (u *unit) reopenChannel(at time.Time, why reader.Why, emit func(reader.Event)) {
	u.falls++
	if u.open {
		u.line.Reopened++
	}
	if u.falls > setbacks {
		u.falls = 0
		u.loseReader(at, why, emit)
		return
	}
	u.restartConversation()
}

// loseReader gives the reader up for a while. It reports that once.
func (u *unit) loseReader(at time.Time, why reader.Why, emit func(reader.Event)) {
	u.refuses = caps{}
	u.scheduleRetry(at.Add(u.pause))
	u.pause = min(2*u.pause, probeLast)
	if u.told != reader.KindDown {
		u.reportDown(at, why, emit)
	}
	u.why = why
}

// denyReader keeps a reader offline that somebody must check. It emits the alarm once, but KindDown
// each time, because the reader is present and answers.
func (u *unit) denyReader(at time.Time, why reader.Why, emit func(reader.Event)) {
	u.pause, u.why = probeFirst, why
	if u.alarm != why {
		u.endAlarm(at, emit)
		u.alarm = why
		u.dev.emitAlarm(at, why, emit)
	}
	u.reportDown(at, why, emit)
	u.scheduleRetry(at.Add(deniedLast))
}

func (u *unit) reportDown(at time.Time, why reader.Why, emit func(reader.Event)) {
	u.told = reader.KindDown
	emit(reader.Event{Kind: reader.KindDown, At: at, Why: why, Unit: u.cfg.Address})
}

// endAlarm ends the alarm that kept the reader offline.
func (u *unit) endAlarm(at time.Time, emit func(reader.Event)) {
	if u.alarm != "" {
		u.dev.emitOver(at, u.alarm, emit)
		u.alarm = ""
	}
}

// reportUp reports that the reader can be used, because it has answered a poll.
func (u *unit) reportUp(at time.Time, emit func(reader.Event)) {
	u.endAlarm(at, emit)
	u.why, u.pause, u.missed, u.alive = "", probeFirst, 0, at
	u.noCap, u.noLocal, u.unsure = false, false, nil
	if u.told != reader.KindUp {
		u.told = reader.KindUp
		emit(reader.Event{Kind: reader.KindUp, At: at, Unit: u.cfg.Address})
	}
}

// reportAlive emits KindAlive at most every aliveEvery, and ends the alarm of a forgery after
// forgedFor.
func (u *unit) reportAlive(at time.Time, emit func(reader.Event)) {
	if at.Sub(u.alive) < aliveEvery {
		return
	}
	u.alive, u.falls = at, 0
	if u.forgery && at.Sub(u.forgedAt) >= forgedFor {
		u.forgery = false
		u.dev.emitOver(at, reader.Forged, emit)
	}
	emit(reader.Event{Kind: reader.KindAlive, At: at, Unit: u.cfg.Address})
}
