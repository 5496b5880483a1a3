package sim

import (
	"bytes"
	"crypto/subtle"
	"sync"
)

// OSDPSpy listens on a line, as a small computer behind a reader's cover does: what is
// said in the clear, and what is said in secure channels whose base key it guesses or
// has heard in a KEYSET before. Its Hear is an OSDPTap that changes nothing. Its
// methods are safe for concurrent use.
type OSDPSpy struct {
	mu    sync.Mutex // guards what follows
	keys  [][]byte   // that it tries
	heard []OSDPHeard
	from  map[byte]*osdpSpied // by address
}

// OSDPHeard is a message that the spy understood.
type OSDPHeard struct {
	ToReader bool
	Address  byte
	Secure   bool // it was inside a secure channel
	Code     byte
	Data     []byte
}

// osdpSpied is one reader's channel.
type osdpSpied struct {
	rndA    []byte
	channel osdpChannel
}

// NewOSDPSpy makes a spy that tries keys beside those that it hears.
func NewOSDPSpy(keys ...[]byte) *OSDPSpy {
	return &OSDPSpy{keys: keys, from: map[byte]*osdpSpied{}}
}

// OSDPWeakKeys are the keys that an attacker tries first: the default one, one byte
// sixteen times, and bytes that go up or down by one.
func OSDPWeakKeys() [][]byte {
	keys := [][]byte{[]byte(osdpSCBKD)}
	for step := -1; step <= 1; step++ {
		for first := range 256 {
			key := make([]byte, 16)
			for i := range key {
				key[i] = byte(first + i*step)
			}
			keys = append(keys, key)
		}
	}
	return keys
}

// Heard is what the spy understood so far.
func (s *OSDPSpy) Heard() []OSDPHeard {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]OSDPHeard(nil), s.heard...)
}

// Keys are the base keys that the spy knows and did not know at first.
func (s *OSDPSpy) Keys() (keys [][]byte) {
	for _, h := range s.Heard() {
		if h.ToReader && h.Code == cmdKeySet && len(h.Data) == 18 {
			keys = append(keys, h.Data[2:])
		}
	}
	return keys
}

// Hear is an OSDPTap.
func (s *OSDPSpy) Hear(toReader bool, frame []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, _ := cutOSDP(bytes.Clone(frame))
	if raw == nil {
		return frame
	}
	f, err := parseOSDP(raw)
	if err != nil {
		return frame
	}
	at := f.address &^ osdpAnswer
	r := s.from[at]
	if r == nil {
		r = &osdpSpied{}
		s.from[at] = r
	}
	data, ok := r.follow(toReader, f, s.keys)
	if ok {
		s.heard = append(s.heard, OSDPHeard{toReader, at, f.mac != nil, f.code, data})
		if toReader && f.code == cmdKeySet && len(data) == 18 {
			s.keys = append(s.keys, data[2:])
		}
	}
	return frame
}

// follow gives the data of a message, if it can be read.
func (r *osdpSpied) follow(toReader bool, f osdpFrame, keys [][]byte) ([]byte, bool) {
	switch {
	case f.mac != nil && toReader:
		return r.channel.openCommand(f)
	case f.mac != nil:
		return r.answered(f)
	case toReader && f.code == cmdChallenge:
		r.rndA = f.data
	case !toReader && f.code == ansCrypt && f.block != nil && len(f.data) == 32 && len(r.rndA) == 8:
		r.guess(f.data[8:16], f.data[16:], keys)
	case toReader && f.code == cmdServer:
		r.channel.checkCryptogram(f.data)
	}
	return f.data, true
}

// guess tries keys on the reader's proof.
func (r *osdpSpied) guess(rndB, proof []byte, keys [][]byte) {
	for _, key := range keys {
		if bytes.Equal(r.channel.ask(key, r.rndA, rndB), proof) {
			return
		}
	}
	r.channel = osdpChannel{}
}

// answered reads an answer inside the channel.
func (r *osdpSpied) answered(f osdpFrame) (data []byte, ok bool) {
	c := &r.channel
	if !c.open {
		return nil, false
	}
	mac := c.sum(c.lastCmd, f.signed)
	if subtle.ConstantTimeCompare(mac[:osdpMAC], f.mac) == 0 {
		return nil, false
	}
	c.lastAns = mac
	if f.block[0] != scsAnswerData {
		return nil, true
	}
	return c.decrypt(c.lastCmd, f.data)
}
