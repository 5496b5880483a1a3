package osdp

import (
	"time"

	"badged/reader"
)

// hear takes a frame of the reader while a command is under way, and reports whether it
// was the reply to it; with false it still may come.
func (u *unit) hear(at time.Time, f *frame, emit func(reader.Event)) bool {
	nak := f.code == replyNAK && f.block == nil && len(f.data) > 0
	switch {
	case f.code == replyBusy && f.block == nil:
		u.waits(at, emit) // its sequence is 0 whatever the command's (section 7.19)
	case nak && f.data[0] == nakSequence:
		if u.open { // it was restarted, or somebody wants the channel to be opened again
			u.dev.fault(at, reader.Refused, emit)
		}
		u.setback(at, reader.Refused, emit)
	case f.seq != u.seq:
		return false // to an earlier command
	case nak && f.data[0] == nakCheck:
		u.unanswered(at, emit)
	case nak && u.open:
		u.dev.fault(at, reader.Refused, emit)
		u.setback(at, reader.Refused, emit)
	case u.open && u.state == rekey && f.code == replyACK && f.block == nil:
		// Some readers drop the channel with the old key before they acknowledge. If
		// this one has the new key shows when the channel is opened with it.
		u.rekeyed()
	case !u.fits(f):
		u.dev.fault(at, reader.Forged, emit)
		return false
	case u.open && !u.sess.open(f):
		u.dev.fault(at, reader.Forged, emit)
		u.setback(at, reader.Forged, emit)
	default:
		u.answered(at, f, emit)
	}
	return true
}

// fits reports whether the frame has the security block that it must have now.
func (u *unit) fits(f *frame) bool {
	switch {
	case u.open:
		return f.kind() == scsReply || f.kind() == scsReplyData
	case f.code == replyCrypt:
		return f.kind() == scsCrypt && u.state == challenge
	case f.code == replyRMAC:
		return f.kind() == scsRMAC && u.state == prove
	}
	return f.block == nil
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
		u.identified(at, f, emit)
	case inventory:
		u.inventoried(at, f, emit)
	case challenge:
		u.challenged(at, f, emit)
	case prove:
		u.proved(at, f, emit)
	case rekey:
		u.rekeyed()
	case status:
		u.dev.says(at, f.code, f.data, emit)
		u.works(at, emit)
	case online:
		u.polled(at, f, emit)
	}
}

func (u *unit) identified(at time.Time, f *frame, emit func(reader.Event)) {
	const idLen = 12
	if f.code != replyID || len(f.data) != idLen {
		u.unexpected(at, emit)
		return
	}
	u.state = inventory
}

// inventoried looks at PDCAP. It comes twice: in the clear, where it can only keep a
// reader offline, and inside the channel, where it can be believed.
func (u *unit) inventoried(at time.Time, f *frame, emit func(reader.Event)) {
	c, ok := readCaps(f.data)
	if f.code != replyCap || !ok {
		u.unexpected(at, emit)
		return
	}
	u.caps = c
	switch {
	case u.clear():
		u.state = status
	case !c.aes:
		u.insecure(at, emit)
	case u.open:
		u.state, u.had = status, true
	default:
		u.state, u.had = challenge, true
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
	if f.code != replyCrypt || !u.sess.proves(f.data) {
		u.nextKey(at, emit)
		return
	}
	u.state = prove
}

// nextKey tries the next key, or gives up a reader that has none of them. It is never
// given a new key for that: whoever cleared it waits for just this.
func (u *unit) nextKey(at time.Time, emit func(reader.Event)) {
	u.wrong++
	u.key = (u.key + 1) % len(u.keys)
	switch {
	case u.wrong < len(u.keys):
		u.state = challenge
	case u.box.waiting():
		u.pause, u.why, u.box.why = probeFirst, reader.WrongKey, reader.WrongKey
		u.down(at, reader.WrongKey, emit) // it is there, and says so
		u.rest(at.Add(probeFirst))
	default:
		u.refuse(reader.WrongKey)
		u.deny(at, reader.WrongKey, emit)
	}
}

// proved opens the channel, if the reader has proved itself twice.
func (u *unit) proved(at time.Time, f *frame, emit func(reader.Event)) {
	if f.code != replyRMAC || !u.sess.begins(f.data) {
		u.dev.fault(at, reader.Forged, emit)
		u.setback(at, reader.Forged, emit)
		return
	}
	u.open, u.state = true, inventory
	u.commissioned()
}

// polled takes the reply to a poll, or to an order.
func (u *unit) polled(at time.Time, f *frame, emit func(reader.Event)) {
	switch {
	case f.code == replyACK:
	case f.code == replyCom && u.code == cmdComSet:
		u.moved(at, f.data, emit)
		u.begin()
		return
	case !u.dev.says(at, f.code, f.data, emit):
		u.dev.fault(at, reader.BadFrame, emit)
	}
	u.lives(at, emit)
}

// unexpected is a reply that the command does not have.
func (u *unit) unexpected(at time.Time, emit func(reader.Event)) {
	u.dev.fault(at, reader.BadFrame, emit)
	u.setback(at, reader.BadFrame, emit)
}

// refused takes NAK (section 7.3). What the reader does not know is not asked again.
func (u *unit) refused(at time.Time, data []byte, emit func(reader.Event)) {
	security := len(data) > 0 && data[0] == nakSecurity
	switch {
	case u.state == challenge || u.state == prove:
		u.nextKey(at, emit)
	case (u.state == ident || u.state == inventory) && !u.open && !u.clear() && security:
		u.state = challenge // it says nothing at all in the clear
	case u.state == inventory && !u.open && !u.clear():
		u.insecure(at, emit)
	case u.state == inventory:
		u.caps, u.state = caps{}, status
	case u.state == status:
		u.works(at, emit)
	case u.state == online && u.code != cmdPoll:
		u.dev.fault(at, reader.Refused, emit)
		u.forget(u.code)
	default:
		u.refuse(reader.Refused)
		u.dev.fault(at, reader.Refused, emit)
		u.setback(at, reader.Refused, emit)
	}
}

// forget takes a command for one that the reader does not know.
func (u *unit) forget(code byte) {
	switch code {
	case cmdLED:
		u.caps.led = false
	case cmdBuz:
		u.caps.buz = false
	case cmdText:
		u.caps.text = false
	}
}
