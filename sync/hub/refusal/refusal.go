// Package refusal is how the hub's domain says no: a kind, a code and fields. The words, in
// French and English, belong to who shows them (see sync/hub/words).
package refusal

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Kind is what a caller can do about a refusal.
type Kind string

// The kinds.
const (
	Invalid   Kind = "invalid"   // what was asked makes no sense: ask otherwise
	Missing   Kind = "missing"   // what it is about is not there
	Conflict  Kind = "conflict"  // what is there stands in its way
	Forbidden Kind = "forbidden" // the actor may not
	Warning   Kind = "warning"   // no refusal: what was asked is done, but does not help yet
)

// Fields are what the words of a refusal need, by name: a state, a bound, a candidate.
type Fields map[string]any

// Error is one refusal. Code is stable: programs and catalogues know it.
type Error struct {
	Kind   Kind
	Code   string // "email_taken"
	Fields Fields
}

// Error gives code and fields, for logs and tests: "email_taken (account 41c0ffee)".
func (e *Error) Error() string {
	if len(e.Fields) == 0 {
		return e.Code
	}
	var names []string
	for name, v := range e.Fields {
		names = append(names, fmt.Sprintf("%s %v", name, v))
	}
	slices.Sort(names)
	return fmt.Sprintf("%s (%s)", e.Code, strings.Join(names, ", "))
}

// IsKind reports whether err is a refusal of that kind.
func IsKind(err error, k Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == k
}

// Code is the code of a refusal, or "" of any other error.
func Code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
