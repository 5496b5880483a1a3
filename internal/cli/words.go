package cli

import (
	"errors"
	"fmt"
	"strings"
)

// Phrase is a text, or a part of one, whose words can be said in another language.
type Phrase struct {
	Format string
	Args   []any
}

// String is the phrase in English.
func (p Phrase) String() string { return fmt.Sprintf(p.Format, p.Args...) }

// wordedError is an error whose words can be said in another language.
type wordedError struct {
	error
	Phrase
}

func (e wordedError) Unwrap() error { return e.error }

// Errorf makes an error as fmt.Errorf does, whose words InWords can change.
func Errorf(format string, args ...any) error {
	return wordedError{fmt.Errorf(format, args...), Phrase{format, args}}
}

// InWords says an error in another language: words translates its format, and those of the
// errors and phrases in it. Other errors stay as they are.
func InWords(err error, words func(format string) string) error {
	switch e := err.(type) {
	case usageError:
		return Usage(InWords(e.error, words))
	case wordedError:
		return Errorf(words(e.Format), inWords(e.Args, words)...)
	default:
		return err
	}
}

func inWords(args []any, words func(string) string) []any {
	out := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case Phrase:
			out[i] = Phrase{words(a.Format), inWords(a.Args, words)}
		case error:
			out[i] = InWords(a, words)
		default:
			out[i] = a
		}
	}
	return out
}

// flagWords are what pflag and cobra say of flags, in which a name stands last.
var flagWords = []string{"unknown flag: ", "unknown shorthand flag: ", "flag needs an argument: "}

// flagPhrase is what pflag says of a flag, as words to be translated where they are known.
func flagPhrase(err error) Phrase {
	text := numberWords.ReplaceAllString(err.Error(), "")
	for _, words := range flagWords {
		if rest, ok := strings.CutPrefix(text, words); ok {
			return Phrase{words + "%s", []any{rest}}
		}
	}
	return Phrase{"%s", []any{errors.New(text)}}
}
