// Package number turns the text that a reader read from a card into the card's canonical
// number, by a rule of the configuration:
//
//	hex2dec | lpad(10)
//
// A rule is a pipeline of verbs, joined by | as PaperCut writes it or by ; as other
// print software does; each takes the text that the one before it made.
// The first takes the card's text: what a text reader typed, or the raw bits in
// upper-case hex. The empty rule changes nothing. Verbs gives the list of verbs.
// Arguments are numbers or text; text with , ) | or spaces stands in quotes, in
// which a backslash takes the quote's meaning away and is itself otherwise.
package number

import (
	"fmt"

	"badged/reader"
)

// The bounds of rules and texts.
const (
	MaxRule  = 512  // characters of a rule
	MaxSteps = 32   // verbs of a rule
	MaxText  = 256  // characters that go in, and that come out
	maxInner = 4096 // characters between two verbs
)

// Rule makes numbers. The zero value is the empty rule.
type Rule struct{ steps []step }

// step is one verb with its arguments bound.
type step struct {
	column int
	verb   string
	run    conversion
}

// Error says what is wrong with a rule or with a text under it, and where in the
// rule. It never shows the text.
type Error struct {
	Column  int // in the rule, from 1
	Problem string
}

// Error gives one line.
func (e *Error) Error() string { return fmt.Sprintf("number rule, column %d: %s", e.Column, e.Problem) }

// Apply makes the card's number. Its error is an *Error.
func (r Rule) Apply(c reader.Card) (reader.Number, error) {
	s, err := r.Convert(c.Reveal())
	if err != nil {
		return reader.Number{}, err
	}
	return reader.NewNumber(s), nil
}

// Convert applies the rule to a text, for tools that a technician runs. Its error is
// an *Error.
func (r Rule) Convert(text string) (string, error) {
	if len(text) > MaxText {
		return "", &Error{1, fmt.Sprintf("the card's text is longer than %d characters", MaxText)}
	}
	column := 1
	for _, s := range r.steps {
		var err error
		if text, err = s.run(text); err != nil {
			return "", &Error{s.column, s.verb + ": " + err.Error()}
		}
		if len(text) > maxInner {
			return "", &Error{s.column, fmt.Sprintf("%s: makes more than %d characters", s.verb, maxInner)}
		}
		column = s.column
	}
	switch {
	case text == "":
		return "", &Error{column, "nothing is left of the card's text"}
	case len(text) > MaxText:
		return "", &Error{column, fmt.Sprintf("the number is longer than %d characters", MaxText)}
	}
	return text, nil
}
