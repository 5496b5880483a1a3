package pacs

import (
	"slices"
	"sync"
)

// The sources of the table.
const (
	pm3      = "proxmark3, client/src/wiegand_formats.c"
	badges   = "published badges, testdata/vectors/wiegand-badges.jsonl"
	pm3Value = "known frames of proxmark3, whose sheet was not seen"
)

// table is the formats by length, in the words of Parse. Parity bits stand in the
// order in which a reader makes them. Not every format covers every bit:
//
//   - Kastle, S12906, BQT38 and the like cover all bits with their two halves.
//   - H10320 misses bits 27 and 28 (and counts 29 and 30 for them), HGen37 bits 2, 6, 10, 14,
//     18, 22, 26, 30 and 34, BC40 bits 1 to 19 and 39.
//   - ind26, BQT34 and H10304 have the lengths and parities of H10301, H10306 and H10302,
//     and MDI37 has them wherever bit 19 is 0: only a configuration can tell them apart.
//   - N10002: proxmark3 makes the first bit even with the facility; of the one badge that
//     is published it is odd. It is skipped, so that bits 1 to 17 are not covered.
//   - Verkada40 and Defcon32: the known frames start with 1 and have an even number of
//     ones. Whether the first bit is a mark or a parity is not known, so it is skipped.
var table = []struct{ name, layout, source string }{
	{"H10301", "bits=26 facility=2-9 card=10-25 even=1:2-13 odd=26:14-25", "HID, Understanding Card Data Formats; " + pm3},
	{"ind26", "bits=26 facility=2-13 card=14-25 even=1:2-13 odd=26:14-25", "Indala 26; " + pm3},
	{"2804W", "bits=28 facility=5-12 card=13-27 odd=3:5,6,8,9,11,12,14,15,17,18,20,21,23,24,26,27 even=1:2-14 odd=28:1-27", pm3},
	{"ATSW30", "bits=30 facility=2-13 card=14-29 even=1:2-13 odd=30:14-29", pm3},
	{"Kastle", "bits=32 issue=3-7 facility=8-15 card=16-31 one=2 even=1:2-17 odd=32:15-31", pm3},
	{"D10202", "bits=33 facility=2-8 card=9-32 even=1:2-17 odd=33:17-32", "HID D10202; " + pm3},
	{"H10306", "bits=34 facility=2-17 card=18-33 even=1:2-17 odd=34:18-33", "HID H10306; " + pm3},
	{"N10002", "bits=34 skip=1 facility=2-17 card=18-33 odd=34:18-33", "Northern N10002; " + pm3 + "; " + badges},
	{"BQT34", "bits=34 facility=2-9 card=10-33 even=1:2-17 odd=34:18-33", pm3},
	{"C1k35s", "bits=35 facility=3-14 card=15-34 even=2:3,4,6,7,9,10,12,13,15,16,18,19,21,22,24,25,27,28,30,31,33,34 " +
		"odd=35:2,3,5,6,8,9,11,12,14,15,17,18,20,21,23,24,26,27,29,30,32,33 odd=1:2-35", "HID Corporate 1000; " + pm3},
	{"C15001", "bits=36 oem=2-11 facility=12-19 card=20-35 even=1:2-18 odd=36:19-35", "HID Keyscan C15001; " + pm3},
	{"S12906", "bits=36 facility=2-9 issue=10-11 card=12-35 odd=1:2-18 odd=36:18-35", "HID Simplex S12906; " + pm3},
	{"Sie36", "bits=36 facility=2-19 card=20-35 odd=1:2,4,5,7,8,10,11,13,14,16,17,19,20,22,23,25,26,28,29,31,32,34,35 " +
		"even=36:2,3,5,6,8,9,11,12,14,15,17,18,20,21,23,24,26,27,29,30,32,33,35", "Siemens 36; " + pm3},
	{"H10320", "bits=37 card=bcd:1-32 even=33:1,5,9,13,17,21,25,29 odd=34:2,6,10,14,18,22,26,30 " +
		"even=35:3,7,11,15,19,23,29,31 even=36:4,8,12,16,20,24,30,32 zero=37", "HID H10320; " + pm3},
	{"H10302", "bits=37 card=2-36 even=1:2-19 odd=37:19-36", "HID H10302; " + pm3},
	{"H10304", "bits=37 facility=2-17 card=18-36 even=1:2-19 odd=37:19-36", "HID H10304; " + pm3},
	{"HGen37", "bits=37 card=5-36 one=37 even=1:5,9,13,17,21,25,29,33 odd=3:7,11,15,19,23,27,31,35 even=4:8,12,16,20,24,28,32,36", pm3},
	{"MDI37", "bits=37 facility=2-7 card=8-36 even=1:2-18 odd=37:19-36", "PointGuard MDI, AMAG S10401; " + badges},
	{"BQT38", "bits=38 card=2-20 issue=21-24 facility=25-37 even=1:2-19 odd=38:20-37", pm3},
	{"ISCS", "bits=38 oem=2-5 facility=6-15 card=16-37 even=1:2-19 odd=38:20-37", pm3},
	{"PW39", "bits=39 facility=2-18 card=19-38 even=1:2-19 odd=39:20-38", "Pyramid 39; " + pm3},
	{"P10001", "bits=40 one=1-4 facility=5-16 card=17-32 even=33:1,9,17,25 even=34:2,10,18,26 even=35:3,11,19,27 even=36:4,12,20,28 " +
		"even=37:5,13,21,29 even=38:6,14,22,30 even=39:7,15,23,31 even=40:8,16,24,32", "Honeywell P10001; " + pm3},
	{"Verkada40", "bits=40 skip=1 facility=2-11 card=12-39 even=40:1-39", pm3Value},
	{"BC40", "bits=40 oem=1-7 facility=8-19 card=20-38 odd=40:20-38", "Bundy TimeClock; " + pm3},
	{"Defcon32", "bits=42 skip=1 facility=2-17 issue=18-21 card=22-41 even=42:1-41", pm3Value},
	{"H800002", "bits=46 facility=2-15 card=16-45 even=1:2-45 odd=46:2-45", "HID H800002; " + pm3},
	{"C1k48s", "bits=48 facility=3-24 card=25-47 " +
		"even=2:4,5,7,8,10,11,13,14,16,17,19,20,22,23,25,26,28,29,31,32,34,35,37,38,40,41,43,44,46,47 " +
		"odd=48:3,4,6,7,9,10,12,13,15,16,18,19,21,22,24,25,27,28,30,31,33,34,36,37,39,40,42,43,45,46 odd=1:2-48", "HID Corporate 1000; " + pm3},
	{"AWID50", "bits=50 facility=2-17 card=18-49 even=1:2-25 odd=50:26-49", "proxmark3, client/src/cmdlfawid.c"},
	{"Avig56", "bits=56 facility=2-21 card=22-55 even=1:2-28 odd=56:29-55", "Avigilon 56; " + pm3},
}

// formats is the table, read once. A mistake in it is found by the tests.
var formats = sync.OnceValue(func() []*Format {
	all := make([]*Format, len(table))
	for i, row := range table {
		f, err := Parse(row.layout)
		if err != nil {
			panic("reader/pacs: " + row.name + ": " + err.Error())
		}
		f.Name, f.Source = row.name, row.source
		all[i] = &f
	}
	return all
})

// Formats gives the formats that have a name, by length.
func Formats() []Format {
	all := make([]Format, 0, len(table))
	for _, f := range formats() {
		all = append(all, *f)
	}
	return slices.Clip(all)
}
