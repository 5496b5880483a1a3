package reader

import (
	"fmt"
	"hash/maphash"
	"log/slog"
	"strconv"

	"badged/internal/secret"
)

// Tech is the technology of a badge, as far as the reader tells.
type Tech string

// The technologies. Text is a reader that types what it likes: digits or hex.
const (
	EM4100    Tech = "em4100"
	HIDProx   Tech = "hidprox"
	ISO14443A Tech = "iso14443a"
	ISO14443B Tech = "iso14443b"
	ISO15693  Tech = "iso15693"
	FeliCa    Tech = "felica"
	PACS      Tech = "pacs"    // the bits that an access control reader passes on
	Unknown   Tech = "unknown" // a number from a reader that does not tell the technology
	Text      Tech = "text"
)

// Card is what a reader read from a badge, as a value: technology, frame format, bit length
// and raw bits. Leading zeros count, and 26 bits differ from 32. Cards compare
// with ==. Printing a Card shows technology and bit length only.
type Card struct {
	tech   Tech
	format string
	bits   int
	raw    secret.Text // packed, first bit first, last byte padded with zero bits
	text   secret.Text // what a number rule starts from, where it is not the raw bits
}

// NewCard makes a card of raw, which holds the given number of bits, first bit first, padded
// with zero bits to whole bytes. It panics if raw has another length, which is a mistake of
// the decoder.
func NewCard(tech Tech, format string, bits int, raw []byte) Card {
	if len(raw) != (bits+7)/8 {
		panic(fmt.Sprintf("reader.NewCard: %d bits in %d bytes", bits, len(raw)))
	}
	return Card{tech: tech, format: format, bits: bits, raw: secret.New(string(raw))}
}

// TextCard makes a card of what a text reader typed, without terminators.
func TextCard(text string) Card {
	return Card{tech: Text, format: "text", bits: 8 * len(text), raw: secret.New(text)}
}

// WithText returns the card with another text for number rules to start from: the bits
// of a frame without its parity, or a UID in the byte order that people print.
func (c Card) WithText(text string) Card {
	c.text = secret.New(text)
	return c
}

// Mark distinguishes a card from others while the process runs, without revealing its number.
// The zero value is the mark of no card.
type Mark struct{ sum uint64 }

var markSeed = maphash.MakeSeed()

// Mark gives the card's mark.
func (c Card) Mark() Mark {
	var h maphash.Hash
	h.SetSeed(markSeed)
	for _, s := range []string{string(c.tech), c.format, strconv.Itoa(c.bits), c.raw.Reveal(), c.text.Reveal()} {
		_, _ = h.WriteString(s) // never fails
		_ = h.WriteByte(0)
	}
	return Mark{h.Sum64() | 1}
}

// Wipe overwrites the bits and the text in all copies of the card.
func (c Card) Wipe() {
	c.raw.Wipe()
	c.text.Wipe()
}

// Tech is the badge's technology.
func (c Card) Tech() Tech { return c.tech }

// FrameFormat names the layout of the bits: "EM4100", "H10301", "text".
func (c Card) FrameFormat() string { return c.format }

// Bits is the number of bits.
func (c Card) Bits() int { return c.bits }

// Hex is the raw bits in upper-case hex, two digits a byte. It is for tools that a
// technician runs; it never goes to a log.
func (c Card) Hex() string {
	const digits = "0123456789ABCDEF"
	raw := c.raw.Reveal()
	out := make([]byte, 0, 2*len(raw))
	for i := range len(raw) {
		out = append(out, digits[raw[i]>>4], digits[raw[i]&15])
	}
	return string(out)
}

// Raw is the bits, first bit first, the last byte padded with zero bits. It never goes
// to a log.
func (c Card) Raw() []byte { return []byte(c.raw.Reveal()) }

// Reveal is the text that a number rule starts from: that of WithText, what a text
// reader typed, or else the raw bits in upper-case hex. It never goes to a log.
func (c Card) Reveal() string {
	if text := c.text.Reveal(); text != "" {
		return text
	}
	if c.tech == Text {
		return c.raw.Reveal()
	}
	return c.Hex()
}

// RandomUID reports whether the badge has another number at every tap: a 4-byte
// UID that starts with 08 (ISO/IEC 14443-3, table 7), which DESFire shows as 80.
func (c Card) RandomUID() bool {
	if c.tech != ISO14443A || c.bits != 32 {
		return false
	}
	first := c.raw.Reveal()[0]
	return first == 0x08 || first == 0x80
}

// CutUID reports whether the reader passed on the head of a longer UID as the whole: a
// 4-byte UID that starts with 88, the cascade tag, which is no byte of any UID
// (ISO/IEC 14443-3, table 7). With the maker's byte behind it only two bytes differ
// from badge to badge.
func (c Card) CutUID() bool {
	return c.tech == ISO14443A && c.bits == 32 && c.raw.Reveal()[0] == 0x88
}

// String shows technology and length.
func (c Card) String() string { return fmt.Sprintf("%s/%d bits", c.tech, c.bits) }

// Format implements fmt.Formatter, so that no verb reaches the bits.
func (c Card) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// LogValue implements slog.LogValuer.
func (c Card) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Number is the canonical string that identifies a card on every reader of the site. A
// number rule makes it from a Card. It cannot be printed.
type Number struct{ secret.Text }

// NewNumber hides s.
func NewNumber(s string) Number { return Number{secret.New(s)} }
