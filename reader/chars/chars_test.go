package chars_test

import (
	"strings"
	"testing"

	"badged/reader"
	"badged/reader/chars"
)

func TestShapes(t *testing.T) {
	track2 := chars.Shape{Prefix: ";", Suffix: "?", Charset: chars.Digits, Min: 2, Max: 3}
	for _, tt := range []struct {
		shape    chars.Shape
		in, want string
		why      reader.Why
	}{
		{track2, ";12?", "12", ""},
		{track2, ";123?", "123", ""},
		{track2, ";1?", "", reader.BadLength},
		{track2, ";1234?", "", reader.BadLength},
		{track2, ";1A?", "", reader.BadDigit},
		{track2, "12?", "", reader.BadFrame},
		{track2, ";12", "", reader.BadFrame},
		{chars.Shape{Prefix: "%", Suffix: "%"}, "%", "", reader.BadFrame},
		{chars.Shape{}, "", "", reader.BadLength},
		{chars.Shape{}, " ~", " ~", ""},
		{chars.Shape{}, "a\x7f", "", reader.BadDigit},
		{chars.Shape{Charset: chars.Hex}, "09afAF", "09afAF", ""},
		{chars.Shape{Charset: chars.Hex}, "g", "", reader.BadDigit},
	} {
		s := tt.shape.WithDefaults()
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		got, why := s.Inside([]byte(tt.in))
		if why == "" {
			why = s.Wrong(got)
		}
		if why != tt.why || why == "" && string(got) != tt.want {
			t.Errorf("%+v, %q: got %q and the fault %q", tt.shape, tt.in, got, why)
		}
	}
}

func TestShapesThatCannotBe(t *testing.T) {
	for _, tt := range []struct {
		shape chars.Shape
		want  string
	}{
		{chars.Shape{Charset: "octal"}, `charset "octal": must be digits, hex or text`},
		{chars.Shape{Min: -1}, "min -1: must be 1 to 256"},
		{chars.Shape{Min: 8, Max: 4}, "max 4: must be min (8) to 256"},
		{chars.Shape{Max: 257}, "max 257"},
	} {
		if err := tt.shape.WithDefaults().Check(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: got %v, want %q", tt.shape, err, tt.want)
		}
	}
	if s := (chars.Shape{Prefix: "ab", Suffix: "c", Min: 100}).WithDefaults(); s.Max != 100 || s.Longest() != 103 {
		t.Errorf("a badge of 100 characters: %+v", s)
	}
}
