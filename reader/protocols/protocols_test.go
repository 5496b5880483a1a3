package protocols_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/protocols"
)

func TestTable(t *testing.T) {
	all := protocols.All()
	if !slices.IsSortedFunc(all, func(a, b protocols.Protocol) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the table is not sorted")
	}
	for _, p := range all {
		if p.Doc == "" || p.Port == "" || (p.Port == protocols.Serial || p.Port == protocols.Bus) != (p.DefaultBaud > 0) {
			t.Errorf("%s lacks its doc, port or speed", p.Name)
		}
		written := map[string]string{}
		for _, o := range p.Options {
			if o.Doc == "" {
				t.Errorf("%s, %s: no doc", p.Name, o.Name)
			}
			written[o.Name] = o.Default
		}
		var none error // what New must say
		if p.Port == protocols.Daemon || p.Port == protocols.SPI {
			none = protocols.ErrNoBytes
		}
		if _, err := protocols.New(p.Name, nil); !errors.Is(err, none) {
			t.Errorf("without options: %v", err)
		}
		if _, err := protocols.New(p.Name, written); !errors.Is(err, none) {
			t.Errorf("with its own defaults: %v", err)
		}
	}
}

func TestOptionsReachTheDecoder(t *testing.T) {
	dec, err := protocols.New("line", map[string]string{"prefix": `\x02"`, "suffix": "!", "charset": "hex", "min": "2", "max": "4", "timeout": "2s"})
	if err != nil {
		t.Fatal(err)
	}
	var got []reader.Event
	at := time.Unix(0, 0)
	dec.Feed(at, []byte("\x02\"aB12!\r\x02\"a!\r\x02\"aB123!\r\x02"), func(e reader.Event) { got = append(got, e) })
	if len(got) != 3 || got[0].Card.Reveal() != "aB12" || got[1].Why != reader.BadLength || got[2].Why != reader.Overflow {
		t.Errorf("%d events", len(got))
	}
	if dec.Deadline() != at.Add(2*time.Second) {
		t.Error("the timeout is another")
	}
}

func TestErrorsSayWhatIsAllowed(t *testing.T) {
	for _, tt := range []struct {
		name string
		opts map[string]string
		want string
	}{
		{"rdm6301", nil, `unknown protocol "rdm6301" (did you mean "rdm6300"?): must be one of asciikeypad, `},
		{"wiegand", map[string]string{"format": "H1"}, `protocol wiegand: option format: unknown format "H1": must be auto, raw, one of H10301`},
		{"wiegand", map[string]string{"keypad": "5bit"}, `protocol wiegand: option keypad "5bit" (did you mean "4bit"?): must be auto, none, 4bit`},
		{"hid", map[string]string{"lay-out": "fr"}, `unknown option "lay-out" (did you mean "layout"?): must be one of`},
		{"wiegand", map[string]string{"format": "26"}, `option format: format "26" is a length, and 26 bits may be of several layouts: must be H10301, ind26, raw, or a definition`},
		{"wiegand", map[string]string{"facility": "1"}, `option facility: is for a keypad that sends whole numbers; add keypad = "frame"`},
		{"wiegand", map[string]string{"keypad": "frame", "facility": "65536"}, `option facility "65536": must be a number, 0 to 65535, none or bcd`},
		{"wiegand", map[string]string{"keypad": "frame", "entry": "door"}, `option entry "door": must be pin or code`},
		{"wiegand", map[string]string{"keypad": "frame", "digits": "9"}, `option digits "9": must be a number, 1 to 8`},
		{"rdm6300", map[string]string{"baud": "1"}, `unknown option "baud": must be one of repeat, timeout`},
		{"asciikeypad", map[string]string{"x": ""}, `unknown option "x": it has none`},
		{"rdm6300", map[string]string{"repeat": "soon"}, `protocol rdm6300: option repeat "soon": must be a time, 1ms to 1m`},
		{"rdm6300", map[string]string{"timeout": "2h"}, `1ms to 1m`},
		{"twn3", map[string]string{"mode": "octal"}, `protocol twn3: option mode "octal": must be auto, inditag, prox, hex or decimal`},
		{"twn4", map[string]string{"mode": "inditag"}, `option mode "inditag": must be ascii, binary, hex or decimal`},
		{"twn4", map[string]string{"crc": "yes"}, `option crc "yes": must be auto, on or off`},
		{"twn4", map[string]string{"format": "H1"}, `option format: unknown format "H1"`},
		{"pn532", map[string]string{"gone": "0"}, `option gone "0": must be a number, 1 to 100`},
		{"ccid", map[string]string{"slot": "256"}, `option slot "256": must be a number, 0 to 255`},
		{"ccid", map[string]string{"interval": "0s"}, `option interval "0s": must be a time`},
		{"pcscd", map[string]string{"slot": "1"}, `unknown option "slot": it has none`},
		{"pcscd", nil, "protocol pcscd: there are no bytes to decode"},
		{"sycreader", map[string]string{"interval": "0s"}, `option interval "0s": must be a time`},
		{"line", map[string]string{"min": "0"}, `option min "0": must be a number, 1 to 256`},
		{"line", map[string]string{"max": "many"}, `option max "many"`},
		{"line", map[string]string{"charset": "octal"}, `charset "octal": must be digits, hex or text`},
		{"line", map[string]string{"prefix": `\q`}, `option prefix: a backslash must start \xNN`},
		{"line", map[string]string{"suffix": `\`}, `option suffix: a backslash`},
	} {
		if _, err := protocols.New(tt.name, tt.opts); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %v: got %v, want %q", tt.name, tt.opts, err, tt.want)
		}
	}
}
