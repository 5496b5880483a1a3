// Package profile is the rules for what people write about themselves or an operator writes
// about them. The panel and the hub use the same ones, so that the hub accepts whatever a
// panel accepted.
package profile

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Problem is what is wrong with a field, for a page to say in its language. Empty: nothing.
type Problem string

// The problems.
const (
	TooLong  Problem = "too_long"
	BadEmail Problem = "bad_email"
	BadLang  Problem = "bad_lang"
	BadText  Problem = "bad_text" // control or invisible characters, or invalid UTF-8
	Reserved Problem = "reserved" // reads as anonymN, which is another's, or as an address
	Empty    Problem = "empty"    // no letter and no digit
)

// The longest texts, in bytes (RFC 5321 §4.5.3.1 for the address).
const (
	MaxName  = 200
	MaxEmail = 254
)

// CleanName puts one space between the words of a name and none around them.
func CleanName(s string) string { return strings.Join(strings.Fields(s), " ") }

// CheckName tells what is wrong with a cleaned name. An empty one is no problem here.
func CheckName(s string) Problem {
	switch {
	case s == "":
		return ""
	case len(s) > MaxName:
		return TooLong
	case !IsText(s):
		return BadText
	case IsReserved(s), strings.ContainsAny(s, "@＠﹫"):
		return Reserved
	case !strings.ContainsFunc(s, isAlphanumeric):
		return Empty
	}
	return ""
}

// CleanEmail removes spaces around an address and makes it lower case.
func CleanEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// CheckEmail tells what is wrong with a cleaned address: it must be bare, not
// "Name <address>", and its domain must have a dot. An empty one is no problem.
func CheckEmail(s string) Problem {
	switch {
	case s == "":
		return ""
	case len(s) > MaxEmail:
		return TooLong
	case !IsText(s):
		return BadEmail
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || !strings.Contains(s[strings.LastIndexByte(s, '@'):], ".") {
		return BadEmail
	}
	return ""
}

// IsLang reports whether l is a language of the site's.
func IsLang(l string) bool { return l == "fr" || l == "en" }

// IsText reports whether s is valid UTF-8 of characters that can be seen, and spaces. Format
// characters turn the direction of a text, join or part letters, or take no room at all:
// with them, two names that look the same differ.
func IsText(s string) bool { return utf8.ValidString(s) && !strings.ContainsFunc(s, isInvisible) }

func isInvisible(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || r == brailleBlank
}

// brailleBlank is a symbol that shows nothing.
const brailleBlank = '\u2800'

func isAlphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// IsReserved reports whether a name reads as anonymN, in whatever case, width or digits.
func IsReserved(name string) bool {
	digits, isAnonym := strings.CutPrefix(strings.Map(foldRune, name), "anonym")
	digits = strings.TrimSpace(digits)
	return isAnonym && digits != "" && strings.Trim(digits, "0123456789 ") == ""
}

// foldRune gives the plain form of a letter or a digit: 'Ａ' and 'A' are 'a', '٧' is '7'.
func foldRune(r rune) rune {
	const fullwidth = '！' - '!'
	if r >= '！' && r <= '～' {
		r -= fullwidth
	}
	if unicode.Is(unicode.Nd, r) {
		return '0' + digitValue(r)
	}
	return unicode.ToLower(r)
}

// digitValue is the value of a decimal digit: the ten of a script follow each other, the zero
// first, and Unicode's ranges of digits hold whole tens.
func digitValue(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	return 0
}

// JoinName makes the full name of a first and a last one.
func JoinName(first, last string) string { return strings.TrimSpace(first + " " + last) }

// SplitName makes a first and a last name of a full one: the first word, and the rest.
func SplitName(full string) (first, last string) {
	first, last, _ = strings.Cut(CleanName(full), " ")
	return first, last
}
