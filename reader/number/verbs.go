package number

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Verb describes a verb.
type Verb struct {
	Name string
	Args string // as in a manual: "(start, count)"; empty: none
	Doc  string // one line
}

// Verbs gives every verb, for help texts.
func Verbs() []Verb {
	verbs := table()
	list := make([]Verb, len(verbs))
	for i, v := range verbs {
		list[i] = Verb{v.name, v.args, v.doc}
	}
	return list
}

// verb is a row of the table. Its make gets as many arguments as min and max say.
type verb struct {
	name, args, doc string
	min, max        int
	make            maker
}

// conversion is a verb with its arguments, maker binds them.
type (
	conversion = func(string) (string, error)
	maker      = func(args []arg) (conversion, error)
)

// table gives every verb, put together once. It is a function because join parses
// rules, which looks up verbs.
func table() []verb {
	tableOnce.Do(func() { verbTable = allVerbs() })
	return verbTable
}

var (
	tableOnce sync.Once
	verbTable []verb
)

func allVerbs() []verb {
	join := verb{"join", "(between, \"rule\" ..., 8 rules at most)", "what the rules make of the text, side by side, with a text between them", 2, 1 + maxParts, makeJoiner}
	return slices.Concat(cutVerbs, putVerbs, baseVerbs, byteVerbs, textVerbs, []verb{join})
}

// The bounds of arguments: how many rules join puts side by side, which its line in
// the table states, and how many texts drop takes.
const (
	maxParts = 8
	maxDrops = 8
)

var cutVerbs = []verb{
	{"ltrim", "(count) or (\"characters\")", "without so many characters in front, or without those characters in front", 1, 1, makeTrimmer(strings.TrimLeft, func(s string, n int) string { return s[n:] })},
	{"rtrim", "(count) or (\"characters\")", "the same at the end", 1, 1, makeTrimmer(strings.TrimRight, func(s string, n int) string { return s[:len(s)-n] })},
	{"left", "(count)", "so many characters from the front", 1, 1, withCount(func(s string, n int) string { return s[:min(n, len(s))] })},
	{"right", "(count)", "so many characters from the end", 1, 1, withCount(func(s string, n int) string { return s[max(0, len(s)-n):] })},
	{"mid", "(front, end)", "without so many characters in front and so many at the end, as MyQ has it", 2, 2, makeMiddle},
	{"substr", "(start[, count])", "from start on, all or so many characters; the first character is 0", 1, 2, makeSlicer},
}

var putVerbs = []verb{
	{"prepend", "(text)", "with the text in front", 1, 1, withText(func(s, t string) string { return t + s })},
	{"append", "(text)", "with the text at the end", 1, 1, withText(func(s, t string) string { return s + t })},
	{"lpad", "(count[, character])", "filled in front to so many characters; with 0 if no character is given", 1, 2, makePadder(func(s, fill string) string { return fill + s })},
	{"rpad", "(count[, character])", "the same at the end", 1, 2, makePadder(func(s, fill string) string { return s + fill })},
}

var baseVerbs = []verb{
	{"hex2dec", "", "hex to decimal", 0, 0, withoutArgs(rebase(16, 10))},
	{"dec2hex", "", "decimal to upper-case hex", 0, 0, withoutArgs(rebase(10, 16))},
	{"hex2bin", "", "hex to binary", 0, 0, withoutArgs(rebase(16, 2))},
	{"bin2hex", "", "binary to upper-case hex", 0, 0, withoutArgs(rebase(2, 16))},
	{"dec2bin", "", "decimal to binary", 0, 0, withoutArgs(rebase(10, 2))},
	{"bin2dec", "", "binary to decimal", 0, 0, withoutArgs(rebase(2, 10))},
}

