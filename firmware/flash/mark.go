package flash

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// markAt is where a card says what it is, in the first MiB, behind the partition table.
const markAt = 512 << 10

// The states of a card.
const (
	StateHalf  = "half written"
	StateWhole = "whole"
)

// Mark is what a card says of itself.
type Mark struct {
	State    string
	Board    string
	Terminal string
	Version  string // of the release
	Release  string // its ID, in hex
	Made     string // hash of all that was written, in hex; empty while it is half written
}

const markMagic = "badged-card 1\n"

var markRE = regexp.MustCompile(`^[a-zA-Z0-9 .+~_-]{0,64}$`)

func (c Content) mark() Mark {
	return Mark{StateWhole, c.Board.Name, c.Terminal, c.Version, hex.EncodeToString(c.Release.ID[:]), ""}
}

// fields are the lines of a mark.
func (m *Mark) fields() []*string {
	return []*string{&m.State, &m.Board, &m.Terminal, &m.Version, &m.Release, &m.Made}
}

// bytes is one sector.
func (m Mark) bytes() []byte {
	b := bytes.NewBufferString(markMagic)
	for _, f := range m.fields() {
		fmt.Fprintln(b, *f)
	}
	sum := sha256.Sum256(b.Bytes())
	fmt.Fprintf(b, "%x\n", sum[:8])
	return append(b.Bytes(), make([]byte, sector-b.Len())...)
}

// ParseMark reads what a card says of itself in its first MiB. It reports false for a card that
// we never wrote.
func ParseMark(head []byte) (m Mark, ok bool) {
	if len(head) < markAt+sector {
		return m, false
	}
	text, ok := strings.CutPrefix(string(head[markAt:markAt+sector]), markMagic)
	lines := strings.Split(text, "\n")
	if !ok || len(lines) < len(m.fields()) {
		return m, false
	}
	for i, f := range m.fields() {
		if !markRE.MatchString(lines[i]) {
			return Mark{}, false
		}
		*f = lines[i]
	}
	ok = bytes.Equal(m.bytes(), head[markAt:markAt+sector])
	if head[510] != 0x55 || head[511] != 0xaa {
		m.State = StateHalf // the first sector is written last
	}
	return m, ok
}
