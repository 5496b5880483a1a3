package sim

import (
	"bytes"
	"sync"

	"badged/internal/ptyport"
)

// PN532 is an NXP PN532 on its serial line. It sleeps until it is woken, and unless it
// is told otherwise looks for a badge until there is one.
type PN532 struct {
	*ptyport.Port

	mu      sync.Mutex // guards what follows
	in      []byte     // of the host, as far as it is there
	awake   bool
	bounded bool     // gives up looking for a badge
	uids    [][]byte // in the field
	looking bool     // for a badge that is not there
	asked   int      // for badges
	garble  int      // answers that are still to be spoiled
}

// NewPN532 plugs a chip in at path.
func NewPN532(path string) (*PN532, error) {
	c := &PN532{}
	t, err := ptyport.Open(path, c.handleFrames)
	if err != nil {
		return nil, err
	}
	c.Port = t
	return c, nil
}

// Lay puts badges in the field, by their serial numbers, in place of those there.
func (c *PN532) Lay(uids ...[]byte) {
	c.mu.Lock()
	c.uids = uids
	var late []byte
	if c.looking && len(uids) > 0 {
		c.looking = false
		late = c.listed()
	}
	c.mu.Unlock()
	if late != nil {
		_ = c.Send(late)
	}
}

// Reset makes the chip forget that it was woken, as after a fall of its supply.
func (c *PN532) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awake, c.bounded, c.looking, c.in = false, false, false, nil
}

// Garble spoils the next answers: one bit of the sum.
func (c *PN532) Garble(answers int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.garble = answers
}

// Asked is how often badges were asked for.
func (c *PN532) Asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

// handleFrames answers whole frames of the host: 00 FF, length and its complement to 100, D4
// and the command, sum.
func (c *PN532) handleFrames(p []byte) {
	c.mu.Lock()
	c.in = append(c.in, p...)
	var out []byte
	for {
		at := bytes.Index(c.in, []byte{0x00, 0xFF})
		if at < 0 || len(c.in) < at+4 {
			break
		}
		if bytes.HasPrefix(c.in, []byte{0x55}) {
			c.awake = true
		}
		f := c.in[at+2:]
		n := int(f[0])
		if n < 2 || f[0]+f[1] != 0 {
			c.in = bytes.Clone(f)
			continue
		}
		if len(f) < 2+n+2 {
			break
		}
		c.in = bytes.Clone(f[2+n+2:])
		if sum8(f[2:2+n+1]) == 0 && f[2] == 0xD4 && c.awake {
			out = append(out, c.do(f[3:2+n])...)
		}
	}
	c.mu.Unlock()
	if out != nil {
		_ = c.Send(out) // a host that does not listen misses it
	}
}

// do acknowledges a command and gives what it is answered.
func (c *PN532) do(command []byte) []byte {
	c.looking = false
	out := []byte{0, 0, 0xFF, 0, 0xFF, 0}
	switch command[0] {
	case 0x14:
		return append(out, c.frame(0x15)...)
	case 0x32:
		c.bounded = c.bounded || len(command) == 5 && command[1] == 5 && command[4] != 0xFF
		return append(out, c.frame(0x33)...)
	case 0x4A:
		c.asked++
		if len(c.uids) == 0 && !c.bounded {
			c.looking = true
			return out
		}
		return append(out, c.listed()...)
	}
	return append(out, 0, 0, 0xFF, 1, 0xFF, 0x7F, 0x81, 0)
}

// listed is the answer that names the badges of the field, two at most.
func (c *PN532) listed() []byte {
	body := []byte{0x4B, byte(min(len(c.uids), 2))}
	for i, uid := range c.uids[:min(len(c.uids), 2)] {
		body = append(body, byte(i+1), 0x00, 0x04, 0x08, byte(len(uid)))
		body = append(body, uid...)
	}
	return c.frame(body...)
}

func (c *PN532) frame(body ...byte) []byte {
	body = append([]byte{0xD5}, body...)
	n := byte(len(body))
	sum := -sum8(body)
	if c.garble > 0 {
		c.garble--
		sum ^= 1
	}
	out := append([]byte{0, 0, 0xFF, n, -n}, body...)
	return append(out, sum, 0)
}

func sum8(p []byte) (sum byte) {
	for _, b := range p {
		sum += b
	}
	return sum
}