var byteVerbs = []verb{
	{"reverse", "", "hex bytes in the opposite order", 0, 0, withoutArgs(reverseBytes)},
	{"bitreverse", "", "the bits of each hex byte in the opposite order", 0, 0, withoutArgs(reverseBits)},
	{"nibblereverse", "", "the bits of each hex digit in the opposite order", 0, 0, withoutArgs(reverseNibbles)},
	{"hex2ascii", "", "hex bytes to the characters that they stand for", 0, 0, withoutArgs(hexToASCII)},
	{"ascii-enc", "", "hex2ascii, as PaperCut calls it", 0, 0, withoutArgs(hexToASCII)},
}

var textVerbs = []verb{
	{"regex", "(pattern)", "what the pattern's first group matches; all that it matches if it has none", 1, 1, makeMatcher},
	{"upper", "", "in upper case", 0, 0, withoutArgs(func(s string) (string, error) { return strings.ToUpper(s), nil })},
	{"lower", "", "in lower case", 0, 0, withoutArgs(func(s string) (string, error) { return strings.ToLower(s), nil })},
	{"drop", "[(text, text ...)]", "without these texts, wherever they stand; without blanks, - : . and 0x if none is given", 0, maxDrops, makeDropper},
	{"group", "(count, text)", "in groups of so many characters, with the text between them", 2, 2, makeGrouper},
	{"strip-after", "[(text)]", "without the text and what follows it; without = if no text is given", 0, 1, makeStripper},
}

// bindArgs makes a step of a verb and its arguments.
func (v verb) bindArgs(column int, args []arg) (step, error) {
	if len(args) < v.min || len(args) > v.max {
		want := "no argument"
		if v.args != "" {
			want = "these arguments: " + v.args
		}
		return step{}, &Error{column, fmt.Sprintf("%s takes %s", v.name, want)}
	}
	run, err := v.make(args)
	if err != nil {
		return step{}, err
	}
	return step{column, v.name, run}, nil
}

// parseCount reads 0 to MaxText.
func (a arg) parseCount() (int, error) {
	n, err := strconv.Atoi(a.text)
	if err != nil || n < 0 || n > MaxText || a.quoted {
		return 0, &Error{a.column, fmt.Sprintf("must be a number, 0 to %d", MaxText)}
	}
	return n, nil
}

func withoutArgs(fn conversion) maker {
	return func([]arg) (conversion, error) { return fn, nil }
}

func withCount(fn func(string, int) string) maker {
	return func(args []arg) (conversion, error) {
		n, err := args[0].parseCount()
		return func(s string) (string, error) { return fn(s, n), nil }, err
	}
}

func withText(fn func(s, t string) string) maker {
	return func(args []arg) (conversion, error) {
		return func(s string) (string, error) { return fn(s, args[0].text), nil }, nil
	}
}

// makeTrimmer takes a count, or characters in quotes.
func makeTrimmer(set func(s, chars string) string, count func(s string, n int) string) maker {
	return func(args []arg) (conversion, error) {
		if args[0].quoted {
			return func(s string) (string, error) { return set(s, args[0].text), nil }, nil
		}
		n, err := args[0].parseCount()
		return func(s string) (string, error) { return count(s, min(n, len(s))), nil }, err
	}
}

func makeSlicer(args []arg) (conversion, error) {
	start, err := args[0].parseCount()
	if err != nil {
		return nil, err
	}
	count := maxInner // all
	if len(args) == 2 {
		if count, err = args[1].parseCount(); err != nil {
			return nil, err
		}
	}
	return func(s string) (string, error) {
		s = s[min(start, len(s)):]
		return s[:min(count, len(s))], nil
	}, nil
}

// makeMiddle cuts both ends off.
func makeMiddle(args []arg) (conversion, error) {
	front, err := args[0].parseCount()
	if err != nil {
		return nil, err
	}
	end, err := args[1].parseCount()
	return func(s string) (string, error) {
		s = s[min(front, len(s)):]
		return s[:max(0, len(s)-end)], nil
	}, err
}

