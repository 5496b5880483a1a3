package sim

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"sync"
)

// OSDPConfig says what reader is made.
type OSDPConfig struct {
	Address byte   // 0 to 126
	Key     []byte // SCBK, 16 bytes; nil: install mode, it answers to the default key

	// Vendor code, model, version, serial number and firmware, as PDID gives them; nil:
	// some.
	ID []byte
	// Caps are the records of PDCAP, three bytes each; nil: a reader with LED, buzzer,
	// text, CRC and secure channel.
	Caps []byte
	// CUID is what CCRYPT names itself by; nil: the first eight bytes of ID.
	CUID []byte
	// Strict refuses everything but identification outside the secure channel, as
	// readers do whose clear text is switched off. Others obey anybody.
	Strict bool
	// Refuses are commands that it does not know, whatever Caps says.
	Refuses []byte
	// Format is the format code of RAW: 0 not specified, 1 Wiegand.
	Format byte
	// Random gives RND.B; nil: crypto/rand.
	Random io.Reader
}

// OSDPReader is the peripheral's side of OSDP (SIA OSDP 2.2, IEC 60839-11-5): a reader
// with keypad, LED, buzzer and display on an RS-485 line. It is pure: bytes come in by
// Receive, which gives what it answers; a line (OSDPLine, OSDPBus) joins several.
// Its methods are safe for concurrent use.
//
//	             sequence 0             next sequence          same sequence, same bytes
//	(started) --------------> (talking) ------------> process ---------> the last answer
//	    ^                         |
//	    +----- Restart -----------+   any other sequence: NAK 04
type OSDPReader struct {
	mu      sync.Mutex // guards what follows
	cfg     OSDPConfig
	in      []byte // a frame that has not ended
	talking bool
	seq     byte   // of the last command
	last    []byte // the last command
	reply   []byte // and its answer
	channel osdpChannel
	said    []osdpSaying // what POLL gives next
	local   bool         // LSTAT has changed since it was told
	tamper  bool
	power   bool
	shown   OSDPShown
	count   OSDPCount
	faults  osdpFaults
}

// osdpSaying is an answer to be.
type osdpSaying struct {
	code byte
	data []byte
}

// OSDPCount is what a reader has met since it was made.
type OSDPCount struct {
	Commands int // frames for it that were whole and processed
	Polls    int
	Repeats  int // commands that were sent again, and answered alike
	Clear    int // commands outside the secure channel, CHLNG and SCRYPT left out
	Refused  int // NAKs that were not asked for by a fault
	Opened   int // secure channels
	KeySets  int // keys taken
	Garbled  int // frames for it with wrong check bytes or lengths
	Waiting  int // cards, keys and states that no POLL has fetched
}

// OSDPShown is the last that the host let a reader show, and how often it did.
type OSDPShown struct {
	LEDs, Buzzes, Texts int

	LED  []byte // the data of the last LED command: 14 bytes for each LED
	Buzz []byte // the data of the last BUZ command
	Text string
}

// osdpID and osdpCaps are those of a reader that nothing else is said of.
var (
	osdpID   = []byte{0xCA, 0x44, 0x6C, 1, 1, 0x78, 0x56, 0x34, 0x12, 1, 2, 3}
	osdpCaps = []byte{
		3, 1, 0, // card data: bits
		4, 4, 1, // one LED, three colours
		5, 2, 1, // a buzzer
		6, 1, 1, // a display
		8, 1, 0, // CRC
		9, 1, 1, // AES-128, default key
		10, byte(osdpMost & 0xFF), byte(osdpMost >> 8), // receive buffer
		16, 2, 0,
	}
)

// osdpSecurity is the capability «communication security» (section 5.9, annex B).
const osdpSecurity = 9

