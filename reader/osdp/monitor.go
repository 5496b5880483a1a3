package osdp

import (
	"bytes"
	"slices"
	"time"

	"badged/reader"
	"badged/reader/pacs"
)

// MonitorConfig says what a Monitor knows of a line.
type MonitorConfig struct {
	Keys    []Key // that readers on it may have; weak ones are fine
	Address int   // of the one reader to listen to; below 0: all
	Formats pacs.Selection
	FMT     bool // FMT is a badge; else it is a fault
}

// Summary is what a Monitor has seen.
type Summary struct {
	Frames  int   // with the right check
	BadCRC  int   // frames with a wrong CRC or checksum
	MACs    int   // MACs that were right
	BadMACs int   // and wrong
	Keys    []Key // that were sent in KEYSET, or guessed: they were not configured
}

// Monitor listens to a line: commands and replies in one stream, in the order in which
// they were sent. It implements reader.Decoder and follows secure channels that are
// opened with a configured key, with one that it saw in KEYSET before, or with one that
// can be guessed, which raises the alarm WeakKey.
//
// Inside a channel only a frame with the right MAC gives a badge or a key. For a channel with
// an unknown key it emits the fault WrongKey; for one that began earlier Forged, once.
type Monitor struct {
	cfg   MonitorConfig
	scan  scanner
	links map[byte]*link
	last  time.Time
	sum   Summary
}

// link is the conversation with one reader.
//
//	        CHLNG          CCRYPT, a key fits        SCRYPT right         RMAC_I right
//	(plain) -----> (asked) ------------------> (proved) --------> (answered) ------> (sealed)
//	   ^              | no key fits: fault                                              |
//	   |              v                                                                 |
//	   |           (opaque)                                                             |
//	   +--------------+---------------- command with sequence 0 ------------------------+
type link struct {
	dev   peripheral
	phase phase
	rndA  [randomLen]byte
	sess  *session
	cmd   []byte // the last command
	reply []byte // the last reply
	again bool   // the command was sent again
	ok    bool   // and its MAC was right
}

type phase uint8

const (
	plain phase = iota
	asked
	proved
	answered
	sealed
	opaque
)

// stopped is the pause after which a frame is given up.
const stopped = time.Second

// NewMonitor makes a Monitor.
func NewMonitor(cfg MonitorConfig) *Monitor {
	return &Monitor{cfg: cfg, links: map[byte]*link{}}
}

// Summary is what was seen up to now.
func (m *Monitor) Summary() Summary {
	s := m.sum
	s.Keys = slices.Clone(s.Keys)
	return s
}

// Feed implements reader.Decoder.
func (m *Monitor) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	m.Tick(at, emit)
	m.last = at
	m.scan.feedBytes(p, &listener{m, at, emit})
}

// Deadline implements reader.Decoder.
func (m *Monitor) Deadline() time.Time {
	if !m.scan.isPartial() {
		return time.Time{}
	}
	return m.last.Add(stopped)
}

// Tick implements reader.Decoder.
func (m *Monitor) Tick(now time.Time, emit func(reader.Event)) {
	if due := m.Deadline(); !due.IsZero() && !now.Before(due) {
		m.scan.giveUp(&listener{m, due, emit})
	}
}

// listener hears what the scanner finds in bytes that arrived at one moment.
type listener struct {
	*Monitor
	at   time.Time
	emit func(reader.Event)
}

// hearFault implements hearer.
func (l *listener) hearFault(why reader.Why) {
	if why == reader.BadChecksum {
		l.sum.BadCRC++
	}
	l.emit(reader.Event{Kind: reader.KindFault, At: l.at, Why: why})
}

// hearFrame implements hearer.
func (l *listener) hearFrame(raw []byte) {
	l.sum.Frames++
	f, ok := parseFrame(slices.Clone(raw))
	if !ok {
		l.emit(reader.Event{Kind: reader.KindFault, At: l.at, Why: reader.BadFrame, Unit: int(raw[1] &^ fromReader)})
		return
	}
	if l.cfg.Address >= 0 && int(f.addr) != l.cfg.Address {
		return
	}
	k := l.links[f.addr]
	if k == nil {
		k = &link{dev: peripheral{addr: int(f.addr), formats: l.cfg.Formats, fmt: l.cfg.FMT}}
		l.links[f.addr] = k
	}
	if f.reply {
		l.followReply(k, &f, raw)
	} else {
		l.followCommand(k, &f, raw)
	}
}

func (l *listener) emitFault(k *link, why reader.Why) { k.dev.emitFault(l.at, why, l.emit) }

