package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"badged/internal/config"
	"badged/internal/foreign"
	"badged/internal/ownfile"
	"badged/internal/sqlite"
	"badged/sync/identity"
)

// Stdio is the standard streams.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// The exit codes, of sysexits.h, for a supervisor: after 64 and 78 starting again
// would not help.
const (
	exitOK        = 0
	exitUsage     = 64
	exitTemporary = 75
	exitConfig    = 78
)

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// lasting are the errors that starting again does not mend.
var lasting = []error{
	identity.ErrNotJoined, identity.ErrBadIdentity, identity.ErrAlreadyJoined,
	identity.ErrTokenUsed, identity.ErrTokenUnknown, identity.ErrWrongCA, identity.ErrHubName,
	sqlite.ErrOwner, sqlite.ErrNewer, sqlite.ErrForeign, ownfile.ErrUnsafe, errConfig,
}

// errConfig marks a configuration that cannot be read at all.
var errConfig = errors.New("no configuration")

// exitCode is what the process ends with.
func exitCode(err error) int {
	var problems config.Problems
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage), errors.Is(err, identity.ErrBadToken):
		return exitUsage
	case errors.As(err, &problems):
		return exitConfig
	}
	for _, l := range lasting {
		if errors.Is(err, l) {
			return exitConfig
		}
	}
	return exitTemporary
}

// Run is the program. What went wrong is told on Stdio.Err and returned.
func Run(ctx context.Context, args []string, env func(string) string, stdio Stdio) error {
	cmd := rootCommand(env, stdio)
	cmd.SetArgs(args)
	cmd.SetIn(stdio.In)
	cmd.SetOut(stdio.Out)
	cmd.SetErr(stdio.Err)
	err := cmd.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(stdio.Err, "badged:", foreign.Text(err.Error()))
	}
	return err
}

// defaultConfig is where the configuration is when nobody says otherwise.
const defaultConfig = "/etc/badged/badged.toml"

func rootCommand(env func(string) string, stdio Stdio) *cobra.Command {
	root := &cobra.Command{
		Use:           "badged",
		Short:         "The agent of a terminal: badges, keypads, panels and doors",
		Long:          "badged reads badges and keypads, decides at once and alone, and tells the hub when it can.",
		Example:       "  badged check --config ./badged.toml\n  badged run",
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          usage(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	file := env("BADGED_CONFIG")
	if file == "" {
		file = defaultConfig
	}
	root.PersistentFlags().StringVar(&file, "config", file, "configuration file; BADGED_CONFIG names another default")
	root.AddCommand(
		runCommand(&file, stdio),
		checkCommand(&file),
		joinCommand(&file),
	)
	return root
}

// usage makes a wrong number of arguments a usageError.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{fmt.Errorf("%w (see %s --help)", err, cmd.CommandPath())}
		}
		return nil
	}
}

func runCommand(file *string, stdio Stdio) *cobra.Command {
	return &cobra.Command{
		Use:     "run",
		Short:   "Run the agent until it is told to stop",
		Long:    "run is the agent itself. It logs to standard error and ends in order at SIGTERM.",
		Example: "  badged run --config /etc/badged/badged.toml",
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := load(*file)
			if err != nil {
				return err
			}
			if err := checkTrust(p.cfg); err != nil {
				return err
			}
			log, flush := newLog(p.cfg.Log.Format, stdio.Err)
			defer flush()
			return runTerminal(cmd.Context(), p, log)
		},
	}
}

func checkCommand(file *string) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check the configuration and do nothing else",
		Long: "check reads the configuration as run would, and tells all that is wrong with it at once.\n" +
			"It warns of ports and pins that are not there now, and opens nothing.",
		Example: "  badged check --config ./badged.toml",
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := load(*file)
			if err != nil {
				return err
			}
			for _, line := range p.missing() {
				fmt.Fprintln(cmd.OutOrStdout(), "warning:", line)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is fine: %d points, %d readers\n", *file, len(p.cfg.Points), len(p.readers))
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
		Args:    usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := load(*file)
			if err != nil {
				return err
			}
			if err := checkTrust(p.cfg); err != nil {
				return err
			}
			token, err := identity.ParseToken(args[0])
			if err != nil {
				return err
			}
			if err := becomeOwner(p.cfg.StateDir); err != nil {
				return err
			}
			id, err := identity.Join(cmd.Context(), token, p.cfg.StateDir)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "joined site %s as %s; start the agent: %s\n", id.Site, id.Device, startCommand(*file))
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

// load reads a configuration and checks it with those who know its parts.
func load(file string) (*plan, error) {
	if !filepath.IsAbs(file) {
		if abs, err := filepath.Abs(file); err == nil {
			file = abs
		}
	}
	cfg, err := config.Load(file)
	if err == nil {
		return newPlan(cfg)
	}
	var problems config.Problems
	if !errors.As(err, &problems) {
		return nil, fmt.Errorf("%w: %w (name the file with --config)", errConfig, err)
	}
	if cfg == nil {
		return nil, problems
	}
	return nil, problems.Merge(furtherProblems(cfg))
}

// furtherProblems are those that show only when what a configuration names is built.
func furtherProblems(cfg *config.Config) (further config.Problems) {
	_, err := newPlan(cfg)
	errors.As(err, &further)
	return further
}
