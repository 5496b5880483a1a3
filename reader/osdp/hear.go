package osdp

import (
	"time"

	"badged/reader"
)

// handleReply takes a frame of the reader while a command is under way, and reports whether it
// was the reply to it; with false it still may come.
func (u *unit) handleReply(at time.Time, f *frame, emit func(reader.Event)) bool {
	nak := f.code == replyNAK && f.block == nil && len(f.data) > 0
	switch {
	case f.code == replyBusy && f.block == nil:
		u.waits(at, emit) // its sequence is 0 whatever the command's (section 7.19)
	case nak && f.data[0] == nakSequence:
		// It was restarted, or somebody wants the channel to be opened again.
		u.setback(at, reader.Refused, emit)
	case f.seq != u.seq:
		return false // to an earlier command
	case nak && f.data[0] == nakCheck:
		u.unanswered(at, emit)
	case nak && u.open:
		u.refusedInTheClear(at, f.data[0], emit)
	case u.open && u.state == rekey && f.code == replyACK && f.block == nil:
		// Some readers drop the channel with the old key before they acknowledge. If
		// this one has the new key shows when the channel is opened with it.
		u.rekeyed()
	case u.fits(f) && (!u.open || u.sess.open(f)):
		u.answered(at, f, emit)
	default:
		return u.misfit(at, f, emit)
	}
	return true
}

// fits reports whether the frame has a security block that it may have now. Inside the
// channel the MAC decides, which covers the block.
//
// RMAC_I comes in SCS_14 (annex D.1.3). Peripherals made with early versions of OSDP.Net
// send it in SCS_12. Both are taken: the block proves nothing, and the 16 bytes behind it
// are compared with what only a holder of the key can know.
func (u *unit) fits(f *frame) bool {
	switch {
	case u.open:
		return f.secured()
	case f.code == replyCrypt:
		return f.kind() == scsCrypt && u.state == challenge
	case f.code == replyRMAC:
		return (f.kind() == scsRMAC || f.kind() == scsCrypt) && u.state == prove
	}
	return f.block == nil
}

// misfit takes a frame whose security block or MAC is wrong, and reports whether it ends
// the wait for the reply. Nothing that it says is believed. The reply to an optional
// command is not asked for again; a state that is told in the clear, as some readers do,
// costs the channel and no more. Everything else is an attack.
func (u *unit) misfit(at time.Time, f *frame, emit func(reader.Event)) bool {
	switch {
	case u.optional() && u.open:
		u.leaveOut()
		u.setback(at, reader.Forged, emit)
	case u.optional():
		u.answered(at, &frame{}, emit)
	case u.open && f.secured():
		u.forged(at, emit)
		u.setback(at, reader.Forged, emit)
	case u.open && f.block == nil && tellsState(f.code):
		u.setback(at, reader.Forged, emit)
	default:
		u.forged(at, emit)
		return false
	}
	return true
}

// waits has the command sent again later.
func (u *unit) waits(at time.Time, emit func(reader.Event)) {
	if u.busy.IsZero() {
		u.busy = at
	}
	if at.Sub(u.busy) > busyMost {
		u.lose(at, reader.Silent, emit)
		return
	}
	u.at = at.Add(busyPause)
}

// answered goes on with the reply.
func (u *unit) answered(at time.Time, f *frame, emit func(reader.Event)) {
	u.frame, u.busy, u.probing, u.garbled = nil, time.Time{}, false, false
	u.seq = u.seq%3 + 1 // 0 is for the first command only (section 5.9)
	if u.state >= status && !u.owned() && !u.clear() {
		u.deny(at, reader.WrongKey, emit) // no way leads here: the last door is locked too
		return
	}
	if f.code == replyNAK {
		u.refused(at, f.data, emit)
		return
	}
	u.heard = true
	switch u.state {
	case ident:
		u.goOn(inventory)
	case inventory:
		u.inventoried(at, f, emit)
	case challenge:
		u.challenged(at, f, emit)
	case prove:
		u.proved(at, f, emit)
	case rekey:
		u.rekeyed()
	case status:
		u.goOn(online)
		if tellsState(f.code) {
			u.dev.says(at, f.code, f.data, emit)
		}
	case online:
		u.polled(at, f, emit)
	}
}

// optional reports whether the command under way is one that a reader need not answer
// well to be used: ID, CAP and LSTAT only make the best of it.
func (u *unit) optional() bool { return u.state == ident || u.state == inventory || u.state == status }

// leaveOut has an optional command not sent again until the reader works.
func (u *unit) leaveOut() {
	switch u.state {
	case inventory:
		u.noCap = true
	case status:
		u.noLocal = true
	}
}

// goOn enters the next state, past the optional commands that are left out.
func (u *unit) goOn(to state) {
	if to == inventory && u.noCap {
		u.caps = allCaps()
		to = challenge
		if u.open || u.clear() {
			to = status
		}
	}
	if to == status && u.noLocal {
		to = online
	}
	u.state = to
}

// inventoried looks at PDCAP. It comes twice: in the clear, where it can only keep a
// reader offline that says that it has no secure channel, and inside the channel. A reader
// that does not say what it can is tried.
func (u *unit) inventoried(at time.Time, f *frame, emit func(reader.Event)) {
	c, ok := readCaps(f.data)
	if f.code != replyCap || !ok {
		c = allCaps()
	}
	u.caps = c
	switch {
	case u.clear():
		u.goOn(status)
	case !c.aes:
		u.insecure(at, emit)
	case u.open:
		u.goOn(status)
	default:
		u.state = challenge
	}
}

