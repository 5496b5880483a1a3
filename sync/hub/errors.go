package hub

import (
	"errors"
	"fmt"
)

// The kinds of refusal, for errors.Is. ErrNotFound is the third.
var (
	ErrInvalid  = errors.New("invalid")
	ErrConflict = errors.New("conflict")
)

// Refusal is an answer to an operator or a joining terminal: what was asked cannot
// be done, why, and what to do about it.
type Refusal struct {
	Kind error // ErrInvalid, ErrConflict or ErrNotFound
	Text string
}

// Error is the text.
func (r *Refusal) Error() string { return r.Text }

// Unwrap is the kind.
func (r *Refusal) Unwrap() error { return r.Kind }

func invalid(format string, args ...any) error {
	return &Refusal{ErrInvalid, fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &Refusal{ErrConflict, fmt.Sprintf(format, args...)}
}

func missing(format string, args ...any) error {
	return &Refusal{ErrNotFound, fmt.Sprintf(format, args...)}
}