// followCommand follows a command. A repeated command has the same bytes and does not advance the
// chain of MACs.
func (l *listener) followCommand(k *link, f *frame, raw []byte) {
	k.again = bytes.Equal(raw, k.cmd)
	if k.again {
		l.countRepeated(f, k.ok)
		return
	}
	k.cmd, k.ok = slices.Clone(raw), true
	if f.seq == 0 {
		k.phase = plain
	}
	switch {
	case f.hasMAC():
		k.ok = l.openFrame(k, f)
	case f.kind() == scsChlng && f.code == cmdChlng && len(f.data) == randomLen:
		k.rndA, k.phase = [randomLen]byte(f.data), asked
	case f.kind() == scsScrypt && f.code == cmdScrypt:
		k.ok = l.checkHost(k, f)
	case f.block != nil:
		k.ok = false
		l.emitFault(k, reader.BadFrame)
	case f.code == cmdKeySet:
		k.dev.emitAlarm(l.at, reader.Insecure, l.emit) // everybody has read it
	}
	if k.ok && f.code == cmdKeySet {
		l.keepSentKey(f.data)
	}
}

// followReply follows a reply.
func (l *listener) followReply(k *link, f *frame, raw []byte) {
	if k.again && bytes.Equal(raw, k.reply) {
		l.countRepeated(f, true)
		return
	}
	k.reply = slices.Clone(raw)
	switch {
	case f.hasMAC():
		if !l.openFrame(k, f) {
			return
		}
		if secretReply(f.code) && !f.whole {
			l.emitFault(k, reader.Forged)
			return
		}
		k.dev.emitReply(l.at, f.code, f.data, l.emit)
	case f.kind() == scsCrypt && f.code == replyCrypt:
		l.findKey(k, f)
	case (f.kind() == scsRMAC || f.kind() == scsCrypt) && f.code == replyRMAC: // see fits
		l.startMACs(k, f)
	case f.block != nil:
		l.emitFault(k, reader.BadFrame)
	case f.code == replyNAK || f.code == replyBusy:
	case k.phase == sealed:
		l.emitFault(k, reader.Forged)
	default:
		k.dev.emitReply(l.at, f.code, f.data, l.emit)
	}
}

// countRepeated counts a frame that was there before.
func (l *listener) countRepeated(f *frame, ok bool) {
	if f.hasMAC() && ok {
		l.sum.MACs++
	}
}

// openFrame checks and decrypts a frame inside the channel.
func (l *listener) openFrame(k *link, f *frame) bool {
	switch {
	case k.phase == opaque:
		return false
	case k.phase != sealed:
		k.phase = opaque
		l.emitFault(k, reader.Forged)
		return false
	case !k.sess.openFrame(f):
		l.sum.BadMACs++
		l.emitFault(k, reader.Forged)
		return false
	}
	l.sum.MACs++
	return true
}

// findKey searches for the key that a reader has proved to have.
func (l *listener) findKey(k *link, f *frame) {
	if k.phase != asked {
		l.emitFault(k, reader.Forged)
		return
	}
	fits := func(key Key) bool {
		k.sess = newSession(key, k.rndA)
		return k.sess.checkCryptogram(f.data)
	}
	k.phase = proved
	if i := slices.IndexFunc(slices.Concat(l.cfg.Keys, l.sum.Keys), fits); i >= 0 {
		if i < len(l.cfg.Keys) && l.cfg.Keys[i].Weak() {
			k.dev.emitAlarm(l.at, reader.WeakKey, l.emit)
		}
		return
	}
	key, ok := tryGuesses(fits)
	if !ok {
		k.phase = opaque
		l.emitFault(k, reader.WrongKey)
		return
	}
	k.dev.emitAlarm(l.at, reader.WeakKey, l.emit)
	if key != scbkD {
		l.sum.Keys = append(l.sum.Keys, key)
	}
}

// checkHost checks the cryptogram of the host.
func (l *listener) checkHost(k *link, f *frame) bool {
	if k.phase != proved {
		return k.phase == opaque
	}
	server := k.sess.hostCryptogram()
	if !equalBytes(server[:], f.data) {
		l.emitFault(k, reader.Forged)
		return false
	}
	k.phase = answered
	return true
}

// startMACs starts the chain of MACs.
func (l *listener) startMACs(k *link, f *frame) {
	switch {
	case k.phase == opaque:
	case k.phase != answered || !k.sess.startMACs(f.data):
		l.emitFault(k, reader.Forged)
	default:
		k.phase = sealed
	}
}

// keepSentKey keeps the key of a KEYSET.
func (l *listener) keepSentKey(data []byte) {
	const head = 2
	if len(data) != head+keyLen || data[1] != keyLen {
		return
	}
	const most = 100 // the rest is somebody who plays
	key := newKey(data[head:])
	if !slices.Contains(l.sum.Keys, key) && len(l.sum.Keys) < most {
		l.sum.Keys = append(l.sum.Keys, key)
	}
}