// insecure is a reader without secure channel.
func (u *unit) insecure(at time.Time, emit func(reader.Event)) {
	why := reader.Insecure
	if u.had {
		why = reader.Downgraded
	}
	u.refuse(why)
	u.deny(at, why, emit)
}

func (u *unit) challenged(at time.Time, f *frame, emit func(reader.Event)) {
	if f.code != replyCrypt {
		u.nextKey(at, 0, emit)
		return
	}
	u.crypts = true
	if !u.sess.proves(f.data) {
		u.nextKey(at, 0, emit)
		return
	}
	u.state = prove
}

// nextKey tries the next key, or gives up a reader that has none of them; nak is the code
// with which it refused this one. It is never given a new key for that: whoever cleared
// it waits for just this.
func (u *unit) nextKey(at time.Time, nak byte, emit func(reader.Event)) {
	u.wrong++
	u.key = (u.key + 1) % len(u.keys)
	switch {
	case u.wrong < len(u.keys):
		u.state = challenge
	case u.lacksChannel(nak):
		u.insecure(at, emit)
	case u.box.waiting():
		u.pause, u.why, u.box.why = probeFirst, reader.WrongKey, reader.WrongKey
		u.down(at, reader.WrongKey, emit) // it is there, and says so
		u.scheduleRetry(at.Add(probeFirst))
	default:
		u.refuse(reader.WrongKey)
		u.deny(at, reader.WrongKey, emit)
	}
}

// lacksChannel reports whether a reader that refused every key with this code has no
// secure channel at all: it answered no challenge, and it does not know the command, or
// not the block of a challenge, of which some readers say the same when only the key is
// another.
func (u *unit) lacksChannel(nak byte) bool {
	return !u.crypts && (nak == nakCommand || nak == nakBlock && !u.had)
}

// proved opens the channel, if the reader has proved itself twice.
func (u *unit) proved(at time.Time, f *frame, emit func(reader.Event)) {
	if f.code != replyRMAC || !u.sess.begins(f.data) {
		u.forged(at, emit)
		u.setback(at, reader.Forged, emit)
		return
	}
	u.open, u.had = true, true
	u.goOn(inventory)
	u.commissioned()
}

// polled takes the reply to a poll, or to an order. A reply that a poll does not have
// says nothing.
func (u *unit) polled(at time.Time, f *frame, emit func(reader.Event)) {
	if u.told != reader.KindUp || u.alarm != "" {
		u.works(at, emit)
	}
	switch {
	case f.code == replyCom && u.code == cmdComSet:
		u.moved(f.data)
		u.restartConversation()
		return
	case secretReply(f.code) && u.open && !f.whole:
		u.dev.fault(at, reader.Forged, emit) // a badge that everybody could read
	default:
		u.dev.says(at, f.code, f.data, emit)
	}
	u.lives(at, emit)
}

// refused takes NAK (section 7.3). What the reader does not know is not asked again.
func (u *unit) refused(at time.Time, data []byte, emit func(reader.Event)) {
	var code byte
	if len(data) > 0 {
		code = data[0]
	}
	switch {
	case u.state == challenge || u.state == prove:
		u.nextKey(at, code, emit)
	case u.clear() && code == nakSecurity && u.state != ident && u.state != inventory:
		u.insists(at, emit)
	case (u.state == ident || u.state == inventory) && !u.open && !u.clear() && code == nakSecurity:
		u.state = challenge // it says nothing at all in the clear
	case u.state == ident:
		u.goOn(inventory)
	case u.state == inventory:
		u.inventoried(at, &frame{}, emit)
	case u.state == status:
		u.goOn(online)
	case u.state == online && u.code != cmdPoll:
		u.forget(u.code)
		u.lives(at, emit)
	default:
		u.refuse(reader.Refused)
		u.setback(at, reader.Refused, emit)
	}
}

// refusedInTheClear takes a NAK without MAC while the channel is open. It may be anybody's:
// all that it can do is to have the channel opened again, without what was refused.
func (u *unit) refusedInTheClear(at time.Time, code byte, emit func(reader.Event)) {
	u.leaveOut()
	u.forget(u.code)
	if u.state == rekey && u.falls >= keySetMost-1 {
		u.refuse(reader.Refused)
	}
	u.setback(at, reader.Refused, emit)
}

// insists is a reader that refuses what its configuration asks of it: to speak in the
// clear.
func (u *unit) insists(at time.Time, emit func(reader.Event)) {
	u.pause, u.why = probeFirst, reader.SecureOnly
	u.down(at, reader.SecureOnly, emit)
	u.scheduleRetry(at.Add(deniedLast))
}

// forget takes a command for one that the reader does not know, until it is lost: it is
// no fault, and nothing that a person at the reader may notice.
func (u *unit) forget(code byte) {
	switch code {
	case cmdLED:
		u.refuses.led = true
	case cmdBuz:
		u.refuses.buz = true
	case cmdText:
		u.refuses.text = true
	}
}

// forged tells of a message that somebody else than the reader must have made.
func (u *unit) forged(at time.Time, emit func(reader.Event)) {
	u.forgedAt = at
	if !u.forgery {
		u.forgery = true
		u.dev.alarm(at, reader.Forged, emit)
	}
}
