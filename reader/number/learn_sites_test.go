package number_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"badged/reader/number"
	"badged/reader/pacs"
)

// Badges that share one facility, as those of most sites do: the rule must not put the
// facility in as fixed text, or the badge of a stranger is somebody's number.
func TestBadgesOfOneFacilityGiveNoRuleThatIgnoresIt(t *testing.T) {
	for _, tt := range []struct{ name, pairs, want string }{
		{"26 bits", "4604062,03508271 4654385,03533432 38172863,03515455 38271826,03564937",
			`join("","dec2bin|lpad(26)|substr(1,8)|bin2dec|lpad(3)","dec2bin|lpad(26)|substr(9,16)|bin2dec|lpad(5)")`},
		{"26 bits, with a comma", "4604062,035,08271 4654385,035,33432 38172863,035,15455 38271826,035,64937",
			`join(",","dec2bin|lpad(26)|substr(1,8)|bin2dec|lpad(3)","dec2bin|lpad(26)|substr(9,16)|bin2dec|lpad(5)")`},
		{"24 bits", "2302031,03508271 2327192,03533432 2309215,03515455 2358697,03564937",
			`join("","dec2hex|lpad(6)|left(2)|hex2dec|lpad(3)","dec2hex|lpad(6)|right(4)|hex2dec|lpad(5)")`},
		{"24 bits, facility 59", "3915174,05948550 3915824,05949200 3883182,05916558 3891936,05925312",
			`join("","dec2hex|lpad(6)|left(2)|hex2dec|lpad(3)","dec2hex|lpad(6)|right(4)|hex2dec|lpad(5)")`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := oneRule(t, pairsOf(tt.pairs)); got != tt.want {
				t.Errorf("learnt %s", got)
			}
		})
	}
}

// kinds are the ways in which sites number their badges.
var kinds = []struct {
	name, format string // no format: the number alone
	bits         int
	want         string // of facility and card
}{
	{"26 bits, 3 and 5 digits", "H10301", 16, "%03d%05d"},
	{"26 bits, comma", "H10301", 16, "%03d,%05d"},
	{"34 bits, 3 and 5 digits", "H10306", 16, "%03d%05d"},
	{"34 bits, comma", "H10306", 16, "%03d,%05d"},
	{"35 bits, 4 and 7 digits", "C1k35s", 20, "%04d%07d"},
	{"24 bits, 3 and 5 digits", "", 16, "%03d%05d"},
	{"24 bits, comma", "", 16, "%03d,%05d"},
}

// numbered gives a badge of a facility.
func numbered(rnd *rand.Rand, i int, facility uint64) number.Pair {
	kind, card := kinds[i], rnd.Uint64N(1<<kinds[i].bits)
	value := facility<<kind.bits | card
	if j := slices.IndexFunc(pacs.Formats(), func(f pacs.Format) bool { return f.Name == kind.format }); j >= 0 {
		f := pacs.Formats()[j]
		value = frameOf(rnd, f, facility)
		card = value >> (f.Bits - f.Card[0].To) & (1<<kind.bits - 1)
	}
	return number.Pair{Read: fmt.Sprint(value), Want: fmt.Sprintf(kind.want, facility, card)}
}

// Whatever rule is sure makes the right number of badges of other facilities, or fails: it
// never makes the number of a badge of the site.
func TestASureRuleKnowsStrangers(t *testing.T) {
	for i, kind := range kinds {
		if testing.Short() && i%4 > 0 {
			continue
		}
		t.Run(kind.name, func(t *testing.T) {
			sure := 0
			for _, site := range []uint64{3, 35, 59, 110, 201, 255} {
				rnd := rand.New(rand.NewPCG(site, 7))
				var pairs []number.Pair
				for range 4 {
					pairs = append(pairs, numbered(rnd, i, site))
				}
				found, err := number.Learn(pairs)
				if err != nil || len(found.Rules) == 0 {
					t.Fatalf("facility %d: %d rules, %v", site, len(found.Rules), err)
				}
				if len(found.Rules) > 1 || found.OneSite {
					continue
				}
				sure++
				for range 60 {
					p := numbered(rnd, i, 1+rnd.Uint64N(255))
					if got, err := parse(t, found.Rules[0]).Convert(p.Read); err == nil && got != p.Want {
						t.Fatalf("facility %d: %s makes another number of another badge", site, found.Rules[0])
					}
				}
			}
			if sure < 4 {
				t.Errorf("only %d of 6 sites have a rule", sure)
			}
		})
	}
}

