// Package cli is what the command lines of all programs have in common: streams, signals,
// exit codes, errors of usage and how an error reaches the screen.
//
//	main ── Program.Main ──► Run ──► Execute(the commands) ──► error
//	                                                             │
//	                     the process ends ◄── code ◄── Program.Exit prints it once
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/foreign"
)

// Stdio is what a program reads and writes.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// The exit codes beside 0, as sysexits.h has them. A supervisor starts a program again
// after ExitTemporary only: after ExitUsage and ExitConfig it would end the same way.
const (
	ExitFailed    = 1
	ExitUsage     = 64
	ExitTemporary = 75
	ExitConfig    = 78
)

// ErrReported ends a command that has already said what is wrong. Nothing more is printed,
// and the program ends with ExitFailed.
var ErrReported = errors.New("reported already")

// Program is one command line.
type Program struct {
	Name string // stands before every error

	// Run is the whole program. It ends in order when ctx does.
	Run func(ctx context.Context, args []string, env func(string) string, stdio Stdio) error

	// Code gives the exit code of an error that is not one of usage. Nil means ExitFailed
	// for all of them.
	Code func(error) int

	// Grace is how long Run may take to end in order after a signal. Zero means defaultGrace.
	Grace time.Duration
}

// defaultGrace is enough for a command that only has to let go of what it holds.
const defaultGrace = time.Second

// Main runs the program as this process, until an interrupt or SIGTERM. A read that blocks
// hears of no signal: after Grace, or at a second signal, the process ends without it. Main
// does not return.
func (p Program) Main() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, os.Args[1:], os.Getenv, Stdio{os.Stdin, os.Stdout, os.Stderr}) }()
	select {
	case err := <-ended:
		os.Exit(p.Exit(err, os.Stderr))
	case s := <-signals:
		signal.Stop(signals) // a second one ends the process at once
		cancel()
		os.Exit(p.endAfter(s, ended))
	}
}

// endAfter waits for Run to end after a signal, and gives the exit code: that of Run, or the
// one that shells give a process that a signal ended.
func (p Program) endAfter(s os.Signal, ended <-chan error) int {
	select {
	case err := <-ended:
		return p.Exit(err, os.Stderr)
	case <-time.After(cmp.Or(p.Grace, defaultGrace)):
		fmt.Fprintf(os.Stderr, "%s: %v: ended in the middle of a read or another call that did not return\n", p.Name, s)
		n, _ := s.(syscall.Signal)
		return 128 + int(n)
	}
}

// Exit prints err to stderr, once and with nothing invisible in it, and gives the exit
// code that it stands for.
func (p Program) Exit(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, ErrReported) {
		return ExitFailed
	}
	fmt.Fprintf(stderr, "%s: %s\n", p.Name, foreign.Text(err.Error()))
	switch {
	case IsUsage(err):
		return ExitUsage
	case p.Code != nil:
		return p.Code(err)
	default:
		return ExitFailed
	}
}

// numberWords are Go's own words in the error of a flag: the flag and its value stand before
// them.
var numberWords = regexp.MustCompile(`strconv\.\w+: parsing "(\\.|[^"\\])*": `)

// Execute runs the commands below root with args. Only root's version and flags are the
// caller's: streams and errors are set up here.
func Execute(ctx context.Context, root *cobra.Command, args []string, stdio Stdio) error {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetArgs(args)
	root.SetIn(stdio.In)
	root.SetOut(stdio.Out)
	root.SetErr(stdio.Err)
	offerManual(root)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return flagError(c, err)
	})
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error { return checkFlags(c) }
	return root.ExecuteContext(ctx)
}

// checkFlags refuses a command line without a flag that the command needs, before cobra does,
// whose error would be none of usage.
func checkFlags(c *cobra.Command) error {
	err := c.ValidateRequiredFlags()
	if err == nil {
		err = c.ValidateFlagGroups()
	}
	if err != nil {
		return flagError(c, err)
	}
	return nil
}

func flagError(c *cobra.Command, err error) error {
	return Usagef("%s (see `%s --help`)", flagPhrase(err), c.CommandPath())
}
