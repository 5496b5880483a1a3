package twn_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/readertest"
	"badged/reader/twn"
)

var decodeHex = readertest.Unhex

var t0 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// bitwise is the CCITT CRC of the reference in Elatec's application, a byte at a time.
func bitwise(p []byte) (sum uint16) {
	sum = 0xFFFF
	for _, b := range p {
		b ^= byte(sum)
		b ^= b << 4
		sum = (uint16(b)<<8 | sum>>8) ^ uint16(b>>4) ^ uint16(b)<<3
	}
	return sum
}

// line writes an ASCII message.
func line(message []byte, crc bool) []byte {
	if crc {
		message = binary.LittleEndian.AppendUint16(bytes.Clone(message), bitwise(message))
	}
	return fmt.Appendf(nil, "%X\r", message)
}

// block writes a binary message.
func block(message []byte, crc bool) []byte {
	if crc {
		message = binary.LittleEndian.AppendUint16(bytes.Clone(message), bitwise(message))
	}
	return append([]byte{byte(len(message)), 0}, message...)
}

func card(c reader.Card) reader.Event { return reader.Event{Kind: reader.KindCard, Card: c} }

// feed gives what a decoder says to chunks a second apart.
func feed(d reader.Decoder, chunks ...string) string {
	var out []string
	for i, c := range chunks {
		d.Feed(t0.Add(time.Duration(i)*time.Second), []byte(c), func(e reader.Event) {
			s := string(e.Kind) + string(e.Why)
			if e.Kind == reader.KindCard {
				s = fmt.Sprintf("%s %s %d %s", e.Card.Tech(), e.Card.FrameFormat(), e.Card.Bits(), e.Card.Reveal())
			}
			out = append(out, s)
		})
	}
	return strings.Join(out, ", ")
}

func lines(tb testing.TB, opts twn.LineOptions) *reader.Frames {
	tb.Helper()
	d, err := twn.NewLines(opts)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}
