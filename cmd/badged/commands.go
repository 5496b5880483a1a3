package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/config"
	"badged/internal/logqueue"
	"badged/internal/ownfile"
	"badged/internal/sqlite"
	"badged/internal/terminal"
	"badged/internal/terminal/plan"
	"badged/sync/identity"
)

// lasting are the errors that starting again does not mend.
var lasting = []error{
	identity.ErrNotJoined, identity.ErrBadIdentity, identity.ErrAlreadyJoined,
	identity.ErrTokenUsed, identity.ErrTokenUnknown, identity.ErrWrongCA, identity.ErrHubName,
	sqlite.ErrOwner, sqlite.ErrNewer, sqlite.ErrForeign, ownfile.ErrUnsafe, plan.ErrUnreadable,
}

// exitCode is what the process ends with after an error that is not one of usage.
func exitCode(err error) int {
	var problems config.Problems
	switch {
	case errors.Is(err, identity.ErrBadToken):
		return cli.ExitUsage
	case errors.As(err, &problems):
		return cli.ExitConfig
	}
	for _, l := range lasting {
		if errors.Is(err, l) {
			return cli.ExitConfig
		}
	}
	return cli.ExitTemporary
}

// defaultConfig is where the configuration is when nobody says otherwise.
const defaultConfig = "/etc/badged/badged.toml"

// Run is the program.
func Run(ctx context.Context, args []string, env func(string) string, stdio cli.Stdio) error {
	file := env("BADGED_CONFIG")
	if file == "" {
		file = defaultConfig
	}
	root := cli.Group("badged", "The agent of a terminal: badges, keypads, panels and doors",
		runCommand(&file, stdio), checkCommand(&file), joinCommand(&file))
	root.Long = "badged reads badges and keypads, decides at once and alone, and tells the hub when it can."
	root.Example = "  badged check --config ./badged.toml\n  badged run"
	root.Version = version
	root.PersistentFlags().StringVar(&file, "config", file, "configuration file; BADGED_CONFIG names another default")
	return cli.Execute(ctx, root, args, stdio)
}

func runCommand(file *string, stdio cli.Stdio) *cobra.Command {
	return &cobra.Command{
		Use:     "run",
		Short:   "Run the agent until it is told to stop",
		Long:    "run is the agent itself. It logs to standard error and ends in order at SIGTERM.",
		Example: "  badged run --config /etc/badged/badged.toml",
		Args:    cli.Args(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := plan.Load(*file, relayGuard)
			if err != nil {
				return err
			}
			if err := p.CheckTrust(); err != nil {
				return err
			}
			log, flush := logqueue.New(p.Config.Log.Format, stdio.Err)
			defer flush()
			return terminal.Run(cmd.Context(), p, version, log)
		},
	}
}

func checkCommand(file *string) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check the configuration and do nothing else",
		Long: "check reads the configuration as run would, and tells all that is wrong with it at once.\n" +
			"It warns of ports and pins that are not there now, which it does not open, and of what\n" +
			"the print server lacks, which it asks but does not change.",
		Example: "  badged check --config ./badged.toml",
		Args:    cli.Args(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, absent, err := plan.Check(*file, relayGuard)
			for _, line := range absent {
				fmt.Fprintln(cmd.OutOrStdout(), "warning:", line)
			}
			if err != nil {
				return err
			}
			for _, line := range terminal.CheckPrinting(cmd.Context(), p) {
				fmt.Fprintln(cmd.OutOrStdout(), "warning:", line)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is fine: %d points, %d readers\n", *file, len(p.Points), len(p.Readers))
			return err
		},
	}
}

func joinCommand(file *string) *cobra.Command {
	return &cobra.Command{
		Use:   "join TOKEN",
		Short: "Join a site with a one-time token",
		Long: "join makes a key of this terminal's own and exchanges the token that\n" +
			"`badgehub terminal add` printed for its identity, which goes to state_dir.\n" +
			"Run by root, it acts as the owner of state_dir, as the agent will.",
		Example: "  sudo badged join badged-join-1.eyJ...\n  badged join badged-join-1.eyJ... --config ./badged.toml",
		Args:    cli.Args(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := plan.Load(*file, relayGuard)
			if err != nil {
				return err
			}
			id, err := terminal.Join(cmd.Context(), p, args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "joined site %s as %s; start the agent: %s\n", id.Site, id.Terminal, startCommand(*file))
			return err
		},
	}
}

// startCommand is how the agent of this configuration is started: the unit knows the
// usual file only.
func startCommand(file string) string {
	if file == defaultConfig {
		return "sudo systemctl enable --now badged"
	}
	return "badged run --config " + file
}
