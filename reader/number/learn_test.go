package number_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"badged/reader/number"
)

// badges gives pairs that a rule makes of random 40-bit badges.
func badges(t *testing.T, rnd *rand.Rand, rule string, n int) (pairs []number.Pair) {
	t.Helper()
	for range n {
		read := fmt.Sprintf("%010X", rnd.Uint64N(1<<40))
		want, err := parse(t, rule).Convert(read)
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, number.Pair{Read: read, Want: want})
	}
	return pairs
}

// What was learnt from eight badges must hold for a hundred others.
func TestLearnFindsTheRulesOfTheField(t *testing.T) {
	for i, rule := range []string{
		"hex2dec", "hex2dec|lpad(13)", "lower", "prepend(AB)",
		"right(8)|hex2dec|lpad(10)", "right(6)", "right(6)|lower", "right(4)|hex2dec|lpad(5)", "substr(2,6)|hex2dec|lpad(8)",
		"reverse", "reverse|hex2dec|lpad(13)", "reverse|right(8)|hex2dec|lpad(10)", "bitreverse|hex2dec|lpad(13)", "bitreverse|reverse|right(8)|hex2dec|lpad(10)",
		"hex2bin|lpad(40)|substr(17,8)|bin2dec|lpad(3)", "hex2bin|lpad(40)|substr(15,16)|bin2dec|lpad(5)",
		`join(",","right(6)|left(2)|hex2dec|lpad(3)","right(4)|hex2dec|lpad(5)")`,
		`join("","right(6)|left(2)|hex2dec|lpad(3)","right(4)|hex2dec|lpad(5)")`,
		`join("","right(6)|left(2)|hex2dec","right(4)|hex2dec|lpad(5)")`,
	} {
		if testing.Short() && i%4 > 0 {
			continue
		}
		t.Run(rule, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(7, 4))
			found, err := number.Learn(badges(t, rnd, rule, 24))
			if err != nil || len(found.Rules) != 1 {
				t.Fatalf("got %d rules, %v: %v", len(found.Rules), err, found.Rules)
			}
			for _, p := range badges(t, rnd, rule, 100) {
				if got, err := parse(t, found.Rules[0]).Convert(p.Read); got != p.Want {
					t.Fatalf("%s makes another number of another badge, %v", found.Rules[0], err)
				}
			}
		})
	}
}

func TestLearn(t *testing.T) {
	for _, tt := range []struct {
		name  string
		pairs string // read,want read,want
		want  []string
	}{
		{"nothing to do", "A1,A1 B2,B2 C3,C3", []string{""}},
		{"as printed on EM4100 badges", "01026F6C3A,0040856634 62E3086CED,3808980205 0000D507D0,0013961168 010063E9AE,0006547886", []string{"right(8)|hex2dec|lpad(10)"}},
		{"3.5 with a comma", "01026F6C3A,111,27706 6F007B3972,123,14706 0100050007,005,00007", []string{`join(",","substr(4,2)|hex2dec|lpad(3)","right(4)|hex2dec|lpad(5)")`}},
		{"3.5 without", "01026F6C3A,11127706 6F007B3972,12314706 0100050007,00500007", []string{`join("","substr(4,2)|hex2dec|lpad(3)","right(4)|hex2dec|lpad(5)")`}},
		{"text after the number", "123=4,123 5678=19,5678 90=1,90", []string{`strip-after("=")`}},
		{"sentinels", ";0123?,0123 ;4567?,4567 ;8901?,8901", []string{"substr(1,4)"}},
		{"the other reader types decimal", "0040856634,01026F6C3A 0013961168,0100D507D0 0006547886,010063E9AE", []string{`dec2hex|lpad(8)|prepend("01")`}},
		{"short numbers may be filled up", "62E3086CED,3808980205 6F007B3972,0008075634 100086F444,0008844356", []string{"right(8)|hex2dec|lpad(10)"}},
		{"no short number, which is filled up all the same", "62E3086CED,3808980205 6FAA7B3972,2860202354 10D086F444,3498505284", []string{"right(8)|hex2dec|lpad(10)"}},
		{"bits as text", "10001011001101010001101110,2227191 11110110011011011011110011,23656185 00010000110100001110111100,3341438 10000000100000000000000010,100001",
			[]string{`join("","substr(1,8)|bin2dec","substr(9,16)|bin2dec|lpad(5)")`}},
		{"ambiguous", "0001234,1234 0005678,5678 0009012,9012", []string{"right(4)", `ltrim("0")`}},
		{"none", "62E3086CED,1 6F007B3972,77 100086F444,3", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var pairs []number.Pair
			for p := range strings.FieldsSeq(tt.pairs) {
				read, want, _ := strings.Cut(p, ",")
				pairs = append(pairs, number.Pair{Read: read, Want: want})
			}
			found, err := number.Learn(pairs)
			if err != nil || !slices.Equal(found.Rules, tt.want) {
				t.Errorf("got %q, %v", found.Rules, err)
			}
		})
	}
}

func TestLearnRefusesWhatProvesNothing(t *testing.T) {
	pair := func(read, want string) number.Pair { return number.Pair{Read: read, Want: want} }
	for _, tt := range []struct {
		name  string
		pairs []number.Pair
		want  string
	}{
		{"two", []number.Pair{pair("7365", "1"), pair("2", "2")}, "three different badges"},
		{"one of three twice", []number.Pair{pair("7365", "1"), pair("2", "2"), pair("2", "2")}, "three different badges"},
		{"a badge with two numbers", []number.Pair{pair("7365", "1"), pair("7365", "2"), pair("3", "3")}, "pair 2: this badge"},
		{"an empty side", []number.Pair{pair("7365", "1"), pair("2", ""), pair("3", "3")}, "pair 2: a side is empty"},
		{"a long side", []number.Pair{pair(strings.Repeat("7365", 20), "1")}, "pair 1: a side has more"},
		{"too many", make([]number.Pair, 101), "at most 100"},
	} {
		_, err := number.Learn(tt.pairs)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "7365") {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// FuzzLearn: whatever is learnt explains every pair.
func FuzzLearn(f *testing.F) {
	f.Add("01026F6C3A", "0040856634", "0000D507D0", "0013961168", "010063E9AE", "0006547886")
	f.Add(";1?", "1", ";2?", "2", ";3?", "3")
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g string) {
		pairs := []number.Pair{{Read: a, Want: b}, {Read: c, Want: d}, {Read: e, Want: g}}
		found, err := number.Learn(pairs)
		if err != nil {
			return
		}
		for _, rule := range found.Rules {
			for _, p := range pairs {
				if got, err := parse(t, rule).Convert(p.Read); err != nil || got != p.Want {
					t.Errorf("%q does not explain a pair: %v", rule, err)
				}
			}
		}
	})
}
