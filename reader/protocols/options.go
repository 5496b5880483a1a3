package protocols

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// OptionError is the error about one option.
type OptionError struct {
	Option string // "": none of those that are given
	Err    error  // as New gives it
}

// CheckOptions returns all errors in the options of a protocol, and not only the first as New
// does: each option that is wrong by itself, and combinations that are wrong, unless one of
// their options is in the list already.
func CheckOptions(name string, opts map[string]string) (wrong []OptionError) {
	left, gone := maps.Clone(opts), map[string]bool{}
	for {
		err := wrongWith(name, left)
		if err == nil {
			return wrong
		}
		option := findCulprit(name, left, err)
		if option == "" {
			if len(gone) == 0 {
				wrong = append(wrong, OptionError{Err: err})
			}
			return wrong
		}
		if !mentionsAny(err, gone) {
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

// findCulprit returns the option that an error is about: one that the protocol does not have, or
// else the given one that the error names first; "": none.
func findCulprit(name string, opts map[string]string, err error) string {
	if p, findErr := Find(name); findErr == nil {
		if unknown := p.unknownOptions(opts); len(unknown) > 0 {
			return unknown[0]
		}
	}
	text := splitWords(strings.TrimPrefix(err.Error(), "protocol "+name+":"))
	first, at := "", len(text)
	for _, option := range slices.Sorted(maps.Keys(opts)) {
		if i := slices.Index(text, option); i >= 0 && i < at {
			first, at = option, i
		}
	}
	return first
}

// mentionsAny reports whether an error names one of the options.
func mentionsAny(err error, options map[string]bool) bool {
	return slices.ContainsFunc(splitWords(err.Error()), func(w string) bool { return options[w] })
}

// splitWords are the words of a text, as the names of options are written.
func splitWords(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
}
