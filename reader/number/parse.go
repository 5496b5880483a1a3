package number

import (
	"fmt"
	"slices"
	"strings"

	"badged/internal/spelling"
)

// Parse reads a rule. Its error is an *Error.
func Parse(rule string) (Rule, error) {
	if len(rule) > MaxRule {
		return Rule{}, &Error{MaxRule + 1, fmt.Sprintf("a rule has at most %d characters", MaxRule)}
	}
	p := parser{text: rule}
	if p.skipSpace(); p.atEnd() {
		return Rule{}, nil
	}
	steps, err := p.parsePipeline()
	if err != nil {
		return Rule{}, err
	}
	return Rule{steps}, nil
}

// parser walks over a rule.
//
//	pipeline = call { ( "|" | ";" ) call }
//	call     = name [ "(" [ arg { "," arg } ] ")" ]
//	arg      = quoted | characters other than , ) | and quotes; of regex also a pattern
//	           with brackets in pairs
type parser struct {
	text string
	pos  int
}

// arg is an argument as written.
type arg struct {
	column int
	text   string
	quoted bool
}

func (p *parser) atEnd() bool { return p.pos == len(p.text) }

func (p *parser) column() int { return p.pos + 1 }

// skipIf reports whether the character in hand is c, and if so takes it.
func (p *parser) skipIf(c byte) bool {
	if p.atEnd() || p.text[p.pos] != c {
		return false
	}
	p.pos++
	return true
}

func (p *parser) skipSpace() {
	for p.skipIf(' ') || p.skipIf('\t') {
	}
}

// readUntil takes the characters up to the first of stop.
func (p *parser) readUntil(stop string) string {
	n := strings.IndexAny(p.text[p.pos:], stop)
	if n < 0 {
		n = len(p.text) - p.pos
	}
	p.pos += n
	return p.text[p.pos-n : p.pos]
}

func (p *parser) errorAt(format string, args ...any) error {
	return &Error{p.column(), fmt.Sprintf(format, args...)}
}

func (p *parser) parsePipeline() (steps []step, err error) {
	for {
		s, err := p.parseCall()
		if err != nil {
			return nil, err
		}
		if steps = append(steps, s); len(steps) > MaxSteps {
			return nil, &Error{s.column, fmt.Sprintf("a rule has at most %d verbs", MaxSteps)}
		}
		if p.skipSpace(); p.atEnd() {
			return steps, nil
		}
		if !p.skipIf('|') && !p.skipIf(';') {
			return nil, p.errorAt("a verb is followed by | (or ;) and the next verb, or by nothing")
		}
	}
}

func (p *parser) parseCall() (step, error) {
	p.skipSpace()
	column := p.column()
	name := p.readUntil("(|;, \t")
	verbs := table()
	i := slices.IndexFunc(verbs, func(v verb) bool { return v.name == name })
	if i < 0 {
		return step{}, &Error{column, describeUnknown(name, verbs)}
	}
	args, err := p.parseArgs(name == "regex")
	if err != nil {
		return step{}, err
	}
	return verbs[i].bindArgs(column, args)
}

func describeUnknown(name string, verbs []verb) string {
	names := make([]string, len(verbs))
	for i, v := range verbs {
		names[i] = v.name
	}
	what := fmt.Sprintf("unknown verb %.40q%s", name, spelling.Hint(name, names))
	if name == "" {
		what = "a verb is missing"
	}
	return what + ": must be one of " + strings.Join(names, ", ")
}

// parseArgs reads arguments; a pattern without quotes is one, up to the bracket that closes
// it.
func (p *parser) parseArgs(pattern bool) ([]arg, error) {
	p.skipSpace()
	if !p.skipIf('(') {
		return nil, nil
	}
	if p.skipSpace(); p.skipIf(')') {
		return nil, nil
	}
	if pattern && p.text[min(p.pos, len(p.text)-1)] != '"' {
		return p.parsePattern()
	}
	var args []arg
	for {
		a, err := p.parseArg()
		if err != nil {
			return nil, err
		}
		args = append(args, a)
		switch p.skipSpace(); {
		case p.skipIf(')'):
			return args, nil
		case !p.skipIf(','):
			return nil, p.errorAt("an argument is followed by , or )")
		}
	}
}

// parsePattern reads a regular expression that stands without quotes.
func (p *parser) parsePattern() ([]arg, error) {
	a := arg{column: p.column(), quoted: true}
	for depth := 0; !p.atEnd(); p.pos++ {
		switch p.text[p.pos] {
		case '\\':
			p.pos++
		case '(':
			depth++
		case ')':
			if depth--; depth < 0 {
				a.text = p.text[a.column-1 : p.pos]
				p.pos++
				return []arg{a}, nil
			}
		}
	}
	return nil, &Error{a.column, "the bracket of the pattern does not close"}
}

func (p *parser) parseArg() (arg, error) {
	p.skipSpace()
	a := arg{column: p.column()}
	if !p.skipIf('"') {
		a.text = strings.TrimRight(p.readUntil(`,)|"`), " \t")
		if a.text == "" {
			return a, &Error{a.column, `an argument is missing; the empty text is ""`}
		}
		return a, nil
	}
	a.quoted = true
	var text strings.Builder
	for !p.skipIf('"') {
		if p.atEnd() {
			return a, &Error{a.column, "the quote does not end"}
		}
		if strings.HasPrefix(p.text[p.pos:], `\"`) {
			p.pos++
		}
		text.WriteByte(p.text[p.pos])
		p.pos++
	}
	a.text = text.String()
	return a, nil
}
