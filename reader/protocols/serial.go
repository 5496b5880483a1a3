package protocols

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"badged/internal/spelling"
	"badged/reader"
	"badged/reader/pacs"
	"badged/reader/pcprox"
	"badged/reader/pn532"
	"badged/reader/rdm6300"
	"badged/reader/stxlen"
	"badged/reader/sycreader"
	"badged/reader/twn"
	"badged/reader/yhy52x"
)

// Options that several readers have.
var (
	repeatOption   = Option{"repeat", "time away after which the same badge counts again, 1ms to 1m", "500ms"}
	timeoutOption  = Option{"timeout", "longest pause inside a frame, 1ms to 1m", "250ms"}
	goneOption     = Option{"gone", "answers without a badge after which it is gone, 1 to 100", "3"}
	intervalOption = Option{"interval", "time between an answer and the next question, 1ms to 1m", "50ms"}
)

func formatOption(usual string) Option {
	return Option{"format", "what the bits may be: auto, raw, names of formats (H10302), or a definition (bits=26 facility=2-9 card=10-25)", usual}
}

var speaks = []Option{repeatOption, timeoutOption}

// serialRows have as aliases the names of testdata/vectors.
var serialRows = []Protocol{
	{Name: "id12", Doc: "ID-2, ID-12, ID-20 (also LA) and compatible 125 kHz modules", Port: Serial, DefaultBaud: 9600, Options: speaks, make: newFrames(rdm6300.ID12)},
	{Name: "parallax", Doc: "Parallax 28140 and 28340 125 kHz reader", Port: Serial, DefaultBaud: 2400, Options: speaks, make: newFrames(rdm6300.Parallax)},
	{
		Name: "pcprox", Doc: "RF IDeas pcProx and WAVE ID, asked for the bits of a badge over USB", Port: Feature,
		Options: []Option{formatOption("raw"), goneOption, {intervalOption.Name, intervalOption.Doc, "100ms"}},
		make:    newPCProx,
	},
	{
		Name: "pn532", Aliases: []string{"pn532-hsu"}, Doc: "NXP PN532 on its serial line (HSU), ISO 14443 type A", Port: Serial, DefaultBaud: 115200,
		Options: []Option{goneOption, intervalOption, {"timeout", "longest wait for an answer, 1ms to 1m", "500ms"}},
		make:    newPN532,
	},
	{Name: "rdm6300", Doc: "RDM6300, EM-18 and compatible 125 kHz modules", Port: Serial, DefaultBaud: 9600, Options: speaks, make: newFrames(rdm6300.RDM6300)},
	{Name: "stxlen", Aliases: []string{"newegg-stx-len"}, Doc: "Gwiot 7941E and other modules whose frame is STX, length, type, number, XOR, ETX", Port: Serial, DefaultBaud: 9600, Options: speaks, make: newSTXLen},
	{
		Name: "sycreader", Aliases: []string{"sycreader-feature"}, Doc: "Sycreader 125 kHz USB reader and writer in its vendor mode", Port: Feature,
		Options: []Option{goneOption, {intervalOption.Name, intervalOption.Doc, "100ms"}},
		make:    newSycreader,
	},
	{
		Name: "twn3", Aliases: []string{"twn3-inditag"}, Doc: "Elatec TWN3 in transparent mode: lines that it sends by itself", Port: Serial, DefaultBaud: 9600,
		Options: []Option{formatOption("auto"), {"mode", "what a line is: inditag (with a checksum), prox (bit count and bits), hex, decimal, or auto: one of the first two, where a few prox badges are ambiguous", "auto"}, repeatOption,
			{"timeout", "longest pause inside a line, 1ms to 1m", "1s"}},
		make: newTWN3,
	},
	{
		Name: "twn4", Aliases: []string{"twn4-simple-crc"}, Doc: "Elatec TWN4: Simple Protocol, in which it is asked, or lines", Port: Serial, DefaultBaud: 9600,
		Options: []Option{
			{"crc", "whether messages carry a CRC: auto (found out), on or off", "auto"},
			formatOption("auto"), goneOption, intervalOption,
			{"mode", "Simple Protocol: ascii or binary; lines that it sends by itself: hex or decimal, which cannot be found out, as a damaged answer looks like a line", "ascii"},
			repeatOption,
			{"timeout", "longest wait for an answer, or pause inside a line, 1ms to 1m", "700ms"},
		},
		make: newTWN4,
	},
	{Name: "yhy52x", Aliases: []string{"yhy52x-autoblock"}, Doc: "Ehuoyan YHY521X and YHY522, set to read by themselves", Port: Serial, DefaultBaud: 19200, Options: speaks, make: newYHY52x},
}

