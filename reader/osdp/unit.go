package osdp

import (
	"cmp"
	"io"
	"slices"
	"time"

	"badged/reader"
)

// unit is what the host knows of one reader.
//
//	          ID            CAP: AES         CCRYPT right       RMAC_I right
//	(lost) -----> (ident) -----> (inventory) -----> (challenge) -----> (prove) ------> channel open
//	  ^                              | ClearText                                            |
//	  |                              v                            CAP again, LSTAT          v
//	  |      no reply 3 times    (online) <-------- (status) <------------------------ (inventory)
//	  +------------------------- | POLL, orders; it works when one is answered              ^
//	                             |                       only in a commissioning: (rekey) --+
//	  setback: MAC wrong, NAK    |                                  KEYSET, then all anew
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

// opened voids whatever was under way.
func (u *unit) opened(now time.Time) {
	u.restartConversation()
	u.scheduleRetry(now)
	u.told, u.pause, u.missed, u.falls = "", probeFirst, 0, 0
	u.refuses, u.noCap, u.noLocal = caps{}, false, false
}

// restartConversation restarts the conversation with the reader.
func (u *unit) restartConversation() {
	u.seq, u.tries, u.busy = 0, 0, time.Time{}
	u.leave(ident)
}

// scheduleRetry sets when the reader is asked for next.
func (u *unit) scheduleRetry(at time.Time) {
	u.at = at
	u.leave(lost)
}

// leave voids the channel, what was to be said in it, and the keys that do not count
// any more: the one that was tried last is tried first, if it still counts. A reader
// that is left without key is shut.
func (u *unit) leave(to state) {
	u.state, u.frame, u.order = to, nil, nil
	u.sess, u.open, u.crypts = nil, false, false
	var last Key
	if u.key < len(u.keys) {
		last = u.keys[u.key]
	}
	u.keys = u.candidates()
	u.key, u.wrong = max(0, slices.Index(u.keys, last)), 0
	if u.keyless() {
		u.state = shut
	}
}

// keyless reports whether nothing can be said to the reader.
func (u *unit) keyless() bool { return len(u.candidates()) == 0 && !u.clear() }

// clear reports whether the reader is spoken to in the clear.
func (u *unit) clear() bool { return u.cfg.ClearText && !u.barred }

// speaks reports whether the reader must answer now.
func (u *unit) speaks() bool { return u.alarm == "" && !u.keyless() && !u.box.waiting() }

// wants is when the unit has something to send or to tell; zero: never.
func (u *unit) wants() time.Time {
	if u.box.active() {
		return earlier(u.at, u.box.Until)
	}
	return u.at
}

// tick tells that a reader has no key.
func (u *unit) tick(now time.Time, emit func(reader.Event)) {
	if u.state == shut && !now.Before(u.at) {
		u.deny(now, reader.Insecure, emit)
	}
}

// command gives the next frame, or the last one again; nil: nothing yet.
func (u *unit) command(now time.Time, random io.Reader) []byte {
	if u.state <= shut || now.Before(u.at) {
		return nil
	}
	if u.state == lost {
		u.restartConversation()
		u.probing, u.garbled = true, false
		u.sum = !u.heard && u.missed/2%2 == 1
	}
	if u.frame == nil {
		u.frame = u.build(random)
	}
	if u.frame == nil {
		u.scheduleRetry(now.Add(probeLast))
		return nil
	}
	u.line.Sent++
	return u.frame
}

// build makes the frame that the state asks for; nil: there are no random numbers.
func (u *unit) build(random io.Reader) []byte {
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
		f.code, f.data, f.block = cmdChlng, rndA[:], []byte{scsChlng, u.kind()}
	case prove:
		server := u.sess.server()
		f.code, f.data, f.block = cmdScrypt, server[:], []byte{scsScrypt, u.kind()}
	case rekey:
		f.code, f.data = cmdKeySet, u.box.send()
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
		return u.sess.seal(u.buf[:0], f)
	}
	return f.encode(u.buf[:0])
}

// kind tells the reader which key is meant (annex D.1.3).
func (u *unit) kind() byte {
	const byDefault, own = 0, 1
	if u.keys[u.key] == scbkD {
		return byDefault
	}
	return own
}

// most is how often a command is sent before a reader that does not answer is taken for
// lost: often enough that noise does not look like that, but for repeatTime only.
func (u *unit) most() int { return max(fewest, int(repeatTime/u.cfg.Reply)) }

// unanswered sends the command again, leaves it out if the reader can be used without, or
// gives the reader up.
func (u *unit) unanswered(at time.Time, emit func(reader.Event)) {
	u.tries++
	if u.tries < u.most() && !u.probing {
		u.line.Repeated++
		return
	}
	if u.optional() && u.state != ident && !u.probing {
		u.leaveOut()
		u.setback(at, reader.Silent, emit)
		return
	}
	u.missed++
	why := reader.Silent
	if u.garbled {
		why = reader.Garbage
	}
	u.lose(at, why, emit)
}

// setback opens the channel anew, or gives the reader up.
func (u *unit) setback(at time.Time, why reader.Why, emit func(reader.Event)) {
	u.falls++
	if u.open {
		u.line.Reopened++
	}
	if u.falls > setbacks {
		u.falls = 0
		u.lose(at, why, emit)
		return
	}
	u.restartConversation()
}

// lose gives the reader up for a while. It is told once.
func (u *unit) lose(at time.Time, why reader.Why, emit func(reader.Event)) {
	u.refuses = caps{}
	u.scheduleRetry(at.Add(u.pause))
	u.pause = min(2*u.pause, probeLast)
	if u.told != reader.KindDown {
		u.down(at, why, emit)
	}
	u.why = why
}

// deny keeps a reader offline that somebody must look at. The alarm is told once, that
// it is down each time: it is there, and says so.
func (u *unit) deny(at time.Time, why reader.Why, emit func(reader.Event)) {
	u.pause, u.why = probeFirst, why
	if u.alarm != why {
		u.calm(at, emit)
		u.alarm = why
		u.dev.alarm(at, why, emit)
	}
	u.down(at, why, emit)
	u.scheduleRetry(at.Add(deniedLast))
}

func (u *unit) down(at time.Time, why reader.Why, emit func(reader.Event)) {
	u.told = reader.KindDown
	emit(reader.Event{Kind: reader.KindDown, At: at, Why: why, Unit: u.cfg.Address})
}

// calm ends the alarm that kept the reader offline.
func (u *unit) calm(at time.Time, emit func(reader.Event)) {
	if u.alarm != "" {
		u.dev.over(at, u.alarm, emit)
		u.alarm = ""
	}
}

// works takes the reader for one that can be used: it has answered a poll.
func (u *unit) works(at time.Time, emit func(reader.Event)) {
	u.calm(at, emit)
	u.why, u.pause, u.missed, u.alive = "", probeFirst, 0, at
	u.noCap, u.noLocal, u.unsure = false, false, nil
	if u.told != reader.KindUp {
		u.told = reader.KindUp
		emit(reader.Event{Kind: reader.KindUp, At: at, Unit: u.cfg.Address})
	}
}

// lives tells now and then that the reader answers.
func (u *unit) lives(at time.Time, emit func(reader.Event)) {
	if at.Sub(u.alive) < aliveEvery {
		return
	}
	u.alive, u.falls = at, 0
	if u.forgery && at.Sub(u.forgedAt) >= forgedFor {
		u.forgery = false
		u.dev.over(at, reader.Forged, emit)
	}
	emit(reader.Event{Kind: reader.KindAlive, At: at, Unit: u.cfg.Address})
}
