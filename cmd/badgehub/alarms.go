package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/foreign"
	"badged/internal/paint"
	"badged/sync/hub/api"
)

func (p *program) alarmCommand() *cobra.Command {
	acknowledge := &cobra.Command{
		Use: "acknowledge ALARM", Short: "End an alarm, once what it asks for is done", Args: cli.Args(1),
		Example: "  badgehub alarm acknowledge 3",
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (api.Alarm, error) {
			return api.Call[api.Alarm](ctx, c, "POST", fill("/v1/alarms/{}/acknowledge", args), nil)
		}, func(w io.Writer, a api.Alarm) { printText(w, "Alarm %d (%s) is acknowledged.\n", a.ID, a.Kind) }),
	}
	return cli.Group("alarm", "What somebody must look at", p.alarmList(), acknowledge)
}

func (p *program) alarmList() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "list", Short: "List alarms, newest first, and what to do", Args: cli.Args(0), Example: "  badgehub alarm list\n  badgehub alarm list --all --json",
	}
	c.Flags().BoolVar(&all, "all", false, "those that were acknowledged too")
	c.RunE = func(c *cobra.Command, _ []string) error {
		client := p.client()
		defer client.Close()
		values := url.Values{"open": {strconv.FormatBool(!all)}}
		n := 0
		err := api.List(c.Context(), client, "/v1/alarms", values, func(a api.Alarm) error {
			n++
			return p.showAlarm(a)
		})
		if err == nil && n == 0 && !p.json {
			printText(p.out(), noRows)
		}
		return p.advise(c, err)
	}
	return c
}

// showAlarm prints one alarm, with what to do and what is missing.
func (p *program) showAlarm(a api.Alarm) error {
	if p.json {
		return foreign.JSON(p.stdio.Out, a)
	}
	foreign.Clean(&a)
	state := paint.Text(p.stdio.Out, p.env, paint.Red, p.tr("ALARM"))
	if a.By != "" {
		state = p.tr("done")
	}
	fmt.Fprintf(p.stdio.Out, "%s %d  %s\n    %s\n    -> %s\n", state, a.ID, clock(a.Last), a.Text, a.Todo)
	for _, m := range a.Missing {
		p.sayMissing(m)
	}
	return nil
}

// sayMissing tells what one terminal has and the hub does not.
func (p *program) sayMissing(m api.Missing) {
	if m.Events > 0 {
		printText(p.out(), "    %s sends %d events again that the hub lacks\n", m.Terminal, m.Events)
		return
	}
	printText(p.out(), "    %s has %d changes (%s) that the hub lacks and that do not come back\n", m.Terminal, m.Changes, m.Collection)
}

// showAlarms tells, below another list, what somebody must look at.
func (p *program) showAlarms(ctx context.Context, client *api.Client) error {
	return api.List(ctx, client, "/v1/alarms", url.Values{"open": {"true"}}, func(a api.Alarm) error {
		fmt.Fprintln(p.stdio.Out)
		return p.showAlarm(a)
	})
}
