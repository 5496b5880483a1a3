package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/ctl"
	"badged/internal/foreign"
)

func (a *app) osdp() *cobra.Command {
	cmd := cli.Group("osdp", "Give OSDP readers their keys", a.commission())
	cmd.Example = "  badgectl osdp commission hall"
	return cmd
}

func (a *app) commission() *cobra.Command {
	var req ctl.CommissionRequest
	cmd := a.asking(&cobra.Command{
		Use:   "commission READER",
		Short: "Give an OSDP reader a key of its own",
		Long: "commission lets the agent give a reader a new random key. Put the reader into install mode first,\n" +
			"as its manual says: a new one is in it. Whoever listens on the line meanwhile can learn the key: do it\n" +
			"where nobody does, best on a short cable. Until the key is set, or time is over, or Ctrl-C, and never\n" +
			"else, the agent speaks to the reader with the default key.\n\n" +
			"A reader that has a key already gets the new one under that, where nobody can learn it. If it was\n" +
			"cleared (reset to its factory settings), say so with --cleared. Say it only if you did that yourself:\n" +
			"anybody on the line can pretend to be a cleared reader, and gets the new key then.",
		Example: "  badgectl osdp commission hall\n  badgectl osdp commission hall --minutes 30 --json\n" +
			"  badgectl osdp commission hall --cleared",
		Args: cli.Args(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if req.Minutes < 1 || req.Time() > ctl.MaxCommission {
				return cli.Usagef("--minutes %d: must be 1 to %d", req.Minutes, ctl.MaxCommission/time.Minute)
			}
			var last ctl.CommissionStep
			err := a.client().Commission(cmd.Context(), args[0], req, func(s ctl.CommissionStep) error {
				last = s
				return a.commissioned(s)
			})
			switch {
			case cmd.Context().Err() != nil:
				return fmt.Errorf("commission reader %s: ended before it was done\n"+
					"  what to do: `badgectl readers` tells whether the reader works; if not, begin again", args[0])
			case err != nil:
				return reached(err)
			case last.Step == ctl.StepFailed:
				return cli.ErrReported
			}
			return nil
		},
	})
	cmd.Flags().BoolVar(&req.Cleared, "cleared", false, "the reader has lost its key: I have reset it to its factory settings")
	cmd.Flags().IntVar(&req.Minutes, "minutes", int(ctl.DefaultCommission/time.Minute), "longest time that it takes, 1 to 60")
	return cmd
}

// stepTexts is what people are told of a step.
var stepTexts = map[string]string{
	ctl.StepWaiting: "waiting for the reader in install mode ...",
	ctl.StepSent:    "the reader answers; its new key is on the way",
	ctl.StepKeySet:  "key set",
	ctl.StepSecured: "channel opened with the new key: the reader is commissioned",
}

// commissioned prints one step.
func (a *app) commissioned(s ctl.CommissionStep) error {
	if a.json {
		return a.print(s)
	}
	text := stepTexts[s.Step]
	switch s.Step {
	case ctl.StepWaiting:
		text += fmt.Sprintf(" (until %s; Ctrl-C ends it)", s.Until.Local().Format(time.TimeOnly))
	case ctl.StepFailed:
		text = "failed: " + s.Text + "\n  what to do: " + s.Do
	}
	_, err := fmt.Fprintln(a.io.Out, foreign.Text(s.Reader+": "+text))
	return written(err)
}