// Fixed digits beside a part of what was read: the rest of it may say them.
func TestFixedDigitsForThoseThatNeverVaryAreNotSure(t *testing.T) {
	for _, pairs := range []string{
		"2C4F1A2B3C,914F1A2B3C 2C5554C1F7,915554C1F7 2C08711D43,9108711D43", // 91 for 2C
		"2C4F1A2B3C,1A2B3C91 2C4F54C1F7,54C1F791 2C4F711D43,711D4391",
	} {
		found, err := number.Learn(pairsOf(pairs))
		if err != nil || len(found.Rules) == 0 || !found.OneSite {
			t.Errorf("%v, of one site %v, %v", found.Rules, found.OneSite, err)
		}
	}
	for _, tt := range []struct{ pairs, want string }{
		{"2C4F1A2B3C,AB2C4F1A2B3C 2C5554C1F7,AB2C5554C1F7 2C08711D43,AB2C08711D43", `prepend("AB")`}, // passes nothing over
		{"2C4F1A2B3C,No.4F1A2B3C 2C5554C1F7,No.5554C1F7 2C08711D43,No.08711D43", `right(8)|prepend("No.")`},
	} {
		found, err := number.Learn(pairsOf(tt.pairs))
		if err != nil || len(found.Rules) != 1 || found.Rules[0] != tt.want || found.OneSite {
			t.Errorf("%v, of one site %v, %v", found.Rules, found.OneSite, err)
		}
	}
}

// The 35 bits of a Corporate 1000 look like 34 while no badge has the first one set.
func TestALongerFrameIsTakenIfItsParityProvesIt(t *testing.T) {
	got := oneRule(t, pairsOf("15902222291,3656143849 15145298598,3277682003 8960119318,0185092363"))
	if got != "dec2bin|lpad(35)|substr(2,32)|bin2dec|lpad(10)" {
		t.Errorf("learnt %s", got)
	}
}

// 0x and small letters are wanted, of whatever was read.
func TestLearnWrites0xInBothCases(t *testing.T) {
	for _, tt := range []struct{ name, pairs, want string }{
		{"dashes, small", "44-B0-82-3C,0x44b0823c FD-E6-F1-C2,0xfde6f1c2 6B-30-F9-0E,0x6b30f90e 0A-FF-10-22,0x0aff1022", `drop|lower|prepend("0x")`},
		{"dashes, capitals", "44-b0-82-3c,0x44B0823C fd-e6-f1-c2,0xFDE6F1C2 6b-30-f9-0e,0x6B30F90E", `drop|upper|prepend("0x")`},
		{"commas", "44,B0,82,3C;0x44b0823c FD,E6,F1,C2;0xfde6f1c2 6B,30,F9,0E;0x6b30f90e", `drop(",")|lower|prepend("0x")`},
		{"low lines", "44_B0_82_3C,0x44b0823c FD_E6_F1_C2,0xfde6f1c2 6B_30_F9_0E,0x6b30f90e", `drop("_")|lower|prepend("0x")`},
		{"turned over", "44:B0:82:3C,0x3c82b044 FD:E6:F1:C2,0xc2f1e6fd 6B:30:F9:0E,0x0ef9306b", `drop|reverse|lower|prepend("0x")`},
		{"7 bytes", "04.A2.33.1B.5C.70.80,0x04a2331b5c7080 04.9F.00.7C.1A.2B.3C,0x049f007c1a2b3c 04.11.D3.E0.00.61.80,0x0411d3e0006180", `drop|lower|prepend("0x")`},
		{"plain, small", "44B0823C,0x44b0823c FDE6F1C2,0xfde6f1c2 6B30F90E,0x6b30f90e", `lower|prepend("0x")`},
		{"plain, capitals", "2c4f1a2b,0x2C4F1A2B 2cc111d4,0x2CC111D4 2c5554c1,0x2C5554C1", `upper|prepend("0x")`},
		{"capitals for small letters", "0x44b0823c,0x44B0823C 0xfde6f1c2,0xFDE6F1C2 0x6b30f90e,0x6B30F90E", `drop|upper|prepend("0x")`},
		{"of decimal", "1152418364,0x44b0823c 4259770818,0xfde6f1c2 1798371598,0x6b30f90e", `dec2hex|lpad(8)|lower|prepend("0x")`},
		{"each byte", "44B0823C,0x44,0xb0,0x82,0x3c FDE6F1C2,0xfd,0xe6,0xf1,0xc2 6B30F90E,0x6b,0x30,0xf9,0x0e", `lower|group(2,",0x")|prepend("0x")`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pairs := pairsOf(tt.pairs)
			if tt.name == "commas" {
				pairs = []number.Pair{{"44,B0,82,3C", "0x44b0823c"}, {"FD,E6,F1,C2", "0xfde6f1c2"}, {"6B,30,F9,0E", "0x6b30f90e"}}
			}
			got := oneRule(t, pairs)
			if got != tt.want {
				t.Errorf("learnt %s", got)
			}
			for _, p := range pairs {
				if made, err := parse(t, got).Convert(p.Read); err != nil || made != p.Want {
					t.Errorf("%s does not make what it was learnt from: %v", got, err)
				}
			}
		})
	}
}

