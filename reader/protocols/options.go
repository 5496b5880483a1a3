package protocols

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// OptionError is what one option has against it.
type OptionError struct {
	Option string // "": none of those that are given
	Err    error  // as New gives it
}

// CheckOptions tells all that is wrong with the options of a protocol, not only the first as New
// does: each option that is wrong by itself, and those that do not go together, unless one of
// them is told already.
func CheckOptions(name string, opts map[string]string) (wrong []OptionError) {
	left, gone := maps.Clone(opts), map[string]bool{}
	for {
		err := wrongWith(name, left)
		if err == nil {
			return wrong
		}
		option := culprit(name, left, err)
		if option == "" {
			if len(gone) == 0 {
				wrong = append(wrong, OptionError{Err: err})
			}
			return wrong
		}
		if !mentions(err, gone) {
			wrong = append(wrong, OptionError{option, err})
		}
		gone[option] = true
		delete(left, option)
	}
}

// wrongWith is the error of New, if that is about the options.
func wrongWith(name string, opts map[string]string) error {
	_, err := New(name, opts)
	if errors.Is(err, ErrNoBytes) {
		return nil
	}
	return err
}

// culprit is the option that an error is about: one that the protocol does not have, else, of those that are given, the one that the error
// names first.
func culprit(name string, opts map[string]string, err error) string {
	if p, findErr := Find(name); findErr == nil {
		if unknown := p.unknown(opts); len(unknown) > 0 {
			return unknown[0]
		}
	}
	text := words(strings.TrimPrefix(err.Error(), "protocol "+name+":"))
	first, at := "", len(text)
	for _, option := range slices.Sorted(maps.Keys(opts)) {
		if i := slices.Index(text, option); i >= 0 && i < at {
			first, at = option, i
		}
	}
	return first
}

// mentions reports whether an error names one of the options.
func mentions(err error, options map[string]bool) bool {
	return slices.ContainsFunc(words(err.Error()), func(w string) bool { return options[w] })
}

// words are the words of a text, as the names of options are written.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
}
