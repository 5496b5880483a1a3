package sim

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"badged/internal/ptyport"
)

// TWN4 is an Elatec TWN4 whose application speaks the Simple Protocol in ASCII, with
// its antenna, lights and beeper.
type TWN4 struct {
	*ptyport.Port
	crc bool

	mu      sync.Mutex // guards what follows
	line    []byte     // of the host, as far as it is there
	tag     string     // the answer of SearchTag behind 00
	asked   int        // SearchTag
	garble  int        // answers that are still to be spoiled
	deaf    bool
	lights  byte
	beeps   int
	rejects int // messages that were not understood
}

// NewTWN4 plugs a reader in at path. With crc its messages carry one.
func NewTWN4(path string, crc bool) (*TWN4, error) {
	r := &TWN4{crc: crc, tag: "00"}
	t, err := ptyport.Open(path, r.handleLines)
	if err != nil {
		return nil, err
	}
	r.Port = t
	return r, nil
}

// Lay puts a badge on the reader: its tag type, number of bits, and ID in hex.
func (r *TWN4) Lay(kind byte, bits int, id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tag = fmt.Sprintf("01%02X%02X%02X%s", kind, bits, len(id)/2, strings.ToUpper(id))
}

// Take takes the badge away.
func (r *TWN4) Take() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tag = "00"
}

// Garble spoils the next answers, one digit in each.
func (r *TWN4) Garble(answers int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.garble = answers
}

// Deaf has the reader answer nothing.
func (r *TWN4) Deaf(deaf bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deaf = deaf
}

// TWN4State is what a reader shows, and what it was asked.
type TWN4State struct {
	Lights  byte // 1 red, 2 green, 4 yellow
	Beeps   int
	Asked   int // for a badge
	Rejects int // messages that it did not understand
}

// State gives what the reader shows and was asked.
func (r *TWN4) State() TWN4State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return TWN4State{r.lights, r.beeps, r.asked, r.rejects}
}

// handleLines answers whole lines of the host.
func (r *TWN4) handleLines(p []byte) {
	r.mu.Lock()
	var answers []string
	r.line = append(r.line, p...)
	for {
		line, rest, ok := bytes.Cut(r.line, []byte("\r"))
		if !ok {
			break
		}
		r.line = bytes.Clone(rest)
		answers = append(answers, r.replyTo(string(line)))
	}
	deaf := r.deaf
	r.mu.Unlock()
	for _, a := range answers {
		if !deaf {
			_ = r.Send([]byte(a)) // a host that does not listen misses it
		}
	}
}

// replyTo gives the line that answers one. The error codes are 1, no such function, and
// 3, more parameters than it takes.
func (r *TWN4) replyTo(line string) string {
	body := line
	if r.crc {
		n := max(len(line)-4, 0)
		if body = line[:n]; line != twn4Line(body, true) {
			r.rejects++
			return twn4Line("01", true) + "\r"
		}
	}
	said := r.do(body)
	if said[:2] != "00" {
		r.rejects++
	}
	out := twn4Line(said, r.crc)
	if r.garble > 0 {
		r.garble--
		out = out[:len(out)-1] + "x"
	}
	return out + "\r"
}

// do does what a message asks, and gives the answer.
func (r *TWN4) do(body string) string {
	arg := byte(0)
	if len(body) >= 6 {
		v, _ := strconv.ParseUint(body[4:6], 16, 8)
		arg = byte(v)
	}
	switch {
	case len(body) < 4:
		return "02"
	case body[:4] == "0500":
		if len(body) != 6 {
			return "03"
		}
		r.asked++
		return "00" + r.tag
	case body[:4] == "0407" && len(body) == 18:
		r.beeps++
	case body[:4] == "0410" && len(body) == 6:
	case body[:4] == "0411" && len(body) == 6:
		r.lights |= arg
	case body[:4] == "0412" && len(body) == 6:
		r.lights &^= arg
	default:
		return "01"
	}
	return "00"
}

// twn4Line gives a message with its CRC, as the maker's reference has it: "0005" becomes
// "000515A7".
func twn4Line(body string, crc bool) string {
	if !crc {
		return body
	}
	sum := 0xFFFF
	for i := 0; i+1 < len(body); i += 2 {
		v, _ := strconv.ParseUint(body[i:i+2], 16, 8)
		b := (int(v) ^ sum) & 0xFF
		b ^= b << 4 & 0xFF
		sum = (b<<8 | sum>>8) ^ b>>4 ^ b<<3
		sum &= 0xFFFF
	}
	return fmt.Sprintf("%s%02X%02X", body, sum&0xFF, sum>>8)
}
