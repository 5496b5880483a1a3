// Package sycreader drives 125 kHz USB readers and writers of the make Sycreader (also «Chinese
// USB HID RFID reader/writer», often FFFF:0035) in their vendor mode: the host sets feature
// report 1, the device answers in feature report 2.
//
//	question  01 00 00 00 00 00 08 00  AA 00  03  25 00 00           26  BB  00 ... to 256 bytes
//	answer    03 00 00 00 00 00 00 00  02 00  06  00 4D 00 96 02 D2  0D  03
//	                                   start  n   data               XOR end
//
// n counts the data, and the XOR is that of n and data. The data of an answer is a status,
// 00 when a badge was read, then its 40 bits: version byte and 32 bits.
//
// Source: charlysan/pyrfidhid, rfidhid/core.py and rfidhid/test_core.py.
package sycreader

import (
	"cmp"
	"time"

	"badged/reader"
)

const (
	question = 1 // report id
	answer   = 2

	reportSize = 256
	head       = 8 // bytes in front of the start
	read       = 0x25
	dataSize   = 6 // status and badge
)

// DefaultInterval is that of Options.
const DefaultInterval = 100 * time.Millisecond

const timeout = 500 * time.Millisecond

// Options change a Decoder. The zero value is fine.
type Options struct {
	Interval time.Duration // between an answer and the next question. 0: DefaultInterval
	Gone     int           // answers without a badge after which it is gone. 0: reader.DefaultGone
}

// Decoder implements reader.Poller. Feed takes one report.
//
//	        question              report: card, fault, or gone by and by
//	(ready) --------> (asked) -------------------------------------------> (resting)
//	   ^                 | overdue                                             |
//	   +-----------------+------------------ interval -------------------------+
//
// USB loses no bytes. So a malformed answer comes from a device that reports in another way
// that there is no badge: it counts as an answer, and the first in a row is a fault. A Decoder
// that was never opened has no host: it decodes every report.
type Decoder struct {
	poll reader.Polling
	bad  bool // the last answer was not clean, and that was told
}

// New makes a decoder.
func New(opts Options) *Decoder {
	return &Decoder{poll: reader.Polling{
		Interval: cmp.Or(opts.Interval, DefaultInterval), Timeout: timeout, Gone: opts.Gone,
	}}
}

// Answer gives the id of the report that answers one that was set.
func (d *Decoder) Answer(byte) byte { return answer }

// Open implements reader.Poller.
func (d *Decoder) Open(now time.Time) { d.poll.Open(now) }

// Send implements reader.Poller: a feature report, its id first.
func (d *Decoder) Send(now time.Time) []byte {
	if !d.poll.Ready(now) {
		return nil
	}
	d.poll.Asked(now, 0)
	report := make([]byte, reportSize)
	copy(report, []byte{question, 0, 0, 0, 0, 0, 8, 0, 0xAA, 0, 3, read, 0, 0, 3 ^ read, 0xBB})
	return report
}

// Deadline implements reader.Decoder.
func (d *Decoder) Deadline() time.Time { return d.poll.Deadline() }

// Tick implements reader.Decoder.
func (d *Decoder) Tick(now time.Time, emit func(reader.Event)) { d.poll.Overdue(now, emit) }

// Feed implements reader.Decoder. A report that nobody asked for gives no card.
func (d *Decoder) Feed(at time.Time, report []byte, emit func(reader.Event)) {
	d.Tick(at, emit)
	if len(report) == 0 {
		return
	}
	asked := d.poll.Waiting()
	id, why := parseReport(report)
	switch {
	case asked:
		d.poll.Answered(at, emit)
	case d.poll.Opened():
		why = reader.BadFrame
	}
	news := !d.bad || !asked
	if d.bad = why != ""; d.bad && news {
		emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
	}
	if id == nil || d.bad {
		d.poll.None()
		return
	}
	d.poll.Found(at, reader.NewCard(reader.EM4100, "EM4100", 40, id), "", emit)
}

// parseReport gives the 40 bits of a report, nil if there is no badge, or what is wrong. Each
// byte is held against what must stand there; zeros may follow.
func parseReport(report []byte) ([]byte, reader.Why) {
	if len(report) < head+5 || len(report) > reportSize {
		return nil, reader.BadLength
	}
	for i, b := range report[:head+2] {
		if b != [...]byte{3, 0, 0, 0, 0, 0, 0, 0, 2, 0}[i] {
			return nil, reader.BadFrame
		}
	}
	n := int(report[head+2])
	end := head + 3 + n + 1
	if n == 0 || end >= len(report) {
		return nil, reader.BadLength
	}
	var sum byte
	for _, b := range report[head+2 : end] {
		sum ^= b
	}
	if sum != 0 {
		return nil, reader.BadChecksum
	}
	for i, b := range report[end:] {
		if i == 0 && b != 3 || i > 0 && b != 0 {
			return nil, reader.BadFrame
		}
	}
	data := report[head+3 : end-1]
	switch {
	case data[0] != 0:
		return nil, ""
	case n != dataSize:
		return nil, reader.BadLength
	}
	return data[1:], ""
}
