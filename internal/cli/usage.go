package cli

import (
	"errors"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"badged/internal/spelling"
)

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Usage marks err as one of usage: whoever typed the command must type another one.
func Usage(err error) error { return usageError{err} }

// Usagef is Usage of a new error.
func Usagef(format string, args ...any) error { return Usage(Errorf(format, args...)) }

// IsUsage reports whether err is one of usage.
func IsUsage(err error) bool {
	var usage usageError
	return errors.As(err, &usage)
}

// Group is a command that only has commands below it. It prints its help, and refuses what
// is none of them with the one that was probably meant.
func Group(use, short string, below ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Args: OnlyCommands,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(below...)
	return c
}

// OnlyCommands refuses arguments: what follows the command can be a command below it only.
func OnlyCommands(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, below := range c.Commands() {
		names = append(names, below.Name())
	}
	if near := spelling.Near(args[0], names); near != "" {
		return Usagef("%s has no command %.40q (did you mean %s? see `%s --help`)", c.CommandPath(), args[0], near, c.CommandPath())
	}
	return Usagef("%s has no command %.40q (see `%s --help`)", c.CommandPath(), args[0], c.CommandPath())
}

// Args demands exactly n arguments.
func Args(n int) cobra.PositionalArgs { return ArgsBetween(n, n) }

// ArgsAtLeast demands n arguments or more.
func ArgsAtLeast(n int) cobra.PositionalArgs { return ArgsBetween(n, math.MaxInt) }

// ArgsBetween demands least to most arguments.
func ArgsBetween(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if n := len(args); n < least || n > most {
			return Usagef("`%s` takes %s, not %d (see `%s --help`)", usageLine(c), countArguments(least, most), n, c.CommandPath())
		}
		return nil
	}
}

// usageLine is the command with the names of its arguments: badgehub account add NAME.
func usageLine(c *cobra.Command) string {
	_, names, _ := strings.Cut(c.Use, " ")
	return strings.TrimSpace(c.CommandPath() + " " + names)
}

func countArguments(least, most int) Phrase {
	switch {
	case most == math.MaxInt:
		return Phrase{"at least %d arguments", []any{least}}
	case most == 0:
		return Phrase{Format: "no arguments"}
	case least == 1 && most == 1:
		return Phrase{Format: "1 argument"}
	case least == most:
		return Phrase{"%d arguments", []any{most}}
	case least == 0 && most == 1:
		return Phrase{Format: "at most 1 argument"}
	case least == 0:
		return Phrase{"at most %d arguments", []any{most}}
	default:
		return Phrase{"%d to %d arguments", []any{least, most}}
	}
}
