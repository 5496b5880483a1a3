package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"badged/internal/foreign"
)

// Stdio is what the program reads and writes.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// The exit codes.
const (
	exitFailed = 1
	exitUsage  = 64
)

// errFaulty ends a command that has already said what was wrong.
var errFaulty = errors.New("faulty")

// usageError is a command line that cannot be understood.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }

// exitCode says on stderr what went wrong, once, and gives the code for it.
func exitCode(err error, stderr io.Writer) int {
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errFaulty):
		return exitFailed
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "badgectl: %s\n", foreign.Text(err.Error()))
		return exitUsage
	default:
		fmt.Fprintf(stderr, "badgectl: %s\n", foreign.Text(err.Error()))
		return exitFailed
	}
}

// app is what all commands share.
type app struct {
	env    func(string) string
	io     Stdio
	socket string // --socket
	json   bool   // --json of the command that runs
}

// Run is the program.
func Run(ctx context.Context, args []string, env func(string) string, stdio Stdio) error {
	a := &app{env: env, io: stdio}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdio.In)
	root.SetOut(stdio.Out)
	root.SetErr(stdio.Err)
	return root.ExecuteContext(ctx)
}

// root is the whole tree of commands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "badgectl",
		Short: "Ask a badged agent what is wrong, and look at what readers say",
		Long: "badgectl is the technician's tool. status, tail, readers, outbox and panel ask the agent that\n" +
			"runs on this machine; decode, capture, replay and card work without one; demo and bench\n" +
			"bring their own.",
		Example:       "  badgectl status\n  badgectl tail\n  badgectl decode --protocol rdm6300 capture.txt",
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          known,

		SuggestionsMinimumDistance: 2,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w (see %s --help)", err, cmd.CommandPath())}
	})
	root.AddCommand(a.status(), a.tail(), a.readers(), a.outbox(), a.panel(), a.osdp(), a.decode(), a.capture(), a.replay(), a.card(), a.demo(), a.bench())
	return root
}

// known refuses what is no command, with the nearest ones.
func known(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command %q (see %s --help)", args[0], cmd.CommandPath())
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("unknown command %q (did you mean %s?)", args[0], near[0])
	}
	return usageError{err}
}

// takes makes a wrong number of arguments an error of usage.
func takes(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{fmt.Errorf("%w (usage: %s)", err, cmd.UseLine())}
		}
		return nil
	}
}

// withJSON gives the command its --json.
func (a *app) withJSON(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&a.json, "json", false, "print JSON, one object a line")
	return cmd
}

// print writes one JSON object on a line of its own.
func (a *app) print(v any) error {
	if err := foreign.JSON(a.io.Out, v); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}
