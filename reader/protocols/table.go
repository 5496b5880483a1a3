package protocols

import (
	"slices"
	"sort"

	"badged/reader"
	"badged/reader/asciikeypad"
	"badged/reader/line"
)

// table is sorted by name. Each family has its rows in a file of its own.
var table = sortByName(slices.Concat(
	basicRows,
	cardRows,
	hidRows,
	osdpRows,
	serialRows,
	wiegandRows,
))

// sortByName sorts by name. It avoids a generic sort of this type, which would enlarge the agent.
func sortByName(list []Protocol) []Protocol {
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

var basicRows = []Protocol{
	{
		Name:        "asciikeypad",
		Doc:         "keypad that sends one ASCII character a key",
		Port:        Serial,
		DefaultBaud: 9600,
		make:        func(values) (reader.Decoder, error) { return asciikeypad.New(), nil },
	},
	{
		Name:        "line",
		Doc:         "reader that sends the badge as a line of text, ended by CR, LF or both, or a byte of its own",
		Port:        Serial,
		DefaultBaud: 9600,
		Options: []Option{
			{"charset", "characters of the badge: digits, hex or text", "text"},
			{"max", "longest badge in characters, 1 to 256", "64"},
			{"min", "shortest badge in characters, 1 to 256", "1"},
			{"prefix", `text before the badge; \x02 is the byte 02`, ""},
			{"suffix", `text after the badge; \x03 is the byte 03`, ""},
			{"terminator", `what ends the badge: auto (CR, LF or both), or one byte; \x03 is the byte 03`, "auto"},
			{"timeout", "longest pause inside a line, 1ms to 1m", "1s"},
		},
		make: newLine,
	},
}

func newLine(v values) (reader.Decoder, error) {
	var o line.Options
	var err error
	if o.Shape, err = v.readShape(); err != nil {
		return nil, err
	}
	if v["terminator"] != "auto" {
		if o.Terminator, err = v.readText("terminator"); err != nil {
			return nil, err
		}
	}
	if o.Timeout, err = v.readDuration("timeout"); err != nil {
		return nil, err
	}
	return line.New(o)
}