// Wanted numbers of one length: a shorter one of another badge is filled up before it is
// put beside another, or in groups.
func TestNumbersOfOneLengthAreFilledUp(t *testing.T) {
	for _, tt := range []struct{ pairs, want string }{
		{"2C4F1A2B3C,026,11068 2C5554C1F7,084,49655 2CC111D431,017,54321", `join(",","substr(4,2)|hex2dec|lpad(3)","right(4)|hex2dec|lpad(5)")`},
		{"02302031,23:20:4F 04340831,42:3C:5F 08381987,7F:E6:23", `dec2hex|lpad(6)|group(2,":")`},
		{"10110100111100001010010111000011,B4F0A5C3 11110000101001011100001110110100,F0A5C3B4 10010110101001010011110011110000,96A53CF0", "bin2hex|lpad(8)"},
		{"62E3086CED,3808980205 6FAA7B3972,2860202354 10D086F444,3498505284", "right(8)|hex2dec|lpad(10)"},
	} {
		if got := oneRule(t, pairsOf(tt.pairs)); got != tt.want {
			t.Errorf("learnt %s", got)
		}
	}
}

// Numbers of one facility may be frames of 30, 34 and 37 bits by their parity: the digits
// up to which they are filled tell which.
func TestTheWidthOfANumberTellsTheFormat(t *testing.T) {
	for _, tt := range []struct{ pairs, want string }{
		{"257986493,00128993246 258013297,00129006648 257955887,00128977943 258066909,00129033454", "dec2bin|lpad(37)|substr(1,35)|bin2dec|lpad(11)"},
		{"32280509,016140254 32307313,016153656 32249903,016124951 32360925,016180462", "dec2bin|lpad(30)|substr(1,28)|bin2dec|lpad(9)"},
		{"32280509,0016140254 32307313,0016153656 32249903,0016124951 32360925,0016180462", "dec2bin|lpad(34)|substr(1,32)|bin2dec|lpad(10)"},
		{"9110521327,0260293367 17699990367,0260060591 520179035,0260089517 9110401087,0260233247", "dec2bin|lpad(35)|substr(2,32)|bin2dec|lpad(10)"}, // and no H800002
		{"68756193439,00018358351 68756243760,00018383512 68756207807,00018365535 68756306770,00018415017", "dec2bin|lpad(37)|substr(1,35)|bin2dec|lpad(11)"},
	} {
		if got := oneRule(t, pairsOf(tt.pairs)); got != tt.want {
			t.Errorf("learnt %s", got)
		}
	}
}