func makePadder(join func(s, fill string) string) maker {
	return func(args []arg) (conversion, error) {
		n, err := args[0].parseCount()
		if err != nil {
			return nil, err
		}
		fill := "0"
		if len(args) == 2 {
			if fill = args[1].text; len(fill) != 1 {
				return nil, &Error{args[1].column, "must be one character"}
			}
		}
		return func(s string) (string, error) {
			return join(s, strings.Repeat(fill, max(0, n-len(s)))), nil
		}, nil
	}
}

// unsupported is what patterns of other languages have and Go's lack, so that each takes a time
// in proportion to its text.
var unsupported = []struct{ sign, name string }{
	{`\(\?<[=!]`, "look-behind"}, {`\(\?[=!]`, "look-ahead"}, {`\(\?>`, "an atomic group"}, {`\\[1-9]`, "a reference to a group"},
}

// whyNoPattern explains why a pattern cannot be compiled.
func whyNoPattern(pattern string, err error) string {
	for _, u := range unsupported {
		if regexp.MustCompile(u.sign).MatchString(pattern) {
			return u.name + ` is not supported in a pattern: write what stands around the number too, and put the number in a group, as in regex("=([0-9]+)")`
		}
	}
	return fmt.Sprintf("not a regular expression: %v; a pattern with , ) or | stands in quotes", err)
}

func makeMatcher(args []arg) (conversion, error) {
	re, err := regexp.Compile(args[0].text)
	if err != nil {
		return nil, &Error{args[0].column, whyNoPattern(args[0].text, err)}
	}
	return func(s string) (string, error) {
		found := re.FindStringSubmatch(s)
		if found == nil {
			return "", errors.New("the text does not match the pattern")
		}
		return found[min(1, len(found)-1)], nil
	}, nil
}

// makeJoiner parses the rules in its arguments. An error points into the whole rule.
func makeJoiner(args []arg) (conversion, error) {
	rules := make([]Rule, len(args)-1)
	for i, a := range args[1:] {
		if !a.quoted {
			return nil, &Error{a.column, "a rule in a rule stands in quotes"}
		}
		var err error
		if rules[i], err = Parse(a.text); err != nil {
			var at *Error
			errors.As(err, &at)
			return nil, &Error{a.column + at.Column, at.Problem}
		}
	}
	return func(s string) (string, error) {
		parts := make([]string, len(rules))
		for i, r := range rules {
			var err error
			if parts[i], err = r.Convert(s); err != nil {
				return "", fmt.Errorf("rule %d: %w", i+1, err)
			}
		}
		return strings.Join(parts, args[0].text), nil
	}, nil
}

// usualDrops are what people and programs put between the bytes of a number.
var usualDrops = []string{" ", "-", ":", ".", "0x", "0X"}

func makeDropper(args []arg) (conversion, error) {
	texts := usualDrops
	if len(args) > 0 {
		texts = nil
	}
	for _, a := range args {
		if a.text == "" {
			return nil, &Error{a.column, "must not be empty"}
		}
		texts = append(texts, a.text)
	}
	var pairs []string
	for _, text := range texts {
		pairs = append(pairs, text, "")
	}
	drop := strings.NewReplacer(pairs...)
	return func(s string) (string, error) { return drop.Replace(s), nil }, nil
}

func makeGrouper(args []arg) (conversion, error) {
	n, err := args[0].parseCount()
	if err == nil && n == 0 {
		err = &Error{args[0].column, "must be 1 or more"}
	}
	return func(s string) (string, error) {
		var out strings.Builder
		for i := 0; i < len(s); i += n {
			if i > 0 {
				out.WriteString(args[1].text)
			}
			out.WriteString(s[i:min(i+n, len(s))])
		}
		return out.String(), nil
	}, err
}

func makeStripper(args []arg) (conversion, error) {
	from := "="
	if len(args) == 1 {
		if from = args[0].text; from == "" {
			return nil, &Error{args[0].column, "must not be empty"}
		}
	}
	return func(s string) (string, error) {
		before, _, _ := strings.Cut(s, from)
		return before, nil
	}, nil
}
