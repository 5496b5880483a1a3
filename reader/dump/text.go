package dump

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

var (
	quoted    = regexp.MustCompile(`^(?:b'(.*)'|b"(.*)"|"(.*\\.*)"|'(.*\\.*)')$`) // with escapes
	adjacent  = regexp.MustCompile(`"\s+"`)                                       // between the parts of a string in C
	onlyBytes = regexp.MustCompile(`(?i)^(?:\\x[0-9a-f]{1,2}[\s,;]*)+$`)
	pairsOnly = regexp.MustCompile(`(?i)^[0-9a-f]{2}(?:[\s:,-]+[0-9a-f]{2})+$`)
	named     = regexp.MustCompile(`(?i)<(?:0x[0-9a-f]{2}|[a-z]{2,3}|dc[1-4])>|\[(?:stx|etx|cr|lf|soh|eot|esc|nul)\]|\^[A-Z@\[\]\\_^]|[\x{2400}-\x{241f}]`)
	bracketed = regexp.MustCompile(`(?i)<[0-9a-f]{2}>`)
	longRun   = regexp.MustCompile(`(?i)[0-9a-f]{3}`)
)

// controls are the names of the first 32 characters (ECMA-48), in their order.
var controls = strings.Fields("NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US")

var (
	errEscape    = errors.New(`a text with a backslash that is none of \xNN, \r, \n, \t and \\`)
	errControl   = errors.New(`a text with a control character that has no such name: write it as \x02`)
	errAmbiguous = errors.New(`this may be a text or hex: write bytes as 02 36 32, and a text with \x02 for what is no letter or digit`)
	errDecimal   = errors.New("numbers without 0x are decimal here: write 0x in front of each byte, or the bytes alone, in hex")
)

// parseText reads a text with control characters. ok is false if the line is no such text.
func parseText(text string) (b []byte, ok bool, err error) {
	joined := adjacent.ReplaceAllString(text, "")
	if m := quoted.FindStringSubmatch(joined); m != nil {
		b, err = unescapeText(strings.Join(m[1:], ""))
		return b, true, err
	}
	switch {
	case strings.Contains(text, `\`) && !onlyBytes.MatchString(text) && !named.MatchString(text):
		b, err = withoutPairs(text, unescapeText)
	case named.MatchString(text):
		b, err = withoutPairs(text, replaceNames)
	case bracketed.MatchString(text) && longRun.MatchString(text):
		return nil, true, errAmbiguous
	default:
		return nil, false, nil
	}
	return b, true, err
}

// withoutPairs reads a text with read. It refuses a text that may be hex: pairs of digits with
// blanks between them.
func withoutPairs(text string, read func(string) ([]byte, error)) ([]byte, error) {
	inner := strings.NewReplacer(`\r`, "", `\n`, "").Replace(named.ReplaceAllString(text, ""))
	if pairsOnly.MatchString(strings.TrimSpace(inner)) {
		return nil, errAmbiguous
	}
	return read(text)
}

// unescapeText reads a text in which \x02 stands for a byte.
func unescapeText(text string) ([]byte, error) {
	s, err := strconv.Unquote(`"` + strings.NewReplacer(`\\`, `\\`, `\"`, `\"`, `\'`, `'`, `"`, `\"`).Replace(text) + `"`)
	if err != nil {
		return nil, errEscape
	}
	return []byte(s), nil
}

// replaceNames reads a text in which <STX>, [STX], <0x02>, ^B or U+2402 stands for a byte. It
// ignores blanks beside them.
func replaceNames(text string) (b []byte, err error) {
	for text != "" {
		m := named.FindStringIndex(text)
		if m == nil {
			m = []int{len(text), len(text)}
		}
		b = append(b, strings.TrimSpace(text[:m[0]])...)
		if m[0] < m[1] {
			code, ok := controlCode(text[m[0]:m[1]])
			if !ok {
				return nil, errControl
			}
			b = append(b, code)
		}
		text = text[m[1]:]
	}
	if strings.ContainsAny(string(b), "<>") {
		return nil, errControl
	}
	return b, nil
}

// controlCode returns the character that a name stands for.
func controlCode(name string) (byte, bool) {
	if name[0] == '^' {
		return name[1] ^ 0x40, true
	}
	if r := []rune(name)[0]; r >= 0x2400 {
		return byte(r - 0x2400), true
	}
	name = strings.ToUpper(strings.Trim(name, "<>[]"))
	if digits, ok := strings.CutPrefix(name, "0X"); ok {
		v, err := strconv.ParseUint(digits, 16, 8)
		return byte(v), err == nil
	}
	for code, known := range controls {
		if name == known {
			return byte(code), true
		}
	}
	return 0, false
}

var (
	comment    = regexp.MustCompile(`\s*(?://.*|/\*.*\*/)\s*$`)
	counting   = regexp.MustCompile(`(?i)_len\s*=\s*\d+;$`) // the last line of xxd -i
	assignment = regexp.MustCompile(`^[A-Za-z_][\w\s*:]*(?:\[\w*\])?\s*:?=\s*(?:bytes\.fromhex\(|bytes\(|(?:\[\w*\])?byte\s*)?`)
	list       = regexp.MustCompile(`^[\[{(]*\s*(?:\d|$)`)
	valued     = regexp.MustCompile(`^(?:[\[{"']|b['"]|0[xX]|[0-9A-Fa-f]{8})`)
)

// cutAssignment removes a program's declaration of a variable in front of its bytes.
func cutAssignment(text string) (string, error) {
	if counting.MatchString(text) {
		return "", nil
	}
	m := assignment.FindString(text)
	if m == "" {
		return text, nil
	}
	value := strings.TrimRight(comment.ReplaceAllString(text[len(m):], ""), ";) ")
	switch {
	case !valued.MatchString(value):
		return "", ErrHex
	case strings.ContainsAny(value[:1], "{[") && list.MatchString(value) && strings.Trim(value, "{}[] ") != "" && !prefixes.MatchString(value):
		return "", errDecimal
	}
	return value, nil
}
