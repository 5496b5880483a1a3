package number_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"badged/reader/number"
	"badged/reader/pacs"
)

// pairsOf reads "read,want read,want". A blank inside is written as ·.
func pairsOf(text string) (pairs []number.Pair) {
	for p := range strings.FieldsSeq(text) {
		read, want, _ := strings.Cut(strings.ReplaceAll(p, "·", " "), ",")
		pairs = append(pairs, number.Pair{Read: read, Want: want})
	}
	return pairs
}

// oneRule learns, and fails if the pairs do not tell one rule.
func oneRule(t *testing.T, pairs []number.Pair) string {
	t.Helper()
	found, err := number.Learn(pairs)
	if err != nil || len(found.Rules) != 1 {
		t.Fatalf("%d rules, %v: %v", len(found.Rules), err, found.Rules)
	}
	return found.Rules[0]
}

// A reader that types all the bits of a frame in decimal: the number stands inside.
func TestLearnFindsBitsInsideADecimalNumber(t *testing.T) {
	for _, tt := range []struct{ name, pairs, want string }{
		{"the middle 24 of 26 bits", "35020915,00733241 60019906,13232737 10094161,05047080 53806186,10125877", "dec2bin|lpad(26)|substr(1,24)|bin2dec|lpad(8)"},
		{"facility and card", "35020915,01112345 60019906,20160001 10094161,07700808 53806186,15433333",
			`join("","dec2bin|lpad(26)|substr(1,8)|bin2dec|lpad(3)","dec2bin|lpad(26)|substr(9,16)|bin2dec|lpad(5)")`},
		{"facility and card, with a comma", "35020915,011,12345 60019906,201,60001 10094161,077,00808 53806186,154,33333",
			`join(",","dec2bin|lpad(26)|substr(1,8)|bin2dec|lpad(3)","dec2bin|lpad(26)|substr(9,16)|bin2dec|lpad(5)")`},
		{"in hex", "35020915,0B3039 60019906,C9EA61 10094161,4D0328 53806186,9A8235", "dec2bin|lpad(26)|substr(1,24)|bin2hex|lpad(6)"},
		{"with an odd number of ones, which proves no longer format", "10142446,05071223 13481705,06740852 8442697,04221348 14888602,07444301", "dec2bin|lpad(26)|substr(1,24)|bin2dec|lpad(8)"},
		{"the card alone", "35020915,12345 60019906,60001 10094161,00808 53806186,33333", "dec2bin|lpad(26)|substr(9,16)|bin2dec|lpad(5)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := oneRule(t, pairsOf(tt.pairs)); got != tt.want {
				t.Errorf("learnt %s", got)
			}
		})
	}
}

// frameOf makes a frame of random numbers, with facility as the format's facility if it
// has one, and gives its value.
func frameOf(rnd *rand.Rand, f pacs.Format, facility uint64) uint64 {
	frame := make([]int, f.Bits+1)
	for i := range frame {
		frame[i] = rnd.IntN(2)
	}
	fill := func(ranges []pacs.Range, bit func(i int) int) {
		i := 0
		for _, r := range ranges {
			for pos := r.From; pos <= r.To; pos++ {
				frame[pos] = bit(i)
				i++
			}
		}
	}
	if len(f.Facility) == 1 {
		width := f.Facility[0].To - f.Facility[0].From + 1
		fill(f.Facility, func(i int) int { return int(facility>>(width-1-i)) & 1 })
	}
	fill(f.Ones, func(int) int { return 1 })
	fill(f.Zeros, func(int) int { return 0 })
	for _, p := range f.Parities {
		ones := 0
		for _, r := range p.Over {
			for pos := r.From; pos <= r.To; pos++ {
				ones += frame[pos]
			}
		}
		if frame[p.At] = ones & 1; p.Odd {
			frame[p.At] ^= 1
		}
	}
	value := uint64(0)
	for _, bit := range frame[1:] {
		value = value<<1 | uint64(bit)
	}
	return value
}

// Of every format, the number of its card is found in whole frames, whether they are read
// in decimal or in hex, and whether the badges are of one site, which have one facility,
// or not. Each format has one of the ways, since a search takes a while.
func TestLearnKnowsThePlacesOfEveryFormat(t *testing.T) {
	for i, f := range pacs.Formats() {
		if f.BCD || len(f.Card) != 1 || testing.Short() && i%6 > 0 {
			continue
		}
		read, oneSite := "%d", i%3 != 0
		if i%3 == 1 {
			read = fmt.Sprintf("%%0%dX", (f.Bits+3)/4)
		}
		t.Run(fmt.Sprintf("%s/%s/one site %v", f.Name, read, oneSite), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(uint64(f.Bits), 26))
			site := rnd.Uint64()
			badges := func(n int) (pairs []number.Pair) {
				for range n {
					if !oneSite {
						site = rnd.Uint64()
					}
					v := frameOf(rnd, f, site)
					card := v >> (f.Bits - f.Card[0].To) & (1<<(f.Card[0].To-f.Card[0].From+1) - 1)
					pairs = append(pairs, number.Pair{Read: fmt.Sprintf(read, v), Want: fmt.Sprintf("%012d", card)})
				}
				return pairs
			}
			rule := oneRule(t, badges(4))
			for _, p := range badges(100) {
				if got, err := parse(t, rule).Convert(p.Read); got != p.Want {
					t.Fatalf("%s makes another number of another badge: %v", rule, err)
				}
			}
		})
	}
}

