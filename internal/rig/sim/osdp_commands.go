package sim

import (
	"bytes"
	"io"
)

// The commands and answers that the reader knows (SIA OSDP 2.2, annex A).
const (
	cmdPoll      = 0x60
	cmdID        = 0x61
	cmdCap       = 0x62
	cmdLocal     = 0x64
	cmdLED       = 0x69
	cmdBuzz      = 0x6A
	cmdText      = 0x6B
	cmdComSet    = 0x6E
	cmdKeySet    = 0x75
	cmdChallenge = 0x76
	cmdServer    = 0x77

	ansACK     = 0x40
	ansNAK     = 0x41
	ansID      = 0x45
	ansCap     = 0x46
	ansLocal   = 0x48
	ansRaw     = 0x50
	ansFMT     = 0x51
	ansKeypad  = 0x53
	ansCom     = 0x54
	ansCrypt   = 0x76
	ansInitial = 0x78
	ansBusy    = 0x79
)

// The error codes of NAK (section 7.3).
const (
	nakLength   = 0x02
	nakCommand  = 0x03
	nakSequence = 0x04
	nakSecurity = 0x05
	nakEncrypt  = 0x06
	nakRecord   = 0x09
)

// nak refuses a command.
func (r *OSDPReader) nak(code byte) osdpSaying {
	r.count.Refused++
	return osdpSaying{ansNAK, []byte{code}}
}

// do obeys a command.
func (r *OSDPReader) do(f osdpFrame, secure bool) osdpSaying {
	if bytes.IndexByte(r.cfg.Refuses, f.code) >= 0 {
		return r.nak(nakCommand)
	}
	switch f.code {
	case cmdPoll:
		return r.poll()
	case cmdID:
		return osdpSaying{ansID, r.cfg.ID}
	case cmdCap:
		return osdpSaying{ansCap, r.caps()}
	case cmdLocal:
		return r.localStatus()
	case cmdLED, cmdBuzz, cmdText:
		return r.show(f)
	case cmdComSet:
		return r.comSet(f.data)
	case cmdKeySet:
		return r.keySet(f.data, secure)
	default:
		return r.nak(nakCommand)
	}
}

func (r *OSDPReader) poll() osdpSaying {
	r.count.Polls++
	if r.local {
		return r.localStatus()
	}
	if len(r.said) == 0 {
		return osdpSaying{code: ansACK}
	}
	s := r.said[0]
	r.said = r.said[1:]
	return s
}

func (r *OSDPReader) localStatus() osdpSaying {
	r.local = false
	if r.faults.countFault(OSDPShortState) {
		return osdpSaying{ansLocal, []byte{0}}
	}
	state := make([]byte, 2)
	if r.tamper {
		state[0] = 1
	}
	if r.power {
		state[1] = 1
	}
	return osdpSaying{ansLocal, state}
}

// caps are the capabilities, without the secure channel if that fault is on.
func (r *OSDPReader) caps() []byte {
	if r.faults.countFault(OSDPOddCaps) {
		return []byte{9}
	}
	if !r.faults.countFault(OSDPDowngrade) {
		return r.cfg.Caps
	}
	caps := bytes.Clone(r.cfg.Caps)
	for i := 0; i < len(caps); i += 3 {
		if caps[i] == osdpSecurity {
			caps[i+1], caps[i+2] = 0, 0
		}
	}
	return caps
}

// show keeps what is to be shown. LED records have 14 bytes (section 6.10), BUZ has 5
// (6.11), TEXT has 6 and its characters (6.12).
func (r *OSDPReader) show(f osdpFrame) osdpSaying {
	d := f.data
	switch {
	case f.code == cmdLED && len(d) > 0 && len(d)%14 == 0:
		r.shown.LEDs++
		r.shown.LED = bytes.Clone(d)
	case f.code == cmdBuzz && len(d) == 5:
		r.shown.Buzzes++
		r.shown.Buzz = bytes.Clone(d)
	case f.code == cmdText && len(d) >= 6 && len(d) == 6+int(d[5]):
		r.shown.Texts++
		r.shown.Text = string(d[6:])
	default:
		return r.nak(nakLength)
	}
	return osdpSaying{code: ansACK}
}

// comSet moves the reader to another address (section 6.13). The speed of a pty does
// not matter.
func (r *OSDPReader) comSet(d []byte) osdpSaying {
	if len(d) != 5 {
		return r.nak(nakLength)
	}
	if d[0] >= osdpEverybody {
		return r.nak(nakRecord)
	}
	r.cfg.Address = d[0]
	return osdpSaying{ansCom, bytes.Clone(d)}
}

// keySet takes a base key, only inside the channel (section 6.20). It counts from the
// next challenge on.
func (r *OSDPReader) keySet(d []byte, secure bool) osdpSaying {
	const (
		kindSCBK = 1
		keyLen   = 16
	)
	if !secure {
		return r.nak(nakEncrypt)
	}
	if len(d) != 2+keyLen || d[1] != keyLen {
		return r.nak(nakLength)
	}
	if d[0] != kindSCBK {
		return r.nak(nakRecord)
	}
	r.cfg.Key = bytes.Clone(d[2:])
	r.count.KeySets++
	return osdpSaying{code: ansACK}
}

// handshake opens the secure channel (annex D.2).
func (r *OSDPReader) handshake(f osdpFrame) []byte {
	switch {
	case f.block[0] == scsChallenge && f.code == cmdChallenge && len(f.block) == 2:
		return r.challenged(f)
	case f.block[0] == scsServer && f.code == cmdServer && len(f.data) == 16:
		return r.proved(f)
	default:
		return r.clear(f, r.nak(nakSecurity))
	}
}

func (r *OSDPReader) challenged(f osdpFrame) []byte {
	if r.faults.countFault(OSDPNoChannel) {
		return r.clear(f, r.nak(nakSecurity))
	}
	key := r.cfg.Key
	if f.block[1] == osdpDefaultKey && key == nil {
		key = []byte(osdpSCBKD)
	} else if f.block[1] != osdpOwnKey || key == nil {
		return r.clear(f, r.nak(nakSecurity))
	}
	rndB := make([]byte, 8)
	if _, err := io.ReadFull(r.cfg.Random, rndB); err != nil || len(f.data) != 8 {
		return r.clear(f, r.nak(nakLength))
	}
	proof := r.channel.ask(key, f.data, rndB)
	if r.faults.countFault(OSDPBadCryptogram) {
		proof[0] ^= 1
	}
	a := r.head(f, osdpSaying{ansCrypt, bytes.Join([][]byte{r.cfg.CUID, rndB, proof}, nil)})
	a.block = []byte{scsCryptogram, f.block[1]}
	return closeOSDP(buildOSDP(a, 0), f.crc)
}

func (r *OSDPReader) proved(f osdpFrame) []byte {
	const (
		right = 1
		wrong = 0xFF
	)
	initial, ok := r.channel.checkCryptogram(f.data)
	a := r.head(f, osdpSaying{ansInitial, initial})
	a.block = []byte{scsInitialMAC, right}
	if r.faults.countFault(OSDPRMACBlock) {
		a.block[0] = scsCryptogram
	}
	if !ok {
		r.count.Refused++
		a.block[1], a.data = wrong, make([]byte, 16)
	} else {
		r.count.Opened++
		if r.faults.countFault(OSDPBadRMAC) {
			a.data[0] ^= 1
		}
	}
	return closeOSDP(buildOSDP(a, 0), f.crc)
}
