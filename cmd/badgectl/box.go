package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"badged/internal/boxctl"
	"badged/internal/cli"
	"badged/internal/ctl"
	"badged/internal/foreign"
)

func (a *app) update() *cobra.Command {
	var u boxctl.Update
	cmd := &cobra.Command{
		Use:   "update FILE|URL",
		Short: "Install another release on this terminal, which started from a card",
		Long: "update checks the signatures of a bundle, writes the release into the slot that does not run, reads it\n" +
			"back, and starts it on trial. Found healthy, it stays; else the terminal goes back by itself. A URL that\n" +
			"breaks off is fetched on from there.",
		Example: "  badgectl update http://10.0.0.5/badged-1.4.0.bundle\n  badgectl update /media/badged-1.4.0.bundle --retry",
		Args:    cli.Args(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if u.From = args[0]; !strings.Contains(u.From, "://") {
				if u.From, err = filepath.Abs(u.From); err != nil {
					return err
				}
			}
			return a.boxSteps(func(fn func(boxctl.Step)) error { return a.boxClient().Update(cmd.Context(), u, fn) })
		},
	}
	cmd.Flags().BoolVar(&u.Retry, "retry", false, "also a release that failed on this terminal before")
	return cmd
}

func (a *app) rollback() *cobra.Command {
	return &cobra.Command{
		Use:   "rollback",
		Short: "Go back to the release of before the last update",
		Long: "rollback starts the other slot on trial, as an update does. `badgectl status` tells whether there is\n" +
			"something to go back to.",
		Example: "  badgectl rollback",
		Args:    cli.Args(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.boxSteps(func(fn func(boxctl.Step)) error { return a.boxClient().Rollback(cmd.Context(), fn) })
		},
	}
}

func (a *app) boxClient() *boxctl.Client { return boxctl.NewClient(boxctl.Socket) }

// boxSteps shows what a box does, until it reboots.
func (a *app) boxSteps(do func(fn func(boxctl.Step)) error) error {
	bar, what := a.progress(""), ""
	err := do(func(s boxctl.Step) {
		if foreign.Clean(&s); s.What != what {
			bar.end()
			what, bar.verb = s.What, s.What
			fmt.Fprintln(a.io.Out, s.What)
		}
		bar.show(s.Done, s.Total)
	})
	bar.end()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.io.Out, "the terminal starts again, with that release on trial: `badgectl status` tells how it goes")
	return written(err)
}

// whole is the status of an agent, and of the box that it runs on if that started from a card.
type whole struct {
	ctl.Status
	Box *boxctl.Status `json:"box,omitempty"`
}

// askBox asks for the status of the box, if there is one.
func (a *app) askBox(ctx context.Context) (*boxctl.Status, error) {
	s, err := a.boxClient().Status(ctx)
	if errors.Is(err, boxctl.ErrNoBox) {
		return nil, nil
	}
	return &s, err
}

// printBox prints what a box says of itself.
func (a *app) printBox(s *boxctl.Status) error {
	if s == nil {
		return nil
	}
	foreign.Clean(s)
	w := tabwriter.NewWriter(a.io.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "box\t%s, release %s, slot %s, %s\n", s.Board, s.Version, s.Slot, sayStart(s))
	if s.Trial != "" {
		fmt.Fprintf(w, "trial\t%s\n", s.Trial)
	}
	if s.Failed > 0 {
		fmt.Fprintf(w, "failed\t%d releases failed here and are not tried again (badgectl update --retry)\n", s.Failed)
	}
	fmt.Fprintf(w, "network\t%s\nagent\t%s\n\n", s.Network, s.Agent)
	return written(w.Flush())
}

// sayStart says what the last start meant, and what can be done.
func sayStart(s *boxctl.Status) string {
	say := map[string]string{
		"normal": "started as usual", "on trial": "on trial since this start", "rolled back": "went back: the update failed",
		"finished": "the update is through", "interrupted": "an update was broken off", "by hand": "somebody chose this slot in the boot loader",
	}[s.Verdict]
	if s.Other == "rollback" {
		say += "; the other slot can be started (badgectl rollback)"
	}
	return say
}
