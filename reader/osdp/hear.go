package osdp

import (
	"time"

	"badged/reader"
)

// handleReply handles a frame of the reader while a reply is due, and reports whether it was
// the reply; if not, the reply may still arrive.
func (u *unit) handleReply(at time.Time, f *frame, emit func(reader.Event)) bool {
	nak := f.code == replyNAK && f.block == nil && len(f.data) > 0
	switch {
	case f.code == replyBusy && f.block == nil:
		u.waitForBusy(at, emit) // its sequence is 0 whatever the command's (section 7.19)
	case nak && f.data[0] == nakSequence:
		// It was restarted, or somebody wants the channel to be opened again.
		u.reopenChannel(at, reader.Refused, emit)
	case f.seq != u.seq:
		return false // to an earlier command
	case nak && f.data[0] == nakCheck:
		u.handleSilence(at, emit)
	case nak && u.open:
		u.refusedInTheClear(at, f.data[0], emit)
	case u.open && u.state == rekey && f.code == replyACK && f.block == nil:
		// Some readers drop the channel with the old key before they acknowledge. If
		// this one has the new key shows when the channel is opened with it.
		u.reopenWithNewKey()
	case u.hasExpectedBlock(f) && (!u.open || u.sess.openFrame(f)):
		u.handleAnswer(at, f, emit)
	default:
		return u.handleMisfit(at, f, emit)
	}
	return true
}

// hasExpectedBlock reports whether the frame has a security block that it may have now. Inside the
// channel the MAC decides, which covers the block.
//
// RMAC_I comes in SCS_14 (annex D.1.3). Peripherals made with early versions of OSDP.Net
// send it in SCS_12. Both are taken: the block proves nothing, and the 16 bytes behind it
// are compared with what only a holder of the key can know.
func (u *unit) hasExpectedBlock(f *frame) bool {
	switch {
	case u.open:
		return f.hasMAC()
	case f.code == replyCrypt:
		return f.kind() == scsCrypt && u.state == challenge
	case f.code == replyRMAC:
		return (f.kind() == scsRMAC || f.kind() == scsCrypt) && u.state == prove
	}
	return f.block == nil
}

// handleMisfit handles a frame whose security block or MAC is wrong, and reports whether it ends
// the wait for the reply. It uses nothing of the frame's content. It does not repeat an optional
// command; after a state report in the clear, which some readers send, it only reopens the
// channel. Everything else counts as an attack.
func (u *unit) handleMisfit(at time.Time, f *frame, emit func(reader.Event)) bool {
	switch {
	case u.isOptional() && u.open:
		u.skipOptional()
		u.reopenChannel(at, reader.Forged, emit)
	case u.isOptional():
		u.handleAnswer(at, &frame{}, emit)
	case u.open && f.hasMAC():
		u.reportForged(at, emit)
		u.reopenChannel(at, reader.Forged, emit)
	case u.open && f.block == nil && tellsState(f.code):
		u.reopenChannel(at, reader.Forged, emit)
	default:
		u.reportForged(at, emit)
		return false
	}
	return true
}

// waitForBusy sends the command again later, after BUSY.
func (u *unit) waitForBusy(at time.Time, emit func(reader.Event)) {
	if u.busy.IsZero() {
		u.busy = at
	}
	if at.Sub(u.busy) > busyMost {
		u.loseReader(at, reader.Silent, emit)
		return
	}
	u.at = at.Add(busyPause)
}

// handleAnswer handles the reply and enters the next state.
func (u *unit) handleAnswer(at time.Time, f *frame, emit func(reader.Event)) {
	u.frame, u.busy, u.probing, u.garbled = nil, time.Time{}, false, false
	u.seq = u.seq%3 + 1 // 0 is for the first command only (section 5.9)
	if u.state >= status && !u.hasOwnChannel() && !u.speaksClear() {
		u.denyReader(at, reader.WrongKey, emit) // no way leads here: the last door is locked too
		return
	}
	if f.code == replyNAK {
		u.handleNAK(at, f.data, emit)
		return
	}
	u.heard = true
	switch u.state {
	case ident:
		u.enterState(inventory)
	case inventory:
		u.handleCaps(at, f, emit)
	case challenge:
		u.handleCrypt(at, f, emit)
	case prove:
		u.handleRMAC(at, f, emit)
	case rekey:
		u.reopenWithNewKey()
	case status:
		u.enterState(online)
		if tellsState(f.code) {
			u.dev.emitReply(at, f.code, f.data, emit)
		}
	case online:
		u.handlePollReply(at, f, emit)
	}
}

// isOptional reports whether a reader can be used without a good answer to the present command:
// ID, CAP and LSTAT only improve its use.
func (u *unit) isOptional() bool {
	return u.state == ident || u.state == inventory || u.state == status
}

// skipOptional stops sending an optional command until the reader works.
func (u *unit) skipOptional() {
	switch u.state {
	case inventory:
		u.noCap = true
	case status:
		u.noLocal = true
	}
}

// enterState enters the next state, and skips the states of optional commands that are left out.
func (u *unit) enterState(to state) {
	if to == inventory && u.noCap {
		u.caps = allCaps()
		to = challenge
		if u.open || u.speaksClear() {
			to = status
		}
	}
	if to == status && u.noLocal {
		to = online
	}
	u.state = to
}

// handleCaps handles PDCAP. It arrives twice: in the clear, where it can only keep a reader
// offline that claims to have no secure channel, and inside the channel. A reader that does not
// list its capabilities counts as having all.
func (u *unit) handleCaps(at time.Time, f *frame, emit func(reader.Event)) {
	c, ok := readCaps(f.data)
	if f.code != replyCap || !ok {
		c = allCaps()
	}
	u.caps = c
	switch {
	case u.speaksClear():
		u.enterState(status)
	case !c.aes:
		u.denyInsecure(at, emit)
	case u.open:
		u.enterState(status)
	default:
		u.state = challenge
	}
}

