package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/ctl"
	"badged/internal/foreign"
	"badged/internal/health"
)

const socketEnv = "BADGED_SOCKET"

// asking gives a command that asks the agent its --socket and --json.
func (a *app) asking(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&a.socket, "socket", cmp.Or(a.env(socketEnv), ctl.DefaultSocket), "control socket of the agent; "+socketEnv+" sets it too")
	return a.withJSON(cmd)
}

func (a *app) client() *ctl.Client { return ctl.NewClient(a.socket) }

// reached adds what to do to the error of an agent that does not answer.
func reached(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%w\n  what to do: start it with `systemctl start badged`; `journalctl -u badged` tells why it ended;"+
			"\n  name the socket of another agent with --socket or %s", err, socketEnv)
	}
	return err
}

func (a *app) status() *cobra.Command {
	return a.asking(&cobra.Command{
		Use:   "status",
		Short: "Tell in one screen what is wrong and what to do about it",
		Long: "status tells in one screen what is wrong with the agent and what to do about it.\n" +
			"It ends with 1 when something has failed, or when no agent answers.",
		Example: "  badgectl status\n  badgectl status --json | jq .uplink",
		Args:    cli.Args(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			box, err := a.askBox(cmd.Context())
			if err == nil && !a.json {
				err = a.printBox(box)
			}
			if err != nil {
				return err
			}
			s, err := a.client().Status(cmd.Context())
			if err != nil {
				return reached(err)
			}
			if a.json {
				err = a.print(whole{s, box})
			} else {
				err = a.screen(s)
			}
			if err == nil && s.Worst() == health.Fail {
				return cli.ErrReported
			}
			return err
		},
	})
}

func (a *app) tail() *cobra.Command {
	var n int
	var follow bool
	cmd := a.asking(&cobra.Command{
		Use:     "tail",
		Short:   "Show events as they happen, beginning with the last ones",
		Long:    "tail shows the last events and then every one that comes, until Ctrl-C.",
		Example: "  badgectl tail\n  badgectl tail -n 50 --follow=false --json",
		Args:    cli.Args(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if n < 0 || n > 1000 {
				return cli.Usagef("-n %d: must be 0 to 1000", n)
			}
			return reached(a.client().Events(cmd.Context(), n, follow, a.event))
		},
	})
	cmd.Flags().IntVarP(&n, "lines", "n", 20, "number of events to begin with, 0 to 1000")
	cmd.Flags().BoolVarP(&follow, "follow", "f", true, "go on with every event that comes, until Ctrl-C; --follow=false ends after the last ones")
	return cmd
}

// event prints one event.
func (a *app) event(ev ctl.Event) error {
	if a.json {
		return a.print(ev)
	}
	foreign.Clean(&ev)
	_, err := fmt.Fprintf(a.io.Out, "%6d  %s  %-8s %-20s %-22s %s\n", ev.Order, ev.At.Local().Format(time.DateTime),
		ev.Decided(), ev.Where(), ev.What(), ev.Account)
	return written(err)
}

func written(err error) error {
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

func (a *app) outbox() *cobra.Command {
	cmd := a.asking(&cobra.Command{
		Use:     "outbox",
		Short:   "Tell what waits for the hub",
		Example: "  badgectl outbox\n  badgectl outbox --json",
		Args:    cli.OnlyCommands,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := a.client().Outbox(cmd.Context())
			if err != nil {
				return reached(err)
			}
			if a.json {
				return a.print(o)
			}
			return a.table(func(w io.Writer) {
				fmt.Fprintf(w, "waiting\t%d events, %d bytes\n", o.Pending, o.Bytes)
				fmt.Fprintf(w, "the hub has\tevery event up to %d\n", o.Acked)
				fmt.Fprintf(w, "last heard\t%s\n", ctl.Ago(time.Now(), o.LastAck))
			})
		},
	})
	cmd.AddCommand(a.outboxExport())
	return cmd
}

// table prints rows in columns.
func (a *app) table(rows func(io.Writer)) error {
	w := tabwriter.NewWriter(a.io.Out, 0, 0, 2, ' ', 0)
	rows(w)
	return written(w.Flush())
}
