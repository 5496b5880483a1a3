package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"badged/internal/foreign"
	"badged/sync/hub/api"
)

// Stdio is where a program writes.
type Stdio struct{ Out, Err io.Writer }

// The exit codes beside 0 and 1, as sysexits.h has them.
const (
	exitUsage     = 64
	exitTemporary = 75 // the hub is not running
)

// usageError is a command line that makes no sense.
type usageError struct{ error }

func exitCode(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, api.ErrNotRunning):
		return exitTemporary
	default:
		return 1
	}
}

// program is what all commands share.
type program struct {
	env    func(string) string
	stdio  Stdio
	dir    string
	socket string
	json   bool
}

// Run is the whole program. It ends when ctx does.
func Run(ctx context.Context, args []string, env func(string) string, stdio Stdio) error {
	p := &program{env: env, stdio: stdio}
	root := group("badgehub", "The central server of a site's badge terminals, and the tool that manages it",
		p.serveCommand(), p.accountCommand(), p.cardCommand(), p.claimCommand(), p.doorCommand(),
		p.grantCommand(), p.terminalCommand(), p.eventCommand(), p.siteCommand())
	root.Example = `  badgehub serve                      # start a hub; makes all it needs
  badgehub terminal add hall          # how a terminal joins it
  badgehub account add "Ada Byron" --active`
	root.Version = version
	root.SilenceUsage, root.SilenceErrors = true, true
	root.SetArgs(args)
	root.SetOut(stdio.Out)
	root.SetErr(stdio.Err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w (see `%s --help`)", err, c.CommandPath())}
	})
	flags := root.PersistentFlags()
	flags.StringVar(&p.dir, "dir", p.defaultDir(), "folder of the hub's data")
	flags.StringVar(&p.socket, "socket", "", "admin socket of the hub (default DIR/hub.sock)")
	flags.BoolVar(&p.json, "json", false, "print JSON")
	return root.ExecuteContext(ctx)
}

// defaultDir is /var/lib/badgehub for root, and the user's data folder for others.
func (p *program) defaultDir() string {
	if os.Geteuid() == 0 {
		return "/var/lib/badgehub"
	}
	if data := p.env("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return filepath.Join(data, "badgehub")
	}
	return filepath.Join(p.env("HOME"), ".local", "share", "badgehub")
}

func (p *program) socketPath() string {
	if p.socket != "" {
		return p.socket
	}
	return filepath.Join(p.dir, "hub.sock")
}

// group is a command that only has commands below it.
func group(use, short string, below ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("%s has no command %q (see `%s --help`)", c.CommandPath(), args[0], c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(below...)
	return c
}

// arguments demands n of them.
func arguments(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			noun := "arguments"
			if n == 1 {
				noun = "argument"
			}
			_, names, _ := strings.Cut(c.Use, " ")
			usage := strings.TrimSpace(c.CommandPath() + " " + names)
			return usageError{fmt.Errorf("`%s` needs %d %s, not %d (see `%s --help`)", usage, n, noun, len(args), c.CommandPath())}
		}
		return nil
	}
}

// ask is the body of a command that calls the hub once: ask calls, show prints what
// came for a person.
func ask[T any](p *program, call func(context.Context, *api.Client, []string) (T, error), show func(io.Writer, T)) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		client := api.NewClient(p.socketPath())
		defer client.Close()
		v, err := call(c.Context(), client, args)
		if err != nil {
			return err
		}
		if p.json {
			return foreign.JSON(p.stdio.Out, v)
		}
		foreign.Clean(&v)
		w := tabwriter.NewWriter(p.stdio.Out, 0, 4, 2, ' ', 0)
		show(w, v)
		return w.Flush()
	}
}

// table prints a line for each row, under headings.
func table[T any](headings string, row func(T) string) func(io.Writer, []T) {
	return func(w io.Writer, rows []T) {
		if len(rows) == 0 {
			fmt.Fprintln(w, "none yet")
			return
		}
		fmt.Fprintln(w, headings)
		for _, r := range rows {
			fmt.Fprintln(w, row(r))
		}
	}
}