// denyInsecure keeps a reader without secure channel offline.
func (u *unit) denyInsecure(at time.Time, emit func(reader.Event)) {
	why := reader.Insecure
	if u.had {
		why = reader.Downgraded
	}
	u.refuseCommission(why)
	u.denyReader(at, why, emit)
}

func (u *unit) handleCrypt(at time.Time, f *frame, emit func(reader.Event)) {
	if f.code != replyCrypt {
		u.nextKey(at, 0, emit)
		return
	}
	u.crypts = true
	if !u.sess.checkCryptogram(f.data) {
		u.nextKey(at, 0, emit)
		return
	}
	u.state = prove
}

// nextKey tries the next key, or gives up a reader that has none of them; nak is the code
// with which it refused this one. Such a reader never gets a new key automatically: an attacker
// who cleared it waits for just that.
func (u *unit) nextKey(at time.Time, nak byte, emit func(reader.Event)) {
	u.wrong++
	u.key = (u.key + 1) % len(u.keys)
	switch {
	case u.wrong < len(u.keys):
		u.state = challenge
	case u.lacksChannel(nak):
		u.denyInsecure(at, emit)
	case u.box.isWaiting():
		u.pause, u.why, u.box.why = probeFirst, reader.WrongKey, reader.WrongKey
		u.reportDown(at, reader.WrongKey, emit) // it is there, and says so
		u.scheduleRetry(at.Add(probeFirst))
	default:
		u.refuseCommission(reader.WrongKey)
		u.denyReader(at, reader.WrongKey, emit)
	}
}

// lacksChannel reports whether a reader that refused every key with this code has no
// secure channel at all: it answered no challenge, and it does not know the command, or
// not the block of a challenge, of which some readers say the same when only the key is
// another.
func (u *unit) lacksChannel(nak byte) bool {
	return !u.crypts && (nak == nakCommand || nak == nakBlock && !u.had)
}

// handleRMAC opens the channel, if the reader has proved itself twice.
func (u *unit) handleRMAC(at time.Time, f *frame, emit func(reader.Event)) {
	if f.code != replyRMAC || !u.sess.startMACs(f.data) {
		u.reportForged(at, emit)
		u.reopenChannel(at, reader.Forged, emit)
		return
	}
	u.open, u.had = true, true
	u.enterState(inventory)
	u.continueCommission()
}

// handlePollReply handles the reply to a poll, or to an order. It ignores replies that a poll does not
// have.
func (u *unit) handlePollReply(at time.Time, f *frame, emit func(reader.Event)) {
	if u.told != reader.KindUp || u.alarm != "" {
		u.reportUp(at, emit)
	}
	switch {
	case f.code == replyCom && u.code == cmdComSet:
		u.applyComSet(f.data)
		u.restartConversation()
		return
	case secretReply(f.code) && u.open && !f.whole:
		u.dev.emitFault(at, reader.Forged, emit) // a badge that everybody could read
	default:
		u.dev.emitReply(at, f.code, f.data, emit)
	}
	u.reportAlive(at, emit)
}

// handleNAK handles NAK (section 7.3). It does not repeat a command that the reader does not know.
func (u *unit) handleNAK(at time.Time, data []byte, emit func(reader.Event)) {
	var code byte
	if len(data) > 0 {
		code = data[0]
	}
	switch {
	case u.state == challenge || u.state == prove:
		u.nextKey(at, code, emit)
	case u.speaksClear() && code == nakSecurity && u.state != ident && u.state != inventory:
		u.reportSecureOnly(at, emit)
	case (u.state == ident || u.state == inventory) && !u.open && !u.speaksClear() && code == nakSecurity:
		u.state = challenge // it says nothing at all in the clear
	case u.state == ident:
		u.enterState(inventory)
	case u.state == inventory:
		u.handleCaps(at, &frame{}, emit)
	case u.state == status:
		u.enterState(online)
	case u.state == online && u.code != cmdPoll:
		u.markRefused(u.code)
		u.reportAlive(at, emit)
	default:
		u.refuseCommission(reader.Refused)
		u.reopenChannel(at, reader.Refused, emit)
	}
}

// refusedInTheClear handles a NAK without MAC while the channel is open. Anybody may have sent
// it, so it only reopens the channel, without the refused command.
func (u *unit) refusedInTheClear(at time.Time, code byte, emit func(reader.Event)) {
	u.skipOptional()
	u.markRefused(u.code)
	if u.state == rekey && u.falls >= keySetMost-1 {
		u.refuseCommission(reader.Refused)
	}
	u.reopenChannel(at, reader.Refused, emit)
}

// reportSecureOnly reports a reader that refuses clear text although its configuration asks for it.
func (u *unit) reportSecureOnly(at time.Time, emit func(reader.Event)) {
	u.pause, u.why = probeFirst, reader.SecureOnly
	u.reportDown(at, reader.SecureOnly, emit)
	u.scheduleRetry(at.Add(deniedLast))
}

// markRefused marks a command as refused until the reader is lost. That is no fault, and a person at
// the reader does not notice.
func (u *unit) markRefused(code byte) {
	switch code {
	case cmdLED:
		u.refuses.led = true
	case cmdBuz:
		u.refuses.buz = true
	case cmdText:
		u.refuses.text = true
	}
}

// reportForged raises the alarm about a message that the reader cannot have made.
func (u *unit) reportForged(at time.Time, emit func(reader.Event)) {
	u.forgedAt = at
	if !u.forgery {
		u.forgery = true
		u.dev.emitAlarm(at, reader.Forged, emit)
	}
}