// NewOSDPReader makes a reader that was just switched on.
func NewOSDPReader(cfg OSDPConfig) (*OSDPReader, error) {
	if cfg.Address >= osdpEverybody {
		return nil, fmt.Errorf("an OSDP reader has an address from 0 to 126, not %d", cfg.Address)
	}
	if cfg.ID == nil {
		cfg.ID = osdpID
	}
	if len(cfg.ID) != 12 || len(cfg.Caps)%3 != 0 {
		return nil, fmt.Errorf("an OSDP reader has an ID of 12 bytes and capabilities of 3 bytes each")
	}
	if cfg.Caps == nil {
		cfg.Caps = osdpCaps
	}
	if cfg.CUID == nil {
		cfg.CUID = cfg.ID[:8]
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	r := &OSDPReader{cfg: cfg, faults: newOSDPFaults()}
	return r, r.SetKey(cfg.Key)
}

// Receive takes bytes off the wire, split anywhere, and gives what the reader puts on
// it. More than one piece for one command comes of the fault OSDPSplit.
func (r *OSDPReader) Receive(p []byte) (replies [][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.in = append(r.in, p...)
	for {
		frame, rest := cutOSDP(r.in)
		r.in = rest
		if frame == nil {
			return replies
		}
		replies = append(replies, r.frame(bytes.Clone(frame))...)
	}
}

// frame answers one frame, if it is a command to this reader.
func (r *OSDPReader) frame(raw []byte) [][]byte {
	if raw[1] != r.cfg.Address && raw[1] != osdpEverybody {
		return nil
	}
	if r.faults.countFault(OSDPDeaf) {
		return nil
	}
	f, err := parseOSDP(raw)
	if err != nil {
		r.count.Garbled++
		return nil
	}
	if r.faults.countFault(OSDPRestart) {
		r.restart()
		return nil
	}
	if r.talking && f.seq != 0 && f.seq == r.seq && bytes.Equal(raw, r.last) {
		r.count.Repeats++
		return r.faults.spoil(bytes.Clone(r.reply))
	}
	if r.faults.countFault(OSDPBusy) {
		return r.faults.spoil(r.clear(osdpFrame{address: f.address, crc: f.crc}, osdpSaying{code: ansBusy}))
	}
	r.last, r.reply = raw, r.process(f)
	return r.faults.spoil(bytes.Clone(r.reply))
}

// process answers a command that was not answered yet.
func (r *OSDPReader) process(f osdpFrame) []byte {
	r.count.Commands++
	switch {
	case f.seq == 0:
		r.talking, r.channel = true, osdpChannel{}
	case !r.talking || f.seq != r.seq%3+1:
		return r.clear(f, r.nak(nakSequence))
	}
	r.seq = f.seq
	if f.block == nil || f.block[0] < scsCommandMAC {
		return r.unsigned(f)
	}
	data, ok := r.channel.openCommand(f)
	if !ok {
		r.channel = osdpChannel{}
		return r.clear(f, r.nak(nakSecurity))
	}
	f.data = data
	if code, ok := r.faults.nak(); ok {
		return r.frameAnswer(f, osdpSaying{ansNAK, []byte{code}})
	}
	return r.frameAnswer(f, r.do(f, true))
}

// unsigned answers a command outside the secure channel, or one that opens it.
func (r *OSDPReader) unsigned(f osdpFrame) []byte {
	if code, ok := r.faults.nak(); ok {
		return r.clear(f, osdpSaying{ansNAK, []byte{code}})
	}
	if f.block != nil {
		return r.handshake(f)
	}
	r.count.Clear++
	identify := f.code == cmdID || f.code == cmdCap
	switch {
	case r.channel.open:
		return r.clear(f, r.nak(nakSecurity))
	case r.cfg.Strict && !identify:
		return r.clear(f, r.nak(nakEncrypt))
	}
	return r.clear(f, r.do(f, false))
}

// frameAnswer puts an answer into a frame, inside the channel if it is open.
func (r *OSDPReader) frameAnswer(f osdpFrame, s osdpSaying) []byte {
	if s.code == ansLocal && r.faults.countFault(OSDPMuteState) || s.code == ansCap && r.faults.countFault(OSDPMuteCaps) {
		return nil
	}
	if !r.channel.open || r.faults.countFault(OSDPClear) || s.code == ansLocal && r.faults.countFault(OSDPClearState) {
		return r.clear(f, s)
	}
	p := r.channel.seal(r.head(f, s), r.faults.shape(s.code))
	if r.faults.countFault(OSDPBadMAC) {
		p = forge(p, osdpMAC)
	}
	return p
}

func (r *OSDPReader) clear(f osdpFrame, s osdpSaying) []byte {
	if s.code == ansCap && r.faults.countFault(OSDPMuteCaps) {
		return nil
	}
	return closeOSDP(buildOSDP(r.head(f, s), 0), f.crc)
}

// head is the frame of an answer to f.
func (r *OSDPReader) head(f osdpFrame, s osdpSaying) osdpFrame {
	seq := f.seq
	if r.faults.countFault(OSDPStale) {
		seq = (seq + 2) % 4
	}
	return osdpFrame{address: f.address | osdpAnswer, seq: seq, crc: f.crc, code: s.code, data: s.data}
}

// Present puts a card on the reader: bits, the first one in the top bit of packed.
// It is told as RAW.
func (r *OSDPReader) Present(bits int, packed []byte) error {
	if bits < 1 || bits > 0xFFFF || len(packed) != (bits+7)/8 {
		return fmt.Errorf("present a card: %d bits do not take %d bytes", bits, len(packed))
	}
	r.queueAnswer(ansRaw, append([]byte{0, r.cfg.Format, byte(bits), byte(bits >> 8)}, packed...))
	return nil
}

// PresentFMT puts a card on the reader that is told as FMT: characters, read forwards.
func (r *OSDPReader) PresentFMT(text string) error {
	if len(text) > 0xFF {
		return fmt.Errorf("present a card: FMT takes 255 characters")
	}
	const forwards = 0
	r.queueAnswer(ansFMT, append([]byte{0, forwards, byte(len(text))}, text...))
	return nil
}

// Press presses keys of the pad: digits, * and #. They are told in one KEYPAD.
func (r *OSDPReader) Press(keys string) error {
	if keys == "" || len(keys) > 0xFF || strings.Trim(keys, "0123456789*#") != "" {
		return fmt.Errorf("a keypad has the keys 0 to 9, * and #")
	}
	codes := strings.NewReplacer("*", "\x7F", "#", "\x0D").Replace(keys)
	r.queueAnswer(ansKeypad, append([]byte{0, byte(len(codes))}, codes...))
	return nil
}

func (r *OSDPReader) queueAnswer(code byte, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, osdpSaying{code, data})
}

// Tamper opens or closes the reader's housing. The next POLL tells.
func (r *OSDPReader) Tamper(open bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tamper, r.local = open, true
}

// Power takes the reader's mains away (failed) or gives it back. The next POLL tells.
func (r *OSDPReader) Power(failed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.power, r.local = failed, true
}

// Restart switches the reader off and on: the channel is gone, and it wants sequence 0.
func (r *OSDPReader) Restart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.restart()
}