// With a facility that is 0 in the highest bits, and parity bits that are right by no
// format, nobody can tell where the number begins.
func TestBitsThatTheBadgesDoNotTellStayAmbiguous(t *testing.T) {
	found, err := number.Learn(pairsOf("33554436,00002 33554440,00004 33554446,00007"))
	if err != nil || len(found.Rules) < 2 {
		t.Errorf("%v, %v", found.Rules, err)
	}
	found, err = number.Learn(pairsOf("35020915,00733242 60019906,13232738 10094161,05047081"))
	if err != nil || len(found.Rules) != 0 {
		t.Errorf("numbers that stand nowhere: %v, %v", found.Rules, err)
	}
}

// UIDs as phones, home automation and terminals print them, in either column.
func TestLearnSeesThroughSeparators(t *testing.T) {
	for i, tt := range []struct{ name, pairs, want string }{
		{"colons", "04:A2:33:1B,04A2331B 04:9F:00:7C,049F007C 86:11:D3:E0,8611D3E0", "drop"},
		{"dashes, turned over", "04-A2-33-1B,1B33A204 04-9F-00-7C,7C009F04 86-11-D3-E0,E0D31186", "drop|reverse"},
		{"blanks, decimal", "04·A2·33·1B,0077738779 04·9F·00·7C,0077529212 86·11·D3·E0,2249315296", "drop|hex2dec|lpad(10)"},
		{"0x", "0x04A2331B,04A2331B 0x049F007C,049F007C 0x8611D3E0,8611D3E0", "drop"},
		{"0x before each byte", "0x04·0xA2·0x33·0x1B,04A2331B 0x04·0x9F·0x00·0x7C,049F007C 0x86·0x11·0xD3·0xE0,8611D3E0", "drop"},
		{"small letters", "04:a2:33:1b,04A2331B 04:9f:00:7c,049F007C 86:11:d3:e0,8611D3E0", "drop|upper"},
		{"some with and some without", "04:A2:33:1B,04A2331B 049F007C,049F007C 86-11-D3-E0,8611D3E0", "drop"},
		{"7 bytes", "04:A2:33:1B:5C:70:80,04A2331B5C7080 04:9F:00:7C:1A:2B:3C,049F007C1A2B3C 04:11:D3:E0:00:61:80,0411D3E0006180", "drop"},
		{"7 bytes, the last 4 in decimal", "04:A2:33:1B:5C:70:80,0459042944 04:9F:00:7C:1A:2B:3C,2082089788 04:11:D3:E0:00:61:80,3758121344", "drop|right(8)|hex2dec|lpad(10)"},
		{"another character", "35/020/915,35020915 60/019/906,60019906 10/094/161,10094161", `drop("/")`},
		{"a mark in front", "#35020915,35020915 #60019906,60019906 #10094161,10094161", `drop("#")`},
		{"bits inside a decimal number with blanks", "35·020·915,00733241 60·019·906,13232737 10·094·161,05047080 53·806·186,10125877", "drop|dec2bin|lpad(26)|substr(1,24)|bin2dec|lpad(8)"},

		{"colons are wanted", "04A2331B,04:A2:33:1B 049F007C,04:9F:00:7C 8611D3E0,86:11:D3:E0", `group(2,":")`},
		{"colons are wanted, of another order", "1B33A204,04:A2:33:1B 7C009F04,04:9F:00:7C E0D31186,86:11:D3:E0", `reverse|group(2,":")`},
		{"small letters and dashes are wanted", "04A2331B,04-a2-33-1b 049F007C,04-9f-00-7c 8611D3E0,86-11-d3-e0", `lower|group(2,"-")`},
		{"of decimal", "0077738779,04:A2:33:1B 0077529212,04:9F:00:7C 2249315296,86:11:D3:E0", `dec2hex|lpad(8)|group(2,":")`},
		{"blanks and 0x are wanted", "04A2331B,0x04·0xA2·0x33·0x1B 049F007C,0x04·0x9F·0x00·0x7C 8611D3E0,0x86·0x11·0xD3·0xE0", `group(2," 0x")|prepend("0x")`},
		{"decimal with blanks, turned over and cut", "77·738·779,03383812 77·529·212,00040708 2·249·315·296,13832582", "drop|dec2hex|lpad(8)|left(6)|reverse|hex2dec|lpad(8)"},
		{"0x is wanted", "04A2331B,0x04A2331B 049F007C,0x049F007C 8611D3E0,0x8611D3E0", `prepend("0x")`},
		{"dashes for colons", "04:A2:33:1B,04-A2-33-1B 04:9F:00:7C,04-9F-00-7C 86:11:D3:E0,86-11-D3-E0", `drop|group(2,"-")`},
		{"as they are", "04:A2:33:1B,04:A2:33:1B 04:9F:00:7C,04:9F:00:7C 86:11:D3:E0,86:11:D3:E0", ""},
	} {
		if testing.Short() && i%4 > 0 {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			if got := oneRule(t, pairsOf(tt.pairs)); got != tt.want {
				t.Errorf("learnt %s", got)
			}
		})
	}
}

// Some readers turn the bits of each digit over.
func TestLearnFindsDigitsThatAreTurnedOver(t *testing.T) {
	for _, tt := range []struct{ pairs, want string }{
		{"0B00A41F52,00055839985572 1200C3D9E4,00566939662706 3500101A2B,00867591816525", "nibblereverse|hex2dec|lpad(14)"},
		{"0B00A41F52,0D00528FA4 1200C3D9E4,84003CB972 3500101A2B,CA0080854D", "nibblereverse"},
		{"0BC7A41F52,1045598116 12E8C3D9E4,1899805042 35F9101A2B,4185949517", "right(8)|nibblereverse|hex2dec|lpad(10)"},
	} {
		if got := oneRule(t, pairsOf(tt.pairs)); got != tt.want {
			t.Errorf("learnt %s, not %s", got, tt.want)
		}
	}
}
