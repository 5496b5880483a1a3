package password

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"badged/internal/secret"
)

// Problem is why a password may not be chosen. Empty: it may.
type Problem string

// The problems.
const (
	TooShort  Problem = "too_short"
	TooLong   Problem = "too_long"
	TooCommon Problem = "too_common" // it consists of what everybody would try
	BadText   Problem = "bad_text"   // not UTF-8, or with control characters
)

// How long a password is, in characters.
const (
	Least           = 15
	LeastWithFactor = 8 // beside a second factor
	Most            = 256
)

// leastPieces is how many pieces a password has at least that nobody guesses at once: a
// common word, a year or a row of keys is one piece, and so is every other character.
const leastPieces = 6

// Check tells what is wrong with a new password. There is no rule of what it is made of.
// words are those that are near: the site's, the person's. least is Least or
// LeastWithFactor.
func Check(pw secret.Text, least int, words ...string) Problem {
	text := normalize(pw)
	n := utf8.RuneCountInString(text)
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return BadText
	case n < least:
		return TooShort
	case n > Most:
		return TooLong
	case countPieces(text, nearWords(words)) < leastPieces:
		return TooCommon
	}
	return ""
}

//go:embed common.txt
var commonFile string

var common = readCommon()

func readCommon() map[string]bool {
	all := make(map[string]bool)
	for line := range strings.Lines(commonFile) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			all[line] = true
		}
	}
	return all
}

// The lengths of words that are looked for, in characters.
const (
	shortestWord = 4
	longestWord  = 80
)

// nearWords are names and addresses with their words, in the form in which they are looked for.
func nearWords(texts []string) map[string]bool {
	near := make(map[string]bool)
	for _, t := range texts {
		for _, w := range append(strings.FieldsFunc(fold(t), isSeparator), fold(t)) {
			if n := utf8.RuneCountInString(w); n >= shortestWord && n <= longestWord {
				near[w] = true
			}
		}
	}
	return near
}

func isSeparator(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }

// fold takes case, width and accents away.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
}

// lookalikes are characters that people write for letters.
var lookalikes = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i", "€", "e")

// countPieces splits a password from its start, each time at the longest piece that is known.
func countPieces(text string, near map[string]bool) (n int) {
	plain := []rune(fold(text))
	meant := []rune(lookalikes.Replace(string(plain)))
	isWord := func(w string) bool { return near[w] || common[w] }
	for at := 0; at < len(plain); n++ {
		at += max(1, runLength(plain[at:]), yearLength(plain[at:]), repeatLength(plain, at),
			wordLength(plain[at:], isWord), wordLength(meant[at:], isWord))
	}
	return n
}

func wordLength(s []rune, isWord func(string) bool) int {
	for n := min(len(s), longestWord); n >= shortestWord; n-- {
		if isWord(string(s[:n])) {
			return n
		}
	}
	return 0
}

// rows are the rows of keyboards, which fingers run along.
var rows = []string{"qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn", "qwertzuiop", "yxcvbnm", "1234567890"}

// shortestRun is how long a run is at least.
const shortestRun = 3

// runLength is how long characters follow each other: the same ones, of an alphabet, or on a
// keyboard; 0: less than shortestRun.
func runLength(s []rune) int {
	longest := 0
	for step := rune(-1); step <= 1; step++ {
		n := 1
		for n < len(s) && s[n]-s[n-1] == step {
			n++
		}
		longest = max(longest, n)
	}
	for _, row := range rows {
		longest = max(longest, alongRow(s, row), alongRow(s, reverse(row)))
	}
	if longest < shortestRun {
		return 0
	}
	return longest
}

func alongRow(s []rune, row string) (n int) {
	at := strings.IndexRune(row, s[0])
	if at < 0 {
		return 0
	}
	for n < len(s) && at+n < len(row) && rune(row[at+n]) == s[n] {
		n++
	}
	return n
}

func reverse(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// yearLength is 4 where a year stands that people live in.
func yearLength(s []rune) int {
	if len(s) < 4 || (string(s[:2]) != "19" && string(s[:2]) != "20") || !unicode.IsDigit(s[2]) || !unicode.IsDigit(s[3]) {
		return 0
	}
	return 4
}

// repeatLength is how much of what stands before at stands there again.
func repeatLength(s []rune, at int) (longest int) {
	for from := range at {
		n := 0
		for at+n < len(s) && s[from+n] == s[at+n] { // a repetition may go on over its own start
			n++
		}
		longest = max(longest, n)
	}
	if longest < shortestRun {
		return 0
	}
	return longest
}