func (r *OSDPReader) restart() {
	r.talking, r.channel = false, osdpChannel{}
	r.in, r.last, r.reply = nil, nil, nil
	r.said, r.faults.late = nil, nil
}

// SetKey gives the reader another base key behind the host's back, and restarts it;
// nil puts it into install mode, as its «clear» button does.
func (r *OSDPReader) SetKey(key []byte) error {
	if key != nil && len(key) != 16 {
		return fmt.Errorf("an OSDP key has 16 bytes, not %d", len(key))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cfg.Key = bytes.Clone(key)
	r.restart()
	return nil
}

// Key is the base key that the reader has; nil in install mode.
func (r *OSDPReader) Key() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.cfg.Key)
}

// Address is where the reader listens; COMSET changes it.
func (r *OSDPReader) Address() byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cfg.Address
}

// Secure tells whether the secure channel is open.
func (r *OSDPReader) Secure() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.channel.open
}

// Shown is what the host lets the reader show.
func (r *OSDPReader) Shown() OSDPShown {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.shown
	s.LED, s.Buzz = bytes.Clone(s.LED), bytes.Clone(s.Buzz)
	return s
}

// Count is what the reader has met.
func (r *OSDPReader) Count() OSDPCount {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.count
	c.Waiting = len(r.said)
	if r.local {
		c.Waiting++
	}
	return c
}
