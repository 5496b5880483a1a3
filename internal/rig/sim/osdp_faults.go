package sim

import (
	"bytes"
	"maps"
)

// OSDPFault is what goes wrong at a reader, or what one does that is not the reader
// that it seems to be.
type OSDPFault string

// The faults. Each counts where it can show: OSDPBadMAC at answers that have one.
const (
	OSDPDeaf          OSDPFault = "deaf"       // the command is not heard
	OSDPLose          OSDPFault = "lose"       // the command is obeyed, its answer is lost
	OSDPLate          OSDPFault = "late"       // the answer waits for Release
	OSDPSplit         OSDPFault = "split"      // the answer comes in pieces
	OSDPCorrupt       OSDPFault = "corrupt"    // one bit of its check bytes is wrong
	OSDPMarks         OSDPFault = "marks"      // two mark bytes go ahead of it
	OSDPNoise         OSDPFault = "noise"      // bytes that are no frame go ahead of it
	OSDPBusy          OSDPFault = "busy"       // BUSY: sequence 0, in the clear (section 7.19)
	OSDPNAK           OSDPFault = "nak"        // NAK, with the code of FailNAK
	OSDPStale         OSDPFault = "stale"      // the sequence is not the command's
	OSDPRestart       OSDPFault = "restart"    // the reader restarts in place of an answer
	OSDPBadCryptogram OSDPFault = "cryptogram" // CCRYPT proves nothing
	OSDPBadRMAC       OSDPFault = "rmac"       // RMAC_I is made up
	OSDPBadMAC        OSDPFault = "mac"        // the MAC is wrong, the check bytes are right
	OSDPClear         OSDPFault = "clear"      // in the clear, though the channel is open
	OSDPDowngrade     OSDPFault = "downgrade"  // PDCAP claims no secure channel

	// What readers do that were made after other readings of the standard.
	OSDPNoChannel   OSDPFault = "no channel"   // CHLNG is refused: no such security block
	OSDPRMACBlock   OSDPFault = "rmac block"   // RMAC_I comes in SCS_12, as from early OSDP.Net
	OSDPPlainState  OSDPFault = "plain state"  // LSTATR is plain, in SCS_15 under a right MAC
	OSDPClearState  OSDPFault = "clear state"  // LSTATR is in the clear, inside the channel
	OSDPShortState  OSDPFault = "short state"  // LSTATR has one byte
	OSDPBrokenState OSDPFault = "broken state" // LSTATR in SCS_18 is no whole block
	OSDPMuteState   OSDPFault = "mute state"   // LSTAT is not answered
	OSDPMuteCaps    OSDPFault = "mute caps"    // nor is CAP
	OSDPOddCaps     OSDPFault = "odd caps"     // PDCAP is no list of capabilities
	OSDPPlainCard   OSDPFault = "plain card"   // a card is plain, in SCS_16 under a right MAC
)

// osdpFaults is what is to go wrong, and what has.
type osdpFaults struct {
	left    map[OSDPFault]int // below 0: always
	done    map[OSDPFault]int
	nakCode byte
	late    [][]byte // answers that wait for Release
}

func newOSDPFaults() osdpFaults {
	return osdpFaults{left: map[OSDPFault]int{}, done: map[OSDPFault]int{}}
}

// countFault tells whether a fault happens now, and counts it.
func (f *osdpFaults) countFault(what OSDPFault) bool {
	n := f.left[what]
	if n == 0 {
		return false
	}
	if n > 0 {
		f.left[what] = n - 1
	}
	f.done[what]++
	return true
}

func (f *osdpFaults) nak() (code byte, ok bool) { return f.nakCode, f.countFault(OSDPNAK) }

// shape is the security block of an answer whose data is left as it is; 0: the right one,
// with data encrypted.
func (f *osdpFaults) shape(code byte) byte {
	switch {
	case code == ansLocal && f.countFault(OSDPPlainState):
		return scsCommandMAC
	case code == ansLocal && f.countFault(OSDPBrokenState):
		return scsAnswerData
	case code == ansRaw && f.countFault(OSDPPlainCard):
		return scsAnswerMAC
	}
	return 0
}

// spoil does to an answer what the wire does.
func (f *osdpFaults) spoil(p []byte) [][]byte {
	if p == nil {
		return nil
	}
	if f.countFault(OSDPCorrupt) {
		p[len(p)-1] ^= 0x10
	}
	if f.countFault(OSDPMarks) {
		p = append([]byte{osdpMark, osdpMark}, p...)
	}
	if f.countFault(OSDPNoise) {
		p = append([]byte{0x00, osdpSOM, 0xE5, 0x53, osdpSOM, 0x80}, p...)
	}
	out := [][]byte{p}
	if f.countFault(OSDPSplit) {
		out = [][]byte{p[:1], p[1:3], p[3 : len(p)-1], p[len(p)-1:]}
	}
	switch {
	case f.countFault(OSDPLose):
		return nil
	case f.countFault(OSDPLate):
		f.late = append(f.late, out...)
		return nil
	}
	return out
}

// forge changes the MAC of a frame with a CRC or checksum behind it, and puts that
// right again.
func forge(p []byte, mac int) []byte {
	crc := p[4]&osdpCRC != 0
	check := 1
	if crc {
		check = 2
	}
	p = p[:len(p)-check]
	p[len(p)-mac] ^= 1
	return closeOSDP(p, crc)
}

// Fail lets the next n answers go wrong in a way; a negative n means all of them, until
// Fail(what, 0).
func (r *OSDPReader) Fail(what OSDPFault, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults.left[what] = n
}

// FailNAK refuses the next n commands with a code.
func (r *OSDPReader) FailNAK(code byte, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults.nakCode, r.faults.left[OSDPNAK] = code, n
}

// Failed is how often each fault has happened.
func (r *OSDPReader) Failed() map[OSDPFault]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.faults.done)
}

// Release gives the answers that OSDPLate has held back; a bus calls it on time.
func (r *OSDPReader) Release() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	late := r.faults.late
	r.faults.late = nil
	for i := range late {
		late[i] = bytes.Clone(late[i])
	}
	return late
}