// readDurations reads several.
func (v values) readDurations(to map[string]*time.Duration) (err error) {
	for _, name := range slices.Sorted(maps.Keys(to)) {
		if *to[name], err = v.readDuration(name); err != nil {
			return err
		}
	}
	return nil
}

// readCards reads what bits may be.
func (v values) readCards(usual string) (pacs.Selection, error) {
	spec, ok := v["format"]
	if !ok {
		spec = usual
	}
	s, err := pacs.Select(spec)
	if err != nil {
		return s, fmt.Errorf("format: %w", err)
	}
	return s, nil
}

// maxGone is far more polls than can miss a badge in a row.
const maxGone = 100

// readPolling reads the options of a polled reader.
func (v values) readPolling(gone *int, to map[string]*time.Duration) (err error) {
	if *gone, err = v.readNumber("gone", maxGone); err != nil {
		return err
	}
	return v.readDurations(to)
}

// readFrameTimes reads the times of a reader that sends by itself.
func (v values) readFrameTimes() (t reader.FrameTimes, err error) {
	err = v.readDurations(map[string]*time.Duration{"repeat": &t.Repeat, "timeout": &t.Timeout})
	return t, err
}

func newFrames(framing rdm6300.Framing) func(values) (reader.Decoder, error) {
	return func(v values) (reader.Decoder, error) {
		times, err := v.readFrameTimes()
		return rdm6300.New(rdm6300.Options{Framing: framing, Times: times}), err
	}
}

func newSTXLen(v values) (reader.Decoder, error) {
	times, err := v.readFrameTimes()
	return stxlen.New(times), err
}

func newYHY52x(v values) (reader.Decoder, error) {
	times, err := v.readFrameTimes()
	return yhy52x.New(times), err
}

func newPN532(v values) (reader.Decoder, error) {
	var o pn532.Options
	err := v.readPolling(&o.Gone, map[string]*time.Duration{"interval": &o.Interval, "timeout": &o.Timeout})
	return pn532.New(o), err
}

func newSycreader(v values) (reader.Decoder, error) {
	var o sycreader.Options
	err := v.readPolling(&o.Gone, map[string]*time.Duration{"interval": &o.Interval})
	return sycreader.New(o), err
}

func newPCProx(v values) (reader.Decoder, error) {
	var o pcprox.Options
	var err error
	if o.Cards, err = v.readCards("raw"); err != nil {
		return nil, err
	}
	err = v.readPolling(&o.Gone, map[string]*time.Duration{"interval": &o.Interval})
	return pcprox.New(o), err
}

func newTWN3(v values) (reader.Decoder, error) { return v.newLines(v["mode"]) }

// newLines makes the decoder of an Elatec reader that sends by itself.
func (v values) newLines(mode string) (reader.Decoder, error) {
	o := twn.LineOptions{Mode: twn.Mode(mode)}
	var err error
	if o.Cards, err = v.readCards("auto"); err != nil {
		return nil, err
	}
	if o.Times, err = v.readFrameTimes(); err != nil {
		return nil, err
	}
	return twn.NewLines(o)
}

func newTWN4(v values) (reader.Decoder, error) {
	var o twn.SimpleOptions
	switch mode := v["mode"]; mode {
	case "", "ascii":
	case "binary":
		o.Binary = true
	case "hex", "decimal":
		return v.newLines(mode)
	default:
		return nil, spelling.Word("mode", mode, "ascii", "binary", "hex", "decimal")
	}
	switch crc := v["crc"]; crc {
	case "", "auto":
	case "on":
		o.CRC = twn.CRCOn
	case "off":
		o.CRC = twn.CRCOff
	default:
		return nil, spelling.Word("crc", crc, "auto", "on", "off")
	}
	var err error
	if o.Cards, err = v.readCards("auto"); err != nil {
		return nil, err
	}
	err = v.readPolling(&o.Gone, map[string]*time.Duration{"interval": &o.Interval, "timeout": &o.Timeout})
	return twn.NewSimple(o), err
}
