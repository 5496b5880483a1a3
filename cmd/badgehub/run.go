package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/foreign"
	"badged/sync/hub/api"
)

// exitCode is what the process ends with after an error that is not one of usage.
func exitCode(err error) int {
	if errors.Is(err, api.ErrNotRunning) {
		return cli.ExitTemporary
	}
	return cli.ExitFailed
}

// program is what all commands share.
type program struct {
	env    func(string) string
	stdio  cli.Stdio
	dir    string
	socket string
	json   bool
}

// Run is the whole program. It ends when ctx does.
func Run(ctx context.Context, args []string, env func(string) string, stdio cli.Stdio) error {
	p := &program{env: env, stdio: stdio}
	root := cli.Group("badgehub", "The central server of a site's badge terminals, and the tool that manages it",
		p.serveCommand(), p.accountCommand(), p.cardCommand(), p.claimCommand(), p.doorCommand(),
		p.grantCommand(), p.terminalCommand(), p.eventCommand(), p.siteCommand())
	root.Example = `  badgehub serve                      # start a hub; makes all it needs
  badgehub terminal add hall          # how a terminal joins it
  badgehub account add "Ada Byron" --active`
	root.Version = version
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	flags := root.PersistentFlags()
	flags.StringVar(&p.dir, "dir", p.defaultDir(), "folder of the hub's data")
	flags.Lookup("dir").DefValue = "/var/lib/badgehub for root, ~/.local/share/badgehub for others"
	_ = root.MarkPersistentFlagDirname("dir") // the only error is that of a flag that is not there
	flags.StringVar(&p.socket, "socket", "", "admin socket of the hub (default DIR/hub.sock)")
	flags.BoolVar(&p.json, "json", false, "print JSON")
	return cli.Execute(ctx, root, args, stdio)
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

// ask is the body of a command that calls the hub once: ask calls, show prints what
// came for a person.
func ask[T any](p *program, call func(context.Context, *api.Client, []string) (T, error), show func(io.Writer, T)) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		client := api.NewClient(p.socketPath(), p.dir)
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
