package protocols

import (
	"errors"
	"fmt"
	"time"

	"badged/internal/spelling"
	"badged/reader"
	"badged/reader/dump"
	"badged/reader/hid"
)

var hidRows = []Protocol{
	{
		Name: "hid",
		Doc:  "reader or keypad that types as a USB keyboard does",
		Port: Reports,
		Options: []Option{
			{"charset", "characters of the badge: digits, hex or text", "text"},
			{"checksum", "what follows =: keep, or strip (it must be there, and is no part of the badge)", "keep"},
			{"descriptor", "report descriptor in hex, where no device tells it; empty: a boot keyboard", ""},
			{"key_timeout", "longest pause inside a badge, 1ms to 1m", "150ms"},
			{"keypad", "on: a person types, each key counts at once; off: a reader types badges", "off"},
			{"layout", "keyboard layout that it types for: us, fr, de, numpad or alt", "us"},
			{"max", "longest badge in characters, 1 to 256", "64"},
			{"min", "shortest badge in characters, 1 to 256", "1"},
			{"prefix", `text before the badge, such as ;`, ""},
			{"repeat", "time away after which the same badge counts again, 1ms to 1m; off: each time", "off"},
			{"suffix", `text after the badge, such as ?`, ""},
			{"terminator", "what ends the badge: auto (Enter or Tab), enter, tab or none (the suffix, else a pause)", "auto"},
			{"timeout", "longest time for a whole badge, 1ms to 1m", "2s"},
		},
		make: newHID,
	},
}

func newHID(v values) (reader.Decoder, error) {
	o, err := hidOptions(v)
	if err != nil {
		return nil, err
	}
	dec, err := hid.New(o)
	if err != nil || v["descriptor"] == "" {
		return dec, err
	}
	descriptor, err := dump.Bytes(v["descriptor"])
	if err != nil {
		return nil, errors.New("descriptor: must be hex, two digits a byte")
	}
	if err := dec.Describe(descriptor); err != nil {
		return nil, fmt.Errorf("descriptor: %w", err)
	}
	return dec, nil
}

func hidOptions(v values) (o hid.Options, err error) {
	o.Layout, o.Terminator = hid.Layout(v["layout"]), hid.Terminator(v["terminator"])
	o.Checksum = hid.Checksum(v["checksum"])
	if o.Shape, err = v.readShape(); err != nil {
		return o, err
	}
	for _, d := range []struct {
		name string
		to   *time.Duration
	}{{"key_timeout", &o.KeyTimeout}, {"timeout", &o.Timeout}, {"repeat", &o.Repeat}} {
		if d.name == "repeat" && v[d.name] == "off" {
			continue
		}
		if *d.to, err = v.readDuration(d.name); err != nil && d.name == "repeat" {
			return o, fmt.Errorf("repeat %.40q%s: must be a time, 1ms to 1m, or off", v[d.name], spelling.HintValue(v[d.name], []string{"off"}))
		} else if err != nil {
			return o, err
		}
	}
	o.Keypad, err = v.readOnOff("keypad", false)
	return o, err
}
